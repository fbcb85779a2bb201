/*
 * Filling in `struct err`. Stands under every room; prints nothing.
 */
#include "ingest/err.h"

/*
 * A failure is put together aside: the words of an earlier one in `err` may be among the arguments
 * of the new one.
 */
static struct err
fresh(enum st code)
{
    return (struct err){ .code = code, .offset = UINT64_MAX };
}

enum st
err_set(struct err *err, enum st code, const char *what_format, ...)
{
    struct err next = fresh(code);
    va_list args;

    va_start(args, what_format);
    vsnprintf(next.what, sizeof next.what, what_format, args);
    va_end(args);
    *err = next;
    return code;
}

enum st
err_fail(struct err *err, enum st code, const char *what, const char *cause_format, ...)
{
    struct err next = fresh(code);
    va_list args;

    snprintf(next.what, sizeof next.what, "%s", what);
    va_start(args, cause_format);
    vsnprintf(next.cause, sizeof next.cause, cause_format, args);
    va_end(args);
    *err = next;
    return code;
}

void
err_cause(struct err *err, const char *format, ...)
{
    char text[sizeof err->cause];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(err->cause, sizeof err->cause, "%s", text);
}

void
err_hint(struct err *err, const char *format, ...)
{
    char text[sizeof err->hint];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(err->hint, sizeof err->hint, "%s", text);
}

enum st
err_memory(struct err *err, const char *what)
{
    return err_fail(err, ST_MEMORY, what, "the system gave no memory");
}
