/*
 * From the values of named fields to a record: what JSON and tables with a header share, so that a field means the same in
 * both. docs/COUNTING.md has the rules.
 */
#ifndef FORMAT_FIELDS_H
#define FORMAT_FIELDS_H

#include "format_priv.h"
#include "json_keys.h"

enum field_kind {
    FIELD_NONE,   /* the line does not have it */
    FIELD_TEXT,
    FIELD_NUMBER, /* a JSON number, as written */
    FIELD_BAD,    /* neither: an object, true, ... */
};

struct field {
    enum field_kind kind;
    enum key_how    how; /* of the definition that it was found by */
    struct slice    text;
};

/* One line's. */
struct fields {
    struct field v[KEY_FIELDS_N];
    const char  *ecosystem; /* of a name that the log gives; NULL: not known */
};

/*
 * Fills the record. `mapped`: bit f says that the log has a place for field f, so that a line without a status is damaged
 * where others have one, and is a 200 where none has; so with the method, GET. What is new is of p->scratch.
 * KEEP, REJECT_FIELDS, REJECT_TIME, REJECT_NUMBER.
 */
enum reason fields_record(struct parser *p, const struct fields *f, uint32_t mapped, struct record *rec);

/* `mapped` of these masks. */
uint32_t fields_mapped(const uint64_t of[KEY_FIELDS_N]);

/*
 * A decimal number as a time, exact to the microsecond: seconds, or what `how` says; TIME_AUTO goes by the digits before the
 * point: up to 11 are seconds, up to 14 milliseconds, up to 17 microseconds, else nanoseconds. An exponent may follow.
 * False: no such number, or a year behind 9999.
 */
bool fields_time_number(struct slice s, enum key_how how, int64_t *time_us);

#endif
