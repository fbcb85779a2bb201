/*
 * Small files, and pieces of large ones, read whole: what read(2) and pread(2) give may be less than there is.
 */
#ifndef INGEST_WHOLE_H
#define INGEST_WHOLE_H

#include "ingest/base.h"

/* Reads up to `n` bytes, on to the end of the file or until they are full. How many there are; -1: errno says why. */
ssize_t whole_read(int fd, void *p, size_t n);
/* The same from `offset` on; where the descriptor stands stays as it is. */
ssize_t whole_pread(int fd, void *p, size_t n, off_t offset);

#endif
