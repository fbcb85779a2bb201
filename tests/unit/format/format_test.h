/*
 * For the tests of formats: a log in, one line of text per record out, so that a case is compared as a whole. Blocks are
 * given exactly the slack that is promised, filled with a byte of the caller's choice: nothing may depend on it.
 */
#ifndef INGEST_FORMAT_TEST_H
#define INGEST_FORMAT_TEST_H

#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* The same numbers in every run (G. Marsaglia, "Xorshift RNGs", 2003). */
static inline uint32_t
next_random(void)
{
    static uint64_t seed = 0x9e3779b97f4a7c15u;

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32);
}

enum cut { CUT_NOWHERE, CUT_AT_LINES, CUT_AT_TWO_LINES };

struct how {
    enum cut cut;
    size_t   max;   /* records a call */
    char     slack; /* what stands behind a block */
    const struct format_options *options; /* NULL: nothing is said */
};

static const struct how PLAINLY = { CUT_NOWHERE, 256, 0, NULL };

static inline void
show_slice(struct buf *b, const char *name, struct slice s)
{
    if (s.p == NULL)
        return;
    buf_printf(b, " %s=", name);
    buf_json(b, s);
}

static inline void
show_given(struct buf *b, const struct given *g)
{
    show_slice(b, "name", g->name);
    show_slice(b, "version", g->version);
    if (g->ecosystem != NULL)
        buf_printf(b, " of=%s", g->ecosystem);
    if (g->summed) {
        buf_printf(b, " sums=%" PRId64 ",%" PRId64 ",%" PRId64 " sketch=", g->n_requests, g->n_ok, g->n_failed);
        buf_hex(b, g->sketch.p, g->sketch.n);
    }
    if (g->is_change) {
        buf_printf(b, " %+d ", g->change);
        buf_hex(b, g->emote, sizeof g->emote);
    }
}

/* Only what the contract says that a record holds. */
static inline void
show_record(struct buf *b, const struct record *r)
{
    char day[11] = "-";

    if (r->day != DAY_NONE)
        clock_format_day(r->day, day);
    buf_printf(b, "%" PRIu64 "%s %s %s %d", r->line_no, r->first ? "!" : "", reason_name(r->why), day, r->hour);
    if (r->why == KEEP) {
        buf_printf(b, " us=%" PRId64 " status=%d bytes=%" PRId64 " range=%d decodes=%d ok=%d",
            r->time_us, r->status, r->bytes, (int)r->range, r->path_decodes, r->ok);
        show_slice(b, "method", r->method);
        show_slice(b, "path", r->path);
        show_slice(b, "agent", r->agent);
        show_slice(b, "client", r->client);
        show_slice(b, "forwarded", r->forwarded);
        show_slice(b, "marked", r->marked);
        if (r->range_end != 0)
            buf_printf(b, " part=%" PRId64 "..%" PRId64, r->range_first, r->range_end);
        show_slice(b, "net", r->network);
        show_slice(b, "sta", r->station);
        show_slice(b, "loc", r->location);
        show_slice(b, "cha", r->channel);
        show_slice(b, "country", r->country);
        if (r->given != NULL)
            show_given(b, r->given);
    }
    buf_add(b, "\n", 1);
}

/* A document is cut anywhere, but not in a byte order mark: the first block is always longer. */
static inline size_t
piece_end(size_t at, size_t n, enum cut cut)
{
    size_t want = cut == CUT_NOWHERE ? n : cut == CUT_AT_LINES && at > 0 ? 1 : 7;

    return want < n ? want : n;
}

static inline size_t
block_end(const char *p, size_t n, enum cut cut)
{
    size_t lines = cut == CUT_NOWHERE ? SIZE_MAX : cut == CUT_AT_LINES ? 1 : 2;

    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n' && --lines == 0)
            return i + 1;
    return n;
}

