/*
 * A line of a log as a message may quote it.
 */
#ifndef INGEST_FORMAT_SHOWN_H
#define INGEST_FORMAT_SHOWN_H

#include "ingest/slice.h"

#define SHOWN_BYTES 80 /* of a line: a terminal shows it beside the words, a cause has room */
#define SHOWN_TEXT  (SHOWN_BYTES + 4)

/*
 * The beginning of a line as plain ASCII; what else there is, a backslash too, as \xHH. Whatever could be an address is
 * <client>, a token, key or password <hidden>: too much rather than too little.
 */
void show_line(struct slice line, char out[SHOWN_TEXT]);

#endif
