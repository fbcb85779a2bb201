/* The closing summary: every reason with its number, for people and for programs, and nothing lost. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "ingest/summary.h"

static struct buf out;

static const char *
text(const struct summary *s)
{
    buf_reset(&out);
    summary_text(s, SUMMARY_BRIEF, &out);
    return buf_str(&out);
}

static const char *
json(const struct summary *s)
{
    buf_reset(&out);
    summary_json(s, &out);
    return buf_str(&out);
}

/* Each reason its own number, so that none can stand for another. */
static void
fill(struct tally *t, uint64_t from)
{
    for (int why = 0; why < REASONS_N; why++) {
        t->by[why] = from + (uint64_t)why;
        t->read += t->by[why];
    }
}

static void
every_reason_with_its_number(void **state)
{
    struct summary s = { .files.read = 1 };
    const char *shown;

    (void)state;
    fill(&s.lines, 1000);
    fill(&s.records, 5000);
    assert_true(tally_balances(&s.lines) && tally_balances(&s.records));
    shown = text(&s);
    assert_non_null(strstr(shown, "\n  filtered\n "));
    assert_non_null(strstr(shown, "\n  rejected\n "));
    for (int why = KEEP + 1; why < REASONS_N; why++) { /* the five of most lines of each kind */
        int end = reason_is_filtered((enum reason)why) ? (int)REJECTED_FIRST : (int)REASONS_N;
        char line[200];

        snprintf(line, sizeof line, "  1,%03d  %-16s %s (5,%03d records)\n", why,
                 reason_name((enum reason)why), reason_about((enum reason)why), why);
        if ((strstr(shown, line) != NULL) != (why >= end - 5))
            fail_msg("%s: %s", why >= end - 5 ? "not shown" : "shown", line);
    }
    buf_reset(&out);
    summary_text(&s, SUMMARY_WHOLE, &out);
    shown = buf_str(&out);
    for (int why = KEEP + 1; why < REASONS_N; why++)
        assert_non_null(strstr(shown, reason_about((enum reason)why)));
    assert_null(strstr(shown, "other reason"));
    shown = json(&s);
    for (int why = KEEP + 1; why < REASONS_N; why++)
        for (int unit = 0; unit < 2; unit++) {
            char member[80];
            const char *at = strstr(shown, unit == 0 ? "\"lines\":" : "\"records\":");

            snprintf(member, sizeof member, "\"%s\":%d", reason_name((enum reason)why),
                     (unit == 0 ? 1000 : 5000) + why);
            at = strstr(at, reason_is_filtered((enum reason)why) ? "\"filtered\":{" : "\"rejected\":{");
            at = strstr(at, member);
            if (at == NULL || (at[strlen(member)] != ',' && at[strlen(member)] != '}'))
                fail_msg("not in the object: %s", member);
        }
}

/* Whatever happened: the screen of a terminal, and a step to take. */
static void
it_fits_a_screen(void **state)
{
    struct summary s = { .files = { .read = 9600, .known = 88, .grown = 3, .partial = 1, .refused = 300 },
                         .seconds = { .wall = 3601.5, .load = 1800.25 }, .bytes.unterminated = 12345 };
    struct table_summary *t = summary_table(&s, "job_artifact_downloads");
    size_t n_lines = 0, column = 0;

    (void)state;
    fill(&s.lines, 1000000);
    s.records = s.lines;
    t->inserted = 123456789;
    t->updated = 987654321;
    assert_true(summary_add_day(t, 19500) && summary_add_day(t, 19600));
    for (const char *p = text(&s); *p != '\0'; p++) {
        column = *p == '\n' ? 0 : column + 1;
        n_lines += *p == '\n';
        if (column > 85) /* the longest of the reasons; all else keeps to 80 */
            fail_msg("line %zu is too long: %s", n_lines + 1, p - 80);
    }
    assert_in_range(n_lines, 15, 23);
    assert_non_null(strstr(out.p, " other reasons, which -v tells\n"));
    assert_non_null(strstr(out.p, " 987,654,321 updated\n         (2 days, 2023-05-23 to 2023-08-31)\n"));
    assert_non_null(strstr(out.p, "time     3601.50 s (1800.25 s of it writing), "));
    assert_non_null(strstr(out.p, "\nnext     mend or replace"));
    s.files.refused = 0;
    assert_non_null(strstr(text(&s), "\nnext     `ingest explain FILE` shows what is wrong with rejected lines"));
    memset(&s.lines, 0, sizeof s.lines);
    s.lines.read = s.lines.by[FILTER_METHOD] = 5;
    s.files.grown = 0;
    assert_non_null(strstr(text(&s), "\nnext     nothing was counted: `ingest explain FILE` shows why"));
    s.lines.read = s.lines.by[KEEP] = 5;
    s.lines.by[FILTER_METHOD] = 0;
    assert_null(strstr(text(&s), "\nnext "));
    summary_release(&s);
}

