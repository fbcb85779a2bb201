/* The files of schema/ and how they are read. The first cases hold the tree to what
 * schema/README.md says. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "migrate_priv.h"

static void
every_set_has_migrations_with_both_files(void **state)
{
    (void)state;
    for (const char *const *set = migrate_sets(); *set != NULL; set++) {
        struct migration m;
        char last[96] = "";
        size_t n = 0;

        for (size_t at = 0; migration_next(*set, &at, &m); n++) {
            assert_non_null(m.down); /* and the up is what was found */
            assert_true(strcmp(last, m.file) < 0);
            assert_int_equal(strspn(m.file, "0123456789"), 10);
            assert_int_equal(strlen(m.checksum), 32);
            snprintf(last, sizeof last, "%s", m.file);
        }
        assert_true(n > 0);
    }
    assert_non_null(strstr(schema_notebook(), "ingest.migrations"));
}

static void
every_file_belongs_to_a_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_schema_files; i++) {
        const char *path = schema_files[i].path, *end = strstr(path, ".sql");
        bool known = strcmp(path, "migrations.sql") == 0;

        assert_true(strlen(schema_files[i].text) > 10 && end != NULL && end[4] == '\0');
        for (const char *const *set = migrate_sets(); *set != NULL; set++)
            known = known || (strncmp(path, *set, strlen(*set)) == 0 && path[strlen(*set)] == '/');
        if (!known)
            fail_msg("schema/%s is in no set that migrate_sets() names", path);
    }
}

/* A table without the mark could never be dropped; one that down does not name would stay behind.
 */
/* The words may stand in columns, with more than one space between. */
static bool
is_marked(const char *script, const struct script_object *made)
{
    const char *kind = made->is_table ? "COMMENT ON TABLE" : "COMMENT ON VIEW";

    for (const char *p = script; (p = strstr(p, kind)) != NULL;) {
        p += strlen(kind);
        p += strspn(p, " ");
        if (strncmp(p, made->name.p, made->name.n) == 0 && p[made->name.n] == ' ')
            return true;
    }
    return false;
}

static void
what_up_makes_is_marked_and_down_drops(void **state)
{
    (void)state;
    for (const char *const *set = migrate_sets(); *set != NULL; set++) {
        struct migration m;

        for (size_t at = 0; migration_next(*set, &at, &m);) {
            const char *up = m.up;
            struct slice line;

            while (script_line(&up, &line)) {
                struct script_object made, dropped = { .is_table = false };
                const char *down = m.down;
                bool goes = false;

                if (!script_object(line, SLICE("CREATE"), &made))
                    continue;
                while (!goes && script_line(&down, &line))
                    goes = script_object(line, SLICE("DROP"), &dropped) &&
                           slice_eq(dropped.name, made.name) && dropped.is_table == made.is_table;
                if (!goes)
                    fail_msg("%s/%s: nothing drops %.*s", m.set, m.file, (int)made.name.n,
                             made.name.p);
                if (!is_marked(m.up, &made))
                    fail_msg("%s/%s: no COMMENT ON %.*s", m.set, m.file, (int)made.name.n,
                             made.name.p);
            }
        }
    }
}

static void
sketches_are_left_out(void **state)
{
    static const char text[] = "a\n  -- sketches:\nb\n  -- end\nc\n-- sketches: not a marker\nd";
    struct buf b = { 0 };

    (void)state;
    script_select(&b, text, true);
    assert_string_equal(buf_str(&b), "a\nc\n-- sketches: not a marker\nd\n");
    buf_reset(&b);
    script_select(&b, text, false);
    assert_string_equal(buf_str(&b),
                        "a\n  -- sketches:\nb\n  -- end\nc\n-- sketches: not a marker\nd\n");
    buf_release(&b);
    assert_true(script_wants_hll(text));
    assert_false(script_wants_hll("a\n-- sketches: no\n"));
    assert_false(script_wants_hll(""));
}

static void
objects_are_read_from_lines(void **state)
{
    static const struct {
        const char *line, *verb, *name, *own;
        bool        is_table;
    } cases[] = {
        { "CREATE TABLE stats (", "CREATE", "stats", NULL, true },
        { "CREATE TABLE ingest.payloads (", "CREATE", "ingest.payloads", NULL, true },
        { "CREATE VIEW coverage AS", "CREATE", "coverage", NULL, false },
        { "DROP TABLE nodes; -- own rows: name = 'local'", "DROP", "nodes", "name = 'local'",
          true },
        { "DROP VIEW  coverage;", "DROP", "coverage", NULL, false },
        { "DROP TABLE x;", "CREATE", NULL, NULL, false },
        { "CREATE INDEX x ON y (z);", "CREATE", NULL, NULL, false },
        { " CREATE TABLE x (", "CREATE", NULL, NULL, false },
        { "CREATETABLE x", "CREATE", NULL, NULL, false },
        { "CREATE TABLES x", "CREATE", NULL, NULL, false },
        { "CREATE TABLE", "CREATE", NULL, NULL, false },
        { "CREATE TABLE ;", "CREATE", NULL, NULL, false },
        { "", "DROP", NULL, NULL, false },
        { "-- DROP TABLE x;", "DROP", NULL, NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct script_object o;
        bool is = script_object(slice_of(cases[i].line), slice_of(cases[i].verb), &o);

        if (is != (cases[i].name != NULL))
            fail_msg("%s", cases[i].line);
        if (!is)
            continue;
        assert_true(slice_eq(o.name, slice_of(cases[i].name)));
        assert_int_equal(o.is_table, cases[i].is_table);
        assert_true(cases[i].own == NULL ? o.own_rows.p == NULL
                                         : slice_eq(o.own_rows, slice_of(cases[i].own)));
    }
}

static void
lines_with_and_without_an_end(void **state)
{
    const char *at = "a\n\nb";
    struct slice line;

    (void)state;
    assert_true(script_line(&at, &line) && slice_is(line, "a"));
    assert_true(script_line(&at, &line) && line.n == 0);
    assert_true(script_line(&at, &line) && slice_is(line, "b"));
    assert_false(script_line(&at, &line));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_has_migrations_with_both_files),
        cmocka_unit_test(every_file_belongs_to_a_set),
        cmocka_unit_test(what_up_makes_is_marked_and_down_drops),
        cmocka_unit_test(sketches_are_left_out),
        cmocka_unit_test(objects_are_read_from_lines),
        cmocka_unit_test(lines_with_and_without_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
