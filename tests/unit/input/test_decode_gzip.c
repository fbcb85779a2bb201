/*
 * The gzip container: headers, members, padding, rubbish, checksums, and every way to be cut or flipped. What is between
 * header and trailer is the business of test_inflate.c.
 */
#include "inputs.h"

#define TEXT SLICE("192.0.2.7 GET /gems/rake-13.0.6.gem 200\n192.0.2.8 GET / 404\nlast line without its end")

static void
headers_that_are_legal(void **state)
{
    struct buf long_extra = { 0 };

    (void)state;
    add_noise(&long_extra, 65535, 5);
    const struct member cases[] = {
        { .flags = 0 },
        { .flags = 1 }, /* FTEXT is only advice */
        { .flags = 8, .name = SLICE("../../etc/passwd") },
        { .flags = 8, .name = SLICE("") },
        { .flags = 16, .comment = SLICE("\xff\xfe\x1f\x8b") },
        { .flags = 4, .extra = SLICE("") },
        { .flags = 4, .extra = { "BC\2\0\x34\x12", 6 } }, /* as BGZF has it */
        { .flags = 4, .extra = content(&long_extra) },
        { .flags = 2 },
        { .flags = 2 | 4 | 8 | 16 | 1, .extra = SLICE("extra"), .name = SLICE("a.log"), .comment = SLICE("why") },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };

        add_member(&b, TEXT, &cases[i]);
        add_member(&b, TEXT, &cases[i]);
        struct buf twice = { 0 };
        buf_add_slice(&twice, TEXT);
        buf_add_slice(&twice, TEXT);
        gives(&b, content(&twice), 64 * KIB);
        buf_release(&b);
        buf_release(&twice);
    }
    buf_release(&long_extra);
}

static void
headers_that_are_not(void **state)
{
    static const struct {
        struct member m;
        const char   *cause;
    } cases[] = {
        { { .method = 7 }, "method" }, { { .method = 9 }, "method" }, { { .method = 255 }, "method" },
        { { .flags = 0x20 }, "reserved" }, { { .flags = 0x40 }, "reserved" }, { { .flags = 0x80 }, "reserved" },
        { { .flags = 0xe8, .name = { "n", 1 } }, "reserved" },
        { { .flags = 2, .bad_header_crc = true }, "header does not match" },
        { { .flags = 30, .extra = { "x", 1 }, .name = { "y", 1 }, .bad_header_crc = true }, "header does not match" },
        { { .bad_crc = true }, "CRC-32" }, { { .bad_size = true }, "length" },
        { { .bad_crc = true, .bad_size = true }, "CRC-32" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };

        add_member(&b, TEXT, &cases[i].m);
        refused(content(&b), cases[i].cause, 1);
        buf_reset(&b);
        add_member(&b, TEXT, &(struct member){ 0 }); /* and the same behind a good one */
        size_t good = b.n;
        add_member(&b, TEXT, &cases[i].m);
        refused(content(&b), cases[i].cause, good + 1);
        buf_release(&b);
    }
}

/* The CRC-32 of an empty member is 0, and so is its length: neither may be left unchecked. */
static void
empty_members_are_checked_too(void **state)
{
    struct buf b = { 0 };

    (void)state;
    add_member(&b, SLICE(""), &(struct member){ 0 });
    gives(&b, SLICE(""), 64 * KIB);
    b.p[b.n - 8] ^= 1;
    refused(content(&b), "CRC-32", 10);
    b.p[b.n - 8] ^= 1;
    b.p[b.n - 1] ^= 1;
    refused(content(&b), "length", 10);
    buf_release(&b);
}

