/*
 * The file of --rejects: every rejected line of the inputs that were read to their end and then counted, or refused for
 * their many rejected lines. Written beside its name and put in its place at the end, mode 0600; zlib's gzip if the name
 * ends in ".gz". The lines are JSON, in the order of the inputs (docs/COUNTING.md).
 */
#ifndef INGEST_REJECTS_H
#define INGEST_REJECTS_H

#include "ingest/base.h"
#include "ingest/err.h"

struct rejects; /* one thread at a time */

/* NULL: ST_USAGE or ST_MEMORY in err. `path` is borrowed. `raw`: nothing is masked. */
struct rejects *rejects_open(const char *path, bool raw, struct err *err);
bool            rejects_is_raw(const struct rejects *r);
/* The directory of the file, for what is on its way there. */
const char     *rejects_dir(const struct rejects *r);
/* ST_OK, ST_DISK. */
enum st rejects_add(struct rejects *r, const void *bytes, size_t n, struct err *err);
/* Puts the file in its place, unless `keep` is false; frees in either case. NULL is fine. ST_OK, ST_DISK. */
enum st rejects_close(struct rejects *r, bool keep, struct err *err);

#endif
