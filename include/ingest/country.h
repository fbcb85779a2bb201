/*
 * The country of an address, from a file in MaxMind's DB format that the user names (GeoLite2 Country or City, DB-IP Lite and
 * others have it). "MaxMind DB File Format Specification", version 2.0.
 */
#ifndef INGEST_COUNTRY_H
#define INGEST_COUNTRY_H

#include "ingest/base.h"
#include "ingest/err.h"

struct country; /* an open file; threads may share it */

/*
 * ST_OK; ST_USAGE: it cannot be read, is none of these files or damaged, or this build has no libmaxminddb (err->path, err->cause);
 * ST_MEMORY. All of the file is gone through; who changes it in place later, and does not put another in its place, gets a signal.
 */
enum st country_open(struct country **out, const char *path, struct err *err);
void    country_close(struct country *c);

/*
 * ISO 3166-1 alpha-2, two capital letters, no NUL. `address` as address_any() gives it. False: the file does not know the
 * address, or no country for it. Looked for under country.iso_code, else country_code, else a `country` that is text.
 */
bool country_find(const struct country *c, const uint8_t address[16], char out[2]);

#endif
