/*
 * Files that are believed to hold a secret, and such that are not.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ingest/secret.h"

static char dir[] = "/tmp/ingest-secret.XXXXXX", path[64];

static int
make(void **state)
{
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/token", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int
remove_all(void **state)
{
    (void)state;
    return unlink(path) | rmdir(dir);
}

static enum st
check(const char *name, mode_t mode, struct err *err)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    enum st rc;

    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    rc = secret_check(fd, "cannot use it", name, err);
    close(fd);
    return rc;
}

static void
modes(void **state)
{
    static const struct {
        mode_t mode;
        bool file, credential; /* is it taken as the one, as the other */
    } cases[] = {
        { 0600, true, true },    { 0400, true, true },   { 0700, true, true },
        { 0440, false, true },   { 0460, false, false }, { 0450, false, false },
        { 0404, false, false },  { 0402, false, false }, { 0640, false, true },
        { 0644, false, false },  { 0666, false, false },
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        unsetenv("CREDENTIALS_DIRECTORY");
        assert_int_equal(check(path, cases[i].mode, &err) == ST_OK, cases[i].file);
        if (!cases[i].file) {
            assert_int_equal(err.code, ST_USAGE);
            assert_string_equal(err.path, path);
            assert_non_null(strstr(err.cause, "others than its owner can use it"));
            assert_non_null(strstr(err.hint, "chmod 600"));
        }
        setenv("CREDENTIALS_DIRECTORY", dir, 1);
        assert_int_equal(check(path, cases[i].mode, &err) == ST_OK, cases[i].credential);
    }
    assert_int_equal(check(path, 0600, &err), ST_OK);
}

/* Whoever types what the hint says must not run what a name says. */
static void
names_that_the_shell_would_take_apart(void **state)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct err err;

    (void)state;
    assert_true(fd >= 0 && fchmod(fd, 0644) == 0);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(secret_check(fd, "cannot use it", "a $(b)", &err), ST_USAGE);
    assert_string_equal(err.hint, "chmod 600 'a $(b)'");
    assert_int_equal(secret_check(fd, "cannot use it", "a'; rm -r . #", &err), ST_USAGE);
    assert_string_equal(err.hint, "chmod 600, of that file");
    close(fd);
}

/* "/run/credentials/a" is no directory of "/run/credentials/ab/token", nor of what lies deeper. */
static void
directory_is_compared_as_a_whole(void **state)
{
    char other[sizeof dir];
    struct err err;

    (void)state;
    snprintf(other, sizeof other, "%.*s", (int)(sizeof dir - 2), dir);
    setenv("CREDENTIALS_DIRECTORY", other, 1);
    assert_int_equal(check(path, 0440, &err), ST_USAGE);
    setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
    assert_int_equal(check(path, 0440, &err), ST_USAGE);
    assert_int_equal(check(path, 0600, &err), ST_OK);
}

static void
a_directory_is_no_secret(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(check(dir, 0700, &err), ST_USAGE);
    assert_string_equal(err.cause, "it is not a regular file");
}

static void
credentials_are_found(void **state)
{
    char out[128], small[8];

    (void)state;
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    assert_true(secret_credential("token", out, sizeof out));
    assert_string_equal(out, path);
    assert_false(secret_credential("client.key", out, sizeof out));
    assert_false(secret_credential("token", small, sizeof small));
    setenv("CREDENTIALS_DIRECTORY", "", 1);
    assert_false(secret_credential("token", out, sizeof out));
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_false(secret_credential("token", out, sizeof out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes),
        cmocka_unit_test(directory_is_compared_as_a_whole),
        cmocka_unit_test(names_that_the_shell_would_take_apart),
        cmocka_unit_test(a_directory_is_no_secret),
        cmocka_unit_test(credentials_are_found),
    };

    return cmocka_run_group_tests(tests, make, remove_all);
}
