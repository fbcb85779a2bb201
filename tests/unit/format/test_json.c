/* The JSON scanner: what is JSON and what only looks like it, at every depth; escapes; numbers as Python prints them. */
#include "ingest/base.h"
#include "ingest/line.h"
#include "json.h"

#include <setjmp.h>
#include <cmocka.h>

/* The text with nothing readable behind it but the slack, which would complete what the text leaves open. */
static char *
with_slack(struct slice text, const char *slack)
{
    char *p = malloc(text.n + BLOCK_SLACK);

    if (text.n > 0)
        memcpy(p, text.p, text.n);
    for (size_t i = 0; i < BLOCK_SLACK; i++)
        p[text.n + i] = slack[i % strlen(slack)];
    return p;
}

static bool
is_json(struct slice text)
{
    static const char *const slacks[] = { "\"", "}", "]", "0", "e", " ", "\n", "1}]" };
    bool all = true, any = false;

    for (size_t i = 0; i < ARRAY_LEN(slacks); i++) {
        char *p = with_slack(text, slacks[i]);
        struct json j = { p, p + text.n };
        struct json_value v;
        bool ok = json_value(&j, 0, &v) && json_peek(&j) == 0 && j.at == j.end;

        assert_true(j.at <= j.end);
        all = all && ok;
        any = any || ok;
        free(p);
    }
    assert_int_equal(all, any); /* what stands behind the text must not matter */
    return all;
}

