/* Rejected lines as JSON: what is shown, what is masked, what can never be in it. */
#include "ingest/base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "reject_line.h"

static struct buf out;

static const char *
put(const struct reject_line *l)
{
    buf_reset(&out);
    reject_line_put(&out, l);
    assert_false(out.failed);
    for (size_t i = 0; i + 1 < out.n; i++)
        if ((unsigned char)out.p[i] < 0x20 || (unsigned char)out.p[i] > 0x7e)
            fail_msg("byte %02x", (unsigned char)out.p[i]);
    assert_int_equal(out.p[out.n - 1], '\n');
    return buf_str(&out);
}

/* The member "text" of a line, quotes and all. */
static const char *
shown(struct slice text, const char *client, bool raw)
{
    static char found[80000];
    const char *all = put(&(struct reject_line){
        .path = "f", .line_no = 1, .why = REJECT_FIELDS, .text = text, .client = slice_of(client), .raw = raw });
    const char *at = strstr(all, "\"text\":"), *end;

    assert_non_null(at);
    at += strlen("\"text\":");
    for (end = at + 1; *end != '"'; end += 1 + (*end == '\\'))
        ;
    assert_true((size_t)(end - at) < sizeof found - 1);
    memcpy(found, at, (size_t)(end + 1 - at));
    found[end + 1 - at] = '\0';
    return found;
}

static void
a_whole_object(void **state)
{
    (void)state;
    assert_string_equal(
        put(&(struct reject_line){ .path = "logs/\"a\"\n\xff", .line_no = 48211, .offset = 512, .has_offset = true,
                                   .why = REJECT_TIME, .text = SLICE("x\ty") }),
        "{\"file\":\"logs/\\\"a\\\"\\u000a\\u00ff\",\"line\":48211,\"byte\":512,\"reason\":\"time\",\"text\":\"x\\u0009y\"}\n");
    assert_string_equal(put(&(struct reject_line){ .path = "-", .line_no = 2, .why = REJECT_LINE_TOO_LONG }),
                        "{\"file\":\"-\",\"line\":2,\"reason\":\"line_too_long\",\"truncated\":true}\n");
    assert_string_equal(put(&(struct reject_line){ .path = "-", .line_no = 2, .why = REJECT_SKETCH }),
                        "{\"file\":\"-\",\"line\":2,\"reason\":\"sketch\"}\n");
    assert_string_equal(put(&(struct reject_line){ .path = "-", .line_no = 2, .why = REJECT_JSON, .text = SLICE("") }),
                        "{\"file\":\"-\",\"line\":2,\"reason\":\"json\",\"text\":\"\"}\n");
}

static void
any_byte_is_harmless(void **state)
{
    static const struct {
        const char *text;
        size_t      n;
        const char *json;
    } cases[] = {
        { "\x1b[2J\r\x7f", 6, "\"\\u001b[2J\\u000d\\u007f\"" },
        { "a\0b", 3, "\"a\\u0000b\"" },
        { "\xc3\xa9", 2, "\"\\u00e9\"" },
        { "\xe2\x80\xae", 3, "\"\\u202e\"" },          /* right-to-left override */
        { "\xf0\x9f\x98\x80", 4, "\"\\ud83d\\ude00\"" }, /* a pair of surrogates, as JSON wants it */
        { "\xf4\x8f\xbf\xbf", 4, "\"\\udbff\\udfff\"" },
        { "\xc3\xa9\xff", 3, "\"\\u00c3\\u00a9\\u00ff\"" }, /* not UTF-8: byte by byte, all of it */
        { "\xc3", 1, "\"\\u00c3\"" },
        { "\xed\xa0\x80", 3, "\"\\u00ed\\u00a0\\u0080\"" }, /* a surrogate is none */
        { "\xc0\x80", 2, "\"\\u00c0\\u0080\"" },
        { "\"\\/", 3, "\"\\\"\\\\/\"" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = shown((struct slice){ cases[i].text, cases[i].n }, "", false);

        if (strcmp(got, cases[i].json) != 0)
            fail_msg("case %zu: %s", i, got);
        assert_int_equal(strstr(out.p, "latin-1") != NULL, i >= 6 && i <= 9);
    }
}

static void
addresses_are_masked(void **state)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        { "192.0.2.7 - -", "<client> - -" },
        { "192.0.2.7", "<client>" },
        { "from 192.0.2.7, 198.51.100.255.", "from <client>, <client>." },
        { "192.0.2.7:4711", "<client>:4711" },
        { "\"192.0.2.7\"", "\\\"<client>\\\"" },
        { "x=192.0.2.7&y=1", "x=<client>&y=1" },
        { "x%3D192.0.2.7%26", "x%3D<client>%26" },
        { "id192.0.2.7abc", "id<client>abc" },
        { "192.000.002.007", "<client>" },
        { "999.999.999.999", "<client>" }, /* no address, but nobody is harmed */
        { "1.2.3", "1.2.3" },
        { "1.2.3.4567", "1.2.3.4567" },
        { "serde-1.0.203.crate", "serde-1.0.203.crate" },
        { "Chrome/120.0.0.0 Safari", "Chrome/<client> Safari" },
        { "2001:db8::7", "<client>" },
        { "[2001:db8::7]:443", "[<client>]:443" },
        { "2001:DB8:0:0:0:0:0:7", "<client>" },
        { "2001:db8:0:0:0:0:0:7:443", "<client>" },
        { "2001:db8:0:0:0:0:0:7:54321", "<client>" }, /* only without its tail is it one */
        { "2001:db8::7:54321", "<client>" },
        { "client:2001:db8::7.", "client<client>" },
        { "a:b:2001:db8:0:0:0:0:0:7", "<client>" },
        { "::ffff:192.0.2.7", "<client>" },
        { "::1", "<client>" },
        { "ip=2001%3Adb8%3a%3A7&", "ip=<client>&" },
        { "ip%3D2001%3Adb8%3A%3A7", "ip%3D<client>" },
        { "fe80::1%eth0", "<client>%eth0" },
        { "10/Oct/2000:13:55:36 -0700", "10/Oct/2000:13:55:36 -0700" },
        { "2024-01-16T10:00:00Z", "2024-01-16T10:00:00Z" },
        { "12:34:56", "12:34:56" },
        { "/crates/dead/beef-1.0.0.crate", "/crates/dead/beef-1.0.0.crate" },
        { "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
        { "0:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1:2", "<client>" },
        { "%", "%" },
        { "%3", "%3" },
        { "50%", "50%" },
        { "::", "<client>" },
        { "a::b", "<client>" },
        { "std::string", "st<client>string" }, /* d:: is an address */
        { ".", "." },
        { ":", ":" },
        { "", "" },
    };
    char quoted[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = shown(slice_of(cases[i].text), "", false);

        snprintf(quoted, sizeof quoted, "\"%s\"", cases[i].masked);
        if (strcmp(got, quoted) != 0)
            fail_msg("%s: %s", cases[i].text, got);
        if (strchr(cases[i].text, '"') == NULL) {
            snprintf(quoted, sizeof quoted, "\"%s\"", cases[i].text);
            assert_string_equal(shown(slice_of(cases[i].text), "", true), quoted);
        }
    }
}

