/*
 * From a record to what it touches: every row of the table of requests, by method; the reasons and their order; both places of a
 * query; keys at the end of their room.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

#define DAY 19738 /* 2024-01-16 */
#define AT  (DAY * DAY_US + INT64_C(36000123456))
#define U   "https%3A%2F%2Fh%2Fx"

static struct rules rules;
static struct client_key key;
static struct picker picker;

static int
start(void **state)
{
    struct err err = { 0 };

    (void)state;
    client_key_none(&key);
    return rules_init(&rules, NULL, NULL, 0, DAY, DAY + 1, &err) != ST_OK ||
           picker_init(&picker, &dataset_access, &rules, &key, &err) != ST_OK;
}

static int
stop(void **state)
{
    (void)state;
    picker_release(&picker);
    rules_release(&rules);
    return 0;
}

static struct record
request(const char *method, const char *path)
{
    return (struct record){ .method = slice_of(method), .path = slice_of(path), .status = 200, .day = DAY,
                            .time_us = AT, .path_decodes = 1, .client = SLICE("192.0.2.7") };
}

/* "touches source name variant", or the reason. */
static const char *
picked(const struct record *rec)
{
    static char text[KEY_BYTES_MAX + 100];
    struct hit hit;
    enum reason why;
    const uint8_t *at;
    size_t n = 0;

    memset(&hit, 0xee, sizeof hit);
    why = dataset_access.pick(&picker, rec, &hit);
    if (why != KEEP)
        return reason_name(why);
    assert_int_equal(hit.sums[0], rec->time_us);
    assert_int_equal(hit.day, DAY);
    assert_false(hit.has_client);
    assert_null(hit.sketch.p);
    at = (const uint8_t *)hit.key.p;
    for (size_t i = 0; i < 4; i++) {
        struct slice s = key_get_text(&at);

        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", i == 0 ? "" : " ", (int)s.n, s.p);
    }
    assert_ptr_equal(at, hit.key.p + hit.key.n);
    return text;
}

