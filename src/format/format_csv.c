/*
 * Tables with a header row: `csv` (RFC 4180) and `tsv` (the same with tabs). The header says which
 * column is which field, by the names that JSON logs have too, by those of cranlogs, or by a key
 * map. A row is a line: a quoted field holds no line feed, unlike in RFC 4180, 2.6, because a log
 * whose rows can be anything could not be cut at line feeds.
 */
#include "cursor.h"
#include "fields.h"

#define COLUMNS_MAX 256
#define NO_COLUMN   UINT16_MAX

struct column {
    struct slice text;    /* without its quotes */
    bool         doubled; /* quotes in it stand twice */
};

struct table_log {
    bool             ready;          /* the header was read */
    const char      *ecosystem;      /* of cranlogs */
    size_t           n_columns;
    struct json_keys keys;
    uint64_t         of[KEY_FIELDS_N]; /* the definitions that have a column, by field */
    uint32_t         mapped;
    uint16_t         column_of[KEY_DEFS_MAX];
    size_t           header_n;       /* a header that is longer than `header` is not known again */
    char             header[4096]; /* from here on nothing is read before it was written */
    struct column    columns[COLUMNS_MAX];
};

static char
separator_of(const struct format *f)
{
    return f == &format_tsv ? '\t' : ',';
}

/* ---- rows ---- */

/* A field in quotes, behind the first of which the cursor stands. */
static bool
take_quoted_field(struct cursor *c, struct column *out)
{
    const char *from = c->at;

    out->doubled = false;
    for (;;) {
        c->at = scan_byte(c->at, c->end, '"');
        if (c->at >= c->end)
            return false;
        c->at++;
        if (c->at == c->end || *c->at != '"')
            break;
        out->doubled = true;
        c->at++;
    }
    out->text = (struct slice){ from, (size_t)(c->at - 1 - from) };
    return true;
}

/* The fields of a row into `columns`. False: one is not well quoted, or there are more than
 * COLUMNS_MAX. */
static bool
cut_row(struct slice line, char separator, struct column *columns, size_t *n)
{
    struct cursor c = cursor_at(line);

    for (*n = 0; *n < COLUMNS_MAX;) {
        struct column *column = &columns[(*n)++];

        if (take_byte(&c, '"')) {
            if (!take_quoted_field(&c, column))
                return false;
        } else {
            *column = (struct column){ .text = take_word(&c, separator) };
        }
        if (cursor_done(&c))
            return true;
        if (!take_byte(&c, separator))
            return false;
        if (cursor_done(&c)) { /* the last field is empty */
            if (*n == COLUMNS_MAX)
                return false;
            columns[(*n)++] = (struct column){ .text = { c.at, 0 } };
            return true;
        }
    }
    return false;
}

/* The text of a field. False without memory. */
static bool
field_text(struct arena *scratch, const struct column *column, struct slice *out)
{
    char *buf;
    size_t n = 0;

    *out = column->text;
    if (likely(!column->doubled))
        return true;
    if ((buf = arena_alloc(scratch, out->n)) == NULL)
        return false;
    for (size_t i = 0; i < out->n; i++) {
        buf[n++] = out->p[i];
        i += out->p[i] == '"';
    }
    *out = (struct slice){ buf, n };
    return true;
}

/* ---- the header ---- */

/* Is this the column that a definition means? Its names are joined by dots. */
static bool
is_named(struct slice column, const struct key_def *def)
{
    for (size_t i = 0; i < def->n_names; i++) {
        if (i > 0) {
            if (column.n == 0 || column.p[0] != '.')
                return false;
            column.p++;
            column.n--;
        }
        if (!slice_starts(column, def->names[i]))
            return false;
        column.p += def->names[i].n;
        column.n -= def->names[i].n;
    }
    return column.n == 0;
}

