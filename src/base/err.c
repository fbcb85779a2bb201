/*
 * Filling in `struct err`. Stands under every room; prints nothing.
 */
#include "ingest/err.h"

static void
start(struct err *err, enum st code)
{
    *err = (struct err){ .code = code, .offset = UINT64_MAX };
}

enum st
err_set(struct err *err, enum st code, const char *what_format, ...)
{
    va_list args;

    start(err, code);
    va_start(args, what_format);
    vsnprintf(err->what, sizeof err->what, what_format, args);
    va_end(args);
    return code;
}

enum st
err_fail(struct err *err, enum st code, const char *what, const char *cause_format, ...)
{
    va_list args;

    start(err, code);
    snprintf(err->what, sizeof err->what, "%s", what);
    va_start(args, cause_format);
    vsnprintf(err->cause, sizeof err->cause, cause_format, args);
    va_end(args);
    return code;
}

void
err_cause(struct err *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->cause, sizeof err->cause, format, args);
    va_end(args);
}

void
err_hint(struct err *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->hint, sizeof err->hint, format, args);
    va_end(args);
}

enum st
err_memory(struct err *err, const char *what)
{
    return err_fail(err, ST_MEMORY, what, "the system gave no memory");
}
