/*
 * The bytes as stored: all of them, in order, hashed on the way, with the last ones still there to step back to.
 */
#include "inputs.h"

#include "input_priv.h"

static void
all_bytes_in_order(void **state)
{
    static const size_t sizes[] = { 0, 1, 15, 16, 17, STORED_BUF - 1, STORED_BUF, STORED_BUF + 1, 3 * STORED_BUF + 5 };
    static const uint64_t limits[] = { UINT64_MAX, 0, 1, STORED_BUF, STORED_BUF + 7, 2 * STORED_BUF };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (size_t k = 0; k < ARRAY_LEN(limits); k++) {
            struct hash_stream *hash = hash_stream_new(&secret);
            struct buf b = { 0 }, out = { 0 };
            struct digest got, expected;
            struct stored s;
            struct file f;
            struct err err;
            enum st rc;

            add_noise(&b, sizes[i], 1);
            file_init(&f, content(&b));
            if (limits[k] < b.n)
                b.n = (size_t)limits[k];
            assert_int_equal(lseek(f.fd, 0, SEEK_SET), 0);
            assert_int_equal(stored_init(&s, f.fd, limits[k], hash, &err), ST_OK);
            while ((rc = stored_fill(&s, &err)) == ST_OK) {
                assert_int_equal(stored_offset(&s), out.n);
                buf_add(&out, s.at, 1); /* byte by byte, so that filling with bytes left is tried as well */
                s.at++;
                if (s.end - s.at > 3) {
                    buf_add(&out, s.at, (size_t)(s.end - s.at) - 3);
                    s.at = s.end - 3;
                }
                for (size_t back = 1; back <= STORED_UNREAD && back <= out.n; back++)
                    assert_int_equal(s.at[-(long)back], (uint8_t)out.p[out.n - back]);
            }
            assert_int_equal(rc, ST_EOF);
            assert_int_equal(stored_fill(&s, &err), ST_EOF);
            assert_true(slice_eq(content(&out), content(&b)));
            for (size_t back = 1; back <= STORED_UNREAD && back <= out.n; back++)
                assert_int_equal(s.at[-(long)back], (uint8_t)out.p[out.n - back]);
            got = hash_stream_finish(hash);
            expected = hash_keyed(&secret, b.n > 0 ? b.p : "", b.n);
            assert_true(digest_eq(&got, &expected));
            stored_release(&s);
            stored_release(&s);
            hash_stream_free(hash);
            file_release(&f);
            buf_release(&b);
            buf_release(&out);
        }
}

/* By drops: what stood before a refill is in front of it, over several refills. */
static void
stepping_back_over_refills(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 20; piece++) {
        struct buf b = { 0 };
        struct feed feed;
        struct stored s;
        struct err err;

        add_noise(&b, 200, 4);
        feed_init(&feed, content(&b), piece);
        assert_int_equal(stored_init(&s, STDIN_FILENO, UINT64_MAX, NULL, &err), ST_OK);
        for (size_t at = 0; at < b.n; at++) {
            assert_int_equal(stored_fill(&s, &err), ST_OK);
            assert_int_equal(*s.at, (uint8_t)b.p[at]);
            s.at++;
            for (size_t back = 1; back <= STORED_UNREAD && back <= at + 1; back++)
                assert_int_equal(s.at[-(long)back], (uint8_t)b.p[at + 1 - back]);
            if (at % 30 == 20) { /* as the inflater does with a trailer */
                s.at -= 8;
                for (size_t k = 8; k > 0; k--, s.at++) {
                    assert_int_equal(stored_fill(&s, &err), ST_OK);
                    assert_int_equal(stored_offset(&s), at + 1 - k);
                    assert_int_equal(*s.at, (uint8_t)b.p[at + 1 - k]);
                }
            }
        }
        assert_int_equal(stored_fill(&s, &err), ST_EOF);
        stored_release(&s);
        feed_release(&feed);
        buf_release(&b);
    }
}

static void
peeking_gathers_drops(void **state)
{
    (void)state;
    for (size_t n = 0; n < 12; n++)
        for (size_t piece = 1; piece < 12; piece++) {
            struct feed feed;
            struct stored s;
            struct err err;

            feed_init(&feed, (struct slice){ "0123456789ab", n }, piece);
            assert_int_equal(stored_init(&s, STDIN_FILENO, UINT64_MAX, NULL, &err), ST_OK);
            assert_int_equal(stored_peek(&s, 6, &err), n == 0 ? ST_EOF : ST_OK);
            assert_in_range((size_t)(s.end - s.at), n < 6 ? n : 6, n);
            assert_memory_equal(s.at, "0123456789ab", (size_t)(s.end - s.at));
            assert_int_equal(stored_offset(&s), 0);
            for (size_t at = 0; at < n; at++, s.at++) {
                assert_int_equal(stored_fill(&s, &err), ST_OK);
                assert_int_equal(*s.at, "0123456789ab"[at]);
            }
            assert_int_equal(stored_fill(&s, &err), ST_EOF);
            stored_release(&s);
            feed_release(&feed);
        }
}

static void
errors_have_their_place(void **state)
{
    struct stored s;
    struct err err;

    (void)state;
    assert_int_equal(stored_init(&s, -1, UINT64_MAX, NULL, &err), ST_OK);
    assert_int_equal(stored_fill(&s, &err), ST_IO);
    assert_int_equal(err.code, ST_IO);
    assert_int_equal(err.offset, 0);
    assert_int_equal(stored_peek(&s, 6, &err), ST_IO);
    stored_release(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_in_order),
        cmocka_unit_test(stepping_back_over_refills),
        cmocka_unit_test(peeking_gathers_drops),
        cmocka_unit_test(errors_have_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
