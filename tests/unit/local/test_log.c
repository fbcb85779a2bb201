/*
 * What the log says last, which is what people get to see as the cause.
 */
#include "local_priv.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/stat.h>

#include <cmocka.h>

static char base[] = "/tmp/ingest-log-XXXXXX";

static void
last_words(void **state)
{
    static const struct {
        const char *log, *words;
    } cases[] = {
        { "", "" },
        { "\n\n", "" },
        { "one\ntwo\n", "two" },
        { "x [7] FATAL:  could not a\nx [7] HINT:  b\npg_ctl: could not start server\nExamine the log output.\n", "could not a" },
        { "initdb: error: could not change: no\ninitdb: removing it\n", "could not change: no" },
        { "2024 [1] LOG:  odd\x1b[2J\x07\n", "2024 [1] LOG:  odd [2J " },
        { "x PANIC:  a\nx FATAL:  b", "b" },
    };
    char path[300], out[256], small[4];

    (void)state;
    snprintf(path, sizeof path, "%s/log", base);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

        assert_true(fd >= 0);
        dprintf(fd, "FATAL:  of long ago\n");
        off_t from = log_end(fd);

        dprintf(fd, "%s", cases[i].log);
        log_last_words(fd, from, out, sizeof out);
        assert_string_equal(out, cases[i].words);
        log_last_words(fd, from, small, sizeof small);
        assert_true(strlen(small) < sizeof small);
        for (int k = 0; k < 3000; k++)
            dprintf(fd, "noise\n");
        log_last_words(fd, from, out, sizeof out); /* only the end is read */
        assert_string_equal(out, "noise");
        log_trim(fd);
        assert_true(log_end(fd) > 0);
        assert_int_equal(ftruncate(fd, 10 * 1024 * 1024 + 1), 0);
        log_trim(fd);
        assert_int_equal(log_end(fd), 0);
        close(fd);
    }
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
        cmocka_unit_test(last_words),
    };

    return cmocka_run_group_tests(tests, open_base, close_base);
}
