/*
 * What lies between header and trailer: every kind of deflate block, far matches, output that is larger than what the
 * reader asks for, and borders of the reader's buffer at every place of a member.
 */
#include "inputs.h"

#include "inflate_priv.h"
#include "input_priv.h"

static const size_t caps[] = { 64 * KIB, 128 * KIB, 192 * KIB, 256 * KIB, 512 * KIB, MIB };

/* A build that says which inflater it tests must test that one. */
static void
right_inflater(void **state)
{
    (void)state;
#if defined(TEST_INFLATER)
    assert_string_equal(inflater_name, TEST_INFLATER);
#else
    assert_true(strlen(inflater_name) > 0);
#endif
}

static void
kinds_of_blocks(void **state)
{
    static const struct member kinds[] = {
        { .level = -9 }, { .level = 1 }, { .level = 6 }, { .level = 9 }, { .level = 9, .mem_level = 9 }, { .level = 6, .mem_level = 1 },
        { .strategy = Z_FIXED }, { .strategy = Z_HUFFMAN_ONLY }, { .strategy = Z_RLE }, { .strategy = Z_FILTERED },
        { .flush_every = 1000 }, { .flush_every = 70000 }, { .level = -9, .flush_every = 777 }, { .strategy = Z_FIXED, .flush_every = 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct buf text = { 0 }, b = { 0 };

        add_log(&text, kinds[i].flush_every == 1 ? 20000 : 300000, (uint32_t)i);
        add_noise(&text, kinds[i].flush_every == 1 ? 2000 : 150000, (uint32_t)i); /* becomes stored blocks */
        add_fill(&text, 'z', 200000);
        add_log(&text, 100000, 99);
        add_member(&b, content(&text), &kinds[i]);
        for (size_t k = 0; k < ARRAY_LEN(caps); k++)
            gives(&b, content(&text), caps[k]);
        buf_release(&b);
        buf_release(&text);
    }
}

/* Matches that reach back 32 KiB and almost: over the borders of windows and of what the inflater keeps itself. */
static void
far_matches(void **state)
{
    static const size_t distances[] = { 32768, 32767, 32766, 32507, 32506, 32505, 30000, 258, 3, 1 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(distances); i++) {
        struct buf text = { 0 }, b = { 0 };

        add_noise(&text, distances[i], (uint32_t)i + 1);
        assert_true(buf_reserve(&text, 2 * MIB));
        for (size_t n = text.n; n < 1200000; n++)
            text.p[n] = text.p[n - distances[i]];
        text.n = 1200000;
        add_member(&b, content(&text), &(struct member){ .level = 9 });
        for (size_t k = 0; k < ARRAY_LEN(caps); k++)
            gives(&b, content(&text), caps[k]);
        buf_release(&b);
        buf_release(&text);
    }
}

/* Bits of a deflate stream written by hand, lowest first (RFC 1951, 3.1.1). */
struct bits {
    struct buf *b;
    uint32_t    held;
    int         n;
};

static void
put(struct bits *w, uint32_t value, int n)
{
    for (int i = 0; i < n; i++) {
        w->held |= (value >> i & 1) << w->n;
        if (++w->n == 8) {
            add_le(w->b, w->held, 1);
            w->held = 0;
            w->n = 0;
        }
    }
}

/* A code of the fixed alphabet: highest bit first. */
static void
put_code(struct bits *w, unsigned symbol)
{
    unsigned code = symbol < 144 ? 0x30 + symbol : symbol < 256 ? 0x190 + symbol - 144 : symbol < 280 ? symbol - 256 : 0xc0 + symbol - 280;

    for (int n = symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8; n > 0; n--)
        put(w, code >> (n - 1) & 1, 1);
}

/* zlib never writes a distance over 32,506; this one is the widest that the format has, in one match of 258 after another. */
static void
widest_distance(void **state)
{
    struct buf text = { 0 }, b = { 0 };
    struct bits w = { &b, 0, 0 };

    (void)state;
    add_noise(&text, 32768, 5);
    add_header(&b, &(struct member){ 0 });
    put(&w, 0, 3); /* a stored block with the first 32 KiB */
    put(&w, 0, 5);
    add_le(&b, 32768, 2);
    add_le(&b, 32767, 2);
    buf_add_slice(&b, content(&text));
    put(&w, 3, 3); /* the last block, of the fixed alphabet */
    for (int i = 0; i < 4000; i++) {
        put_code(&w, 285);
        for (int k = 0; k < 5; k++) /* distance code 29, highest bit first, and 13 extra bits */
            put(&w, 29u >> (4 - k) & 1, 1);
        put(&w, 8191, 13);
        assert_true(buf_reserve(&text, 258));
        for (int k = 0; k < 258; k++, text.n++)
            text.p[text.n] = text.p[text.n - 32768];
    }
    put_code(&w, 256);
    put(&w, 0, (8 - w.n) % 8);
    add_trailer(&b, content(&text), &(struct member){ 0 });
    for (size_t k = 0; k < ARRAY_LEN(caps); k++)
        gives(&b, content(&text), caps[k]);
    buf_release(&b);
    buf_release(&text);
}

/* Bytes before the first one do not exist: not at the start of the file, and not those of the member before either. */
static void
match_before_the_beginning(void **state)
{
    (void)state;
    for (int second = 0; second < 2; second++)
        for (unsigned n = 0; n < 4; n++) {
            struct buf text = { 0 }, b = { 0 };
            struct bits w = { &b, 0, 0 };

            add_log(&text, 70000, 6);
            if (second)
                add_member(&b, content(&text), &(struct member){ 0 });
            add_header(&b, &(struct member){ 0 });
            put(&w, 3, 3);
            for (unsigned i = 0; i < n; i++)
                put_code(&w, 'x');
            put_code(&w, 257); /* three bytes, from n + 1 back */
            for (int k = 0; k < 5; k++)
                put(&w, n >> (4 - k) & 1, 1);
            put_code(&w, 256);
            add_fill(&b, 0, 20);
            refused(content(&b), "damaged", 1);
            buf_release(&b);
            buf_release(&text);
        }
}

static void
damaged_blocks(void **state)
{
    static const struct {
        const char  *worry;
        struct slice deflate;
        const char  *cause;
    } cases[] = {
        { "block type 3", { "\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", 14 }, "damaged" },
        { "stored length and its complement", { "\x01\x05\0\xfb\xffhello\0\0\0\0\0\0\0\0", 18 }, "damaged" },
        { "too many length codes", { "\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16 }, "damaged" },
        { "only ones", { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16 }, "damaged" },
        { "a stored block that does not come", { "\x01\xff\xff\0\0x", 6 }, "ends inside" },
        { "an endless row of empty blocks", { "\0\0\0\xff\xff\0\0\0\xff\xff\0\0\0\xff\xff\0\0\0\xff\xff", 20 }, "ends inside" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };

        add_header(&b, &(struct member){ 0 });
        if (i == 1)
            add_le(&b, 1, 1); /* shifts the length against its complement */
        buf_add_slice(&b, cases[i].deflate);
        refused(content(&b), cases[i].cause, 10);
        buf_release(&b);
    }
}

/* Sizes around each window's end: the last byte of a member may fall on either side of it. */
static void
output_ends_at_a_window(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(caps); k++)
        for (int d = -3; d <= 3; d++)
            for (int twice = 0; twice < 2; twice++) {
                struct buf text = { 0 }, b = { 0 };

                add_log(&text, (size_t)((long)caps[k] + d), 4);
                add_member(&b, content(&text), &(struct member){ .level = 1 });
                if (twice) {
                    add_member(&b, content(&text), &(struct member){ .level = 1 });
                    buf_reserve(&text, text.n);
                    buf_add(&text, text.p, text.n);
                }
                gives(&b, content(&text), caps[k]);
                buf_release(&b);
                buf_release(&text);
            }
}

/* A member padded by its name to exactly `n` stored bytes. */
static void
add_padded(struct buf *b, struct slice text, size_t n)
{
    struct buf bare = { 0 }, name = { 0 };

    add_member(&bare, text, &(struct member){ .flags = 8 });
    add_fill(&name, 'n', n - bare.n);
    add_member(b, text, &(struct member){ .flags = 8, .name = content(&name) });
    buf_release(&bare);
    buf_release(&name);
}

/*
 *     | ....... padded member | header, data, trailer | the same again | ...
 *     |<------------ STORED_BUF ------>|       the border moves through all of it
 */
static void
stored_border_at_every_byte(void **state)
{
    const struct member kinds[] = {
        { .flags = 2 | 4 | 8 | 16, .extra = SLICE("extra"), .name = SLICE("a.log"), .comment = SLICE("c") },
        { .strategy = Z_FIXED }, { .level = -9 }, { .flush_every = 50 }, { .strategy = Z_HUFFMAN_ONLY },
    };

    (void)state;
    for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++) {
        struct buf text = { 0 }, member = { 0 }, all = { 0 };

        add_log(&text, 300, (uint32_t)kind);
        add_member(&member, content(&text), &kinds[kind]);
        buf_text(&all, "first\n");
        buf_add_slice(&all, content(&text));
        buf_add_slice(&all, content(&text));
        for (size_t before = 0; before <= member.n + 12; before++) {
            struct buf b = { 0 };

            add_padded(&b, SLICE("first\n"), STORED_BUF - before);
            buf_add_slice(&b, content(&member));
            buf_add_slice(&b, content(&member));
            gives(&b, content(&all), 64 * KIB);
            buf_release(&b);
        }
        buf_release(&text);
        buf_release(&member);
        buf_release(&all);
    }
}

static void
gives_by_pipe(const struct buf *stored, struct slice text, size_t piece)
{
    struct input_result result;
    struct buf out = { 0 };
    struct feed feed;
    struct err err;

    feed_init(&feed, content(stored), piece);
    assert_int_equal(read_all(&standard_input, 64 * KIB, &out, &result, &err), ST_OK);
    feed_release(&feed);
    assert_true(slice_eq(content(&out), text));
    buf_release(&out);
}

/*
 * The last stored bytes of the buffer expand to several windows, so that the inflater has taken all of them, the trailer
 * too, while output is still to come; the trailer then lies on both sides of a refill or behind the end of the file.
 */
static void
output_pending_at_the_border(void **state)
{
    /* behind a window's end: as much as a full bit buffer may hold, 258 bytes for two bits */
    static const size_t behind[] = { 0, 1, 259, 1000, 2500, 5000, 20000 };

    (void)state;
    for (int d = -3; d <= 11; d++)
        for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
            struct buf zeros = { 0 }, member = { 0 }, b = { 0 }, all = { 0 };

            add_fill(&zeros, '0', 128 * KIB - strlen("first\n") + behind[i]);
            add_member(&member, content(&zeros), &(struct member){ .level = 9 });
            add_padded(&b, SLICE("first\n"), (size_t)((long)(STORED_BUF - member.n) + d));
            buf_add_slice(&b, content(&member));
            buf_text(&all, "first\n");
            buf_add_slice(&all, content(&zeros));
            gives(&b, content(&all), 64 * KIB); /* ends there */
            gives_by_pipe(&b, content(&all), STORED_BUF);
            buf_add_slice(&b, content(&member));
            buf_add_slice(&all, content(&zeros));
            gives(&b, content(&all), 64 * KIB); /* goes on there */
            gives(&b, content(&all), 128 * KIB);
            b.p[(long)STORED_BUF + d - 8] ^= 1;
            refused(content(&b), "CRC-32", STORED_BUF - 30);
            buf_release(&zeros);
            buf_release(&member);
            buf_release(&b);
            buf_release(&all);
        }
}

