/*
 * Lines of W3C extended logs. The hot path of the big registries, so it has a loop of its own: a
 * run of lines is indexed in one pass, and of CloudFront's 33 columns only the few that count are
 * ever touched. Logs with blanks between values are cut line by line. What a column means for
 * counting is in docs/COUNTING.md.
 */
#include "w3c.h"

#include "cursor.h"

/* One line: from behind mark[0] to mark[last]. A field is what stands between two of its marks. */
struct row {
    const char *base;
    uint32_t *mark;
    uint32_t last, n_fields;
};

static inline struct slice
field(const struct row *row, size_t at)
{
    uint32_t from = row->mark[at] + 1; /* mark[0] may be -1, wrapped */

    return (struct slice){ row->base + from, row->mark[at + 1] - from };
}

static inline struct slice
column(const struct w3c *c, const struct row *row, enum column which)
{
    if (c->at[which] == NO_COLUMN)
        return (struct slice){ NULL, 0 };
    return field(row, c->at[which]);
}

/* ---- values ---- */

static inline enum range_start
range_start(struct slice s)
{
    if (s.n == 0 || field_is_dash(s))
        return RANGE_UNKNOWN;
    return s.n == 1 && s.p[0] == '0' ? RANGE_ZERO : RANGE_LATER;
}

/*
 * Which part of the object a 206 delivered: up to and with sc-range-end, or as long as the answer.
 */
static void
read_part(const struct w3c *c, const struct row *row, struct record *rec)
{
    int64_t first, last, length;

    if (!num_u63(column(c, row, COLUMN_RANGE), &first))
        return;
    if (num_u63(column(c, row, COLUMN_RANGE_END), &last) && last >= first && last < INT64_MAX) {
        rec->range_first = first;
        rec->range_end = last + 1;
    } else if (num_u63(column(c, row, COLUMN_LENGTH), &length) && length > 0 &&
               length <= INT64_MAX - first) {
        rec->range_first = first;
        rec->range_end = first + length;
    }
}

/* "13:55:36.123": some servers write fractions. */
static bool
read_fraction(struct slice s, int32_t *seconds, int64_t *micros)
{
    int64_t unit = 100000;

    if (s.n < 10 || s.n > 18 || s.p[8] != '.')
        return false;
    *micros = 0;
    for (size_t i = 9; i < s.n; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        *micros += unit * (s.p[i] - '0');
    }
    return clock_parse_hms((struct slice){ s.p, 8 }, seconds);
}

/* Seconds or milliseconds since 1970, or ISO 8601. */
static bool
read_timestamp(const struct w3c *c, const struct row *row, struct record *rec)
{
    struct slice s = column(c, row, COLUMN_SECONDS);
    int64_t millis;
    int32_t day;

    if (s.p != NULL) {
        if (!clock_parse_unix(s, &rec->time_us) && !clock_parse_iso(s, &day, &rec->time_us))
            return false;
    } else {
        if (!num_u63(column(c, row, COLUMN_MILLIS), &millis) || millis / 86400000 > DAY_MAX)
            return false;
        rec->time_us = millis * 1000;
    }
    record_date(rec);
    return true;
}

static inline bool
read_time(struct w3c *c, const struct row *row, struct record *rec)
{
    int32_t day, seconds = 0;
    int64_t micros = 0;

    if (unlikely(c->at[COLUMN_DATE] == NO_COLUMN))
        return read_timestamp(c, row, rec);
    if (unlikely(!memo_day(&c->day, field(row, c->at[COLUMN_DATE]), &day)))
        return false;
    if (c->at[COLUMN_TIME] != NO_COLUMN) {
        struct slice time = field(row, c->at[COLUMN_TIME]);

        if (unlikely(!memo_hms(&c->hms, time, &seconds)) && !read_fraction(time, &seconds, &micros))
            return false;
    }
    rec->day = day;
    rec->hour = (uint8_t)((uint32_t)seconds / 3600);
    rec->time_us = day * DAY_US + seconds * INT64_C(1000000) + micros;
    return true;
}

/*
 * A value in quotes (section "Log File Format" of the draft); a quote in it is doubled, and stays
 * so.
 */
static void
unquote(struct slice *s)
{
    if (s->n >= 2 && s->p[0] == '"' && s->p[s->n - 1] == '"')
        *s = (struct slice){ s->p + 1, s->n - 2 };
}

