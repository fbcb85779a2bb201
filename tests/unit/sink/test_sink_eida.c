/* Rows as the payload of EIDA's aggregator: the text of it, byte by byte, and the file's fate. */
#include "ingest/base.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cmocka.h>

#include "sink_rows.h"

#include "ingest/clock.h"

static const struct dataset dataselect = { .name = "dataselect_stats", .table = "dataselect_stats" };

static char dir[64];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/ingest-eida.XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static int
remove_dir(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct slice
key_of(uint8_t out[KEY_BYTES_MAX], int32_t month, const char *const codes[5])
{
    uint8_t *p = key_put_day(out, month);

    for (size_t i = 0; i < 5; i++)
        p = key_put_text(p, slice_of(codes[i]));
    return (struct slice){ (const char *)out, (size_t)(p - out) };
}

/* All that the gzip file holds. */
static char *
content(const char *path)
{
    static char text[8192];
    gzFile gz = gzopen(path, "rb");
    int n;

    assert_non_null(gz);
    n = gzread(gz, text, sizeof text - 1);
    assert_true(n >= 0 && n < (int)sizeof text - 1);
    assert_int_equal(gzclose(gz), Z_OK);
    text[n] = '\0';
    return text;
}

static size_t
files_in(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static enum st
write_rows(const char *to, const int32_t *days, size_t n_days, uint64_t n_lines, struct rows *rows,
           char path[EIDA_PATH_MAX], struct err *err)
{
    struct eida_head head = { days, n_days, n_lines, rows->n };

    return sink_eida(to, &dataselect, &head, rows, path, err);
}

#define GENERATED "{\"generated_at\": \"2026-11-21 10:00:00\""

static void
the_text_is_that_of_json_dumps(void **state)
{
    static const char *const failed[] = { "", "", "--", "", "" };
    static const char *const odd[] = { "a\"\\\n\t\x1b\x7f", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82", "00", "BHZ", "DE" };
    static const int32_t days[] = { 19738, 19742 };
    uint8_t a[KEY_BYTES_MAX], b[KEY_BYTES_MAX];
    struct row list[] = {
        { .key = key_of(a, 19723, failed), .sums = { 0, 7, 0, 7 },
          .sketch = SLICE("\x12\x8b\x7f\x00\x00\x00\x00\x68\x8e\x54\x40") },
        { .key = key_of(b, 19723, odd), .sums = { INT64_MAX, 2, 2, 0 }, .sketch = SLICE("\x11\x8b\x7f") },
    };
    struct rows rows = { .row = list, .n = 2, .end = ST_EOF };
    char path[EIDA_PATH_MAX], want_path[128], *text;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(write_rows(dir, days, 2, 9, &rows, path, &err), ST_OK);
    snprintf(want_path, sizeof want_path, "%s/2024-01-16_2024-01-20.json.gz", dir);
    assert_string_equal(path, want_path);
    text = content(path);
    assert_int_equal(strncmp(text, GENERATED, 18), 0);
    assert_int_equal(text[28], ' '); /* YYYY-MM-DD HH:MM:SS */
    assert_string_equal(
        text + strlen(GENERATED),
        ", \"version\": \"ingest " INGEST_VERSION "\", \"days_coverage\": [\"2024-01-16\", \"2024-01-20\"],"
        " \"aggregation_score\": 4, \"stats\": ["
        "{\"month\": \"2024-01-01\", \"network\": \"\", \"station\": \"\", \"location\": \"--\", \"channel\": \"\","
        " \"country\": \"\", \"bytes\": 0, \"nb_requests\": 7, \"nb_successful_requests\": 0,"
        " \"nb_unsuccessful_requests\": 7, \"clients\": \"\\\\x128B7F00000000688E5440\"}, "
        "{\"month\": \"2024-01-01\", \"network\": \"a\\\"\\\\\\n\\t\\u001b\\u007f\", \"station\": \"\\u00e9\\u20ac\\ud83d\\ude42\","
        " \"location\": \"00\", \"channel\": \"BHZ\", \"country\": \"DE\", \"bytes\": 9223372036854775807,"
        " \"nb_requests\": 2, \"nb_successful_requests\": 2, \"nb_unsuccessful_requests\": 0,"
        " \"clients\": \"\\\\x118B7F\"}]}");
}

/* Python's round(): 0.5 and 2.5 go to the even number. */
static void
the_score_is_rounded_half_to_even(void **state)
{
    static const struct {
        uint64_t lines, rows, score;
    } cases[] = { { 1, 1, 1 }, { 1, 2, 0 }, { 2, 2, 1 }, { 3, 2, 2 }, { 5, 2, 2 }, { 7, 2, 4 },
                  { 1, 3, 0 }, { 2, 3, 1 }, { 4, 3, 1 }, { 5, 3, 2 }, { UINT64_C(1) << 40, 3, 366503875925 } };
    static const char *const codes[] = { "GE", "EIL", "", "BHZ", "DE" };
    static const int32_t day = 19738;
    uint8_t key[KEY_BYTES_MAX];
    struct row list[3];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        list[i] = (struct row){ .key = key_of(key, 19723, codes), .sketch = SLICE("\x11\x8b\x7f") };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rows rows = { .row = list, .n = cases[i].rows, .end = ST_EOF };
        char path[EIDA_PATH_MAX], want[64];
        struct err err = { 0 };

        assert_int_equal(write_rows(dir, &day, 1, cases[i].lines, &rows, path, &err), ST_OK);
        snprintf(want, sizeof want, "\"aggregation_score\": %" PRIu64 ", ", cases[i].score);
        assert_non_null(strstr(content(path), want));
    }
    assert_int_equal(files_in(dir), 1); /* each has taken the place of the one before */
}

static void
the_file_has_the_mode_of_any_other(void **state)
{
    static const char *const codes[] = { "GE", "EIL", "", "BHZ", "DE" };
    static const int32_t day = 0;
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = key_of(key, 0, codes), .sketch = SLICE("\x11\x8b\x7f") };
    struct rows rows = { .row = &row, .n = 1, .end = ST_EOF };
    mode_t mask = umask(027);
    char path[EIDA_PATH_MAX];
    struct err err = { 0 };
    struct stat st;

    (void)state;
    assert_int_equal(write_rows(dir, &day, 1, 1, &rows, path, &err), ST_OK);
    umask(mask);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_non_null(strstr(path, "/1970-01-01_1970-01-01.json.gz"));
}

/* What stood there is still there, and nothing else. */
static void
rows_that_end_badly_leave_all_as_it_was(void **state)
{
    static const char *const codes[] = { "GE", "EIL", "", "BHZ", "DE" };
    static const int32_t day = 0;
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = key_of(key, 0, codes), .sketch = SLICE("\x11\x8b\x7f") };
    struct rows rows = { .row = &row, .n = 1, .end = ST_EOF };
    char path[EIDA_PATH_MAX], before[512];
    struct err err = { 0 };

    (void)state;
    assert_int_equal(write_rows(dir, &day, 1, 1, &rows, path, &err), ST_OK);
    snprintf(before, sizeof before, "%s", content(path));
    rows = (struct rows){ .row = &row, .n = 1, .end = ST_DISK };
    assert_int_equal(write_rows(dir, &day, 1, 1, &rows, path, &err), ST_DISK);
    assert_string_equal(err.what, "the rows end badly");
    assert_string_equal(content(path), before);
    assert_int_equal(files_in(dir), 1);
}

