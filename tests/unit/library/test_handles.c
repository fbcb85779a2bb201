/*
 * Handles that are used at once, each by a thread of its own, and what is left when they are closed.
 */
#include "library.h"

#include <fcntl.h>
#include <pthread.h>

static void *
count_files(void *arg)
{
    struct buf *rows = arg;
    struct ingest_options options = { .size = sizeof options, .clients = INGEST_CLIENTS_PLAIN };
    struct ingest *h = opened(&options);

    for (int round = 0; round < 2; round++) {
        buf_release(rows);
        assert_int_equal(ingest_reset(h), INGEST_OK);
        assert_int_equal(ingest_add_file(h, TESTS_DIR "/../testdata/logs/fdsnws-2024.log.gz"), INGEST_OK);
        assert_int_equal(ingest_add_file(h, TESTS_DIR "/../testdata/logs/cloudfront-crates-2024-01.log.gz"), INGEST_OK);
        *rows = rows_of(h);
    }
    ingest_close(h);
    return NULL;
}

static void
handles_side_by_side(void **state)
{
    struct buf rows[3] = { { 0 } };
    pthread_t threads[2];

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_files, &rows[i]), 0);
    count_files(&rows[2]);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_same_text(&rows[i], &rows[2]);
    }
    for (size_t i = 0; i < 3; i++)
        buf_release(&rows[i]);
}

static void
no_descriptor_stays(void **state)
{
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;
    struct buf rows = { 0 };

    (void)state;
    close(before);
    count_files(&rows);
    after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(before, after);
    buf_release(&rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_side_by_side),
        cmocka_unit_test(no_descriptor_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
