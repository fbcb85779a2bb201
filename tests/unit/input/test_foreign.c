/*
 * What is not ours to read is named, with what to do about it: as a file, by a pipe that drips, and inside a container.
 */
#include "packs.h"

/* A tar archive of one empty file. */
static struct buf
tar(const char *magic)
{
    struct buf b = { 0 };

    buf_text(&b, "var/log/access.log");
    add_fill(&b, 0, 100 - b.n);
    buf_printf(&b, "0000644%c0000000%c0000000%c00000000000%c14561000000%c011111%c %s", 0, 0, 0, 0, 0, 0, "0");
    add_fill(&b, 0, 257 - b.n);
    buf_text(&b, magic);
    add_fill(&b, 0, 10240 - b.n);
    return b;
}

/* The bytes, and as many more as any signature looks at. */
static struct buf
with_more(struct slice head)
{
    struct buf b = { 0 };

    buf_add_slice(&b, head);
    add_noise(&b, 600, 1);
    return b;
}

static const struct {
    struct slice head;
    const char  *cause, *hint;
    bool         not_a_log;
} cases[] = {
    { { "PK\3\4\x14\0", 6 }, "a zip archive", "unzip -p", false },
    { { "PK\5\6\0\0", 6 }, "an empty zip archive", "unzip", false },
    { { "7z\xbc\xaf\x27\x1c\0\4", 8 }, "a 7z archive", "7z x -so", false },
    { { "Rar!\x1a\7\1\0", 8 }, "a rar archive", "unrar", false },
    { { "\x04\x22\x4d\x18\x64\x40", 6 }, "it is lz4,", "lz4 -dc FILE | ingest -", false },
    { { "\x02\x21\x4c\x18", 4 }, "lz4 of an old", "lz4 -dc", false },
    { { "\x27\xb5\x2f\xfd", 4 }, "zstd of an old version", "zstd -dc", false },
    { { "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 13 }, "it is lzma,", "--format=lzma", false },
    { { "LZIP\1\x0c", 6 }, "lzip", "lzip -dc", false },
    { { "\x89LZO\0\r\n\x1a\n\x10", 10 }, "lzop", "lzop -dc", false },
    { { "\x1f\x9d\x90", 3 }, "compress", "gzip -dc", false },
    { { "\xff\6\0\0sNaPpY", 10 }, "snappy", "snzip -dc", false },
    { { "\xff\xfe" "1\0", 4 }, "UTF-16", "iconv -f UTF-16", false },
    { { "\xfe\xff\0" "1", 4 }, "UTF-16", "iconv -f UTF-16", false },
    { { "-----BEGIN PGP MESSAGE-----\n\n", 29 }, "OpenPGP", "gpg -d FILE | ingest -", false },
    { { "\x85\2\x0c\3\xa5\x5a", 6 }, "OpenPGP", "gpg -d", false },
    { { "\x84\x5e\3\1\2\3", 6 }, "OpenPGP", "gpg -d", false },
    { { "\x8c\x0d\4\x09\3\x0a", 6 }, "OpenPGP", "gpg -d", false },
    { { "age-encryption.org/v1\n-> ", 25 }, "age", "age -d", false },
    { { "PAR1\x15\4", 6 }, "Parquet", "W3C", false },
    { { "Obj\1\4", 5 }, "Avro", "JSON lines", false },
    { { "LPKSHHRH\0\0\0\0", 12 }, "journal", "journalctl", false },
    { { "SQLite format 3\0\x10\0", 18 }, "SQLite", "leave it out", true },
    { { "%PDF-1.7\r%\xe2\xe3", 12 }, "PDF", "leave it out", true },
    { { "\x7f" "ELF\2\1\1", 7 }, "ELF", "leave it out", true },
    { { "\x89PNG\r\n\x1a\n\0", 9 }, "PNG", "leave it out", true },
    { { "\xff\xd8\xff\xe0", 4 }, "JPEG", "leave it out", true },
    { { "!<arch>\ndebian-binary", 21 }, "Debian package", "leave it out", true },
    { { "\xd4\xc3\xb2\xa1\2\0", 6 }, "packets", "leave it out", true },
};

static void
check(struct slice bytes, const char *cause, const char *hint, bool not_a_log)
{
    struct input_result result;
    struct buf out = { 0 };
    struct feed feed;
    struct err err;

    assert_int_equal(read_bytes(bytes, 64 * KIB, &out, &result, &err), ST_FORMAT);
    if (strstr(err.cause, cause) == NULL || strstr(err.hint, hint) == NULL)
        fail_msg("%s (%s) instead of %s (%s)", err.cause, err.hint, cause, hint);
    assert_int_equal(err.not_a_log, not_a_log);
    feed_init(&feed, bytes, 1);
    assert_int_equal(read_all(&standard_input, 64 * KIB, &out, &result, &err), ST_FORMAT);
    feed_release(&feed);
    assert_non_null(strstr(err.cause, cause));
    buf_release(&out);
}

static void
each_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = with_more(cases[i].head);

        check(content(&b), cases[i].cause, cases[i].hint, cases[i].not_a_log);
        buf_release(&b);
    }
}