static void
read_extras(const struct w3c *c, const struct row *row, struct record *rec)
{
    rec->country = column(c, row, COLUMN_COUNTRY);
    rec->marked = column(c, row, COLUMN_MARKED);
    if (c->blanks) {
        struct slice *texts[] = { &rec->method, &rec->path,      &rec->query,   &rec->agent,
                                  &rec->client, &rec->forwarded, &rec->country, &rec->marked };

        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            unquote(texts[i]);
    }
    if (rec->country.n != 2)
        rec->country = (struct slice){ NULL, 0 };
}

static inline enum reason
read_row(struct w3c *c, const struct row *row, struct record *rec)
{
    if (unlikely(row->n_fields != c->n_fields))
        return REJECT_FIELDS;
    if (unlikely(!read_time(c, row, rec)))
        return REJECT_TIME;
    if (unlikely(!field_status(field(row, c->at[COLUMN_STATUS]), &rec->status)))
        return REJECT_NUMBER;
    if (c->at[COLUMN_BYTES] != NO_COLUMN &&
        unlikely(!field_bytes_here(field(row, c->at[COLUMN_BYTES]), &rec->bytes)))
        return REJECT_NUMBER;
    rec->method = field(row, c->at[COLUMN_METHOD]);
    rec->path = field(row, c->at[COLUMN_PATH]);
    rec->query = column(c, row, COLUMN_QUERY);
    rec->path_decodes = c->path_decodes;
    rec->agent = column(c, row, COLUMN_AGENT);
    rec->client = column(c, row, COLUMN_CLIENT);
    rec->forwarded = column(c, row, COLUMN_FORWARDED);
    rec->range = range_start(column(c, row, COLUMN_RANGE));
    if (unlikely(rec->status == 206))
        read_part(c, row, rec);
    if (unlikely(c->extras))
        read_extras(c, row, rec);
    return KEEP;
}

/* ---- lines ---- */

/*
 * Indexes what follows p->at; an input's last line may lack its LF, and is given one in the index.
 */
static void
index_more(struct w3c *c, const struct parser *p)
{
    size_t left = (size_t)(p->end - p->at), n = left < SCAN_BYTES_MAX ? left : SCAN_BYTES_MAX;
    struct marks *m = &c->marks;

    scan_marks(m, p->at, n, '\t', c->wanted);
    c->base = p->at;
    c->line = 0;
    if (n == left && p->end[-1] != '\n') {
        m->mark[++m->n] = (uint32_t)n;
        m->line[m->n_lines++] = (struct marked_line){ (uint16_t)m->n, (uint16_t)(m->n_tail + 1) };
    }
}

/*
 * Is there an odd number of quotes before `stop`, that of from[0] not counted? Then it closes the
 * value that begins there.
 */
static bool
is_closed(const char *from, const char *stop)
{
    const char *p = stop;

    while (p > from + 1 && p[-1] == '"')
        p--;
    return (stop - p) % 2 == 1;
}

/*
 * Where the value at `at` ends, or NULL: at the end of the line. `quotes`: one that begins with a
 * quote ends at the quote that closes it and has a separator behind it.
 */
static inline const char *
value_end(const char *at, const char *end, char separator, bool quotes)
{
    const char *stop = memchr(at, separator, (size_t)(end - at));

    while (quotes && stop != NULL && *at == '"' && !is_closed(at, stop))
        stop = memchr(stop + 1, separator, (size_t)(end - stop - 1));
    return stop;
}

/* Has a line that is cut at blanks exactly `n` values? */
static bool
has_values(struct slice line, size_t n, bool quotes)
{
    const char *at = line.p, *end = line.p + line.n;

    for (size_t i = 1; i <= n; i++) {
        at = value_end(at, end, ' ', quotes);
        if (at == NULL)
            return i == n;
        at++;
    }
    return false;
}

/*
 * One line alone: where it is longer than an index, or blanks separate. As many fields are told
 * apart as a line may have, and one more, so that one with too many is seen to have them.
 */
static struct row
cut_line(struct w3c *c, struct slice line, char separator, bool quotes)
{
    struct marks *m = &c->marks;
    const char *at = line.p, *end = line.p + line.n, *stop;
    uint32_t seen = 0;

    c->base = line.p;
    m->n = 0;
    m->mark[0] = UINT32_MAX;
    m->n_lines = 1;
    c->line = 1; /* it is used up */
    while (seen < COLUMNS_MAX && (stop = value_end(at, end, separator, quotes)) != NULL) {
        if ((c->wanted >> scan_wanted_bit(seen++) & 1) != 0)
            m->mark[++m->n] = (uint32_t)(stop - line.p);
        at = stop + 1;
    }
    m->mark[++m->n] = (uint32_t)line.n;
    return (struct row){ c->base, m->mark, (uint32_t)m->n, seen + 1 };
}

