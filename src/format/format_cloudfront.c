/*
 * CloudFront's standard log: W3C extended, tab-separated, its columns named by a `#Fields:` line
 * that may come again. The hot path of the big registries, so it has a loop of its own: a run of
 * lines is indexed in one pass, and of the 33 columns only the few that count are ever touched.
 * What a column means for counting is in docs/COUNTING.md.
 */
#include "cursor.h"
#include "format_priv.h"
#include "memo.h"

/* CloudFront has 33 columns and custom logs a few more. Also what one line of the index can hold,
 * many times over. */
#define COLUMNS_MAX 4096
#define NO_COLUMN   UINT32_MAX

/* wanted column, its name in #Fields, must it be there? */
#define COLUMNS(C)                         \
    C(DATE, "date", true)                  \
    C(TIME, "time", false)                 \
    C(BYTES, "sc-bytes", false)            \
    C(CLIENT, "c-ip", false)               \
    C(METHOD, "cs-method", true)           \
    C(PATH, "cs-uri-stem", true)           \
    C(STATUS, "sc-status", true)           \
    C(AGENT, "cs(User-Agent)", false)      \
    C(RANGE, "sc-range-start", false)

enum column {
#define COLUMN(upper, name, required) COLUMN_##upper,
    COLUMNS(COLUMN)
#undef COLUMN
    COLUMNS_N
};

static const struct {
    const char *name;
    bool        required;
} columns[COLUMNS_N] = {
#define COLUMN(upper, name, required) { name, required },
    COLUMNS(COLUMN)
#undef COLUMN
};

struct cloudfront {
    uint32_t n_fields;        /* 0 before the first #Fields: */
    uint32_t at[COLUMNS_N];   /* which field a column is, or NO_COLUMN */
    struct day_memo day;
    struct hms_memo hms;

    /* The index of base[0 .. SCAN_BYTES_MAX), of which `line` lines are used up. It is used up
     * before its block is. */
    const char  *base;
    size_t       line;
    struct marks marks;
};

/* One line: field k is what stands between mark[k] and mark[k + 1]. */
struct row {
    const char *base;
    uint32_t   *mark;
    size_t      n_fields;
};

static inline struct slice
field(const struct row *row, size_t k)
{
    uint32_t from = row->mark[k] + 1; /* mark[0] may be -1, wrapped */

    return (struct slice){ row->base + from, row->mark[k + 1] - from };
}

static inline struct slice
column(const struct cloudfront *c, const struct row *row, enum column which)
{
    if (c->at[which] == NO_COLUMN)
        return (struct slice){ NULL, 0 };
    return field(row, c->at[which]);
}

/* ---- header lines ---- */

static struct slice
next_word(struct slice *rest)
{
    struct slice word;

    while (rest->n > 0 && (*rest->p == ' ' || *rest->p == '\t'))
        rest->p++, rest->n--;
    word = (struct slice){ rest->p, 0 };
    while (rest->n > 0 && *rest->p != ' ' && *rest->p != '\t')
        rest->p++, rest->n--, word.n++;
    return word;
}

static enum st
map_columns(struct cloudfront *c, struct slice names, uint64_t line_no, struct err *err)
{
    struct slice word;
    enum st rc = ST_OK;

    c->n_fields = 0;
    for (size_t i = 0; i < COLUMNS_N; i++)
        c->at[i] = NO_COLUMN;
    while ((word = next_word(&names)).n > 0) {
        for (size_t i = 0; i < COLUMNS_N; i++)
            if (slice_eq(word, slice_of(columns[i].name)))
                c->at[i] = c->n_fields;
        if (++c->n_fields > COLUMNS_MAX) {
            rc = err_fail(err, ST_FORMAT, "cannot use this CloudFront log",
                "its #Fields line names more than %d columns", COLUMNS_MAX);
            err->line_no = line_no;
            return rc;
        }
    }
    for (size_t i = 0; i < COLUMNS_N && rc == ST_OK; i++) {
        if (!columns[i].required || c->at[i] != NO_COLUMN)
            continue;
        rc = err_fail(err, ST_FORMAT, "cannot use this CloudFront log",
            "its #Fields line does not name the column \"%s\"", columns[i].name);
        err_hint(err, "date, cs-method, cs-uri-stem and sc-status are needed to count downloads");
        err->line_no = line_no;
    }
    return rc;
}