static void
many_members(void **state)
{
    struct buf b = { 0 }, text = { 0 };

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        size_t at = text.n;

        if (i % 3 != 0)
            buf_printf(&text, "line %u of a member of its own\n", i);
        add_member(&b, (struct slice){ text.p + at, text.n - at }, &(struct member){ .level = 1, .mem_level = 1, .flags = i % 5 == 0 ? 2 : 0 });
    }
    gives(&b, content(&text), 64 * KIB);
    gives(&b, content(&text), 512 * KIB);
    buf_reset(&b);
    for (unsigned i = 0; i < 10000; i++)
        add_member(&b, SLICE(""), &(struct member){ .level = 1, .mem_level = 1 });
    gives(&b, SLICE(""), 64 * KIB);
    buf_release(&b);
    buf_release(&text);
}

/* Blocks of up to 64 KiB with their size in FEXTRA, and the empty block that ends a BGZF file. */
static void
bgzf(void **state)
{
    struct buf b = { 0 }, text = { 0 };

    (void)state;
    add_log(&text, 1000000, 3);
    for (size_t at = 0; at < text.n; at += 65280) {
        struct slice piece = { text.p + at, text.n - at < 65280 ? text.n - at : 65280 };
        struct member m = { .flags = 4, .extra = { "BC\2\0\0\0", 6 } };

        add_member(&b, piece, &m);
    }
    buf_add(&b, "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0\x42\x43\x02\0\x1b\0\x03\0\0\0\0\0\0\0\0\0", 28);
    gives(&b, content(&text), 64 * KIB);
    gives(&b, content(&text), 256 * KIB);
    buf_release(&b);
    buf_release(&text);
}

