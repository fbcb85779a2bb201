/* Array literals and identifiers, byte for byte; that a server reads them back is tested in
 * tests/pg. */
#include "ingest/base.h"
#include "ingest/pg.h"

#include <setjmp.h>

#include <cmocka.h>

static void
empty_array(void **state)
{
    struct pg_array a;

    (void)state;
    pg_array_begin(&a);
    assert_string_equal(pg_array_end(&a), "{}");
    pg_array_release(&a);
}

static void
elements_are_quoted(void **state)
{
    struct pg_array a;

    (void)state;
    pg_array_begin(&a);
    pg_array_int(&a, INT64_MIN);
    pg_array_null(&a);
    pg_array_text(&a, SLICE("NULL"));
    pg_array_text(&a, SLICE("a\"\\,{}"));
    pg_array_text(&a, (struct slice){ NULL, 0 });
    pg_array_text(&a, SLICE(""));
    pg_array_bytea(&a, "\0\xff", 2);
    pg_array_bytea(&a, "", 0);
    assert_string_equal(
        pg_array_end(&a),
        "{-9223372036854775808,NULL,\"NULL\",\"a\\\"\\\\,{}\",NULL,\"\",\"\\\\x00ff\",\"\\\\x\"}");
    pg_array_release(&a);
}

static void
identifiers_are_quoted(void **state)
{
    struct buf b = { 0 };

    (void)state;
    pg_ident(NULL, &b, "a\"b\"");
    pg_ident(NULL, &b, "");
    pg_ident(NULL, &b, "Select \\ '");
    assert_string_equal(buf_str(&b), "\"a\"\"b\"\"\"\"\"\"Select \\ '\"");
    buf_release(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_array),
        cmocka_unit_test(elements_are_quoted),
        cmocka_unit_test(identifiers_are_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
