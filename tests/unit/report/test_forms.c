/* The forms of a report that is made by hand: everything in it is hostile, at its limit, or missing. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "report_priv.h"

#define N_STEPS 3

/* A name, two versions, three days of which one is a gap. */
struct made {
    struct report  r;
    struct dataset dataset;
    struct entry   entry;
    struct version versions[2];
    int64_t        figures[2][2 * N_STEPS], course[N_STEPS];
    bool           has_rows[2 * N_STEPS];
    char           states[2 * N_STEPS + 1];
};

static void
make(struct made *m, struct slice name)
{
    struct table *t = &m->r.tables[0];

    memset(m, 0, sizeof *m);
    m->dataset = (struct dataset){ .name = "stats", .table = "stats" };
    m->versions[0] = (struct version){ .version = name, .sums = { INT64_MAX, 1 } };
    m->versions[1] = (struct version){ .version = SLICE("1.0"), .sums = { 0, 0 } };
    m->entry = (struct entry){ .keys = { name }, .sums = { INT64_MAX, 1 }, .series = m->course,
                               .versions = m->versions, .n_versions = 2 };
    m->course[0] = INT64_MAX;
    m->course[1] = NO_FIGURE;
    memcpy(m->states, "gggsgs", sizeof "gggsgs");
    for (size_t i = 0; i < (size_t)2 * N_STEPS; i++)
        m->figures[0][i] = m->figures[1][i] = m->states[i] == 'g' ? NO_FIGURE : 0;
    m->figures[0][N_STEPS] = INT64_MAX;
    m->has_rows[N_STEPS] = true;
    m->r.top = 10;
    m->r.pattern = name;
    m->r.database = name;
    m->r.unknown = "nobody knows";
    m->r.period = (struct period){ 19000, 19000 + N_STEPS };
    m->r.previous = (struct period){ 19000 - N_STEPS, 19000 };
    m->r.notes[0] = name;
    m->r.n_notes = 1;
    m->r.n_tables = 1;
    *t = (struct table){ .target.dataset = &m->dataset, .first = 19000, .last = 19000,
                         .period = m->r.period, .previous = m->r.previous, .n_steps = N_STEPS,
                         .n_before = N_STEPS, .measures = { "downloads", "bytes" }, .n_measures = 2,
                         .has_bytes = true, .totals = { INT64_MAX, 1 }, .keeps_clients = true,
                         .why = "nobody counted", .states = m->states,
                         .series = { m->figures[0], m->figures[1] }, .has_rows = m->has_rows,
                         .n_lists = 1 };
    snprintf(t->shown, sizeof t->shown, "%s", "public.stats");
    t->lists[0] = (struct list){ .of = "name", .keys = { "name" }, .n_keys = 1, .has_series = true,
                                 .has_clients = true, .has_versions = true, .entries = &m->entry,
                                 .n = 1, .n_rich = 1, .total = 1 };
}

static const struct {
    const char *worry;
    struct slice name;
    const char *json, *csv; /* how it stands there; NULL: not looked for */
} names[] = {
    { "plain", { "serde", 5 }, "\"serde\"", "\"serde\"" },
    { "empty", { "", 0 }, "\"\"", "\"\"" },
    { "markup", { "</script><!--&", 14 }, "\"\\u003c/script\\u003e\\u003c!--\\u0026\"",
      "\"</script><!--&\"" },
    { "quotes", { "\"\\", 2 }, "\"\\\"\\\\\"", "\"\"\"\\\"" },
    { "escape", { "\x1b[31m", 5 }, "\"\\u001b[31m\"", "\"\\x1b[31m\"" },
    { "nul", { "a\0b", 3 }, "\"a\\u0000b\"", "\"a\\x00b\"" },
    { "line_feed", { "a\nb", 3 }, "\"a\\u000ab\"", "\"a\\x0ab\"" },
    { "line_separator", { "\xe2\x80\xa8", 3 }, "\"\\u2028\"", "\"\\xe2\\x80\\xa8\"" },
    { "bidi", { "\xe2\x80\xae", 3 }, "\"\\u202e\"", "\"\\xe2\\x80\\xae\"" },
    { "tag_beyond_the_plane", { "\xf3\xa0\x80\x81", 4 }, "\"\\udb40\\udc01\"", NULL },
    { "no_utf8", { "\xff", 1 }, "\"\xef\xbf\xbd\"", "\"\\xff\"" },
    { "formula_full_width", { "\xef\xbc\x9d" "1", 4 }, NULL, "\"'\xef\xbc\x9d" "1\"" },
    { "formula_behind_semicolon", { "a;=1", 4 }, "\"a;=1\"", "\"a\\x3b=1\"" },
    { "formula", { "=1+1", 4 }, "\"=1+1\"", "\"'=1+1\"" },
    { "formula_plus", { "+1", 2 }, NULL, "\"'+1\"" },
    { "formula_minus", { "-1", 2 }, NULL, "\"'-1\"" },
    { "formula_at", { "@a", 2 }, NULL, "\"'@a\"" },
    { "formula_tab", { "\t=1", 3 }, NULL, "\"'\\x09=1\"" },
    { "formula_return", { "\r=1", 3 }, NULL, "\"'\\x0d=1\"" },
    { "an_equals_sign_inside_is_none", { "a=1", 3 }, NULL, "\"a=1\"" },
};