static void
what_is_touched(void **state)
{
    static const struct {
        const char *method, *path, *want;
    } cases[] = {
        { "GET", "/image/original/a.png", "a alias a.png " },
        { "HEAD", "/image/original/a.png", "a alias a.png " },
        { "GET", "/image/original?alias=a.png", "a alias a.png " },
        { "HEAD", "/image/original?alias=a.png", "a alias a.png " },
        { "GET", "/image/original?proxy=" U, "pa proxy https://h/x " },
        { "HEAD", "/image/original?proxy=" U, "pa proxy https://h/x " },
        { "POST", "/image/original?proxy=" U, "method" },
        { "GET", "/image/process.jpg?src=a.png", "va alias a.png jpeg" },
        { "GET", "/image/process.jpg?alias=a.png&blur=1", "va alias a.png blur/1/jpeg" },
        { "GET", "/image/process.jpg?proxy=" U, "vpa proxy https://h/x jpeg" },
        { "HEAD", "/image/process.jpg?src=a.png", "va alias a.png jpeg" },
        { "HEAD", "/image/process.jpg?proxy=" U, "v proxy https://h/x jpeg" },
        { "POST", "/image/process.jpg?src=a.png", "a alias a.png " },
        { "POST", "/image/process.jpg?proxy=" U, "method" },
        { "GET", "/image/details/process.jpg?src=a.png", "va alias a.png jpeg" },
        { "GET", "/image/details/process.jpg?proxy=" U, "vpa proxy https://h/x jpeg" },
        { "HEAD", "/image/details/process.jpg?proxy=" U, "method" },
        { "GET", "/image/details/original?proxy=" U, "pa proxy https://h/x " },
        { "GET", "/image/details/original?alias=a.png", "a alias a.png " },
        { "GET", "/image/details/original/a.png", "a alias a.png " },
        { "GET", "/image/blurhash?proxy=" U, "pa proxy https://h/x " },
        { "GET", "/image/blurhash?alias=a.png", "a alias a.png " },
        { "POST", "/internal/purge?proxy=" U, "pa proxy https://h/x " },
        { "POST", "/internal/delete?proxy=" U, "pa proxy https://h/x " },
        { "POST", "/internal/purge?alias=a.png", "a alias a.png " },
        { "GET", "/internal/purge?proxy=" U, "method" },
        { "GET", "/internal/aliases?proxy=" U, "pa proxy https://h/x " },
        { "GET", "/internal/identifier?proxy=" U, "pa proxy https://h/x " },
        { "POST", "/internal/identifier?proxy=" U, "method" },
        { "GET", "/image/process_backgrounded.jpg?src=a.png", "a alias a.png " },
        { "GET", "/image/process_backgrounded.bmp?src=a.png&blur=x", "a alias a.png " },
        { "GET", "/image/process_backgrounded.jpg?proxy=" U, "not_a_download" },
        { "GET", "/image/download?url=" U, "not_a_download" },
        { "DELETE", "/image/delete/token/a.png", "not_a_download" },
        { "GET", "/healthz", "not_a_download" },
        { "POST", "/image", "not_a_download" },
        { "GET", "/", "not_a_download" },
        { "GET", "", "not_a_download" },
        { "", "/image/process.jpg?src=a.png", "va alias a.png jpeg" },
        /* Lemmy */
        { "GET", "/pictrs/image/a.png", "a alias a.png " },
        { "GET", "/pictrs/image/a.png?x=y", "a alias a.png " },
        { "GET", "/pictrs/image/a.png?format=jpg", "va alias a.png jpeg" },
        { "HEAD", "/pictrs/image/a.png?format=jpg", "va alias a.png jpeg" },
        { "GET", "/pictrs/image/a.png?thumbnail=096", "va alias a.png thumbnail/96/png" },
        { "GET", "/pictrs/image/a.tar.gif?thumbnail=96", "va alias a.tar.gif thumbnail/96/gif" },
        { "GET", "/pictrs/image/png?thumbnail=96", "va alias png thumbnail/96/png" },
        { "GET", "/pictrs/image/a.png?thumbnail=96&format=webp&blur=3", "va alias a.png thumbnail/96/webp" },
        { "GET", "/pictrs/image/a.png?thumbnail=2147483647", "va alias a.png thumbnail/2147483647/png" },
        { "GET", "/pictrs/image/a.png?thumbnail=2147483648", "not_a_download" },
        { "GET", "/pictrs/image/a.png?thumbnail=-1", "not_a_download" },
        { "GET", "/pictrs/image/a.png?thumbnail=", "not_a_download" },
        { "GET", "/pictrs/image/a.png?format=", "not_a_download" },
        { "GET", "/pictrs/image/a.bmp?thumbnail=9", "not_a_download" },
        { "GET", "/pictrs/image/a?thumbnail=9", "not_a_download" },
        { "GET", "/pictrs/image/", "not_a_download" },
        { "GET", "/pictrs/image/original?alias=a.png", "a alias a.png " },
        { "GET", "/pictrs/image/process.jpg?src=a.png", "va alias a.png jpeg" },
        /* hosts, mounts, encodings */
        { "GET", "https://img.example/image/original/a.png", "a alias a.png " },
        { "GET", "/media/image/original/a.png", "a alias a.png " },
        { "GET", "/images/original/a.png", "not_a_download" },
        { "GET", "/notimage/original/a.png", "not_a_download" },
        { "GET", "image/original/a.png", "not_a_download" },
        { "GET", "/image/original/a.png/", "not_a_download" },
        { "GET", "/image/original/a%2Epng", "a alias a.png " },
        { "GET", "/image/original/a+b%20c.png", "a alias a+b c.png " },
        { "GET", "/image%2Foriginal/a.png", "a alias a.png " },
        { "GET", "/image/original/a%3Fb.png", "a alias a?b.png " },
        { "GET", "/image/process.j%70g?src=a+b.png", "va alias a b.png jpeg" },
        { "GET", "/image/process.jpg?src=a.png#blur=x", "va alias a.png jpeg" },
        { "GET", "/image/process.?src=a.png", "not_a_download" },
        { "GET", "/image/process.bmp?src=a.png", "not_a_download" },
        { "GET", "/image/process.jpg?src=a.png&Blur=1", "not_a_download" },
        /* which of them names it */
        { "GET", "/image/process.jpg", "not_a_download" },
        { "GET", "/image/process.jpg?thumbnail=9", "not_a_download" },
        { "GET", "/image/process.jpg?proxy=" U "&alias=b.png&src=c.png", "va alias c.png jpeg" },
        { "GET", "/image/process.jpg?proxy=" U "&alias=b.png", "va alias b.png jpeg" },
        { "GET", "/image/process.jpg?src=a.png&src=b.png", "va alias a.png jpeg" },
        { "GET", "/image/process.jpg?src=&alias=b.png", "not_a_download" },
        { "GET", "/image/process.jpg?proxy=ftp://h/", "not_a_download" },
        { "GET", "/image/process.jpg?proxy=", "not_a_download" },
        { "GET", "/image/original?Alias=a.png", "not_a_download" },
        /* what no key can hold */
        { "GET", "/image/original/a%00b.png", "encoding" },
        { "GET", "/image/original/a%ffb.png", "encoding" },
        { "GET", "/image/original?alias=a%00b.png", "encoding" },
        { "GET", "/image/original?alias=a%ffb.png", "a alias a\xef\xbf\xbd" "b.png " },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct record rec = request(cases[i].method, cases[i].path);
        const char *made = picked(&rec);

        if (strcmp(made, cases[i].want) != 0)
            fail_msg("%s %s: %s", cases[i].method, cases[i].path, made);
    }
}

