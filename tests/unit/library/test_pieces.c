/*
 * Inputs that come in pieces: wherever they are cut, and however they end.
 */
#include "library.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>

static struct buf
rows_of_bytes(const struct buf *bytes)
{
    struct ingest *h = opened(NULL);
    struct buf rows;

    assert_int_equal(ingest_add_bytes(h, bytes->p, bytes->n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    rows = rows_of(h);
    ingest_close(h);
    return rows;
}

static void
cut_anywhere(void **state)
{
    struct buf text = some_log(2000), packed = gzipped(&text);
    const struct buf *all[] = { &text, &packed };
    const size_t sizes[] = { 1, 2, 511, 512, 513, 4095, 65535, 65536, 65537, 131072 };
    struct buf want = rows_of_bytes(&text);

    (void)state;
    assert_true(text.n > 200 * KIB);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            struct ingest *h = opened(NULL);
            struct buf got;

            for (size_t at = 0; at < all[i]->n; at += sizes[k]) {
                size_t left = all[i]->n - at;

                assert_int_equal(ingest_add_bytes(h, all[i]->p + at, left < sizes[k] ? left : sizes[k]), INGEST_OK);
            }
            assert_int_equal(ingest_end_input(h), INGEST_OK);
            got = rows_of(h);
            assert_same_text(&got, &want);
            assert_int_equal(ingest_totals(h)->stored_bytes, all[i]->n);
            assert_int_equal(ingest_totals(h)->decoded_bytes, text.n);
            assert_int_equal(ingest_totals(h)->lines, 2000);
            buf_release(&got);
            ingest_close(h);
        }
    buf_release(&text);
    buf_release(&packed);
    buf_release(&want);
}

/* The same buffer may be used for every piece: what was given is used up, or copied. */
static void
pieces_belong_to_the_caller(void **state)
{
    struct buf text = some_log(2000), want = rows_of_bytes(&text), got;
    struct ingest *h = opened(NULL);
    char piece[70000];

    (void)state;
    for (size_t at = 0, n; at < text.n; at += n) {
        n = at % 3 == 0 ? sizeof piece : 1000;
        n = text.n - at < n ? text.n - at : n;
        memcpy(piece, text.p + at, n);
        assert_int_equal(ingest_add_bytes(h, piece, n), INGEST_OK);
        memset(piece, 'x', sizeof piece);
    }
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    got = rows_of(h);
    assert_same_text(&got, &want);
    ingest_close(h);
    buf_release(&text);
    buf_release(&want);
    buf_release(&got);
}

static void
last_line_counts_without_its_end(void **state)
{
    struct buf text = some_log(3);
    struct ingest *h = opened(NULL);
    char path[64];

    (void)state;
    assert_int_equal(ingest_add_bytes(h, text.p, text.n - 1), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    assert_int_equal(reason_of(h, "counted")->lines, 3);
    assert_int_equal(ingest_reset(h), INGEST_OK);
    assert_int_equal(ingest_add_file(h, write_file(path, text.p, text.n - 1)), INGEST_OK); /* it may be growing */
    unlink(path);
    assert_int_equal(reason_of(h, "counted")->lines, 2);
    assert_int_equal(ingest_totals(h)->unterminated_bytes, text.n / 3 - 1);
    ingest_close(h);
    buf_release(&text);
}

static void
nothing_at_all_is_an_input(void **state)
{
    struct ingest *h = opened(NULL);

    (void)state;
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    assert_int_equal(ingest_add_bytes(h, NULL, 0), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_KNOWN);
    assert_int_equal(ingest_totals(h)->counted, 1);
    assert_int_equal(ingest_totals(h)->known, 1);
    assert_int_equal(ingest_totals(h)->lines, 0);
    ingest_close(h);
}

/* A caller that does not look must not begin another input in the middle of one. */
static void
refused_stays_refused_until_its_end(void **state)
{
    struct buf text = some_log(40), rubbish = { 0 };
    struct ingest *h = opened(NULL);

    (void)state;
    for (int i = 0; i < 20000; i++)
        buf_text(&rubbish, "no log at all\n");
    assert_int_equal(ingest_add_bytes(h, rubbish.p, rubbish.n), INGEST_REFUSED);
    assert_int_equal(ingest_add_bytes(h, text.p, text.n), INGEST_REFUSED);
    assert_true(ingest_error(h)[0] != '\0');
    assert_int_equal(ingest_add_file(h, "/dev/null"), INGEST_USAGE);
    assert_int_equal(ingest_end_input(h), INGEST_REFUSED);
    assert_int_equal(ingest_totals(h)->refused, 1);
    assert_int_equal(ingest_totals(h)->counted, 0);
    assert_int_equal(ingest_add_bytes(h, text.p, text.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    assert_int_equal(reason_of(h, "counted")->lines, 40);
    ingest_close(h);
    buf_release(&text);
    buf_release(&rubbish);
}

static void
cut_short(void **state)
{
    struct buf text = some_log(4000), packed = gzipped(&text);
    struct ingest_options options = no_options();

    (void)state;
    for (int salvage = 0; salvage <= 1; salvage++) {
        struct ingest *h;

        options.salvage = salvage;
        h = opened(&options);
        assert_int_equal(ingest_add_bytes(h, packed.p, packed.n - packed.n / 4), INGEST_OK);
        assert_int_equal(ingest_end_input(h), salvage ? INGEST_OK : INGEST_REFUSED);
        if (!salvage)
            assert_non_null(strstr(ingest_error(h), "cannot decode gzip member"));
        assert_true(salvage ? ingest_totals(h)->lines > 1000 : ingest_totals(h)->lines == 0);
        ingest_close(h);
    }
    buf_release(&text);
    buf_release(&packed);
}

static void
dropped_leaves_nothing(void **state)
{
    struct buf text = some_log(2000), want = rows_of_bytes(&text), got;
    struct ingest *h = opened(NULL);

    (void)state;
    ingest_drop_input(h); /* there is none */
    assert_int_equal(ingest_add_bytes(h, text.p, 10), INGEST_OK); /* nothing of it has been looked at */
    ingest_drop_input(h);
    assert_int_equal(ingest_add_bytes(h, text.p, text.n / 2), INGEST_OK);
    ingest_drop_input(h);
    assert_int_equal(ingest_totals(h)->lines, 0);
    assert_int_equal(ingest_totals(h)->refused, 0);
    assert_int_equal(ingest_add_bytes(h, text.p, text.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    got = rows_of(h);
    assert_same_text(&got, &want);
    ingest_close(h);
    buf_release(&text);
    buf_release(&want);
    buf_release(&got);
}

static int
n_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int n = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static void
closed_and_reset_in_the_middle(void **state)
{
    struct buf text = some_log(2000);
    struct ingest *h = opened(NULL);
    int before = n_threads();

    (void)state;
    assert_int_equal(ingest_add_bytes(h, text.p, text.n / 2), INGEST_OK);
    assert_int_equal(ingest_reset(h), INGEST_OK);
    assert_int_equal(n_threads(), before);
    assert_int_equal(ingest_add_bytes(h, text.p, text.n / 2), INGEST_OK);
    ingest_close(h);
    assert_int_equal(n_threads(), before);
    buf_release(&text);
}

static void
one_thing_after_another(void **state)
{
    struct ingest *h = opened(NULL);

    (void)state;
    assert_int_equal(ingest_add_bytes(h, "x", 1), INGEST_OK);
    assert_int_equal(ingest_add_file(h, "/dev/null"), INGEST_USAGE);
    assert_non_null(strstr(ingest_error(h), "has not ended"));
    assert_int_equal(ingest_rows(h, row_to_text, NULL), INGEST_USAGE);
    ingest_drop_input(h);
    assert_int_equal(ingest_rows(h, row_to_text, NULL), INGEST_OK);
    assert_int_equal(ingest_add_bytes(h, "x", 1), INGEST_USAGE);
    assert_int_equal(ingest_end_input(h), INGEST_USAGE);
    assert_int_equal(ingest_add_file(h, "/dev/null"), INGEST_USAGE);
    assert_non_null(strstr(ingest_error(h), "ingest_reset"));
    ingest_close(h);
}

/* ---- the thread ---- */

struct calls {
    bool      inside; /* a call of the caller's */
    int       n;
    int       stop_at;
    pthread_t caller;
};

static int
see_record(void *ctx, const struct ingest_record *record)
{
    struct calls *c = ctx;
    sigset_t mask;

    assert_true(c->inside);
    assert_string_equal(record->why, "counted");
    if (!pthread_equal(pthread_self(), c->caller)) { /* a host's handlers do not run here */
        assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
        assert_true(sigismember(&mask, SIGTERM) && sigismember(&mask, SIGALRM));
    }
    return ++c->n == c->stop_at;
}

static void
callbacks_come_inside_calls(void **state)
{
    struct buf text = some_log(3000);
    struct calls calls = { .caller = pthread_self() };
    struct ingest_options options = { .size = sizeof options, .record = see_record, .ctx = &calls };
    struct ingest *h = opened(&options);

    (void)state;
    for (size_t at = 0; at < text.n; at += 100000) {
        size_t left = text.n - at;

        calls.inside = true;
        assert_int_equal(ingest_add_bytes(h, text.p + at, left < 100000 ? left : 100000), INGEST_OK);
        calls.inside = false;
    }
    calls.inside = true;
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    assert_int_equal(calls.n, 3000);
    ingest_close(h);
    buf_release(&text);
}

static void
stopped_by_the_callback(void **state)
{
    struct buf text = some_log(3000), rows;
    struct calls calls = { .inside = true, .stop_at = 1500, .caller = pthread_self() };
    struct ingest_options options = { .size = sizeof options, .record = see_record, .ctx = &calls };
    struct ingest *h = opened(&options);
    char path[64];

    (void)state;
    write_file(path, text.p, text.n);
    assert_int_equal(ingest_add_file(h, path), INGEST_STOPPED);
    assert_int_equal(calls.n, 1500);
    calls.n = 0;
    (void)!ingest_add_bytes(h, text.p, text.n); /* as far as it got */
    assert_int_equal(ingest_end_input(h), INGEST_STOPPED);
    assert_int_equal(ingest_totals(h)->counted + ingest_totals(h)->refused + ingest_totals(h)->lines, 0);
    calls.stop_at = 0;
    assert_int_equal(ingest_add_file(h, path), INGEST_OK); /* nothing of it was remembered */
    rows = rows_of(h);
    assert_true(rows.n > 0);
    unlink(path);
    ingest_close(h);
    buf_release(&text);
    buf_release(&rows);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(pieces_belong_to_the_caller),
        cmocka_unit_test(last_line_counts_without_its_end),
        cmocka_unit_test(nothing_at_all_is_an_input),
        cmocka_unit_test(refused_stays_refused_until_its_end),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(dropped_leaves_nothing),
        cmocka_unit_test(closed_and_reset_in_the_middle),
        cmocka_unit_test(one_thing_after_another),
        cmocka_unit_test(callbacks_come_inside_calls),
        cmocka_unit_test(stopped_by_the_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