/* "read = counted + filtered + rejected" adds up as it is printed. */
static void
the_line_adds_up(void **state)
{
    struct summary s = { .files.read = 1 };

    (void)state;
    s.lines.by[KEEP] = 1200;
    s.lines.by[FILTER_METHOD] = 30;
    s.lines.by[REJECT_TIME] = 4;
    s.lines.read = 1234;
    s.records = s.lines;
    assert_non_null(strstr(text(&s), "lines    1,234 read = 1,200 counted + 30 filtered + 4 rejected\n"));
    assert_null(strstr(out.p, "records"));
    s.records.by[KEEP]++;
    s.records.read++;
    s.records.by[FILTER_STATUS]++; /* of no line the first */
    s.records.read++;
    assert_non_null(strstr(text(&s), "             0  status           the rules do not count this status (1 record)\n"));
    s.records.by[FILTER_STATUS]--;
    s.records.read--;
    assert_non_null(strstr(text(&s), "records  1,235 read = 1,201 counted + 30 filtered + 4 rejected\n"));
}

static void
reasons_of_none_are_not_shown(void **state)
{
    struct summary s = { .files.read = 1 };

    (void)state;
    s.lines.by[KEEP] = s.lines.read = 7;
    s.records = s.lines;
    for (int why = KEEP + 1; why < REASONS_N; why++)
        assert_null(strstr(text(&s), reason_about((enum reason)why)));
    assert_non_null(strstr(json(&s), "\"filtered\":{},\"rejected\":{}"));
}

static void
every_fate_of_a_file(void **state)
{
    struct summary s = { .files = { .read = 1, .known = 2, .known_otherwise = 3, .grown = 4,
                                    .partial = 5, .refused = 6, .skipped = 7 } };

    (void)state;
    assert_non_null(strstr(text(&s), "files    1 read, 2 known, 3 known under other rules, 4 grown, 5 partial, 7 skipped, 6 refused\n"));
    assert_non_null(strstr(out.p, "ingest accept"));
    assert_non_null(strstr(text(&s), "are not counted again\n"));
    assert_non_null(strstr(text(&s), "all else is counted;"));
    s.dry_run = true; /* nothing is counted, and nothing can be accepted */
    assert_null(strstr(text(&s), "all else is counted"));
    assert_non_null(strstr(text(&s), "next     mend or replace the refused files"));
    assert_non_null(strstr(json(&s), "{\"files\":{\"read\":1,\"known\":2,\"known_otherwise\":3,\"grown\":4,\"partial\":5,\"refused\":6,\"skipped\":7}"));
}

static void
days_come_once_and_sorted(void **state)
{
    static const int32_t days[] = { 19500, 19498, 19500, 19499, 19498, 0, 19501 };
    struct summary s = { .files.read = 1 };
    struct table_summary *t = summary_table(&s, "stats");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(days); i++)
        assert_true(summary_add_day(t, days[i]));
    assert_int_equal(t->n_days, 5);
    for (size_t i = 1; i < t->n_days; i++)
        assert_true(t->days[i - 1] < t->days[i]);
    assert_ptr_equal(summary_table(&s, "stats"), t);
    assert_non_null(strstr(json(&s), "\"days\":{\"stats\":[\"1970-01-01\",\"2023-05-21\","));
    summary_release(&s);
}

static void
doubled_rows_are_told_where_there_are_some(void **state)
{
    struct summary s = { .files.read = 1, .lines.read = 1, .lines.by[KEEP] = 1,
                         .tables = { { .table = "stats", .updated = 9 } }, .n_tables = 1 };

    (void)state;
    assert_null(strstr(text(&s), "doubled"));
    assert_null(strstr(json(&s), "doubled"));
    s.tables[0].doubled = 1234;
    assert_non_null(strstr(text(&s), "note     stats: 1,234 of the keys have doubled rows"));
    assert_non_null(strstr(text(&s), "ingest migrate up zeco --heal"));
    assert_non_null(strstr(json(&s), "\"stats\":{\"inserted\":0,\"updated\":9,\"doubled\":1234}"));
    summary_release(&s);
}