/* Checks what holds for the records of every format, whatever the log is. */
static inline void
check_record(const struct record *r, uint64_t *line_no)
{
    assert_true(r->why < REASONS_N);
    assert_int_equal(r->first, r->line_no != *line_no);
    assert_true(r->line_no == *line_no || r->line_no == *line_no + 1);
    assert_true(r->day == DAY_NONE || (r->day >= 0 && r->day <= DAY_MAX));
    assert_true(r->hour < 24);
    if (r->why == KEEP) {
        assert_true(r->day != DAY_NONE);
        assert_true(r->bytes >= 0);
    }
    *line_no = r->line_no;
}

/* All records of a log, rendered; `*rc` is what the last call gave. The caller releases `b`. */
static inline void
parse(const struct format *f, struct slice log, struct how how, struct buf *b, enum st *rc, struct err *err)
{
    struct record *records = calloc(how.max, sizeof *records);
    uint64_t line_no = 0, next_line = 1;
    struct parser p;
    size_t n = 1;

    *rc = parser_init(&p, f, how.options, err);
    assert_int_equal(*rc, ST_OK);
    for (size_t at = 0; at < log.n && *rc == ST_OK;) {
        size_t len = f->document ? piece_end(at, log.n - at, how.cut) : block_end(log.p + at, log.n - at, how.cut);
        char *copy = malloc(len + BLOCK_SLACK);

        memcpy(copy, log.p + at, len);
        memset(copy + len, how.slack, BLOCK_SLACK);
        parser_feed(&p, &(struct block){ .p = copy, .n = len, .first_line_no = next_line });
        do {
            *rc = parser_next(&p, records, how.max, &n, err);
            for (size_t i = 0; i < n; i++) {
                check_record(&records[i], &line_no);
                show_record(b, &records[i]);
            }
        } while (*rc == ST_OK && n > 0);
        for (size_t i = 0; i < len; i++)
            next_line += copy[i] == '\n';
        if (copy[len - 1] != '\n')
            next_line++;
        if (*rc == ST_OK && f->document) {
            next_line = p.line_no;
        } else if (*rc == ST_OK) {
            assert_int_equal(line_no + 1, next_line); /* every line gave a record */
            assert_int_equal(p.line_no, next_line);
        }
        free(copy);
        at += len;
    }
    if (*rc == ST_OK)
        *rc = parser_end(&p, err);
    buf_str(b);
    parser_release(&p);
    free(records);
}

/* The records of a log that parses, in text that the caller frees; however it is cut and fed, it gives the same. */
static inline char *
parse_text(const struct format *f, struct slice log)
{
    static const struct how hows[] = {
        { CUT_NOWHERE, 1, '\n', NULL }, { CUT_NOWHERE, 3, '\t', NULL }, { CUT_AT_LINES, 256, '"', NULL },
        { CUT_AT_LINES, 1, '}', NULL }, { CUT_AT_TWO_LINES, 2, '0', NULL }, { CUT_NOWHERE, 256, ' ', NULL },
    };
    struct buf want = { 0 };
    struct err err;
    enum st rc;

    parse(f, log, PLAINLY, &want, &rc, &err);
    assert_int_equal(rc, ST_OK);
    for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
        struct buf got = { 0 };

        parse(f, log, hows[i], &got, &rc, &err);
        assert_int_equal(rc, ST_OK);
        if (want.n > 0)
            assert_string_equal(got.p, want.p);
        buf_release(&got);
    }
    return want.p;
}

/* The records of a log of which the options name a field to mark. */
static inline char *
parse_marked(const struct format *f, struct slice log, const char *drop_key)
{
    struct format_options options = { .drop_key = drop_key };
    struct how how = { CUT_AT_LINES, 2, 'x', &options };
    struct buf got = { 0 };
    struct err err;
    enum st rc;

    parse(f, log, how, &got, &rc, &err);
    assert_int_equal(rc, ST_OK);
    return got.p;
}

struct text_case {
    const char *name, *log, *want;
};

/* Each case's log gives exactly its records. */
static inline void
check_cases(const struct format *f, const struct text_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *got = parse_text(f, slice_of(cases[i].log));

        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s\n  log:  %s\n  want: %s\n  got:  %s", cases[i].name, cases[i].log, cases[i].want, got);
        free(got);
    }
}

static inline const struct format *
the_format(const char *name)
{
    const struct format *f = format_by_name(name);

    assert_non_null(f);
    return f;
}

#endif
