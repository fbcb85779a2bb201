/*
 * Temporary seismic networks. Their two-letter codes are given out again and again, so EIDA counts them under the code and the
 * year in which the network began, as Z32015. Which one is meant is told by the FDSN's list of networks and the date of the data.
 */
#ifndef INGEST_NETWORKS_H
#define INGEST_NETWORKS_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/slice.h"

struct networks; /* a list that was read; immutable, threads may share it */

#define NETWORK_EXTENDED 6 /* bytes of an extended code */

/*
 * Reads the list: the FDSN's own JSON, {"networks": [{"fdsn_code", "start_date", "end_date", ...}, ...]} or that list alone, or the
 * text of fdsnws-station at level network (FDSN Web Services 1.2: #Network|Description|StartTime|EndTime|TotalStations). An end
 * that is null or empty is open. Networks whose code is not temporary are of no interest and not looked at.
 * ST_OK; ST_USAGE: it cannot be read, is none of these, or an entry is malformed (err->path, err->line_no of text, err->cause); or
 * this build has no jansson for JSON; ST_MEMORY.
 */
enum st networks_read(struct networks **out, const char *path, struct err *err);
void    networks_free(struct networks *n);

/* XXH3-128 of what is in the list, in its order, as far as it matters: equal ones extend alike. */
struct digest networks_id(const struct networks *n);

/*
 * The code under which EIDA counts data of network `code` that begin at `start` ("2015-06-01T00:00:00.0000Z": the first ten
 * bytes count, a year alone is its 1 January; p NULL: not known). Codes other than [0-9XYZ][0-9A-Z] stay as they are, and *out is `code`
 * itself; the others become code and year of the first network of the list that has the code and was there at that day, in `room`.
 * False: there was none, or `start` is no date.
 */
bool networks_extend(const struct networks *n, struct slice code, struct slice start, char room[NETWORK_EXTENDED],
                     struct slice *out);

#endif