/* A file as long as the buffer, or a byte more or less. */
static void
file_as_long_as_the_buffer(void **state)
{
    (void)state;
    for (size_t times = 1; times <= 2; times++)
        for (int d = -20; d <= 20; d++) {
            struct buf b = { 0 };

            add_padded(&b, SLICE("a line\n"), (size_t)((long)(times * STORED_BUF) + d));
            gives(&b, SLICE("a line\n"), 64 * KIB);
            refused((struct slice){ b.p, b.n - 1 }, "checksum", b.n - 1);
            buf_release(&b);
        }
}

/* Standard input in pieces of every small size: the inflater is fed by drops, and puts back over several of them. */
static void
fed_by_drops(void **state)
{
    static const size_t pieces[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 100, 1000 };
    struct buf text = { 0 }, zeros = { 0 }, b = { 0 }, all = { 0 }, out = { 0 };

    (void)state;
    add_log(&text, 9000, 3);
    add_fill(&zeros, 0, 300000);
    add_member(&b, content(&text), &(struct member){ .flags = 2 | 8, .name = SLICE("name") });
    add_member(&b, SLICE(""), &(struct member){ 0 });
    add_member(&b, content(&zeros), &(struct member){ .level = 9 });
    add_member(&b, content(&text), &(struct member){ .level = -9, .flush_every = 100 });
    add_member(&b, content(&text), &(struct member){ .strategy = Z_FIXED });
    buf_add_slice(&all, content(&text));
    buf_add_slice(&all, content(&zeros));
    buf_add_slice(&all, content(&text));
    buf_add_slice(&all, content(&text));
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        for (int cut = 0; cut < 2; cut++) {
            struct input_result result;
            struct feed feed;
            struct err err;
            enum st rc;

            feed_init(&feed, (struct slice){ b.p, b.n - (size_t)cut }, pieces[i]);
            rc = read_all(&standard_input, 64 * KIB, &out, &result, &err);
            feed_release(&feed);
            assert_int_equal(rc, cut ? ST_CORRUPT : ST_OK);
            if (!cut)
                assert_true(slice_eq(content(&out), content(&all)));
            else
                assert_int_equal(err.offset, b.n - 1);
        }
    buf_release(&text);
    buf_release(&zeros);
    buf_release(&b);
    buf_release(&all);
    buf_release(&out);
}

