/*
 * Small files, read whole: what read(2) gives may be less than there is.
 */
#ifndef INGEST_WHOLE_H
#define INGEST_WHOLE_H

#include "ingest/base.h"

/* Reads up to `n` bytes, on to the end of the file or until they are full. How many there are; -1: errno says why. */
ssize_t whole_read(int fd, void *p, size_t n);

#endif
