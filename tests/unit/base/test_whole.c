/*
 * A reader that gets its bytes in pieces, and one that is interrupted meanwhile.
 */
#include "ingest/base.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include <cmocka.h>

#include "ingest/whole.h"

static void
ignore(int signal_no)
{
    (void)signal_no;
}

struct writer {
    int       fd;
    pthread_t reader;
};

/* A byte at a time, a signal behind each. */
static void *
dribble(void *ctx)
{
    struct writer *w = ctx;

    for (const char *p = "in pieces"; *p != '\0'; p++) {
        if (write(w->fd, p, 1) != 1)
            break;
        pthread_kill(w->reader, SIGUSR1);
        usleep(500);
    }
    close(w->fd);
    return NULL;
}

static void
comes_in_pieces(void **state)
{
    struct sigaction none = { .sa_handler = ignore }, before; /* no SA_RESTART */
    char got[16] = "";
    pthread_t thread;
    struct writer w;
    int fds[2];

    (void)state;
    assert_int_equal(sigaction(SIGUSR1, &none, &before), 0);
    assert_int_equal(pipe(fds), 0);
    w = (struct writer){ fds[1], pthread_self() };
    assert_int_equal(pthread_create(&thread, NULL, dribble, &w), 0);
    assert_int_equal(whole_read(fds[0], got, sizeof got - 1), 9);
    pthread_join(thread, NULL);
    assert_string_equal(got, "in pieces");
    close(fds[0]);
    sigaction(SIGUSR1, &before, NULL);
}

static void
ends_where_it_is_full(void **state)
{
    char got[4] = "";
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "abcdef", 6), 6);
    assert_int_equal(whole_read(fds[0], got, 3), 3);
    assert_string_equal(got, "abc");
    assert_int_equal(whole_read(fds[0], got, 0), 0);
    close(fds[0]);
    close(fds[1]);
}

static void
from_a_place_in_the_middle(void **state)
{
    char path[] = "/tmp/ingest-whole.XXXXXX", got[8] = "";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && unlink(path) == 0);
    assert_int_equal(write(fd, "abcdef", 6), 6);
    assert_int_equal(whole_pread(fd, got, 3, 2), 3);
    assert_string_equal(got, "cde");
    assert_int_equal(whole_pread(fd, got, 7, 4), 2); /* the end */
    assert_memory_equal(got, "ef", 2);
    assert_int_equal(whole_pread(fd, got, 7, 6), 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 6);
    close(fd);
}

static void
says_what_is_wrong(void **state)
{
    char got[1];

    (void)state;
    assert_int_equal(whole_read(-1, got, 1), -1);
    assert_int_equal(errno, EBADF);
    assert_int_equal(whole_pread(-1, got, 1, 0), -1);
    assert_int_equal(errno, EBADF);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_in_pieces),
        cmocka_unit_test(ends_where_it_is_full),
        cmocka_unit_test(from_a_place_in_the_middle),
        cmocka_unit_test(says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