/* Members of any size, kind and order, read by any cap: what went in comes out. */
static void
random_streams(void **state)
{
    uint32_t seed = 2024;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct buf all = { 0 }, b = { 0 };

        for (uint32_t n = 1 + random_next(&seed) % 5; n > 0; n--) {
            struct member m = { .level = (int)(random_next(&seed) % 11), .strategy = (int)(random_next(&seed) % 5),
                                .mem_level = 1 + (int)(random_next(&seed) % 9) };
            size_t at = all.n, size = random_next(&seed) % (1u << (4 + random_next(&seed) % 16));

            if (m.level == 10)
                m.level = -9;
            if (random_next(&seed) % 3 == 0)
                m.flush_every = 500 + (int)(random_next(&seed) % 100000);
            switch (random_next(&seed) % 3) {
            case 0:
                add_log(&all, size, random_next(&seed));
                break;
            case 1:
                add_noise(&all, size / 4, random_next(&seed));
                break;
            default:
                add_fill(&all, 'q', size);
            }
            add_member(&b, (struct slice){ all.p + at, all.n - at }, &m);
            add_fill(&b, 0, random_next(&seed) % 4 == 0 ? random_next(&seed) % 1000 : 0);
        }
        gives(&b, content(&all), caps[(size_t)round % ARRAY_LEN(caps)]);
        buf_release(&all);
        buf_release(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_inflater),
        cmocka_unit_test(kinds_of_blocks),
        cmocka_unit_test(far_matches),
        cmocka_unit_test(widest_distance),
        cmocka_unit_test(match_before_the_beginning),
        cmocka_unit_test(damaged_blocks),
        cmocka_unit_test(output_ends_at_a_window),
        cmocka_unit_test(stored_border_at_every_byte),
        cmocka_unit_test(output_pending_at_the_border),
        cmocka_unit_test(file_as_long_as_the_buffer),
        cmocka_unit_test(fed_by_drops),
        cmocka_unit_test(random_streams),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
