/*
 * What is damaged in a file of countries is found before libmaxminddb sees it; what is only unusual is not.
 */
#include "country_priv.h"

#include <setjmp.h>
#include <cmocka.h>

#include "ingest/buf.h"
#include "mmdb.h"

static char path[] = "/tmp/ingest-country-check-XXXXXX";

/* A node or two, data and metadata; the texts are bytes. */
struct file {
    const char *worry;
    unsigned bits, n_nodes, claimed_nodes;
    uint64_t records[4]; /* as they are stored: nodes + 16 is the data's first byte */
    const char *data;
    size_t n_data;
    const char *why; /* part of the cause; NULL: it is good */
};

#define DATA(text) text, sizeof text - 1
#define ONE(text)  24, 1, 1, { 17, 17 }, DATA(text)
#define TEXT_DE    "\x42" "DE"
#define DEEP4      "\xe1\x41" "a" "\xe1\x41" "a" "\xe1\x41" "a" "\xe1\x41" "a"
#define DEEP16     DEEP4 DEEP4 DEEP4 DEEP4

static const struct file files[] = {
    { "a text", ONE(TEXT_DE), NULL },
    { "nothing at all", 24, 1, 1, { 1, 1 }, DATA(""), NULL },
    { "records of 28 bits", 28, 2, 2, { 1, 18, 2, 18 }, DATA(TEXT_DE), NULL },
    { "records of 32 bits", 32, 2, 2, { 1, 18, 2, 18 }, DATA(TEXT_DE), NULL },
    { "the upper bits of 28, left", 28, 1, 1, { 0x8000001, 1 }, DATA(TEXT_DE), "the search tree leads nowhere" },
    { "the upper bits of 28, right", 28, 1, 1, { 1, 0x8000001 }, DATA(TEXT_DE), "the search tree leads nowhere" },
    { "a record of 32 bits beyond all", 32, 1, 1, { 1, 0xffffffff }, DATA(TEXT_DE), "the search tree leads nowhere" },
    { "a record into the gap", 24, 1, 1, { 1, 16 }, DATA(TEXT_DE), "the search tree leads nowhere" },
    { "a record behind the last value", 24, 1, 1, { 1, 20 }, DATA(TEXT_DE), "the search tree leads nowhere" },
    { "a record to the last byte", 24, 1, 1, { 1, 18 }, DATA("\x42\x40"), NULL },
    { "more nodes than the file has", 24, 1, 1000, { 1, 1 }, DATA(TEXT_DE), "larger than the file" },
    { "nodes of which 32 bits see none", 24, 1, 0x2aaaaaab, { 1, 1 }, DATA(TEXT_DE), "larger than the file" },
    { "no nodes", 24, 1, 0, { 1, 1 }, DATA(TEXT_DE), "of no known kind" },
    { "records of 20 bits", 20, 1, 1, { 1, 1 }, DATA(TEXT_DE), "of no known kind" },
    { "a text that is cut off", ONE("\x43" "DE"), "a value is cut off" },
    { "a text whose size is cut off", ONE("\x5f\x01\x02"), "a value is cut off" },
    { "a text of 29 bytes", ONE("\x5d\x00" "12345678901234567890123456789"), NULL },
    { "a text of 30 bytes of which 29 are there", ONE("\x5d\x01" "12345678901234567890123456789"), "a value is cut off" },
    { "a type that is cut off", ONE("\x00"), "a value is cut off" },
    { "a type that nobody knows", ONE("\x01\x20 "), "no type" },
    { "a double of 7 bytes", ONE("\x67" "1234567"), "no type" },
    { "a float of 4 bytes", ONE("\x04\x08" "1234"), NULL },
    { "a number of 16 bits and 3 bytes", ONE("\xa3" "123"), "no type" },
    { "a number of 128 bits", ONE("\x10\x03" "1234567890123456"), NULL },
    { "a truth of two", ONE("\x02\x07"), "no type" },
    { "a map that ends early", ONE("\xe2\x41" "a" "\x41" "b"), "a value is missing" },
    { "a map without values", ONE("\xe1\x41" "a"), "a value is missing" },
    { "a key that is a number", ONE("\xe1\xa1\x01\x41" "b"), "a key is no text" },
    { "an array of 65,821 and no elements", ONE("\x1f\x04\x00\x00\x00"), "a value is missing" },
    { "a key that is pointed to", ONE("\xe1\x20\x04\xc0" "\x41" "a"), NULL },
    { "a key that points to a number", ONE("\xe1\x20\x04\xc0" "\xa1\x01"), "a key is no text" },
    { "a pointer to a text", 24, 1, 1, { 1, 20 }, DATA(TEXT_DE "\x20\x00"), NULL },
    { "a pointer behind the end", ONE("\x20\x02"), "a pointer leads nowhere" },
    { "a pointer far behind the end", ONE("\x38\xff\xff\xff\xff"), "a pointer leads nowhere" },
    { "a pointer of two bytes is 2,048 on", ONE("\x28\x00\x00"), "a pointer leads nowhere" },
    { "a pointer that is cut off", ONE("\x38\x00\x00\x00"), "a pointer is cut off" },
    { "a pointer to itself", ONE("\x20\x00"), "a pointer leads to another" },
    { "a map that holds itself", ONE("\xe1\x41" "a" "\x20\x00"), NULL },
    { "a pointer to what is cut off", ONE("\xe1\x41" "a" "\x20\x05" "\x42"), "a value is cut off" },
    { "maps in maps, sixteen", ONE(DEEP16 "\x41" "b"), NULL },
    { "maps in maps, forty-eight", ONE(DEEP16 DEEP16 DEEP16 "\x41" "b"), "too deep" },
};