static void
the_client_is_masked(void **state)
{
    static const struct {
        const char *text, *client, *masked;
    } cases[] = {
        { "{\"userID\": 57, \"n\": 570}", "57", "{\\\"userID\\\": <client>, \\\"n\\\": 570}" },
        { "a host.example.org b", "host.example.org", "a <client> b" },
        { "xhost.example.orgx", "host.example.org", "x<client>x" },
        { "a - b", "-", "a - b" },
        { "a b", "", "a b" },
        { "GET GETTER", "GET", "<client> GETTER" },
        { "abc", "abcd", "abc" },
        { "xabcdefgx", "abcdefg", "xabcdefgx" }, /* under 8 bytes: only as a word */
        { "xabcdefghx", "abcdefgh", "x<client>x" },
    };
    char quoted[300];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", cases[i].masked);
        assert_string_equal(shown(slice_of(cases[i].text), cases[i].client, false), quoted);
    }
}

static void
long_lines_are_cut(void **state)
{
    char *text = malloc(MIB);
    const char *got;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', MIB);
    for (size_t n = REJECT_TEXT_MAX - 1; n <= REJECT_TEXT_MAX + 1; n++) {
        got = shown((struct slice){ text, n }, "", false);
        assert_int_equal(strlen(got) - 2, n > REJECT_TEXT_MAX ? REJECT_TEXT_MAX : n);
        assert_int_equal(strstr(out.p, "\"truncated\":true") != NULL, n > REJECT_TEXT_MAX);
    }
    /* An address over the edge is masked as a whole, a character left out as a whole. */
    for (size_t at = REJECT_TEXT_MAX - 12; at < REJECT_TEXT_MAX; at++) {
        memset(text, ' ', MIB);
        memcpy(text + at, "192.0.2.7", 9);
        got = shown((struct slice){ text, REJECT_TEXT_MAX + 100 }, "", false);
        assert_non_null(strstr(got, "<client>"));
        assert_null(strchr(got, '9'));
        memset(text, 'x', MIB);
        memcpy(text + at, "\xf0\x9f\x98\x80", 4);
        got = shown((struct slice){ text, MIB }, "", true);
        assert_null(strstr(out.p, "latin-1"));
        assert_int_equal(strstr(got, "\\ud83d\\ude00") != NULL, at + 4 <= REJECT_TEXT_MAX);
    }
    /* The worst there is stays small and quick. */
    for (size_t i = 0; i < MIB; i++)
        text[i] = "::1%3a"[i % 6];
    assert_true(strlen(shown((struct slice){ text, MIB }, "::1%3a::1%3a::1%3a", false)) < 70000);
    memset(text, '\xff', MIB);
    assert_int_equal(strlen(shown((struct slice){ text, MIB }, "", false)), 6 * REJECT_TEXT_MAX + 2);
    free(text);
}

/* No four numbers with dots survive, whatever stands around them. */
static void
no_address_survives_any_neighbour(void **state)
{
    (void)state;
    for (int before = 0; before < 256; before++)
        for (int after = 0; after < 256; after++) {
            char text[64];
            int n = snprintf(text, sizeof text, "%c198.51.100.23%c", before, after);

            if ((before >= '0' && before <= '9') || (after >= '0' && after <= '9') || n < 0)
                continue;
            assert_null(strstr(shown((struct slice){ text, (size_t)n }, "", false), "51.100"));
            n = snprintf(text, sizeof text, "%c2001:db8:5:6:7:8:9:a%c", before, after);
            if (before == '.' || before == ':' || after == ':' || (before < 128 && strchr("abcdefABCDEF", before) != NULL && before != 0) ||
                (after < 128 && after != 0 && strchr("abcdefABCDEF", after) != NULL))
                continue;
            assert_null(strstr(shown((struct slice){ text, (size_t)n }, "", false), "db8:5"));
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_object),       cmocka_unit_test(any_byte_is_harmless),
        cmocka_unit_test(addresses_are_masked), cmocka_unit_test(the_client_is_masked),
        cmocka_unit_test(long_lines_are_cut),   cmocka_unit_test(no_address_survives_any_neighbour),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    buf_release(&out);
    return failed;
}
