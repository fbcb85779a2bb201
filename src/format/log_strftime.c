/*
 * %{...}t of Apache's mod_log_config: the time as strftime(3) writes it, or as a number. A format
 * of strftime becomes variables of fixed width and the text between them, so that a time may be put
 * together from several of them: %{%Y-%m-%dT%T}t.%{msec_frac}t%{%z}t.
 */
#include "ingest/base.h"

#include "log_build.h"

static const struct log_var clf = { .name = "t", .field = LOG_CLF, .rank = 2, .width = 26 };

/* Instead of strftime's, the whole argument. */
static const struct log_var numbers[] = {
    { .name = "usec", .field = LOG_MICROS, .word = true },
    { .name = "msec", .field = LOG_MILLIS, .rank = 0, .word = true },
    { .name = "sec", .field = LOG_SECONDS, .rank = 1, .word = true },
    { .name = "usec_frac", .field = LOG_FRACTION, .width = 6 },
    { .name = "msec_frac", .field = LOG_FRACTION, .rank = 1, .width = 3 },
};

/* A letter behind '%'; `expands`: what it is short for. */
static const struct {
    char           letter;
    const char    *expands;
    struct log_var var;
} letters[] = {
    { 'Y', NULL, { .name = "Y", .field = LOG_YEAR, .width = 4 } },
    { 'm', NULL, { .name = "m", .field = LOG_MONTH, .width = 2 } },
    { 'b', NULL, { .name = "b", .field = LOG_MONTH_NAME, .width = 3 } },
    { 'h', NULL, { .name = "h", .field = LOG_MONTH_NAME, .width = 3 } },
    { 'd', NULL, { .name = "d", .field = LOG_DAY, .width = 2 } },
    { 'e', NULL, { .name = "e", .field = LOG_DAY, .width = 2 } },
    { 'H', NULL, { .name = "H", .field = LOG_HOUR, .width = 2 } },
    { 'k', NULL, { .name = "k", .field = LOG_HOUR, .width = 2 } },
    { 'M', NULL, { .name = "M", .field = LOG_MINUTE, .width = 2 } },
    { 'S', NULL, { .name = "S", .field = LOG_SECOND, .width = 2 } },
    { 'z', NULL, { .name = "z", .field = LOG_ZONE, .width = 5 } },
    { 's', NULL, { .name = "s", .field = LOG_SECONDS, .rank = 1, .word = true } },
    { 'a', NULL, { .name = "a", .width = 3 } },
    { 'j', NULL, { .name = "j", .width = 3 } },
    { 'u', NULL, { .name = "u", .width = 1 } },
    { 'w', NULL, { .name = "w", .width = 1 } },
    { 'F', "%Y-%m-%d", { .name = "F" } },
    { 'T', "%H:%M:%S", { .name = "T" } },
    { 'R', "%H:%M", { .name = "R" } },
};

/* One letter of strftime: false if we do not read it. */
static enum st
add_letter(struct log_build *b, char letter, size_t i, size_t end, bool *known)
{
    *known = true;
    for (size_t k = 0; k < ARRAY_LEN(letters); k++) {
        enum st rc = ST_OK;

        if (letters[k].letter != letter)
            continue;
        if (letters[k].expands == NULL)
            return log_add_var(b, &letters[k].var, i, end);
        for (const char *p = letters[k].expands; *p != '\0' && rc == ST_OK; p++) {
            if (*p == '%')
                rc = add_letter(b, *++p, i, end, known);
            else
                log_add_literal(b, *p);
        }
        return rc;
    }
    *known = false;
    return ST_OK;
}

static enum st
unknown_letter(struct log_build *b, size_t i, char letter)
{
    if (letter == 'Z')
        return log_build_malformed(b, i, "a zone's name does not say how far it is from UTC",
                                   "have the server write %z, its offset");
    if (letter == 'y' || letter == 'D' || letter == 'x' || letter == 'c')
        return log_build_malformed(b, i, "a year of two digits, or none",
                                   "have the server write %Y");
    if (letter == 'I' || letter == 'l' || letter == 'p' || letter == 'r')
        return log_build_malformed(b, i, "hours that count to twelve",
                                   "have the server write %H");
    return log_build_malformed(b, i, "a conversion of strftime that is not read here",
                               "these are: %Y %m %b %d %e %H %M %S %z %F %T %R %s %a %j");
}

static enum st
add_conversions(struct log_build *b, size_t i, size_t end, size_t from, size_t to)
{
    const char *p = b->text.p;

    for (size_t at = from; at < to; at++) {
        bool known;
        enum st rc;

        if (p[at] != '%') {
            log_add_literal(b, p[at]);
            continue;
        }
        if (++at == to)
            return log_build_malformed(b, at - 1, "a '%' without a letter", "write %% for a '%'");
        if (p[at] == '%') {
            log_add_literal(b, '%');
            continue;
        }
        if ((rc = add_letter(b, p[at], i, end, &known)) != ST_OK)
            return rc;
        if (!known)
            return unknown_letter(b, at, p[at]);
    }
    return ST_OK;
}

enum st
log_add_strftime(struct log_build *b, size_t i, size_t end, size_t from, size_t to)
{
    struct slice text = { b->text.p + from, to - from };
    enum st rc;

    if (slice_starts(text, SLICE("begin:")))
        from += strlen("begin:");
    else if (slice_starts(text, SLICE("end:")))
        from += strlen("end:");
    text = (struct slice){ b->text.p + from, to - from };
    if (text.n > 0) {
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
            if (slice_eq(text, slice_of(numbers[k].name)))
                return log_add_var(b, &numbers[k], i, end);
        return add_conversions(b, i, end, from, to);
    }
    log_add_literal(b, '['); /* plain %t writes its brackets itself */
    rc = log_add_var(b, &clf, i, end);
    log_add_literal(b, ']');
    return rc;
}
