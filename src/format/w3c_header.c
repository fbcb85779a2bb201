/*
 * Header lines of W3C extended logs: which column is where, and what wrote the log.
 */
#include "w3c.h"

/*
 * Names in #Fields, and the column that each is; of several names for one column the first here
 * holds.
 */
static const struct {
    struct slice name;
    enum column column;
} names[] = {
#define NAME(literal, column) { { literal, sizeof literal - 1 }, column }
    NAME("date", COLUMN_DATE),
    NAME("time", COLUMN_TIME),
    NAME("timestamp", COLUMN_SECONDS),
    NAME("timestamp(ms)", COLUMN_MILLIS),
    NAME("sc-bytes", COLUMN_BYTES),
    NAME("c-ip", COLUMN_CLIENT),
    NAME("cs-ip", COLUMN_CLIENT), /* Akamai's name */
    NAME("x-forwarded-for", COLUMN_FORWARDED),
    NAME("X-Forwarded-For", COLUMN_FORWARDED), /* IIS, where the administrator adds it */
    NAME("cs(X-Forwarded-For)", COLUMN_FORWARDED),
    NAME("cs-method", COLUMN_METHOD),
    NAME("cs-uri-stem", COLUMN_PATH),
    NAME("cs-uri-path", COLUMN_PATH),
    NAME("cs-uri", COLUMN_PATH),
    NAME("cs-uri-query", COLUMN_QUERY),
    NAME("sc-status", COLUMN_STATUS),
    NAME("cs(User-Agent)", COLUMN_AGENT),
    NAME("sc-range-start", COLUMN_RANGE),
    NAME("sc-range-end", COLUMN_RANGE_END),
    NAME("sc-content-len", COLUMN_LENGTH),
    NAME("c-country", COLUMN_COUNTRY),
#undef NAME
};

static struct slice
next_word(struct slice *rest)
{
    const char *p = rest->p, *end = p + rest->n, *from;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    from = p;
    while (p < end && *p != ' ' && *p != '\t')
        p++;
    *rest = (struct slice){ p, (size_t)(end - p) };
    return (struct slice){ from, (size_t)(p - from) };
}

/* CloudFront alone has columns of its edge locations; it encodes paths once more. */
static bool
is_of_edge(struct slice name)
{
    return slice_starts(name, SLICE("x-edge-"));
}

static enum st
refuse(struct err *err, uint64_t line_no, const char *hint)
{
    err_hint(err, "%s", hint);
    err->line_no = line_no;
    return ST_FORMAT;
}

static enum st
check_columns(const struct w3c *c, uint64_t line_no, struct err *err)
{
    static const enum column needed[] = { COLUMN_DATE, COLUMN_METHOD, COLUMN_PATH, COLUMN_STATUS };
    static const char *const called[] = { "date", "cs-method", "cs-uri-stem", "sc-status" };

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (c->at[needed[i]] != NO_COLUMN)
            continue;
        if (needed[i] == COLUMN_DATE &&
            (c->at[COLUMN_SECONDS] != NO_COLUMN || c->at[COLUMN_MILLIS] != NO_COLUMN))
            continue;
        err_fail(err, ST_FORMAT, "cannot use this log",
                 "its #Fields line does not name the column \"%s\"", called[i]);
        return refuse(err, line_no,
                      "date, cs-method, cs-uri-stem and sc-status are needed to count downloads");
    }
    return ST_OK;
}

/*
 * The next column is called `name`. `rank` is where in the list the name stands that a column has.
 */
static void
map_name(struct w3c *c, const char *drop_key, struct slice name, size_t rank[COLUMNS_N])
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum column which = names[i].column;

        if (i <= rank[which] && slice_eq(name, names[i].name)) {
            c->at[which] = c->n_named;
            rank[which] = i;
        }
    }
    if (drop_key != NULL && slice_eq(name, slice_of(drop_key)))
        c->at[COLUMN_MARKED] = c->n_named;
    if (is_of_edge(name))
        c->path_decodes = 2;
}

/* Columns of fields that nobody asks for are as good as missing. */
static void
leave_out(struct w3c *c, unsigned unasked)
{
    static const struct {
        unsigned asks;
        enum column column;
    } some[] = {
        { ASKS_AGENT, COLUMN_AGENT },         { ASKS_QUERY, COLUMN_QUERY },
        { ASKS_FORWARDED, COLUMN_FORWARDED }, { ASKS_RANGE, COLUMN_RANGE },
        { ASKS_PART, COLUMN_RANGE_END },      { ASKS_PART, COLUMN_LENGTH },
    };

    for (size_t i = 0; i < ARRAY_LEN(some); i++)
        if ((unasked & some[i].asks) != 0)
            c->at[some[i].column] = NO_COLUMN;
}

/* How many separators before the one that ends column `n` are marked. */
static uint32_t
marks_before(uint64_t wanted, uint32_t n)
{
    uint32_t bit = scan_wanted_bit(n);

    return (uint32_t)__builtin_popcountll(wanted & ((UINT64_C(1) << bit) - 1)) + n - bit;
}