static void
what_is_json(void **state)
{
    static const struct slice texts[] = {
        SLICE("{}"), SLICE("[]"), SLICE(" \t\r\n{ } \t"), SLICE("[[],{},[{}]]"), SLICE("0"), SLICE("-0"), SLICE("-0.0e-0"),
        SLICE("1E400"), SLICE("[1e1,1E+1,1e-01,0.10,123456789012345678901234567890]"), SLICE("true"), SLICE("[false,null]"),
        SLICE("\"\""), SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\""), SLICE("\"\\ud800\""), SLICE("\"\\uDEAD\\u0000\""),
        SLICE("{\"\":{\"\":[]}}"), SLICE("{\"a\":1,\"a\":2}"), SLICE("{\"a\" : [ 1 , 2 ] , \"b\" : { } }"),
        SLICE("\"\x7f\""), SLICE("\"\xff\xfe\x80\""), /* UTF-8 is not the scanner's */
        SLICE("\"a string that is longer than one vector of sixteen bytes, \\n with an escape\""),
        SLICE("[\"]\",\"}\",\"[{,:\"]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (!is_json(texts[i]))
            fail_msg("refused: %.*s", (int)texts[i].n, texts[i].p);
}

static void
what_is_not(void **state)
{
    static const struct slice texts[] = {
        SLICE(""), SLICE(" "), SLICE("{"), SLICE("}"), SLICE("["), SLICE("]"), SLICE("{]"), SLICE("[}"), SLICE("[1,]"), SLICE("[,1]"),
        SLICE("[,]"), SLICE("[1,,2]"), SLICE("[1 2]"), SLICE("[1"), SLICE("[1,"), SLICE("{,}"), SLICE("{\"a\"}"), SLICE("{\"a\":}"),
        SLICE("{\"a\":1,}"), SLICE("{\"a\":1,,\"b\":1}"), SLICE("{\"a\" 1}"), SLICE("{\"a\"::1}"), SLICE("{a:1}"), SLICE("{'a':1}"),
        SLICE("{1:1}"), SLICE("{null:1}"), SLICE("{\"a\":1 \"b\":2}"), SLICE("{\"a\":1]"), SLICE("[\"a\":1]"), SLICE("{\"a\",1}"),
        SLICE("{}{}"), SLICE("{}x"), SLICE("[] []"), SLICE("{},"), SLICE("01"), SLICE("-"), SLICE("-01"), SLICE("+1"), SLICE(".5"), SLICE("1."),
        SLICE("1.e1"), SLICE("1e"), SLICE("1e+"), SLICE("1e1.5"), SLICE("0x10"), SLICE("1_000"), SLICE("--1"), SLICE("- 1"), SLICE("1 000"),
        SLICE("NaN"), SLICE("Infinity"), SLICE("-Infinity"), SLICE("nan"), SLICE("True"), SLICE("tru"), SLICE("truee"), SLICE("nul"), SLICE("TRUE"),
        SLICE("\""), SLICE("\"a"), SLICE("\"\\"), SLICE("\"\\\""), SLICE("\"\\x41\""), SLICE("\"\\'\""), SLICE("\"\\u12\""), SLICE("\"\\u12G4\""),
        SLICE("\"\\u\""), SLICE("\"\\U0041\""), SLICE("\"\\ \""), SLICE("\"a\nb\""), SLICE("\"\t\""), SLICE("\"\0\""), SLICE("\"\x1f\""), SLICE("'a'"),
        SLICE("[\0]"), SLICE("\0"), SLICE("{}\0"), SLICE("[\x0b]"), SLICE("[\x0c]"), SLICE("\xef\xbb\xbf{}"), SLICE("\xc2\xa0[]"), SLICE("/**/{}"),
        SLICE("[1]//"), SLICE("[\"a\" \"b\"]"), SLICE("[\"a\"b]"), SLICE("[1e1e1]"), SLICE("[-]"), SLICE("[0.]"), SLICE("[00]"), SLICE("[\xff]"),
        SLICE("{\"a\":tru}"), SLICE("{\"a\":[}"), SLICE("{\"a\":{]}"), SLICE("[{\"a\":1]"), SLICE("[[1}]"),
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (is_json(texts[i]))
            fail_msg("taken: %.*s", (int)texts[i].n, texts[i].p);
}

static void
sixty_four_deep_and_no_deeper(void **state)
{
    static const struct {
        const char *open, *close;
    } kinds[] = { { "[", "]" }, { "{\"a\":", "}" } };

    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (unsigned outside = 0; outside <= 3; outside++) {
            for (size_t depth = 62; depth <= 66; depth++) {
                struct json j;
                struct json_value v;
                char text[66 * 6 + BLOCK_SLACK + 1] = "";
                size_t n = 0;

                for (size_t i = 0; i < depth; i++)
                    n += (size_t)snprintf(text + n, sizeof text - n, "%s", kinds[k].open);
                n += (size_t)snprintf(text + n, sizeof text - n, "0");
                for (size_t i = 0; i < depth; i++)
                    n += (size_t)snprintf(text + n, sizeof text - n, "%s", kinds[k].close);
                j = (struct json){ text, text + n };
                assert_int_equal(json_value(&j, outside, &v), depth + outside <= 64);
            }
        }
    }
}

static void
a_megabyte_of_brackets_costs_nothing(void **state)
{
    char *text = malloc(MIB + BLOCK_SLACK);

    (void)state;
    memset(text, '[', MIB + BLOCK_SLACK);
    assert_false(is_json((struct slice){ text, MIB }));
    text[0] = '[';
    for (size_t i = 1; i < MIB; i++)
        text[i] = "{},"[(i - 1) % 3];
    text[MIB - 1] = ']'; /* (MIB - 1) % 3 == 0: the last comma's place */
    assert_true(is_json((struct slice){ text, MIB }));
    free(text);
}

/* Cut at every byte, a text is no JSON, whatever stands behind. */
static void
truncated_at_every_byte(void **state)
{
    static const char text[] = "{\"a\":[1.5e-3,true,\"\\u00e9\\n\",{\"b\":null}],\"c\":-12}";

    (void)state;
    for (size_t n = 0; n < sizeof text - 1; n++)
        assert_false(is_json((struct slice){ text, n }));
    assert_true(is_json((struct slice){ text, sizeof text - 1 }));
}

static void
values_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum json_kind kind;
        const char *as;
        bool escaped;
    } cases[] = {
        { "\"a b\" ", JSON_STRING, "a b", false }, { "\"a\\n\"", JSON_STRING, "a\\n", true }, { " 12,", JSON_INTEGER, "12", false },
        { "-0}", JSON_INTEGER, "-0", false }, { "1.0]", JSON_REAL, "1.0", false }, { "1e5 ", JSON_REAL, "1e5", false },
        { "true", JSON_TRUE, "true", false }, { "false", JSON_FALSE, "false", false }, { "null", JSON_NULL, "null", false },
        { " { \"a\":\"}\"} ", JSON_OBJECT, "{ \"a\":\"}\"}", false }, { "[[\"\\n\"]],", JSON_ARRAY, "[[\"\\n\"]]", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice text = slice_of(cases[i].text);
        char *p = with_slack(text, "x");
        struct json j = { p, p + text.n };
        struct json_value v;

        assert_true(json_value(&j, 0, &v));
        assert_int_equal(v.kind, cases[i].kind);
        assert_int_equal(v.escaped, cases[i].escaped);
        assert_true(slice_eq(v.text, slice_of(cases[i].as)));
        free(p);
    }
}

