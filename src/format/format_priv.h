/*
 * What the files of formats share besides cursors: lines one by one, and the parts of a sniff.
 */
#ifndef INGEST_FORMAT_PRIV_H
#define INGEST_FORMAT_PRIV_H

#include "ingest/format.h"

#define FORMAT(name) extern const struct format format_##name;
#include "formats.def"
#undef FORMAT

/* Unescaped text that one call may gather before it gives what it has; a line adds at most about twice its size. */
#define SCRATCH_ENOUGH (4 * MIB)

/* The line at p->at, without its LF and a CR before it; *next is where the one behind it begins. p stays as it is. */
static inline struct slice
line_at(const struct parser *p, char **next)
{
    char *feed = memchr(p->at, '\n', (size_t)(p->end - p->at));
    size_t n = (size_t)((feed == NULL ? p->end : feed) - p->at);

    *next = feed == NULL ? p->end : feed + 1;
    if (feed != NULL && n > 0 && p->at[n - 1] == '\r')
        n--;
    return (struct slice){ p->at, n };
}

/* Bytes of the mark that some programs set before UTF-8 (U+FEFF; RFC 3629, 6): it says nothing and belongs to no line. */
static inline size_t
utf8_mark(struct slice beginning)
{
    return slice_starts(beginning, SLICE("\xef\xbb\xbf")) ? 3 : 0;
}

/* All zero. GCC writes `= { 0 }` of this size as "rep stos", whose start alone costs as much as reading three fields. */
static inline void
record_clear(struct record *rec)
{
    char *at = (char *)rec;
    size_t n = sizeof *rec;

    for (; n >= 64; n -= 64, at += 64)
        memset(at, 0, 64);
    memset(at, 0, n);
}

/* An empty record for the line at p->at. */
static inline void
record_begin(const struct parser *p, struct record *rec)
{
    record_clear(rec);
    rec->line_no = p->line_no;
    rec->first = true;
    rec->day = DAY_NONE;
}

/* The day and hour of rec->time_us, in UTC. */
static inline void
record_date(struct record *rec)
{
    rec->day = (int32_t)(rec->time_us / DAY_US);
    rec->hour = (uint8_t)(rec->time_us % DAY_US / (3600 * INT64_C(1000000)));
}

/* A field by the name that the format's documentation gives it. */
struct named {
    const char  *name;
    struct slice value; /* p NULL: this line does not have it */
};

/* rec->marked is the field that the options name, if the format has one of that name. Asked only where they name any. */
static inline void
record_mark(const struct parser *p, const struct named *fields, size_t n, struct record *rec)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(p->options->drop_key, fields[i].name) == 0)
            rec->marked = fields[i].value;
}

static inline bool
wants_mark(const struct parser *p)
{
    return unlikely(p->options->drop_key != NULL);
}

/*
 * The share 0..100 of the lines of `head` whose first record is not rejected and for which `also` holds (NULL: always);
 * comments and blanks do not count. `also` may look at the state of the parser, which has just read that line.
 */
int share_of(const struct format *format, struct slice head,
    bool (*also)(const struct parser *p, const struct record *rec));

/* The same for a format that reads nothing but JSON objects: lines without any brace need not be parsed to know. */
int share_of_objects(const struct format *format, struct slice head,
    bool (*also)(const struct parser *p, const struct record *rec));

#endif
