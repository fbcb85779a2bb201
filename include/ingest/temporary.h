/*
 * A file without a name, gone when it is closed, for what does not fit into memory.
 */
#ifndef INGEST_TEMPORARY_H
#define INGEST_TEMPORARY_H

/* In the directory `dir`, mode 0600, close-on-exec, to be read and written. -1: errno says why. */
int temporary_open(const char *dir);

#endif