/*
 * A line of values between blanks. Quotes matter only where a line would have too many values
 * without them.
 */
static struct row
cut_blanks(struct w3c *c, struct slice line)
{
    struct row row = cut_line(c, line, ' ', false);

    return row.n_fields > c->n_named ? cut_line(c, line, ' ', true) : row;
}

/*
 * The fields of the line at p->at, without a CR before its LF; *next is where the one behind it
 * begins.
 */
static inline struct row
next_row(struct w3c *c, const struct parser *p, char **next)
{
    struct marked_line line;
    uint32_t first;

    if (unlikely(c->line == c->marks.n_lines)) {
        if (unlikely(c->by_line || c->by_line_bytes > 0 || c->wanted == 0)) {
            struct slice alone = line_at(p, next);
            size_t bytes = (size_t)(*next - p->at);

            c->by_line_bytes -= bytes < c->by_line_bytes ? bytes : c->by_line_bytes;
            return c->blanks ? cut_blanks(c, alone) : cut_line(c, alone, '\t', false);
        }
        index_more(c, p);
        if (unlikely(c->marks.n_lines == 0))
            return cut_line(c, line_at(p, next), '\t', false);
    }
    first = c->line == 0 ? 0 : c->marks.line[c->line - 1].last;
    line = c->marks.line[c->line++];
    *next = p->at + (c->marks.mark[line.last] - c->marks.mark[first]);
    if (unlikely(*next > p->end))
        *next = p->end; /* the LF that it did not have */
    return (struct row){ c->base, c->marks.mark + first, line.last - first, line.n_fields };
}

/*
 * Is there a CR before the LF of this line? `end` is the block's: the LF that stands there is only
 * in the index.
 */
static inline uint32_t
has_cr(const struct row *row, const char *end)
{
    uint32_t from = row->mark[0] + 1, to = row->mark[row->last];

    return to > from && row->base[to - 1] == '\r' && row->base + to < end && row->base[to] == '\n';
}

/*
 * A line of values, and nothing has shown yet what separates them: what gives as many as #Fields
 * names. Until then lines lack fields.
 */
static enum st
first_values(struct parser *p, struct row *row, struct err *err)
{
    struct w3c *c = p->state;
    uint32_t from = row->mark[0] + 1, to = row->mark[row->last];
    struct slice line = { row->base + from, to - from };

    if (c->n_named == 0)
        return w3c_headless(p->line_no, err);
    if (row->n_fields == c->n_named) {
        c->n_fields = c->n_named;
    } else if (has_values(line, c->n_named, false) || has_values(line, c->n_named, true)) {
        c->n_fields = c->n_named;
        c->blanks = c->extras = c->by_line = true;
        *row = cut_blanks(c, line); /* the index makes place for it */
    }
    return ST_OK;
}

static enum st
read_line(struct parser *p, struct row *row, struct record *rec, struct err *err)
{
    struct w3c *c = p->state;
    uint32_t from = row->mark[0] + 1, to = row->mark[row->last];
    enum st rc;

    record_begin(p, rec);
    if (likely(from != to && row->base[from] != '#')) {
        if (unlikely(c->n_fields == 0) && (rc = first_values(p, row, err)) != ST_OK)
            return rc;
        rec->why = read_row(c, row, rec);
        return ST_OK;
    }
    if (from == to) {
        rec->why = FILTER_BLANK;
        return ST_OK;
    }
    rec->why = FILTER_COMMENT;
    return w3c_header(p, (struct slice){ row->base + from, to - from }, err);
}

enum st
w3c_block(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err)
{
    struct w3c *c = p->state;
    size_t n = 0;
    enum st rc = ST_OK;

    while (n < max && p->at < p->end && rc == ST_OK) {
        char *next;
        struct row row = next_row(c, p, &next);
        uint32_t cr = has_cr(&row, p->end);

        row.mark[row.last] -= cr;
        rc = read_line(p, &row, &out[n], err);
        row.mark[row.last] += cr;
        if (rc == ST_OK) {
            n++;
            p->at = next;
            p->line_no++;
        }
    }
    *n_records = n;
    return rc;
}