static enum st
check_version(struct slice version, uint64_t line_no, struct err *err)
{
    struct slice word = next_word(&version);

    if (slice_is(word, "1.0") && next_word(&version).n == 0)
        return ST_OK;
    err_fail(err, ST_FORMAT, "cannot read this CloudFront log", "its #Version is not 1.0");
    err_hint(err, "only version 1.0 of the W3C extended log format is known");
    err->line_no = line_no;
    return ST_FORMAT;
}

static enum st
read_header(struct cloudfront *c, struct slice line, uint64_t line_no, struct err *err)
{
    static const struct slice fields = { "#Fields:", 8 }, version = { "#Version:", 9 };

    if (slice_starts(line, fields))
        return map_columns(
            c, (struct slice){ line.p + fields.n, line.n - fields.n }, line_no, err);
    if (slice_starts(line, version))
        return check_version(
            (struct slice){ line.p + version.n, line.n - version.n }, line_no, err);
    return ST_OK;
}

static enum st
headless(uint64_t line_no, struct err *err)
{
    err_fail(err, ST_FORMAT, "cannot read this CloudFront log",
        "a request comes before any #Fields line, which would name the columns");
    err_hint(err, "the beginning of the log is missing, or it is of another format (see --format)");
    err->line_no = line_no;
    return ST_FORMAT;
}

/* ---- data lines ---- */

static inline enum range_start
range_start(struct slice s)
{
    if (s.n == 0 || field_is_dash(s))
        return RANGE_UNKNOWN;
    return s.n == 1 && s.p[0] == '0' ? RANGE_ZERO : RANGE_LATER;
}

static inline enum reason
read_row(struct cloudfront *c, const struct row *row, struct record *rec)
{
    int32_t day, seconds = 0;

    if (unlikely(row->n_fields != c->n_fields))
        return REJECT_FIELDS;
    if (unlikely(!memo_day(&c->day, column(c, row, COLUMN_DATE), &day)))
        return REJECT_TIME;
    if (c->at[COLUMN_TIME] != NO_COLUMN &&
        unlikely(!memo_hms(&c->hms, column(c, row, COLUMN_TIME), &seconds)))
        return REJECT_TIME;
    rec->day = day;
    rec->hour = (uint8_t)((uint32_t)seconds / 3600);
    rec->time_us = day * DAY_US + seconds * INT64_C(1000000);

    if (unlikely(!field_status(column(c, row, COLUMN_STATUS), &rec->status)))
        return REJECT_NUMBER;
    if (c->at[COLUMN_BYTES] != NO_COLUMN &&
        unlikely(!field_bytes(column(c, row, COLUMN_BYTES), &rec->bytes)))
        return REJECT_NUMBER;
    rec->method = column(c, row, COLUMN_METHOD);
    rec->path = column(c, row, COLUMN_PATH);
    rec->path_decodes = 2;
    rec->agent = column(c, row, COLUMN_AGENT);
    rec->client = column(c, row, COLUMN_CLIENT);
    rec->range = range_start(column(c, row, COLUMN_RANGE));
    return KEEP;
}

/* ---- lines ---- */

/* Indexes what follows p->at; an input's last line may lack its LF, and is given one in the index.
 */
static void
index_more(struct cloudfront *c, const struct parser *p)
{
    size_t left = (size_t)(p->end - p->at), n = left < SCAN_BYTES_MAX ? left : SCAN_BYTES_MAX;
    struct marks *m = &c->marks;

    scan_marks(m, p->at, n, '\t');
    c->base = p->at;
    c->line = 0;
    if (n == left && p->end[-1] != '\n') {
        m->mark[++m->n] = (uint32_t)n;
        m->line_end[m->n_lines++] = (uint32_t)m->n;
    }
}

/*
 * A line that is longer than an index. Marks are made for as many fields as a line may have, and
 * one more, so that one with too many is seen to have them.
 */
static void
index_long(struct cloudfront *c, struct slice line)
{
    struct marks *m = &c->marks;
    const char *at = line.p, *end = line.p + line.n;

    c->base = line.p;
    c->line = 0;
    m->n = 0;
    m->mark[0] = UINT32_MAX;
    while (m->n <= COLUMNS_MAX) {
        /* A header line is one field, or its end would be lost where it has too many tabs. */
        const char *tab = *line.p == '#' ? NULL : memchr(at, '\t', (size_t)(end - at));

        m->mark[++m->n] = (uint32_t)((tab == NULL ? end : tab) - line.p);
        if (tab == NULL)
            break;
        at = tab + 1;
    }
    m->line_end[0] = (uint32_t)m->n;
    m->n_lines = 1;
}