/* Separators before and behind columns are marked, and `at` counts marks from here on. */
static void
mark_columns(struct w3c *c)
{
    uint64_t wanted = 0;

    for (size_t i = 0; i < COLUMNS_N; i++) {
        if (c->at[i] == NO_COLUMN)
            continue;
        if (c->at[i] > 0)
            wanted |= UINT64_C(1) << scan_wanted_bit(c->at[i] - 1);
        wanted |= UINT64_C(1) << scan_wanted_bit(c->at[i]);
    }
    for (size_t i = 0; i < COLUMNS_N; i++)
        if (c->at[i] != NO_COLUMN)
            c->at[i] = marks_before(wanted, c->at[i]);
    if (c->wanted != 0 && wanted != c->wanted) { /* an index anew for each header would be dear */
        c->by_line_bytes = SCAN_BYTES_MAX;
        c->line = c->marks.n_lines;
    }
    c->wanted = wanted;
}

static enum st
map_columns(struct parser *p, struct slice line, struct err *err)
{
    struct w3c *c = p->state;
    size_t rank[COLUMNS_N];
    struct slice name;

    c->n_fields = c->n_named = 0;
    c->blanks = false;
    c->path_decodes = p->format == &format_cloudfront ? 2 : 1;
    for (size_t i = 0; i < COLUMNS_N; i++) {
        c->at[i] = NO_COLUMN;
        rank[i] = SIZE_MAX;
    }
    while ((name = next_word(&line)).n > 0) {
        map_name(c, p->options->drop_key, name, rank);
        if (++c->n_named > COLUMNS_MAX) {
            err_fail(err, ST_FORMAT, "cannot use this log",
                     "its #Fields line names more than %d columns", COLUMNS_MAX);
            return refuse(err, p->line_no, "");
        }
    }
    leave_out(c, p->options->unasked);
    mark_columns(c);
    c->extras = c->at[COLUMN_COUNTRY] != NO_COLUMN || c->at[COLUMN_MARKED] != NO_COLUMN;
    return check_columns(c, p->line_no, err);
}

static enum st
check_version(struct slice version, uint64_t line_no, struct err *err)
{
    struct slice word = next_word(&version);

    if (slice_is(word, "1.0") && next_word(&version).n == 0)
        return ST_OK;
    err_fail(err, ST_FORMAT, "cannot read this log", "its #Version is not 1.0");
    return refuse(err, line_no, "only version 1.0 of the W3C extended log format is known");
}

enum st
w3c_header(struct parser *p, struct slice line, struct err *err)
{
    static const struct slice fields = { "#Fields:", 8 }, version = { "#Version:", 9 };

    if (slice_starts(line, fields))
        return map_columns(p, (struct slice){ line.p + fields.n, line.n - fields.n }, err);
    if (slice_starts(line, version))
        return check_version((struct slice){ line.p + version.n, line.n - version.n }, p->line_no,
                             err);
    return ST_OK;
}

enum st
w3c_headless(uint64_t line_no, struct err *err)
{
    err_fail(err, ST_FORMAT, "cannot read this log",
             "a request comes before any #Fields line, which would name the columns");
    return refuse(err, line_no,
                  "the beginning of the log is missing, or it is of another format (see --format)");
}

/* ---- what wrote this? ---- */

/* Directives that a log may begin with (section "Directives" of the draft). */
static bool
is_directive(struct slice line)
{
    static const char *const known[] = { "#Version:",    "#Fields:",   "#Software:", "#Date:",
                                         "#Start-Date:", "#End-Date:", "#Remark:" };

    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (slice_starts(line, slice_of(known[i])))
            return true;
    return false;
}

static struct slice
next_line(struct slice *rest)
{
    const char *feed = memchr(rest->p, '\n', rest->n);
    struct slice line = { rest->p, feed == NULL ? rest->n : (size_t)(feed - rest->p) };
    size_t step = line.n + (feed != NULL);

    *rest = (struct slice){ rest->p + step, rest->n - step };
    return line;
}

/* Names that tell: of an edge location, and of the path's columns. */
struct told {
    bool fields, stem, other_path;
    bool edge; /* and then nothing else matters */
};

static void
look_at_names(struct slice line, struct told *told)
{
    struct slice name;

    told->fields = true;
    while (!told->edge && (name = next_word(&line)).n > 0) {
        told->edge = is_of_edge(name);
        told->stem |= slice_is(name, "cs-uri-stem");
        told->other_path |= slice_is(name, "cs-uri") || slice_is(name, "cs-uri-path");
    }
}

enum w3c_kind
w3c_kind(struct slice head)
{
    bool usual = slice_starts(head, SLICE("#Version:")) || slice_starts(head, SLICE("#Fields:"));
    struct told told = { 0 };
    struct slice rest = head, values = { NULL, 0 };

    if (!is_directive(head))
        return W3C_NONE;
    while (rest.n > 0 && values.p == NULL && !told.edge) {
        struct slice line = next_line(&rest);

        if (slice_starts(line, SLICE("#Fields:")))
            look_at_names((struct slice){ line.p + 8, line.n - 8 }, &told);
        else if (line.n > 0 && *line.p != '#' && *line.p != '\r')
            values = line;
    }
    if (told.edge)
        return W3C_CLOUDFRONT;
    if (usual && (told.stem || !told.other_path) &&
        (values.n == 0 || memchr(values.p, '\t', values.n) != NULL ||
         memchr(values.p, ' ', values.n) == NULL))
        return W3C_CLOUDFRONT;
    return usual || told.fields ? W3C_OTHER : W3C_NONE;
}
