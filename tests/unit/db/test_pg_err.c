/* What of a server's words may reach a terminal, which failures may be tried again, and which GRANT
 * is missing. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "pg_priv.h"

static void
text_is_cleaned(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "plain", "plain" },
        { "a\nb", "a b" },
        { "a\r\n\tb\n", "a b" },
        { "\x1b[31mred", " [31mred" },
        { "\x7f", "" },
        { "a\xc2\x9b"
          "31m",
          "a 31m" }, /* CSI as one C1 control */
        { "a\xe2\x80\xae"
          "b",
          "a b" },
        { "a\xe2\x81\xa6"
          "b",
          "a b" },
        { "a\xd8\x9c"
          "b",
          "a b" },
        { "a\xe2\x80\xa8"
          "b",
          "a b" },
        { "gr\xc3\xb6\xc3\x9f"
          "e",
          "gr\xc3\xb6\xc3\x9f"
          "e" },
        { "\xe2\x80\xa6", "\xe2\x80\xa6" },
        { "a\xff"
          "b",
          "a b" },
        { "a\xc3", "a" },
        { "", "" },
        { "a  b", "a  b" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[64] = "";

        pg_clean(out, sizeof out, cases[i].in);
        assert_string_equal(out, cases[i].out);
    }
}

static void
text_is_cut_between_code_points(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 12; cap++) {
        char out[16];

        memset(out, 'x', sizeof out);
        if (cap > 0)
            out[0] = '\0';
        pg_clean(out, cap, "a\xc3\xb6\xe2\x82\xac\xf0\x9f\xa6\x80\n\n");
        if (cap > 0) {
            assert_true(strlen(out) < cap);
            assert_true(slice_is_text(slice_of(out)));
        }
        assert_int_equal(out[cap], 'x');
    }
}

static void
text_is_appended(void **state)
{
    char out[8] = "ab";

    (void)state;
    pg_clean(out, sizeof out, "\ncd\n");
    assert_string_equal(out, "ab cd");
    pg_clean(out, sizeof out, "efghij");
    assert_string_equal(out, "ab cdef");
    pg_clean(out, sizeof out, "x");
    assert_string_equal(out, "ab cdef");
}

static void
states_that_may_be_tried_again(void **state)
{
    static const char *const again[] = { "40001", "40P01", "55P03", "57P01", "57P02",
                                         "57P03", "25P03", "08006", "53300", "53100" };
    static const char *const never[] = { "",      "23505", "22003", "42501", "42P01",
                                         "28P01", "0A000", "57014", "40002", "25P02" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(again); i++)
        assert_true(pg_state_retries(again[i]));
    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        assert_false(pg_state_retries(never[i]));
}

static void
grants_are_named_or_nothing(void **state)
{
    static const struct {
        const char *message, *sql, *hint;
    } cases[] = {
        { "permission denied for table payloads", "SELECT 1 FROM ingest.payloads",
          "as the owner: GRANT SELECT, INSERT, UPDATE ON ingest.\"payloads\" TO \"me\";" },
        { "permission denied for table stats", NULL,
          "as the owner: GRANT SELECT, INSERT, UPDATE ON \"stats\" TO \"me\";" },
        { "permission denied for table nodes", "DELETE FROM nodes WHERE id = $1",
          "as the owner: GRANT SELECT, INSERT, UPDATE, DELETE ON \"nodes\" TO \"me\";" },
        { "permission denied for schema ingest", "SELECT",
          "as the owner: GRANT USAGE ON SCHEMA \"ingest\" TO \"me\";" },
        { "permission denied for schema public", "CREATE TABLE x ()",
          "as the owner: GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"me\";" },
        { "permission denied to create temporary tables in database \"db\"", NULL,
          "as the owner: GRANT TEMP ON DATABASE \"db\" TO \"me\";" },
        { "keine Berechtigung f\xc3\xbcr Tabelle stats", NULL, "" },
        { "permission denied for table ", NULL, "" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char hint[256] = "";

        pg_grant_hint(hint, sizeof hint, cases[i].message, cases[i].sql, "me");
        assert_string_equal(hint, cases[i].hint);
    }
}

static void
addresses_that_would_spill_a_password(void **state)
{
    static const char *const sound[] = {
        "",
        "dbname=x",
        "postgresql://",
        "postgres://u:p%40ss@h:5432/db?connect_timeout=3",
        "host=/tmp user=a@b",
        "host=a,b port=1,2",
        "postgresql://u@h1:1,h2:2/db",
        "user=u password='a b@c'",
        "postgresql:///db?host=/tmp",
    };
    static const char *const not_sound[] = {
        "nonsense",
        "postgresql://u:p@ss@h/db",
        "postgresql://u:pa/ss@h/db",
        "postgresql://u:12/34@h/db",
        "port=abc",
        "host='x",
        "postgresql://h/db?bogus=1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sound); i++)
        if (!pg_conninfo_is_sound(sound[i]))
            fail_msg("refused: %s", sound[i]);
    for (size_t i = 0; i < ARRAY_LEN(not_sound); i++)
        if (pg_conninfo_is_sound(not_sound[i]))
            fail_msg("taken: %s", not_sound[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cleaned),
        cmocka_unit_test(text_is_cut_between_code_points),
        cmocka_unit_test(text_is_appended),
        cmocka_unit_test(states_that_may_be_tried_again),
        cmocka_unit_test(grants_are_named_or_nothing),
        cmocka_unit_test(addresses_that_would_spill_a_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