/* NULL, or what is wrong with the header. */
static const char *
map_columns(struct parser *p, struct table_log *log)
{
    json_keys_masks(&log->keys, log->of);
    for (size_t d = 0; d < log->keys.n; d++) {
        const struct key_def *def = &log->keys.defs[d];

        log->column_of[d] = NO_COLUMN;
        for (size_t i = 0; i < log->n_columns; i++) {
            struct slice name;

            if (!field_text(&p->scratch, &log->columns[i], &name))
                return "there is no memory for it";
            if (!is_named(name, def))
                continue;
            if (log->column_of[d] != NO_COLUMN)
                return "two columns have the same name";
            log->column_of[d] = (uint16_t)i;
        }
        if (log->column_of[d] == NO_COLUMN)
            log->of[def->field] &= ~(UINT64_C(1) << d);
    }
    log->mapped = fields_mapped(log->of);
    if ((log->mapped & (1u << KEY_TIME | 1u << KEY_DATE | 1u << KEY_CLOCK)) == 0)
        return "no column is known to give the time";
    if ((log->mapped & (1u << KEY_PATH | 1u << KEY_REQUEST | 1u << KEY_NAME)) == 0)
        return "no column is known to say what was downloaded";
    return NULL;
}

/* The tables that RStudio's CRAN mirror publishes have these columns, and no other log has. */
static bool
is_cranlogs(const struct table_log *log)
{
    static const char *const names[] = { "package", "version", "r_version", "ip_id" };
    size_t n = 0;

    for (size_t i = 0; i < log->n_columns; i++)
        for (size_t k = 0; k < ARRAY_LEN(names); k++)
            n += slice_eq(log->columns[i].text, slice_of(names[k]));
    return n == ARRAY_LEN(names);
}

static const char *
read_header(struct parser *p, struct slice line)
{
    struct table_log *log = p->state;
    const struct json_keys *keys = p->options->json_keys;
    const char *defect;

    if (!cut_row(line, separator_of(p->format), log->columns, &log->n_columns))
        return "its fields are not well quoted, or there are more than 256";
    json_keys_with_mark(&log->keys, keys != NULL ? keys : &csv_keys_known, p->options->drop_key);
    if ((defect = map_columns(p, log)) != NULL)
        return defect;
    log->ecosystem = keys == NULL && is_cranlogs(log) ? "cran" : NULL;
    if (line.n <= sizeof log->header) {
        memcpy(log->header, line.p, line.n);
        log->header_n = line.n;
    }
    log->ready = true;
    return NULL;
}

static enum st
refuse_header(const struct parser *p, const char *defect, struct err *err)
{
    err_fail(err, ST_FORMAT, "cannot read the header of a table", "%s", defect);
    err_hint(err, "say which column is which in a section [format NAME] with \"kind = %s\"",
             p->format->name);
    err->line_no = p->line_no;
    return ST_FORMAT;
}

/* ---- lines ---- */

static enum reason
read_row(struct parser *p, struct slice line, struct record *rec)
{
    struct table_log *log = p->state;
    struct fields f;
    size_t n;

    if (line.n == log->header_n && memcmp(line.p, log->header, line.n) == 0)
        return FILTER_COMMENT; /* of the next one of several tables that were put together */
    if (!cut_row(line, separator_of(p->format), log->columns, &n) || n != log->n_columns)
        return REJECT_FIELDS;
    f.ecosystem = log->ecosystem;
    for (size_t i = 0; i < KEY_FIELDS_N; i++) {
        f.v[i] = (struct field){ .kind = FIELD_NONE };
        for (uint64_t left = log->of[i]; left != 0 && f.v[i].kind == FIELD_NONE; left &= left - 1) {
            size_t def = (size_t)__builtin_ctzll(left);
            const struct column *column = &log->columns[log->column_of[def]];

            if (column->text.n == 0)
                continue;
            if (!field_text(&p->scratch, column, &f.v[i].text))
                return REJECT_FIELDS; /* cannot be: the scratch's ceiling is far above a line */
            f.v[i].kind = FIELD_TEXT;
            f.v[i].how = log->keys.defs[def].how;
        }
    }
    return fields_record(p, &f, log->mapped, rec);
}

static enum st
table_block(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err)
{
    struct table_log *log = p->state;
    size_t n = 0;

    arena_reset(&p->scratch);
    while (n < max && p->at < p->end && p->scratch.used_bytes < SCRATCH_ENOUGH) {
        char *next;
        struct slice line = line_at(p, &next);
        struct record *rec = &out[n];
        const char *defect;

        record_begin(p, rec);
        if (line.n == 0) {
            rec->why = FILTER_BLANK;
        } else if (log->ready) {
            rec->why = read_row(p, line, rec);
        } else {
            defect = read_header(p, line);
            if (defect != NULL && n > 0)
                break; /* what stands before it is given first */
            if (defect != NULL)
                return refuse_header(p, defect, err);
            rec->why = FILTER_COMMENT;
        }
        n++;
        p->at = next;
        p->line_no++;
    }
    *n_records = n;
    return ST_OK;
}