static void
zero_padding(void **state)
{
    static const size_t pads[] = { 1, 2, 7, 8, 9, 15, 16, 17, 511, 512, 200000, 131072 - 60, 131072, 262144 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pads); i++) {
        struct buf b = { 0 }, twice = { 0 };

        buf_add_slice(&twice, TEXT);
        buf_add_slice(&twice, TEXT);
        add_member(&b, TEXT, &(struct member){ 0 });
        add_fill(&b, 0, pads[i]);
        gives(&b, TEXT, 64 * KIB); /* behind the last member */
        add_member(&b, TEXT, &(struct member){ 0 });
        gives(&b, content(&twice), 64 * KIB); /* between members */
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
    static const struct {
        struct slice rubbish;
        const char  *cause;
    } cases[] = {
        { { "x", 1 }, "rubbish" }, { { "\n", 1 }, "rubbish" }, { { "\x1f", 1 }, "ends inside a member's header" },
        { { "\x1f\0", 2 }, "rubbish" }, { { "\x1f\x8c", 2 }, "rubbish" }, { { "\x1f\x1f\x8b", 3 }, "rubbish" },
        { { "\0\0\x1f", 3 }, "ends inside a member's header" }, { { "\0\xff", 2 }, "rubbish" },
        { { "\x1f\x8b", 2 }, "ends inside a member's header" }, { { "\x1f\x8b\x08", 3 }, "ends inside a member's header" },
        { { "\x28\xb5\x2f\xfd", 4 }, "rubbish" }, { { "a plain line\n", 13 }, "rubbish" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = { 0 };

        add_member(&b, TEXT, &(struct member){ 0 });
        size_t end = b.n;
        buf_add_slice(&b, cases[i].rubbish);
        refused(content(&b), cases[i].cause, end);
        buf_release(&b);
    }
}

/* Two members, every shorter beginning: never taken, but exactly between the members. */
static void
cut_at_every_byte(void **state)
{
    const struct member m = { .flags = 2 | 4 | 8 | 16, .extra = SLICE("extra"), .name = SLICE("a.log"), .comment = SLICE("c") };
    struct buf b = { 0 }, text = { 0 };
    size_t border;

    (void)state;
    add_log(&text, 700, 9);
    add_member(&b, content(&text), &m);
    border = b.n;
    add_member(&b, content(&text), &m);
    for (size_t n = 1; n < b.n; n++) {
        struct slice cut = { b.p, n };

        if (n == border) {
            b.n = border;
            gives(&b, content(&text), 64 * KIB);
            b.n = 2 * border;
        } else {
            refused(cut, "ends inside", n);
        }
    }
    buf_release(&b);
    buf_release(&text);
}

/* Every bit of a file of about 1 kB, but for the magic number: seen, or of no effect on the text. */
static void
every_bit_flipped(void **state)
{
    struct buf b = { 0 }, text = { 0 }, out = { 0 };
    size_t n_seen = 0, n_harmless = 0;

    (void)state;
    add_log(&text, 3600, 11);
    add_member(&b, content(&text), &(struct member){ .flags = 8, .name = SLICE("access.log"), .mem_level = 1 });
    assert_in_range(b.n, 800, 1400);
    for (size_t bit = 16; bit < 8 * b.n; bit++) {
        struct input_result result;
        struct err err;
        enum st rc;

        b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
        rc = read_bytes(content(&b), 64 * KIB, &out, &result, &err);
        b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
        if (rc == ST_OK && slice_eq(content(&out), content(&text)))
            n_harmless++;
        else if (rc == ST_CORRUPT && err.offset <= b.n)
            n_seen++;
        else
            fail_msg("bit %zu: %d, %zu bytes", bit, rc, out.n);
    }
    /* MTIME, XFL, OS, FTEXT, the name, up to 7 spare bits at the end of the deflate data */
    assert_in_range(n_harmless, 48 + 8 + 1, 48 + 8 + 1 + 8 * 10 + 7);
    assert_int_equal(n_harmless + n_seen, 8 * b.n - 16);
    buf_release(&b);
    buf_release(&text);
    buf_release(&out);
}

/* What log shippers leave for a time without requests. Anything else of it, or behind something, is cut short. */
static void
header_alone_is_empty(void **state)
{
    static const struct input_options strict = { .require_integrity = true };
    struct buf b = { 0 }, out = { 0 };
    struct input_result result;
    struct file f;
    struct err err;
    struct input *in;

    (void)state;
    add_header(&b, &(struct member){ 0 });
    assert_int_equal(b.n, 10);
    gives(&b, SLICE(""), 64 * KIB);
    assert_int_equal(read_bytes(content(&b), 64 * KIB, &out, &result, &err), ST_OK);
    assert_false(result.verified);
    buf_release(&out);
    file_init(&f, content(&b));
    assert_int_equal(input_open(&in, &f.source, &secret, &strict, &err), ST_OK);
    assert_int_equal(input_read(in, (char[64 * KIB]){ 0 }, 64 * KIB, &(size_t){ 0 }, &err), ST_IO);
    input_close(in);
    file_release(&f);
    refused((struct slice){ b.p, 9 }, "ends inside a member's header", 9);
    b.p[2] = 7;
    refused(content(&b), "method", 3);
    buf_reset(&b);
    add_member(&b, SLICE(""), &(struct member){ 0 });
    add_header(&b, &(struct member){ 0 });
    refused(content(&b), "ends inside", b.n);
    buf_reset(&b);
    add_header(&b, &(struct member){ .flags = 8, .name = SLICE("a") });
    refused(content(&b), "ends inside", b.n);
    buf_reset(&b);
    add_header(&b, &(struct member){ 0 });
    add_fill(&b, 0, 1); /* the first byte of a stored block */
    refused(content(&b), "ends inside", b.n);
    buf_release(&b);
}

/* A name that never ends is read over, not held; it must not take time beyond its bytes. */
static void
name_without_end(void **state)
{
    struct buf b = { 0 };

    (void)state;
    buf_add(&b, "\x1f\x8b\x08\x08\0\0\0\0\0\3", 10);
    add_fill(&b, 'n', 5 * MIB);
    refused(content(&b), "ends inside a member's header", b.n);
    buf_release(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_that_are_legal),
        cmocka_unit_test(headers_that_are_not),
        cmocka_unit_test(empty_members_are_checked_too),
        cmocka_unit_test(many_members),
        cmocka_unit_test(bgzf),
        cmocka_unit_test(zero_padding),
        cmocka_unit_test(rubbish_behind_the_end),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(every_bit_flipped),
        cmocka_unit_test(header_alone_is_empty),
        cmocka_unit_test(name_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