/* The fields of the line at p->at, without a CR before its LF; *next is where the one behind it
 * begins. */
static inline struct row
next_row(struct cloudfront *c, const struct parser *p, char **next)
{
    uint32_t first, last;

    if (unlikely(c->line == c->marks.n_lines)) {
        index_more(c, p);
        if (unlikely(c->marks.n_lines == 0)) {
            index_long(c, line_at(p, next));
            c->line = 1;
            return (struct row){ c->base, c->marks.mark, c->marks.n };
        }
    }
    first = c->line == 0 ? 0 : c->marks.line_end[c->line - 1];
    last = c->marks.line_end[c->line++];
    *next = p->at + (c->marks.mark[last] - c->marks.mark[first]);
    if (unlikely(*next > p->end))
        *next = p->end; /* the LF that it did not have */
    return (struct row){ c->base, c->marks.mark + first, last - first };
}

/* Is there a CR before the LF of this line? `end` is the block's: the LF that stands there is only
 * in the index. */
static inline uint32_t
has_cr(const struct row *row, const char *end)
{
    uint32_t from = row->mark[0] + 1, to = row->mark[row->n_fields];

    return to > from && row->base[to - 1] == '\r' && row->base + to < end && row->base[to] == '\n';
}

static enum st
read_line(struct parser *p, const struct row *row, struct record *rec, struct err *err)
{
    struct cloudfront *c = p->state;
    uint32_t from = row->mark[0] + 1, to = row->mark[row->n_fields];

    record_begin(p, rec);
    if (likely(from != to && row->base[from] != '#')) {
        if (unlikely(c->n_fields == 0))
            return headless(p->line_no, err);
        rec->why = read_row(c, row, rec);
        return ST_OK;
    }
    if (from == to) {
        rec->why = FILTER_BLANK;
        return ST_OK;
    }
    rec->why = FILTER_COMMENT;
    return read_header(c, (struct slice){ row->base + from, to - from }, p->line_no, err);
}

static enum st
cloudfront_block(struct parser *p, struct record *out, size_t max, size_t *n_records,
    struct err *err)
{
    struct cloudfront *c = p->state;
    size_t n = 0;
    enum st rc = ST_OK;

    while (n < max && p->at < p->end && rc == ST_OK) {
        char *next;
        struct row row = next_row(c, p, &next);
        uint32_t cr = has_cr(&row, p->end);

        row.mark[row.n_fields] -= cr;
        rc = read_line(p, &row, &out[n], err);
        row.mark[row.n_fields] += cr;
        if (rc == ST_OK) {
            n++;
            p->at = next;
            p->line_no++;
        }
    }
    *n_records = n;
    return rc;
}

static int
cloudfront_sniff(struct slice head)
{
    bool ours = slice_starts(head, SLICE("#Version:")) || slice_starts(head, SLICE("#Fields:"));

    return ours ? 100 : 0;
}

#define HEADER "#Version: 1.0\n#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status\n"

static const struct format_example examples[] = {
    { HEADER "2024-03-01\t00:00:01\t742\t192.0.2.7\tGET\t/crates/a/a-1.0.0.crate\t200", KEEP, 200,
      742 },
    { HEADER "2024-03-01\t00:00:01\t-\t192.0.2.7\tGET\t/crates/a/a-1.0.0.crate\t-", KEEP, 0, 0 },
    { "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\t/a\t304", KEEP, 304, 0 },
    { HEADER "2024-03-01\t00:00:01\t742\t192.0.2.7\tGET\t/a", REJECT_FIELDS, 0, 0 },
    { HEADER "2023-02-29\t00:00:01\t742\t192.0.2.7\tGET\t/a\t200", REJECT_TIME, 0, 0 },
    { HEADER "2024-03-01\t24:00:00\t742\t192.0.2.7\tGET\t/a\t200", REJECT_TIME, 0, 0 },
    { HEADER "2024-03-01\t00:00:01\t7e2\t192.0.2.7\tGET\t/a\t200", REJECT_NUMBER, 0, 0 },
    { HEADER "#Software: none", FILTER_COMMENT, 0, 0 },
};

const struct format format_cloudfront = {
    .name = "cloudfront",
    .about = "Amazon CloudFront's standard log (W3C extended, tab-separated)",
    .dataset = "stats",
    .block = cloudfront_block,
    .sniff = cloudfront_sniff,
    .state_bytes = sizeof(struct cloudfront),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