/* With room behind them, so that several bytes are looked at together. */
static void
numbers_and_words_of_any_length(void **state)
{
    static const struct {
        const char *text;
        enum json_kind kind; /* JSON_ABSENT: none */
    } tails[] = {
        { "", JSON_INTEGER }, { ".5", JSON_REAL }, { "e1", JSON_REAL }, { "E-1", JSON_REAL }, { ".", JSON_ABSENT }, { "e", JSON_ABSENT },
    }, words[] = {
        { "null", JSON_NULL }, { "true", JSON_TRUE }, { "false", JSON_FALSE }, { "fals ", JSON_ABSENT }, { "falsE", JSON_ABSENT },
        { "nulL", JSON_ABSENT }, { "tru e", JSON_ABSENT },
    };

    (void)state;
    for (int digits = 1; digits <= 20; digits++)
        for (size_t t = 0; t < ARRAY_LEN(tails); t++) {
            char text[64];
            int n = snprintf(text, sizeof text, "%.*s%s", digits, "12345678901234567890", tails[t].text);
            struct json j = { text, text + sizeof text };
            struct json_value v;
            bool is;

            memset(text + n, ' ', sizeof text - (size_t)n);
            is = json_value(&j, 0, &v);
            assert_int_equal(is, tails[t].kind != JSON_ABSENT);
            if (!is)
                continue;
            assert_int_equal(v.kind, tails[t].kind);
            assert_ptr_equal(v.text.p, text);
            assert_int_equal(v.text.n, n);
            assert_ptr_equal(j.at, text + n);
        }
    for (size_t w = 0; w < ARRAY_LEN(words); w++) {
        size_t n = strlen(words[w].text);
        char *p = with_slack(slice_of(words[w].text), ", ");
        struct json j = { p, p + n + BLOCK_SLACK };
        struct json_value v;

        assert_int_equal(json_value(&j, 0, &v), words[w].kind != JSON_ABSENT);
        if (words[w].kind != JSON_ABSENT) {
            assert_int_equal(v.kind, words[w].kind);
            assert_true(slice_eq(v.text, slice_of(words[w].text)));
            assert_ptr_equal(j.at, p + n);
        }
        free(p);
    }
}

