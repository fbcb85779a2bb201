/*
 * Where the private server lives: only the environment says so.
 */
#include "local_priv.h"

#include <setjmp.h>

#include <cmocka.h>

/* Of an XDG_DATA_HOME that is to be ignored: what would be without one. */
static void
expect_ignored(const char *xdg)
{
    struct local l = { 0 }, without = { 0 };
    struct err err = { 0 };

    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    assert_int_equal(paths_find(&without, &err), ST_OK);
    assert_int_equal(setenv("XDG_DATA_HOME", xdg, 1), 0);
    assert_int_equal(paths_find(&l, &err), ST_OK);
    assert_string_equal(l.dir, without.dir);
    assert_string_equal(l.data, without.data);
}

static void
an_absolute_data_home_is_taken(void **state)
{
    struct local l = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(setenv("XDG_DATA_HOME", "/some/where", 1), 0);
    assert_int_equal(paths_find(&l, &err), ST_OK);
    assert_string_equal(l.dir, "/some/where/ingest");
    assert_string_equal(l.data, "/some/where/ingest/postgres");
}

/* The XDG specification wants relative ones ignored: the place would depend on where one stands. */
static void
another_is_ignored(void **state)
{
    struct local l = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(setenv("HOME", "/home/someone", 1), 0);
    expect_ignored("");
    expect_ignored("some/where");
    expect_ignored("./where");
    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    assert_int_equal(paths_find(&l, &err), ST_OK);
    assert_int_equal(l.dir[0], '/');
    if (geteuid() != 0)
        assert_string_equal(l.dir, "/home/someone/.local/share/ingest");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absolute_data_home_is_taken),
        cmocka_unit_test(another_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