/* ---- sniffing ---- */

/* Can its first line be a header? One column gives no time of what was downloaded. */
static bool
may_be_header(struct slice head, char separator)
{
    const char *feed;

    while (head.n > 0 && (*head.p == '\n' || *head.p == '\r'))
        head.p++, head.n--;
    feed = memchr(head.p, '\n', head.n);
    return memchr(head.p, separator, feed == NULL ? head.n : (size_t)(feed - head.p)) != NULL;
}

/* A header alone is sure too: its names are looked at one by one. */
static int
sniff_table(const struct format *f, struct slice head)
{
    const char *feed = head.n == 0 ? NULL : memchr(head.p, '\n', head.n);
    struct record rec;
    struct err ignored;
    struct parser p;
    char *copy;
    size_t n = 0;
    enum st rc;

    if (head.n == 0 || !may_be_header(head, separator_of(f)))
        return 0;
    if (feed != NULL && feed + 1 < head.p + head.n)
        return format_share(f, head);
    if ((copy = calloc(1, head.n + BLOCK_SLACK)) == NULL)
        return 0;
    memcpy(copy, head.p, head.n);
    rc = parser_init(&p, f, NULL, &ignored);
    if (rc == ST_OK) {
        parser_feed(&p, &(struct block){ .p = copy, .n = head.n, .first_line_no = 1 });
        rc = parser_next(&p, &rec, 1, &n, &ignored);
    }
    parser_release(&p);
    free(copy);
    return rc == ST_OK && n == 1 && rec.why == FILTER_COMMENT ? 100 : 0;
}

static int
csv_sniff(struct slice head)
{
    return sniff_table(&format_csv, head);
}

static int
tsv_sniff(struct slice head)
{
    return sniff_table(&format_tsv, head);
}

#define CRAN                                                                                       \
    "\"date\",\"time\",\"size\",\"r_version\",\"r_arch\",\"r_os\",\"package\",\"version\",\"country\",\"ip_id\"\n"
#define TABS "msec\tremote_addr\trequest\tstatus\tbytes_sent\n"

static const struct format_example csv_examples[] = {
    { CRAN "\"2024-03-01\",\"00:00:01\",42,\"4.3.2\",\"x86_64\",\"mingw32\",\"dplyr\",\"1.1.4\",\"DE\",7",
      KEEP, 200, 42 },
    { "time_iso8601,request,status,body_bytes_sent\n"
      "2024-03-01T00:00:01Z,\"GET /a HTTP/1.1\",304,0", KEEP, 304, 0 },
    { CRAN "2024-03-01,00:00:01,42", REJECT_FIELDS, 0, 0 },
    { CRAN "2024-02-30,00:00:01,42,,,,dplyr,1.1.4,DE,7", REJECT_TIME, 0, 0 },
    { CRAN "2024-03-01,00:00:01,NA,,,,dplyr,1.1.4,DE,7", REJECT_NUMBER, 0, 0 },
};

static const struct format_example tsv_examples[] = {
    { TABS "1709251201.500\t192.0.2.7\tGET /a HTTP/1.1\t200\t42", KEEP, 200, 42 },
    { TABS "1709251201.500\t192.0.2.7\tGET /a HTTP/1.1\t-\t-", KEEP, 0, 0 },
    { TABS "1709251201.500\t192.0.2.7\tGET /a HTTP/1.1\t200", REJECT_FIELDS, 0, 0 },
    { TABS "now\t192.0.2.7\tGET /a HTTP/1.1\t200\t42", REJECT_TIME, 0, 0 },
};

const struct format format_csv = {
    .name = "csv",
    .about = "a header row, values between commas: cranlogs, or any by a key map",
    .dataset = "stats",
    .block = table_block,
    .sniff = csv_sniff,
    .state_bytes = sizeof(struct table_log),
    .clear_bytes = offsetof(struct table_log, header),
    .examples = csv_examples,
    .n_examples = ARRAY_LEN(csv_examples),
};

const struct format format_tsv = {
    .name = "tsv",
    .about = "as csv, with tabs between values",
    .dataset = "stats",
    .block = table_block,
    .sniff = tsv_sniff,
    .state_bytes = sizeof(struct table_log),
    .clear_bytes = offsetof(struct table_log, header),
    .examples = tsv_examples,
    .n_examples = ARRAY_LEN(tsv_examples),
};
