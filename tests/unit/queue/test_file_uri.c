/* Names of files as text: whatever bytes they hold, there and back. */
#include "queue_priv.h"

#include <setjmp.h>

#include <cmocka.h>

static const struct {
    const char *worry, *path, *uri;
} both_ways[] = {
    { "plain", "/logs/a-1_b~2.log.gz", "file:///logs/a-1_b~2.log.gz" },
    { "root", "/", "file:///" },
    { "blank_and_percent", "/a b%41", "file:///a%20b%2541" },
    { "newline_and_quote", "/a\n\"'\\", "file:///a%0A%22%27%5C" },
    { "utf8", "/\xc3\xa9", "file:///%C3%A9" },
    { "no_utf8", "/\xff\xfe\x80", "file:///%FF%FE%80" },
    { "reserved", "/?#[]@!$&()*+,;=:{}",
      "file:///%3F%23%5B%5D%40%21%24%26%28%29%2A%2B%2C%3B%3D%3A%7B%7D" },
    { "controls", "/\x01\x7f", "file:///%01%7F" },
};

static void
there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(both_ways); i++) {
        struct buf b = { 0 };
        char path[64];

        assert_true(file_uri_write(&b, both_ways[i].path));
        if (strcmp(buf_str(&b), both_ways[i].uri) != 0)
            fail_msg("%s: %s", both_ways[i].worry, buf_str(&b));
        assert_true(file_uri_read((struct slice){ b.p, b.n }, path, sizeof path));
        assert_string_equal(path, both_ways[i].path);
        buf_release(&b);
    }
}

static void
every_byte(void **state)
{
    char path[258] = "/", back[300];
    struct buf b = { 0 };

    (void)state;
    for (int c = 1; c < 256; c++)
        path[c] = (char)c;
    assert_true(file_uri_write(&b, path));
    assert_true(slice_is_text((struct slice){ b.p, b.n }));
    assert_true(file_uri_read((struct slice){ b.p, b.n }, back, sizeof back));
    assert_string_equal(back, path);
    buf_release(&b);
}

static void
refused(void **state)
{
    static const struct {
        const char *worry, *uri;
    } cases[] = {
        { "empty", "" },
        { "head_alone", "file://" },
        { "a_path", "/logs/a" },
        { "other_scheme", "http:///a" },
        { "other_host", "file://host/a" },
        { "relative", "file://a" },
        { "one_slash", "file:/a" },
        { "nul", "file:///a%00b" },
        { "escape_without_digits", "file:///a%zz" },
        { "escape_cut_short", "file:///a%4" },
        { "escape_cut_off", "file:///a%" },
        { "escape_with_sign", "file:///a%+1" },
    };
    char path[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (file_uri_read(slice_of(cases[i].uri), path, sizeof path))
            fail_msg("%s was taken", cases[i].worry);
}

static void
no_byte_beyond_the_end(void **state)
{
    static const struct slice uri = { "file:///abc%2Fgarbage", 13 }; /* up to "%2" */
    char path[5] = "";

    (void)state;
    assert_false(file_uri_read(uri, path, sizeof path));
    assert_true(file_uri_read(SLICE("file:///abc"), path, 5));
    assert_string_equal(path, "/abc");
    assert_false(file_uri_read(SLICE("file:///abcd"), path, 5));
    assert_true(file_uri_read(SLICE("file:///%61%62%63"), path, 5)); /* lower case or not needed */
    assert_string_equal(path, "/abc");
    assert_true(file_uri_read(SLICE("file:///%c3%A9"), path, 5));
    assert_string_equal(path, "/\xc3\xa9");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(refused),
        cmocka_unit_test(no_byte_beyond_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
