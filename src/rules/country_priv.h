/*
 * A file of countries before it is believed.
 */
#ifndef INGEST_COUNTRY_PRIV_H
#define INGEST_COUNTRY_PRIV_H

#include "ingest/base.h"
#include "ingest/err.h"

/*
 * Follows all that libmaxminddb may follow in the file: the metadata, every record of the search tree, and every value that
 * one of them leads to. ST_OK; ST_USAGE: the system cannot read it, it is no such file, or it is damaged, with the byte
 * (err->cause); ST_MEMORY.
 */
enum st country_check(const char *path, struct err *err);

#endif