static void
add_record(struct buf *b, unsigned bits, const uint64_t pair[2])
{
    uint8_t at[8] = { 0 };
    size_t n = bits / 8;

    if (bits == 28) {
        const uint8_t seven[7] = {
            (uint8_t)(pair[0] >> 16), (uint8_t)(pair[0] >> 8), (uint8_t)pair[0],
            (uint8_t)(pair[0] >> 24 << 4 | pair[1] >> 24),
            (uint8_t)(pair[1] >> 16), (uint8_t)(pair[1] >> 8), (uint8_t)pair[1],
        };

        buf_add(b, seven, sizeof seven);
        return;
    }
    for (unsigned side = 0; side < 2; side++)
        for (size_t i = 0; i < n; i++)
            at[side * n + i] = (uint8_t)(pair[side] >> 8 * (n - 1 - i));
    buf_add(b, at, 2 * n);
}

static void
make(struct buf *b, const struct file *f)
{
    for (unsigned i = 0; i < f->n_nodes; i++)
        add_record(b, f->bits, f->records + 2 * i);
    buf_add(b, (char[16]){ 0 }, 16);
    buf_add(b, f->data, f->n_data);
    buf_add(b, "\xab\xcd\xefMaxMind.com", 14);
    mmdb_control(b, 7, 2);
    mmdb_text(b, "node_count");
    mmdb_control(b, 6, 4);
    buf_be32(b, f->claimed_nodes);
    mmdb_text(b, "record_size");
    mmdb_number(b, 5, f->bits);
    assert_false(b->failed);
}

static enum st
check_bytes(const void *p, size_t n, struct err *err)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    *err = (struct err){ 0 };
    return country_check(path, err);
}

static void
what_is_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const struct file *f = &files[i];
        struct buf b = { 0 };
        struct err err;
        enum st rc;

        make(&b, f);
        rc = check_bytes(b.p, b.n, &err);
        buf_release(&b);
        if (rc != (f->why == NULL ? ST_OK : ST_USAGE))
            fail_msg("%s: %d, %s", f->worry, rc, err.cause);
        if (f->why != NULL && (strstr(err.cause, f->why) == NULL || err.hint[0] == '\0'))
            fail_msg("%s: %s", f->worry, err.cause);
    }
}

/* Of a good file no beginning is good. */
static void
cut_at_every_byte(void **state)
{
    static const struct file good = { "", ONE("\xe1\x47" "country" "\xe1\x48" "iso_code" TEXT_DE), NULL };
    struct buf b = { 0 };
    struct err err;

    (void)state;
    make(&b, &good);
    assert_int_equal(check_bytes(b.p, b.n, &err), ST_OK);
    for (size_t n = 0; n < b.n; n++)
        if (check_bytes(b.p, n, &err) != ST_USAGE || err.cause[0] == '\0')
            fail_msg("%zu bytes of %zu: %s", n, b.n, err.cause);
    buf_release(&b);
}

/* Each array holds the next eight times, by pointers: gone through once in the data, refused in the metadata, where the library
 * follows all. */
static void
eight_times_the_next(void **state)
{
    struct file f = { "", 24, 1, 1, { 17, 17 }, NULL, 0, NULL };
    struct buf data = { 0 }, b = { 0 };
    struct err err;

    (void)state;
    for (unsigned i = 1; i <= 7; i++) {
        buf_add(&data, "\x08\x04", 2);
        for (unsigned j = 0; j < 8; j++)
            buf_add(&data, (uint8_t[2]){ 0x20, (uint8_t)(18 * i) }, 2);
    }
    buf_add(&data, TEXT_DE, 3);
    f.data = data.p;
    f.n_data = data.n;
    make(&b, &f);
    assert_int_equal(check_bytes(b.p, b.n, &err), ST_OK);
    b.n = 0;
    buf_add(&b, "\xab\xcd\xefMaxMind.com", 14);
    buf_add(&b, data.p, data.n);
    assert_int_equal(check_bytes(b.p, b.n, &err), ST_USAGE);
    assert_non_null(strstr(err.cause, "over one another"));
    buf_release(&data);
    buf_release(&b);
}

static void
what_is_no_file(void **state)
{
    struct err err = { 0 };

    (void)state;
    assert_int_equal(country_check("/nonexistent/x.mmdb", &err), ST_USAGE);
    assert_string_equal(err.cause, strerror(ENOENT));
    assert_int_equal(country_check("/dev/zero", &err), ST_USAGE);
    assert_string_equal(err.cause, "it is no regular file");
    assert_int_equal(check_bytes("", 0, &err), ST_USAGE);
    assert_string_equal(err.cause, "it is empty");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_damaged),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(eight_times_the_next),
        cmocka_unit_test(what_is_no_file),
    };
    int rc, fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return rc;
}