static void
a_directory_that_is_none_is_named(void **state)
{
    static const char *const codes[] = { "GE", "EIL", "", "BHZ", "DE" };
    static const int32_t day = 0;
    uint8_t key[KEY_BYTES_MAX];
    struct row row = { .key = key_of(key, 0, codes), .sketch = SLICE("\x11\x8b\x7f") };
    struct rows rows = { .row = &row, .n = 1, .end = ST_EOF };
    char path[EIDA_PATH_MAX], away[128];
    struct err err = { 0 };

    (void)state;
    snprintf(away, sizeof away, "%s/none", dir);
    assert_int_equal(write_rows(away, &day, 1, 1, &rows, path, &err), ST_DISK);
    assert_string_equal(err.what, "cannot write the payload");
    assert_string_equal(err.cause, "No such file or directory");
    assert_non_null(strstr(err.path, "/none/1970-01-01_1970-01-01.json.gz"));
    assert_int_equal(write_rows("/dev/full", &day, 1, 1, &rows, path, &err), ST_DISK);
}

int
main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        IN_DIR(the_text_is_that_of_json_dumps),
        IN_DIR(the_score_is_rounded_half_to_even),
        IN_DIR(the_file_has_the_mode_of_any_other),
        IN_DIR(rows_that_end_badly_leave_all_as_it_was),
        IN_DIR(a_directory_that_is_none_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
