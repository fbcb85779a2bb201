/*
 * What all containers have in common: they follow one another, zeros may stand between them and nothing else, and no
 * cut and no flipped bit gives another text. Each case runs over every kind that the build reads.
 */
#include "packs.h"

#define TEXT SLICE("192.0.2.7 GET /gems/rake-13.0.6.gem 200\n192.0.2.8 GET / 404\nlast line without its end")

static void
any_text_in_any_pieces(void **state)
{
    static const size_t lengths[] = { 0, 1, 65535, 65536, 65537, 900000, 2 * MIB + 3 };
    static const size_t pieces[] = { 4000, 131072, 7 };

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++)
        for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
            struct buf text = { 0 }, b = { 0 }, out = { 0 };
            struct input_result result;
            struct err err;

            add_log(&text, lengths[i], 3);
            packers[k].pack(&b, content(&text));
            gives(&b, content(&text), 64 * KIB);
            gives(&b, content(&text), 512 * KIB);
            for (size_t p = 0; p < ARRAY_LEN(pieces) && (lengths[i] < MIB || p < 2); p++) {
                struct feed feed;

                feed_init(&feed, content(&b), pieces[p]);
                assert_int_equal(read_all(&standard_input, 64 * KIB, &out, &result, &err), ST_OK);
                feed_release(&feed);
                assert_true(slice_eq(content(&out), content(&text)));
                assert_string_equal(result.codec, packers[k].name);
                assert_true(result.verified);
            }
            buf_release(&text);
            buf_release(&b);
            buf_release(&out);
        }
}

/* What does not become smaller, and what becomes very small. */
static void
noise_and_silence(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++) {
        struct buf text = { 0 }, b = { 0 };

        add_noise(&text, 700000, 4);
        packers[k].pack(&b, content(&text));
        gives(&b, content(&text), 64 * KIB);
        buf_reset(&text);
        buf_reset(&b);
        add_fill(&text, '\n', 20 * MIB);
        packers[k].pack(&b, content(&text));
        assert_true(b.n < 100000);
        gives(&b, content(&text), 256 * KIB);
        buf_release(&text);
        buf_release(&b);
    }
}

static void
many_in_a_file(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++) {
        struct buf b = { 0 }, text = { 0 };

        for (unsigned i = 0; i < 500; i++) {
            size_t at = text.n;

            if (i % 3 != 0)
                buf_printf(&text, "line %u of a container of its own\n", i);
            packers[k].pack(&b, (struct slice){ text.p + at, text.n - at });
        }
        gives(&b, content(&text), 64 * KIB);
        gives(&b, content(&text), 512 * KIB);
        buf_release(&b);
        buf_release(&text);
    }
}

static void
zero_padding(void **state)
{
    static const size_t pads[] = { 1, 3, 4, 8, 511, 200000, 131072 };

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++)
        for (size_t i = 0; i < ARRAY_LEN(pads); i++) {
            struct buf b = { 0 }, twice = { 0 };

            buf_add_slice(&twice, TEXT);
            buf_add_slice(&twice, TEXT);
            packers[k].pack(&b, TEXT);
            add_fill(&b, 0, pads[i]);
            gives(&b, TEXT, 64 * KIB); /* behind the last */
            packers[k].pack(&b, TEXT);
            gives(&b, content(&twice), 64 * KIB); /* between two */
            add_fill(&b, 0, pads[i]);
            gives(&b, content(&twice), 64 * KIB);
            size_t end = b.n;
            buf_add(&b, "x", 1);
            refused(content(&b), "rubbish", end);
            buf_release(&b);
            buf_release(&twice);
        }
}

static void
rubbish_behind_the_end(void **state)
{
    static const struct slice rubbish[] = {
        { "x", 1 }, { "\n", 1 }, { "a plain line\n", 13 }, { "\0\xff", 2 }, { "PK\3\4", 4 },
        { "\x1f\x8c", 2 }, { "\x28\xb5\x2f\xfe", 4 }, { "BZ0", 3 }, { "BZh0", 4 }, { "\xfd" "7zXX", 5 },
        { "\x50\x2a\x4d\x19", 4 }, { "\x60\x2a\x4d\x18", 4 },
    };

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++)
        for (size_t i = 0; i < ARRAY_LEN(rubbish); i++) {
            struct buf b = { 0 };

            packers[k].pack(&b, TEXT);
            size_t end = b.n + (rubbish[i].p[0] == 0);
            buf_add_slice(&b, rubbish[i]);
            refused(content(&b), "rubbish behind the end of the last", end);
            refused(content(&b), packers[k].part, end);
            buf_release(&b);
        }
}

/* The offset is where the rubbish begins, whatever it begins like. */
static void
rubbish_has_its_place(void **state)
{
    static const struct slice rubbish[] = { { "BZh0", 4 }, { "\x28\xb5\x2f\xfe", 4 }, { "\xfd" "7zXX", 5 }, { "zzzzzzzz", 8 } };

    (void)state;
    for (size_t k = 1; k < ARRAY_LEN(packers); k++)
        for (size_t i = 0; i < ARRAY_LEN(rubbish); i++) {
            struct input_result result;
            struct buf b = { 0 };
            struct err err;

            packers[k].pack(&b, TEXT);
            size_t end = b.n;
            buf_add_slice(&b, rubbish[i]);
            assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_CORRUPT);
            assert_int_equal(err.offset, end);
            buf_release(&b);
        }
}