static void
tar_archives(void **state)
{
    static const char *const magics[] = { "ustar\00000", "ustar  " };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
        struct buf b = tar(magics[i]);

        check(content(&b), "a tar archive", "tar -xOf", false);
        buf_release(&b);
    }
}

static void
inside_a_container(void **state)
{
    struct buf archive = tar("ustar  ");

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++) {
        struct buf b = { 0 }, utf16 = { 0 };
        char cause[60];

        packers[k].pack(&b, content(&archive));
        snprintf(cause, sizeof cause, "it is a tar archive inside %s", packers[k].name);
        check(content(&b), cause, "unpack it first", false);
        buf_reset(&b);
        packers[k].pack(&b, (struct slice){ "\xff\xfe" "1\0.\0", 6 });
        snprintf(cause, sizeof cause, "it is UTF-16 text inside %s", packers[k].name);
        check(content(&b), cause, "iconv", false);
        buf_release(&b);
        buf_release(&utf16);
    }
    buf_release(&archive);
}

/* A container with a flipped bit in its magic number is no half line of a log that is being written. */
static void
binary_without_a_line(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(packers); k++)
        for (size_t bit = 0; bit < 8 * packers[k].n_magic; bit++) {
            struct buf b = { 0 };
            struct input_result result;
            struct err err;
            enum st rc;

            packers[k].pack(&b, SLICE("192.0.2.7 GET /gems/rake-13.0.6.gem 200\n"));
            b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
            rc = read_with(content(&b), NULL, &result, &err);
            if (rc == ST_OK && strcmp(result.codec, "plain") == 0 && memchr(b.p, '\n', b.n) == NULL)
                fail_msg("%s, bit %zu: half a line", packers[k].name, bit);
            buf_release(&b);
        }
}

/* A client that writes into the log must not be able to make it look like something else. */
static void
a_log_that_tries(void **state)
{
    static const struct slice texts[] = {
        SLICE("%PDF-1.7 192.0.2.7 - -\n"), SLICE("PAR1.example 192.0.2.7 - -\n"), SLICE("Rar! 192.0.2.7\n"),
        SLICE("SQLite format 3 192.0.2.7\n"), SLICE("GIF89a 192.0.2.7\n"), SLICE("LZIP 192.0.2.7\n"), SLICE("!<arch> 192.0.2.7\n"),
        SLICE("age-encryption.org/v1 192.0.2.7\n"), SLICE("\n\r\r\n192.0.2.7\n"), SLICE("\xc3\xa4.example 192.0.2.7\n"),
    };
    struct buf line = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf b = { 0 };

        buf_add_slice(&b, texts[i]);
        add_log(&b, 600, 2);
        buf_text(&b, "\n");
        gives(&b, content(&b), 64 * KIB);
        buf_release(&b);
    }
    add_fill(&line, 'a', 257); /* the place of tar's signature, in a long request */
    buf_text(&line, "ustar");
    add_fill(&line, 'a', 800);
    buf_text(&line, "\n");
    gives(&line, content(&line), 64 * KIB);
    buf_release(&line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_named),
        cmocka_unit_test(tar_archives),
        cmocka_unit_test(inside_a_container),
        cmocka_unit_test(binary_without_a_line),
        cmocka_unit_test(a_log_that_tries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