static void
escapes_are_undone(void **state)
{
    static const struct {
        const char *text, *want;
        bool lone;
    } cases[] = {
        { "plain", "plain", false }, { "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", false }, { "\\u0041\\u007f", "A\x7f", false },
        { "\\u0080\\u07ff", "\xc2\x80\xdf\xbf", false }, { "\\u0800\\uffff", "\xe0\xa0\x80\xef\xbf\xbf", false },
        { "\\uD83D\\uDE00", "\xf0\x9f\x98\x80", false }, { "\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf", false },
        { "\\ud800", "\xed\xa0\x80", true }, { "\\ud800\\ud800x", "\xed\xa0\x80\xed\xa0\x80x", true },
        { "\\udc00\\ud800", "\xed\xb0\x80\xed\xa0\x80", true }, { "\\ud800\\n", "\xed\xa0\x80\n", true },
        { "\\ud800\\u0041", "\xed\xa0\x80""A", true }, { "\\ud800\\ud83d\\ude00", "\xed\xa0\x80\xf0\x9f\x98\x80", true },
        { "\\\\u0041", "\\u0041", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice text = slice_of(cases[i].text);
        char *out = malloc(text.n);
        bool lone;
        size_t n = json_unescape(text, out, &lone);

        assert_true(slice_eq((struct slice){ out, n }, slice_of(cases[i].want)));
        assert_int_equal(lone, cases[i].lone);
        free(out);
    }
}

/* Made with CPython: str(json.loads(text)). */
static void
numbers_print_as_python_prints_them(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "0", "0" }, { "-0", "0" }, { "-7", "-7" }, { "1497164453", "1497164453" },
        { "123456789012345678901234567890", "123456789012345678901234567890" },
        { "5.0", "5.0" }, { "1e20", "1e+20" }, { "1e16", "1e+16" }, { "1e15", "1000000000000000.0" },
        { "123456789012345678.0", "1.2345678901234568e+17" }, { "0.0001", "0.0001" }, { "0.00001", "1e-05" },
        { "1e-7", "1e-07" }, { "100.0", "100.0" }, { "-0.0", "-0.0" }, { "0.0", "0.0" }, { "0e5", "0.0" },
        { "1e999", "inf" }, { "-1e999", "-inf" }, { "0.1", "0.1" }, { "1.5e300", "1.5e+300" },
        { "5e-324", "5e-324" }, { "2.2250738585072014e-308", "2.2250738585072014e-308" },
        { "1.7976931348623157e308", "1.7976931348623157e+308" },
        { "5.6843418860808015e-14", "5.684341886080802e-14" }, { "9007199254740993.0", "9007199254740992.0" },
        { "-12.50", "-12.5" }, { "1E+2", "100.0" }, { "12345.678e-3", "12.345678" },
        { "0.30000000000000004", "0.30000000000000004" }, { "1e22", "1e+22" }, { "1e23", "1e+23" },
        { "2e-44", "2e-44" }, { "123456.7", "123456.7" },
        { "-1.99615024544470607e-194", "-1.996150245444706e-194" },
        { "-1.42042946116742138e+196", "-1.4204294611674214e+196" },
        { "4.94065645841246544177e-324", "5e-324" },
        { "3.05493636349960468205e-151", "3.054936363499605e-151" },
        { "5.68434188608080148697e-14", "5.684341886080802e-14" },
        { "9.53674316406250000000e-07", "9.5367431640625e-07" },
        { "1.15292150460684697600e+18", "1.152921504606847e+18" },
        { "1.26765060022822940150e+30", "1.2676506002282294e+30" },
        { "8.98846567431157953865e+307", "8.98846567431158e+307" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice text = slice_of(cases[i].text), got;
        char *p = with_slack(text, ",");
        char buf[JSON_PYTHON_BYTES];
        struct json j = { p, p + text.n };
        struct json_value v;

        assert_true(json_value(&j, 0, &v));
        got = json_python_number(&v, buf);
        if (!slice_eq(got, slice_of(cases[i].want)))
            fail_msg("%s is printed as %.*s, not %s", cases[i].text, (int)got.n, got.p, cases[i].want);
        free(p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_json),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(sixty_four_deep_and_no_deeper),
        cmocka_unit_test(a_megabyte_of_brackets_costs_nothing),
        cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(values_are_told_apart),
        cmocka_unit_test(numbers_and_words_of_any_length),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(numbers_print_as_python_prints_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