/* Two containers, every shorter beginning: never taken, but exactly between the two. */
static void
cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++) {
        struct buf b = { 0 }, text = { 0 };
        size_t border;

        add_log(&text, 700, 9);
        packers[k].pack(&b, content(&text));
        border = b.n;
        packers[k].pack(&b, content(&text));
        for (size_t n = 1; n < b.n; n++) {
            struct slice cut = { b.p, n };

            if (n == border) {
                b.n = border;
                gives(&b, content(&text), 64 * KIB);
                b.n = 2 * border;
            } else if (k != 0 || n != 10) { /* a header of gzip alone is empty on purpose */
                refused(cut, "ends inside", n);
            }
        }
        buf_release(&b);
        buf_release(&text);
    }
}

/* Every bit of a small file, but for the magic number: seen, or of no effect on the text. */
static void
every_bit_flipped(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++) {
        struct buf b = { 0 }, text = { 0 }, out = { 0 };
        size_t n_seen = 0, n_harmless = 0;

        add_log(&text, 1800, 11);
        packers[k].pack(&b, content(&text));
        for (size_t bit = 8 * packers[k].n_magic; bit < 8 * b.n; bit++) {
            struct input_result result;
            struct err err;
            enum st rc;

            b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
            rc = read_bytes(content(&b), 64 * KIB, &out, &result, &err);
            b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
            if (rc == ST_OK && slice_eq(content(&out), content(&text)) && result.verified)
                n_harmless++;
            else if (rc != ST_OK && (rc == ST_CORRUPT ? err.offset <= b.n : rc == ST_FORMAT || rc == ST_IO))
                n_seen++;
            else if (rc == ST_OK && !result.verified) /* the flag that says there is a checksum: the other end tells */
                fail_msg("%s, bit %zu: now without a checksum, and taken", packers[k].name, bit);
            else
                fail_msg("%s, bit %zu: %d, %zu bytes", packers[k].name, bit, rc, out.n);
        }
        assert_in_range(n_harmless, 0, 80);
        assert_int_equal(n_harmless + n_seen, 8 * (b.n - packers[k].n_magic));
        buf_release(&b);
        buf_release(&text);
        buf_release(&out);
    }
}

/* Half a magic number is no line of text. */
static void
half_a_magic_number(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++) {
        struct buf b = { 0 };

        packers[k].pack(&b, TEXT);
        for (size_t n = 1; n < packers[k].n_magic; n++)
            refused((struct slice){ b.p, n }, "ends inside", n);
        buf_release(&b);
    }
}

/* Text that begins like a container is text. */
static void
text_that_looks_like_one(void **state)
{
    static const struct slice texts[] = {
        SLICE("BZhost.example 192.0.2.7\n"), SLICE("BZh9 is a host\n"), SLICE("(192.0.2.7) x\n"), SLICE("P*\n"), SLICE("[\n"),
        SLICE("PAR1 edge 192.0.2.7\n"), SLICE("LZIP 1\n"), SLICE("%PDF-reader 192.0.2.7\n"), SLICE("7zip.example x\n"), SLICE("PK is a host\n"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct input_result result;
        struct buf out = { 0 };
        struct err err;

        assert_int_equal(read_bytes(texts[i], 64 * KIB, &out, &result, &err), ST_OK);
        assert_true(slice_eq(content(&out), texts[i]));
        assert_string_equal(result.codec, "plain");
        assert_false(result.verified);
        buf_release(&out);
    }
}

static void
one_inside_another(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++)
        for (size_t i = 0; i < ARRAY_LEN(packers); i++) {
            struct buf inner = { 0 }, b = { 0 };
            struct input_result result;
            struct err err;
            char cause[60];

            packers[i].pack(&inner, TEXT);
            packers[k].pack(&b, content(&inner));
            assert_int_equal(read_with(content(&b), NULL, &result, &err), ST_FORMAT);
            snprintf(cause, sizeof cause, "it is %s inside %s", packers[i].name, packers[k].name);
            assert_string_equal(err.cause, cause);
            assert_false(err.not_a_log);
            buf_release(&inner);
            buf_release(&b);
        }
}

/* What a build without a library says, and that it says it before anything is decoded. */
static void
what_this_build_cannot_read(void **state)
{
    static const struct slice heads[] = { { "\x28\xb5\x2f\xfd rest", 9 }, { "BZh91AY&SY", 10 }, { "\xfd" "7zXZ\0rest", 10 } };
    static const struct codec *const codecs[] = { &codec_zstd, &codec_bzip2, &codec_xz };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
        struct input_result result;
        struct err err;

        if (codecs[i]->open != NULL)
            continue;
        assert_int_equal(read_with(heads[i], NULL, &result, &err), ST_IO);
        assert_non_null(strstr(err.cause, "this build cannot read "));
        assert_non_null(strstr(err.cause, codecs[i]->name));
        assert_non_null(strstr(err.hint, codecs[i]->package));
        assert_non_null(strstr(err.hint, codecs[i]->unpack));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_in_any_pieces),
        cmocka_unit_test(noise_and_silence),
        cmocka_unit_test(many_in_a_file),
        cmocka_unit_test(zero_padding),
        cmocka_unit_test(rubbish_behind_the_end),
        cmocka_unit_test(rubbish_has_its_place),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(every_bit_flipped),
        cmocka_unit_test(half_a_magic_number),
        cmocka_unit_test(text_that_looks_like_one),
        cmocka_unit_test(one_inside_another),
        cmocka_unit_test(what_this_build_cannot_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