/* No form has a byte that acts: C0 but LF, DEL, and what is no text. */
static void
is_tame(const struct buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        assert_false(((unsigned char)b->p[i] < 0x20 && b->p[i] != '\n') || b->p[i] == 0x7f);
    assert_true(slice_is_text((struct slice){ b->p, b->n }));
}

static void
contains(struct buf *b, const char *text)
{
    if (text != NULL)
        assert_non_null(strstr(buf_str(b), text));
}

static void
names_in_all_forms(void **state)
{
    static const struct report_text_style wide = { .columns = 100, .shown = 5, .utf8 = true };
    static const struct report_text_style narrow = { .columns = 1, .shown = 5 };
    struct made *m = *state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct buf b = { 0 };

        print_message("%s\n", names[i].worry);
        make(m, names[i].name);
        report_json(&b, &m->r);
        is_tame(&b);
        contains(&b, names[i].json);
        assert_null(strpbrk(buf_str(&b), "<>&"));
        buf_reset(&b);
        report_csv(&b, &m->r);
        is_tame(&b);
        contains(&b, names[i].csv);
        buf_reset(&b);
        report_text(&b, &m->r, &wide);
        is_tame(&b);
        buf_reset(&b);
        report_text(&b, &m->r, &narrow);
        is_tame(&b);
        for (size_t k = 0; k < b.n; k++)
            assert_true((unsigned char)b.p[k] < 0x80);
        buf_reset(&b);
        assert_true(report_badge(&b, &m->r, "<&\"'>\x1b\xff"));
        is_tame(&b);
        contains(&b, "<title>&#60;&#38;&#34;&#39;&#62;\xef\xbf\xbd\xef\xbf\xbd: ");
        buf_release(&b);
    }
}

static void
figures_at_their_ends(void **state)
{
    struct made *m = *state;
    struct buf b = { 0 };

    make(m, SLICE("a"));
    report_json(&b, &m->r);
    contains(&b, "\"downloads\":[9223372036854775807,null,0]");
    contains(&b, "\"before\":[null,null,null]");
    contains(&b, "\"series\":[\"9223372036854775807,,0\"]");
    contains(&b, "\"estimate\":null,\"error\":null");
    contains(&b, "\"why\":\"nobody counted\"");
    contains(&b, "\"coverage\":{\"unknown\":\"nobody knows\"}");
    buf_reset(&b);
    report_csv(&b, &m->r);
    contains(&b, "\"public.stats\",all,,,2022-01-08,downloads,9223372036854775807,settled\n");
    contains(&b, "\"public.stats\",all,,,2022-01-09,downloads,,gap\n");
    contains(&b, "\"public.stats\",all,,,2022-01-10,downloads,0,settled\n");
    assert_null(strstr(buf_str(&b), ",clients,"));
    buf_release(&b);
}

/* A report without a row has all forms, too. */
static void
nothing(void **state)
{
    static const struct report_text_style style = { .columns = 80, .shown = 5 };
    struct made *m = *state;
    struct buf b = { 0 };
    char why[200];

    make(m, SLICE("a"));
    m->has_rows[N_STEPS] = false;
    assert_true(report_is_empty(&m->r, why));
    assert_non_null(strstr(why, "rows from 2022-01-08 to 2022-01-08"));
    m->r.tables[0].first = m->r.tables[0].last = DAY_NONE;
    m->r.tables[0].lists[0].n = m->r.tables[0].lists[0].n_rich = 0;
    assert_true(report_is_empty(&m->r, why));
    assert_false(report_badge(&b, &m->r, "a"));
    report_text(&b, &m->r, &style);
    report_json(&b, &m->r);
    report_csv(&b, &m->r);
    report_html(&b, &m->r);
    assert_false(b.failed);
    buf_release(&b);
}

static int
set_up(void **state)
{
    *state = calloc(1, sizeof(struct made));
    return *state == NULL;
}

static int
tear_down(void **state)
{
    free(*state);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_in_all_forms),
        cmocka_unit_test(figures_at_their_ends),
        cmocka_unit_test(nothing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
