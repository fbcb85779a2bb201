/*
 * Manifests: what is written is read again; whatever else stands there is refused, by its line.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "backup_priv.h"

#define SHA  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "ingest backup\t1\nmade\t2026-11-21T234500Z\ndatabase\tstats\n"
#define DUMP "dump\t100\t" SHA "\n"

static char path[] = "/tmp/ingest-manifest-XXXXXX";

static enum st
read_bytes(struct manifest *m, const char *text, size_t n, struct err *err)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    return manifest_read(m, path, err);
}

static enum st
read_text(struct manifest *m, const char *text, struct err *err)
{
    return read_bytes(m, text, strlen(text), err);
}

static void
written_and_read(void **state)
{
    struct manifest m = { .made_at = "2026-11-21T234500Z",
                          .server = "15.8",
                          .database = "a b",
                          .dump_bytes = INT64_MAX,
                          .dump_sha256 = SHA },
                    again;
    struct buf text = { 0 };
    struct err err;

    (void)state;
    assert_int_equal(manifest_add(&m, slice_of("pub\"lic"), slice_of("t; DROP"), &err), ST_OK);
    assert_int_equal(manifest_add(&m, slice_of("ingest"), slice_of("\xc3\xa9"), &err), ST_OK);
    m.tables[0].rows = 7;
    snprintf(m.tables[0].sums[0], sizeof m.tables[0].sums[0], "-12");
    snprintf(m.tables[0].sums[1], sizeof m.tables[0].sums[1], "34");
    assert_int_equal(manifest_add(&m, slice_of("public"), slice_of("a\tb"), &err), ST_DB);
    assert_int_equal(manifest_add(&m, slice_of("pub\nlic"), slice_of("a"), &err), ST_DB);
    assert_true(manifest_text(&m, &text));
    assert_int_equal(read_text(&again, buf_str(&text), &err), ST_OK);
    assert_string_equal(again.made_at, m.made_at);
    assert_string_equal(again.database, "a b");
    assert_string_equal(again.dump_sha256, SHA);
    assert_true(again.dump_bytes == INT64_MAX);
    assert_int_equal(again.n_tables, 2);
    assert_string_equal(again.tables[0].schema, "pub\"lic");
    assert_string_equal(again.tables[0].name, "t; DROP");
    assert_string_equal(again.tables[0].sums[0], "-12");
    assert_int_equal(again.tables[0].rows, 7);
    assert_string_equal(again.tables[1].name, "\xc3\xa9");
    manifest_release(&again);
    manifest_release(&m);
    manifest_release(&m);
    buf_release(&text);
}

static void
refused_by_line(void **state)
{
    static const struct {
        const char *text;
        uint64_t line_no;
    } cases[] = {
        { "", 0 },
        { "\n", 1 },
        { "ingest backup\t2\n" DUMP, 1 },
        { "ingest backup\n" DUMP, 1 },
        { "PGDMP\x01\x0e", 1 },
        { HEAD, 3 },
        { HEAD "dump\t100\n", 4 },
        { HEAD "dump\t-1\t" SHA "\n", 4 },
        { HEAD "dump\t100\t" SHA "0\n", 4 },
        { HEAD "dump\t99999999999999999999\t" SHA "\n", 4 },
        { HEAD DUMP "table\t1\t2\t3\tpublic\n", 5 },
        { HEAD DUMP "table\t1\t2\t3\tpublic\t\n", 5 },
        { HEAD DUMP "table\t1\t2\t3\t\tstats\n", 5 },
        { HEAD DUMP "table\tx\t2\t3\tpublic\tstats\n", 5 },
        { HEAD DUMP "table\t1\t2\t3\tpublic\tst\x1b[2Jats\n", 5 },
        { HEAD DUMP "table\t1\t2\t3\tpublic\ta\tb\n", 5 },
        { HEAD DUMP
          "table\t1\t123456789012345678901234567890123456789012345678\t3\tpublic\tstats\n",
          5 },
        { HEAD DUMP "made\t2026-11-21T234500Z and much more than a time has\n", 5 },
    };
    struct manifest m;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (read_text(&m, cases[i].text, &err) != ST_CORRUPT || err.line_no != cases[i].line_no)
            fail_msg("case %zu: line %" PRIu64 ": %s", i, err.line_no, err.cause);
        assert_string_equal(err.path, path);
        manifest_release(&m);
    }
}

static void
later_words_long_lines_and_no_end(void **state)
{
    enum { LONG = 300000 };
    struct manifest m;
    struct err err;
    char *text = malloc(LONG);

    (void)state;
    assert_int_equal(read_text(&m, HEAD DUMP "colour\tblue\ntable\t1\t2\t3\tpublic\tstats", &err),
                     ST_OK);
    assert_int_equal(m.n_tables, 1);
    manifest_release(&m);
    assert_non_null(text);
    memset(text, 'x', LONG);
    assert_int_equal(read_bytes(&m, text, LONG, &err), ST_CORRUPT);
    manifest_release(&m);
    memset(text, '\t', LONG);
    assert_int_equal(read_bytes(&m, text, LONG, &err), ST_CORRUPT);
    manifest_release(&m);
    memset(text, '\0', LONG);
    assert_int_equal(read_bytes(&m, text, LONG, &err), ST_CORRUPT);
    manifest_release(&m);
    free(text);
    assert_int_equal(manifest_read(&m, "/nonexistent/x.manifest", &err), ST_IO);
    manifest_release(&m);
    assert_int_equal(manifest_read(&m, "/tmp", &err), ST_IO); /* a directory has no line */
    manifest_release(&m);
}

/* Whoever may write where backups lie could otherwise make the check wait, or take all memory. */
static void
what_is_no_file_or_has_no_end(void **state)
{
    char fifo[64];
    struct manifest m;
    struct err err;

    (void)state;
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(manifest_read(&m, fifo, &err), ST_IO);
    assert_string_equal(err.cause, "it is no regular file");
    assert_int_equal(unlink(fifo), 0);
    assert_int_equal(manifest_read(&m, "/dev/zero", &err), ST_IO);
    assert_int_equal(truncate(path, (off_t)(64 * MIB + 1)), 0);
    assert_int_equal(manifest_read(&m, path, &err), ST_CORRUPT);
    assert_string_equal(err.cause, "it has more bytes than any that ingest writes");
}

static int
make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 || close(fd) != 0;
}

static int
remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(refused_by_line),
        cmocka_unit_test(later_words_long_lines_and_no_end),
        cmocka_unit_test(what_is_no_file_or_has_no_end),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
