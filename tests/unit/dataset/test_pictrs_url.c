/*
 * URLs as the URL standard writes them: what names one image is one text, and what names none is none.
 */
#include "pictrs.h"

#include <setjmp.h>
#include <cmocka.h>

static void
urls_are_written_one_way(void **state)
{
    static const struct {
        const char *in, *want; /* NULL: no URL */
    } cases[] = {
        /* nothing to do */
        { "https://example.com/a/b.png?x=1&y#f", "https://example.com/a/b.png?x=1&y#f" },
        { "http://example.com/%7e%2F%zz%", "http://example.com/%7e%2F%zz%" },
        /* scheme */
        { "HtTpS://example.com/", "https://example.com/" },
        { "https:example.com", "https://example.com/" },
        { "https:/example.com", "https://example.com/" },
        { "https:\\\\\\/example.com\\a\\b", "https://example.com/a/b" },
        { "ftp://example.com/", NULL },
        { "httpss://example.com/", NULL },
        { "htt://example.com/", NULL },
        { "//example.com/", NULL },
        { "example.com", NULL },
        { "https", NULL },
        { "https:", NULL },
        { "https://", NULL },
        { "https:///", NULL },
        { "", NULL },
        /* blanks and controls around, tabs and line ends anywhere */
        { " \x01\thttps://example.com/a \x1f", "https://example.com/a" },
        { "ht\ntps:/\t/exa\rmple.com/a\n", "https://example.com/a" },
        { " ", NULL },
        /* who asks */
        { "https://user@example.com/", "https://user@example.com/" },
        { "https://user:@example.com/", "https://user@example.com/" },
        { "https://:pw@example.com/", "https://:pw@example.com/" },
        { "https://:@example.com/", "https://example.com/" },
        { "https://@example.com/", "https://example.com/" },
        { "https://a@b:c:d@example.com/", "https://a%40b:c%3Ad@example.com/" },
        { "https://u;v|w:p=[\\example.com/", NULL }, /* a backslash ends it */
        { "https://u;v|w^:p=[@example.com/", "https://u%3Bv%7Cw%5E:p%3D%5B@example.com/" },
        { "https://user@/", NULL },
        { "https://user@:80/", NULL },
        /* hosts */
        { "https://EXAMPLE.Com", "https://example.com/" },
        { "https://ex%61mple.c%4Fm/", "https://example.com/" },
        { "https://a_b-c.example./", "https://a_b-c.example./" },
        { "https://a..b/", "https://a..b/" },
        { "https://./", "https://./" },
        { "https://a b/", NULL },
        { "https://a%20b/", NULL },
        { "https://a%2fb/", NULL },
        { "https://a%b/", NULL },
        { "https://a%00b/", NULL },
        { "https://a<b/", NULL },
        { "https://a^b/", NULL },
        { "https://a|b/", NULL },
        { "https://a[b/", NULL },
        { "https://a\x7f/", NULL },
        { "https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/" },
        { "https://%ff/", NULL },
        /* IPv4 */
        { "http://127.0.0.1/", "http://127.0.0.1/" },
        { "http://127.0.0.1./", "http://127.0.0.1/" },
        { "http://127.1/", "http://127.0.0.1/" },
        { "http://127.0x00.1/", "http://127.0.0.1/" },
        { "http://0X7F.000000000000000000001/", "http://127.0.0.1/" },
        { "http://0177.0.0.1/", "http://127.0.0.1/" },
        { "http://2130706433/", "http://127.0.0.1/" },
        { "http://0x7f000001/", "http://127.0.0.1/" },
        { "http://4294967295/", "http://255.255.255.255/" },
        { "http://4294967296/", NULL },
        { "http://99999999999999999999999999/", NULL },
        { "http://1.16777215/", "http://1.255.255.255/" },
        { "http://1.16777216/", NULL },
        { "http://256.0.0.1/", NULL },
        { "http://1.2.3.4.5/", NULL },
        { "http://1.2.3.09/", NULL },
        { "http://1.2.3.4x/", "http://1.2.3.4x/" },
        { "http://1.2.3.0x/", "http://1.2.3.0/" },
        { "http://a.1/", NULL },
        { "http://a.0xg/", "http://a.0xg/" },
        { "http://1..2/", NULL },
        { "http://%31%32%37.1/", "http://127.0.0.1/" },
        /* IPv6 */
        { "http://[::1]/", "http://[::1]/" },
        { "http://[0:0:0:0:0:0:0:0]/", "http://[::]/" },
        { "http://[2001:DB8:0:0:1:0:0:1]/", "http://[2001:db8::1:0:0:1]/" },
        { "http://[1:0:0:2:0:0:0:3]/", "http://[1:0:0:2::3]/" },
        { "http://[1:0:2:0:3:0:4:0]/", "http://[1:0:2:0:3:0:4:0]/" },
        { "http://[1:2:3:4:5:6:0:0]:8080/", "http://[1:2:3:4:5:6::]:8080/" },
        { "http://[::ffff:192.0.2.1]/", "http://[::ffff:c000:201]/" },
        { "http://[::1/", NULL },
        { "http://[::1]x/", NULL },
        { "http://[::1%25eth0]/", NULL },
        { "http://[]/", NULL },
        { "http://[1:2:3:4:5:6:7]/", NULL },
        { "http://[1::2::3]/", NULL },
        { "http://[0000000000000000000000000000000000000000000000000000000000000000001]/", NULL },
        /* ports */
        { "http://example.com:80/", "http://example.com/" },
        { "https://example.com:443/", "https://example.com/" },
        { "http://example.com:443/", "http://example.com:443/" },
        { "http://example.com:/", "http://example.com/" },
        { "http://example.com:00080/", "http://example.com/" },
        { "http://example.com:65535/", "http://example.com:65535/" },
        { "http://example.com:65536/", NULL },
        { "http://example.com:99999999999999999999/", NULL },
        { "http://example.com:8a/", NULL },
        { "http://example.com:80:80/", NULL },
        { "http://:80/", NULL },
        /* paths */
        { "http://h/a/./b/../c", "http://h/a/c" },
        { "http://h/a/b/..", "http://h/a/" },
        { "http://h/a/b/.", "http://h/a/b/" },
        { "http://h/../../a", "http://h/a" },
        { "http://h/..", "http://h/" },
        { "http://h/a/%2e%2E/b/%2e/c", "http://h/b/c" },
        { "http://h/a/.%2e", "http://h/" },
        { "http://h/a/.../b", "http://h/a/.../b" },
        { "http://h/a//../b", "http://h/a/b" },
        { "http://h//a///", "http://h//a///" },
        { "http://h/a\\..\\b", "http://h/b" },
        { "http://h/ \"<>`{}^|'~", "http://h/%20%22%3C%3E%60%7B%7D^|'~" },
        { "http://h/\xc3\xa9\x7f", "http://h/%C3%A9%7F" },
        /* queries and fragments */
        { "http://h?", "http://h/?" },
        { "http://h#", "http://h/#" },
        { "http://h?a b'\"<>`{}^|\\..", "http://h/?a%20b%27%22%3C%3E`{}^|\\.." },
        { "http://h?a?b/../c", "http://h/?a?b/../c" },
        { "http://h#a b'\"<>`{}?#", "http://h/#a%20b'%22%3C%3E%60{}?#" },
        { "http://h?\xc3\xa9#\xc3\xa9", "http://h/?%C3%A9#%C3%A9" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pictrs_text out, again;
        bool is_url = pictrs_url(slice_of(cases[i].in), &out);

        if (is_url != (cases[i].want != NULL) ||
            (is_url && !slice_eq(pictrs_slice(&out), slice_of(cases[i].want))))
            fail_msg("%s: %.*s", cases[i].in, is_url ? (int)out.n : 0, out.p);
        if (!is_url)
            continue;
        assert_false(out.full);
        assert_true(pictrs_url(pictrs_slice(&out), &again)); /* and stays so */
        assert_true(slice_eq(pictrs_slice(&again), pictrs_slice(&out)));
    }
}

/* Bytes that a C text cannot hold. */
static void
zero_bytes(void **state)
{
    struct pictrs_text out;

    (void)state;
    assert_true(pictrs_url(SLICE("http://h/a\0b?\0#\0x"), &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("http://h/a%00b?%00#%00x")));
    assert_false(pictrs_url(SLICE("http://h\0/"), &out));
    assert_false(pictrs_url(SLICE("http\0://h/"), &out));
    assert_false(pictrs_url(SLICE("http://[::1\0]/"), &out));
    assert_true(pictrs_url(SLICE("\0http://u\0@h/\0"), &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("http://u%00@h/")));
}

static void
other_scripts(void **state)
{
    struct pictrs_text out;

    (void)state;
#ifdef INGEST_HAVE_IDN2
    assert_true(pictrs_url(SLICE("https://B\xc3\xbc""cher.example/"), &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("https://xn--bcher-kva.example/")));
    assert_true(pictrs_url(SLICE("https://b%C3%BCcher.example/"), &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("https://xn--bcher-kva.example/")));
    assert_true(pictrs_url(SLICE("https://fa\xc3\x9f.de/"), &out)); /* not transitional: it stays a letter of its own */
    assert_true(slice_eq(pictrs_slice(&out), SLICE("https://xn--fa-hia.de/")));
    assert_true(pictrs_url(SLICE("https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97\xe3\x80\x82""1/"), &out)); /* full-width 127 and stop */
    assert_true(slice_eq(pictrs_slice(&out), SLICE("https://127.0.0.1/")));
    assert_false(pictrs_url(SLICE("https://a\xe2\x80\xa8/"), &out));
    assert_false(pictrs_url(SLICE("https://\xef\xbf\xbd/"), &out));
#else
    assert_false(pictrs_url(SLICE("https://B\xc3\xbc""cher.example/"), &out));
#endif
}

/* What does not fit is told, wherever it ends; nothing is written behind the room. */
static void
long_ones(void **state)
{
    static char in[3 * PICTRS_TEXT_MAX];
    static struct pictrs_text out;

    (void)state;
    for (size_t n = 8; n < sizeof in; n += n < PICTRS_TEXT_MAX - 8 || n > PICTRS_TEXT_MAX + 8 ? 97 : 1) {
        memset(in, 'a', n);
        memcpy(in, "http://h/", 9);
        assert_true(pictrs_url((struct slice){ in, n < 9 ? 9 : n }, &out));
        assert_int_equal(out.full, n > PICTRS_TEXT_MAX);
    }
    memset(in, ' ', sizeof in);
    memcpy(in, "http://h/", 9);
    in[2000] = 'x';
    assert_true(pictrs_url((struct slice){ in, 2001 }, &out)); /* three bytes for each blank */
    assert_true(out.full);
    memset(in, '/', sizeof in);
    memcpy(in, "http:", 5);
    assert_false(pictrs_url((struct slice){ in, PICTRS_TEXT_MAX }, &out));
    for (size_t i = 8; i + 3 <= PICTRS_TEXT_MAX; i += 3)
        memcpy(in + i, "/..", 3);
    memcpy(in, "http://h", 8);
    assert_true(pictrs_url((struct slice){ in, PICTRS_TEXT_MAX - 3 }, &out));
    assert_false(out.full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_written_one_way),
        cmocka_unit_test(zero_bytes),
        cmocka_unit_test(other_scripts),
        cmocka_unit_test(long_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
