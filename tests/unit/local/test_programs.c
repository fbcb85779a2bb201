/*
 * Which PostgreSQL is taken, of directories full of empty programs.
 */
#include "local_priv.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>

#include <cmocka.h>

static char base[] = "/tmp/ingest-programs-XXXXXX";

static const char *
place_of_programs(void)
{
    static const char *const versions[] = { "9", "12", "13", "99", "100", "notes", "101" };
    static const char *const names[] = { "postgres", "initdb", "pg_ctl", "psql" };
    static char place[300];
    char path[800];

    if (place[0] != '\0')
        return place;
    snprintf(place, sizeof place, "%s/programs", base);
    assert_int_equal(mkdir(place, 0755), 0);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        snprintf(path, sizeof path, "%s/%s", place, versions[i]);
        assert_int_equal(mkdir(path, 0755), 0);
        snprintf(path, sizeof path, "%s/%s/bin", place, versions[i]);
        assert_int_equal(mkdir(path, 0755), 0);
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            if ((strcmp(versions[i], "101") == 0 && k == 1) || (strcmp(versions[i], "13") == 0 && k == 3))
                continue;
            snprintf(path, sizeof path, "%s/%s/bin/%s", place, versions[i], names[k]);
            close(open(path, O_WRONLY | O_CREAT, 0755));
        }
    }
    return place;
}

static void
newest_by_number(void **state)
{
    struct local l = { .users_fd = -1 };
    struct err err;

    (void)state;
    assert_int_equal(programs_find(&l, place_of_programs(), NULL, 0, &err), ST_OK);
    assert_non_null(strstr(l.bin, "/100/bin")); /* 101 has no initdb */
    assert_non_null(strstr(l.psql, "/100/bin/psql"));
}

static void
of_the_data(void **state)
{
    struct local l = { .users_fd = -1 };
    struct err err;

    (void)state;
    assert_int_equal(programs_find(&l, place_of_programs(), NULL, 13, &err), ST_OK);
    assert_non_null(strstr(l.bin, "/13/bin"));
    assert_string_equal(l.psql, "");
    assert_int_equal(programs_find(&l, place_of_programs(), NULL, 12, &err), ST_DB); /* below our floor */
    assert_non_null(strstr(err.cause, "only PostgreSQL 100"));
}

static void
none_installed(void **state)
{
    struct local l = { .users_fd = -1 };
    struct err err;

    (void)state;
    assert_int_equal(programs_find(&l, "/nonexistent", NULL, 0, &err), ST_DB);
    assert_non_null(strstr(err.hint, "apt-get install postgresql-15 postgresql-15-hll"));
    assert_int_equal(programs_find(&l, "/nonexistent", "", 14, &err), ST_DB);
    assert_non_null(strstr(err.hint, "postgresql-14-hll"));
}

/* Outside of Debian's directories the program itself is asked for its version. */
static void
along_path(void **state)
{
    struct local l = { .users_fd = -1 };
    char path[800];
    struct err err;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/99/bin/postgres", place_of_programs());
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("#!/bin/sh\necho 'postgres (PostgreSQL) 16devel'\n", f);
    fclose(f);
    snprintf(path, sizeof path, ":relative:/nonexistent:%s/12/bin:%s/99/bin:", place_of_programs(), place_of_programs());
    assert_int_equal(programs_find(&l, "/nonexistent", path, 0, &err), ST_OK);
    assert_non_null(strstr(l.bin, "/99/bin"));
    assert_int_equal(programs_find(&l, "/nonexistent", path, 16, &err), ST_OK);
    assert_int_equal(programs_find(&l, "/nonexistent", path, 15, &err), ST_DB);
    assert_non_null(strstr(err.cause, "only PostgreSQL 16"));
}

static int
open_base(void **state)
{
    (void)state;
    return mkdtemp(base) == NULL;
}

static int
close_base(void **state)
{
    char command[200];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", base);
    return system(command);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_by_number),
        cmocka_unit_test(of_the_data),
        cmocka_unit_test(none_installed),
        cmocka_unit_test(along_path),
    };

    return cmocka_run_group_tests(tests, open_base, close_base);
}