static void
what_waits_and_what_did(void **state)
{
    struct summary s = { .files.known = 1,
                         .tables = { { .table = "stats" }, { .table = "other" } }, .n_tables = 2 };

    (void)state;
    assert_non_null(strstr(json(&s), "\"unresolved\":{},\"seconds\""));
    assert_non_null(strstr(text(&s), "nothing was changed"));
    s.tables[1].parked = 7;
    assert_non_null(strstr(json(&s), "\"unresolved\":{\"other\":{\"parked\":7,\"healed\":0}},"));
    s.tables[0].healed = 1234;
    assert_non_null(strstr(json(&s), "\"unresolved\":{\"stats\":{\"parked\":0,\"healed\":1234},"
                                     "\"other\":{\"parked\":7,\"healed\":0}},\"seconds\""));
    assert_non_null(strstr(text(&s), "healed   stats: 1,234 that waited for their key"));
    assert_non_null(strstr(text(&s), "parked   other: 7 wait for their key"));
    assert_null(strstr(text(&s), "nothing was changed")); /* rows were */
    summary_release(&s);
}

/* The runs of one call: what they did to a table is added, whatever each of them met first. */
static void
joined_tables_add_up(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    struct summary sum = { 0 }, one = { 0 }, full = { 0 };
    struct table_summary *t = summary_table(&one, "stats");

    (void)state;
    *t = (struct table_summary){ .table = "stats", .inserted = 1, .updated = 20, .doubled = 300, .parked = 4000, .healed = 50000 };
    assert_true(summary_add_day(t, 7));
    one.files.read = 1;
    one.files.grown = 2;
    one.bytes.decoded = 3;
    one.seconds.load = 0.5;
    for (int i = 0; i < 3; i++)
        assert_true(summary_join(&sum, &one));
    t = summary_table(&sum, "stats");
    assert_int_equal(sum.n_tables, 1);
    assert_int_equal(t->inserted, 3);
    assert_int_equal(t->updated, 60);
    assert_int_equal(t->doubled, 900);
    assert_int_equal(t->parked, 12000);
    assert_int_equal(t->healed, 150000);
    assert_int_equal(t->n_days, 1);
    assert_int_equal(sum.files.read, 3);
    assert_int_equal(sum.files.grown, 6);
    assert_int_equal(sum.bytes.decoded, 9);
    assert_true(sum.seconds.load > 1.4);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_non_null(summary_table(&full, names[i]));
    assert_null(summary_table(&full, "stats"));
    summary_join(&full, &one); /* one table too many is left out, not written somewhere */
    assert_int_equal(full.n_tables, ARRAY_LEN(names));
    for (size_t i = 0; i < full.n_tables; i++)
        assert_int_equal(full.tables[i].inserted, 0);
    summary_release(&sum);
    summary_release(&one);
    summary_release(&full);
}

static void
what_was_adopted(void **state)
{
    struct summary s = { .files = { .read = 3, .adopted = 2, .known = 1 }, .adopts = true }, sum = { 0 };
    struct table_summary *t = summary_table(&s, "stats");

    (void)state;
    s.lines.read = s.lines.by[FILTER_ADOPTED] = s.records.read = s.records.by[FILTER_ADOPTED] = 9;
    assert_true(summary_add_adopted(t, 19501) && summary_add_adopted(t, 19500) && summary_add_adopted(t, 19501));
    assert_non_null(strstr(text(&s), "files    3 read, 2 adopted, 1 known\n"));
    assert_non_null(strstr(out.p, "adopted  stats: 2 days, 2023-05-23 to 2023-05-24\n"));
    assert_null(strstr(out.p, "nothing was counted")); /* that it was counted elsewhere is no surprise */
    assert_non_null(strstr(json(&s), "\"skipped\":0,\"adopted\":2}"));
    assert_non_null(strstr(out.p, "\"days\":{\"stats\":[]},\"adopted\":{\"stats\":[\"2023-05-23\",\"2023-05-24\"]},\"unresolved\""));
    assert_true(summary_join(&sum, &s) && summary_join(&sum, &s));
    assert_true(sum.adopts);
    assert_int_equal(sum.files.adopted, 4);
    assert_int_equal(sum.tables[0].n_adopted, 2);
    s.adopts = false; /* whoever only counts has never heard of it */
    assert_null(strstr(json(&s), "\"adopted\":{"));
    summary_release(&s);
    summary_release(&sum);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubled_rows_are_told_where_there_are_some),
        cmocka_unit_test(every_reason_with_its_number), cmocka_unit_test(it_fits_a_screen),
        cmocka_unit_test(the_line_adds_up),
        cmocka_unit_test(reasons_of_none_are_not_shown), cmocka_unit_test(every_fate_of_a_file),
        cmocka_unit_test(joined_tables_add_up), cmocka_unit_test(days_come_once_and_sorted), cmocka_unit_test(what_waits_and_what_did),
        cmocka_unit_test(what_was_adopted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    buf_release(&out);
    return failed;
}