static void
reasons_in_their_order(void **state)
{
    static const uint16_t good[] = { 200, 206, 303, 304 }, bad[] = { 0, 100, 201, 202, 204, 301, 302, 307, 400, 404, 410, 500 };
    struct record rec = request("GET", "/image/process.jpg?src=a.png");

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        rec.status = good[i];
        assert_string_equal(picked(&rec), "va alias a.png jpeg");
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        rec.status = bad[i];
        assert_string_equal(picked(&rec), "status");
    }
    rec.status = 200;
    rec.day = DAY + 1;
    assert_string_equal(picked(&rec), "date_range");
    rec.path = SLICE("/nothing");
    assert_string_equal(picked(&rec), "date_range");
    rec.status = 404;
    assert_string_equal(picked(&rec), "status");
    rec.path = (struct slice){ NULL, 0 };
    assert_string_equal(picked(&rec), "not_a_download");
    rec.why = REJECT_TIME;
    assert_string_equal(picked(&rec), "time");
}

static void
queries_in_a_field_of_their_own(void **state)
{
    struct record rec = request("GET", "/image/process.jpg");

    (void)state;
    rec.query = SLICE("src=a.png&blur=%33#x");
    assert_string_equal(picked(&rec), "va alias a.png blur/3/jpeg");
    rec.path = SLICE("/image/process.jpg?src=b.png"); /* the path's own comes first */
    assert_string_equal(picked(&rec), "va alias b.png jpeg");
    rec.path = SLICE("/image/process.jpg?");
    assert_string_equal(picked(&rec), "not_a_download");
    rec.path = SLICE("/image/process.j%2570g");
    rec.path_decodes = 2; /* CloudFront */
    rec.query = SLICE("proxy=https%253A%252F%252Fh%252Fa%252520b&blur=%2533");
    assert_string_equal(picked(&rec), "vpa proxy https://h/a%20b blur/3/jpeg");
    rec.query = SLICE("proxy=https%3A%2F%2Fh%2Fa%2520b");
    assert_string_equal(picked(&rec), "vpa proxy https://h/a%20b jpeg");
    rec.query = SLICE("-");
    assert_string_equal(picked(&rec), "not_a_download");
}

/* The last name that fits, one more byte, and a line full of it; path and query share the scratch. */
static void
long_names(void **state)
{
    static char path[LINE_BYTES_MAX], query[LINE_BYTES_MAX];
    const size_t head = strlen("/image/original/"), most = KEY_BYTES_MAX - (1 + 2) - (5 + 2) - 2 - 2;
    struct record rec = request("GET", "");

    (void)state;
    memset(path, 'a', sizeof path);
    memcpy(path, "/image/original?proxy=https:/h/", 31); /* a slash fewer than it is written with */
    rec.path = (struct slice){ path, strlen("/image/original?proxy=") + 999 };
    assert_int_equal(strlen(picked(&rec)), 1000 + strlen("pa proxy  "));
    rec.path.n++;
    assert_memory_equal(picked(&rec), "pa hashed ", 10); /* and 64 digits */
    assert_int_equal(strlen(picked(&rec)), 10 + 64 + 1);
    rec.path.n = strlen("/image/original?proxy=") + 4095;
    assert_int_equal(strlen(picked(&rec)), 10 + 64 + 1);
    rec.path.n++;
    assert_string_equal(picked(&rec), "key_too_long");
    memcpy(path, "/image/original/aaaaaaaaaaaaaaa", 31);
    rec.path = (struct slice){ path, head + most };
    assert_int_equal(strlen(picked(&rec)), most + strlen("a alias  "));
    rec.path.n++;
    assert_string_equal(picked(&rec), "key_too_long");
    rec.path.n = sizeof path;
    assert_string_equal(picked(&rec), "key_too_long");
    memset(query, 'b', sizeof query);
    memcpy(query, "src=", 4);
    rec.query = (struct slice){ query, 1 };
    assert_string_equal(picked(&rec), "key_too_long"); /* more than a line can hold */
    for (size_t i = 3; i < sizeof path / 2 - 100; i += 3)
        memcpy(path + i, "%25", 3);
    for (size_t i = 4; i + 3 <= sizeof query / 2; i += 3)
        memcpy(query + i, "%25", 3);
    rec.path_decodes = 2;
    rec.path.n = sizeof path / 2;
    rec.query.n = sizeof query / 2;
    assert_string_equal(picked(&rec), "not_a_download");
    rec = request("GET", "/image/process.jpg");
    rec.path_decodes = 2;
    rec.query = (struct slice){ query, sizeof query - rec.path.n };
    assert_string_equal(picked(&rec), "key_too_long");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_touched),
        cmocka_unit_test(reasons_in_their_order),
        cmocka_unit_test(queries_in_a_field_of_their_own),
        cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
