/*
 * From what an operator pastes to the string that the server writes lines by: the directive's words, quotes and backslashes
 * are gone, and every byte knows where it stood, for the caret of a message.
 */
#ifndef INGEST_FORMAT_LOG_UNWRAP_H
#define INGEST_FORMAT_LOG_UNWRAP_H

#include "ingest/log_format.h"

struct log_text {
    size_t          n;
    char            p[LOG_FORMAT_BYTES_MAX];
    uint16_t        at[LOG_FORMAT_BYTES_MAX + 1]; /* of p[i] in the source; of its end too */
    enum log_escape escape;
    char            sigil; /* of its variables, where a directive tells: '$' or '%'; else 0 */
};

/* ST_USAGE: an open quote, a control byte, an escape= that nginx does not have. */
enum st log_unwrap(struct log_text *out, struct slice source, struct err *err);

/* "byte 7: DEFECT", and below it the source around byte `at` with a caret under it. Returns ST_USAGE. */
enum st log_malformed(struct slice source, size_t at, struct err *err, const char *hint, const char *defect_format, ...)
    PRINTF(5, 6);

#endif
