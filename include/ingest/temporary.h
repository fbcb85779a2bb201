/*
 * Temporary files: without a name, for what does not fit into memory; and beside a file that one is to replace.
 */
#ifndef INGEST_TEMPORARY_H
#define INGEST_TEMPORARY_H

#include "ingest/base.h"

/* In the directory `dir`, mode 0600, close-on-exec, to be read and written. -1: errno says why. */
int temporary_open(const char *dir);

/*
 * Makes a file of mode 0600 in the directory of `path`, under a hidden name (a walk of that directory passes it over), which
 * is given in `name`, for rename(2). -1: errno says why, and `name` is "". As long as it is open, here or in a child that has its descriptor, it
 * is locked (flock(2)), so that temporary_sweep leaves it.
 */
#define TEMPORARY_NAME 4100
int temporary_beside(const char *path, char name[TEMPORARY_NAME]);

/*
 * Removes from `dir` what killed writers left there: each file that temporary_beside made, that nobody has open, and of which `is_ours` says so,
 * given the last part of the path that it was made beside. What cannot be locked or removed stays: on some file systems all of it.
 */
void temporary_sweep(const char *dir, bool (*is_ours)(void *ctx, const char *base), void *ctx);

/* Writes all of it, at the place where `fd` stands. False: errno says why. */
bool temporary_write(int fd, const char *p, size_t n);

#endif
