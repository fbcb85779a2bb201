/* What Python prints of JSON: known texts, and a second view, the python3 of this host. */
#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/hash.h"
#include "ingest/line.h"
#include "python_repr.h"

#include <setjmp.h>
#include <cmocka.h>

static void
into_buf(void *ctx, const char *p, size_t n)
{
    buf_add(ctx, p, n);
}

static bool
repr(struct slice text, struct buf *out)
{
    char *copy = malloc(text.n + BLOCK_SLACK);
    struct json j = { copy, copy + text.n };
    struct json_value v;
    struct arena scratch;
    bool good;

    memcpy(copy, text.p, text.n);
    memset(copy + text.n, '7', BLOCK_SLACK);
    if (text.n > 0 && (unsigned char)(text.p[text.n - 1] - '0') <= 9)
        copy[text.n] = ',';
    arena_init(&scratch, 16 * MIB);
    buf_reset(out);
    if (!json_value(&j, 1, &v) || j.at != j.end)
        fail_msg("no JSON: %.*s", (int)text.n, text.p);
    good = python_repr((struct slice){ copy, text.n }, &scratch, into_buf, out);
    arena_release(&scratch);
    free(copy);
    return good;
}

static const struct {
    const char *name, *json, *printed;
} cases[] = {
    { "words", "[true,false,null]", "[True, False, None]" },
    { "blanks", " { \"a\" :\t1 ,\n\"b\":[ ] }", "{'a': 1, 'b': []}" },
    { "empty", "[{},[],\"\"]", "[{}, [], '']" },
    { "integers_of_any_size", "[0,-0,-1,123456789012345678901234567890]", "[0, 0, -1, 123456789012345678901234567890]" },
    { "reals", "[0.0,-0.0,1e400,-1e400,1E2,0.1,1e15,1e16,1e-4,1e-5,12345678901234567.0,5e-324]",
      "[0.0, -0.0, inf, -inf, 100.0, 0.1, 1000000000000000.0, 1e+16, 0.0001, 1e-05, 1.2345678901234568e+16, 5e-324]" },
    { "quotes", "[\"a\",\"'\",\"\\\"\",\"'\\\"\",\"\\\\'\",\"\\\\\\\"'\"]", "['a', \"'\", '\"', '\\'\"', \"\\\\'\", '\\\\\"\\'']" },
    { "escapes", "\"\\b\\f\\n\\r\\t\\/\\u0000\\u001f\\u007f\x7f \"", "'\\x08\\x0c\\n\\r\\t/\\x00\\x1f\\x7f\\x7f '" },
    { "a_sketch", "\"\\\\x128B7F\"", "'\\\\x128B7F'" },
    { "printable", "\"\\u00e9\xc3\xa9\xe2\x82\xac\\ud83d\\ude00\"", "'\xc3\xa9\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'" },
    { "not_printable", "\"\\u0080\xc2\xa0\\u00ad\\u2028\xe2\x80\xa9\\ue000\\udb40\\udc01\xf4\x8f\xbf\xbf\"",
      "'\\x80\\xa0\\xad\\u2028\\u2029\\ue000\\U000e0001\\U0010ffff'" },
    { "lone_surrogates", "[\"\\ud800\",\"\\udc00\\ud800\",\"\\ud83dx\"]", "['\\ud800', '\\udc00\\ud800', '\\ud83dx']" },
    { "keys_as_strings", "{\"'\":1,\"\\n\":2,\"\\u0061\":3}", "{\"'\": 1, '\\n': 2, 'a': 3}" },
    { "keys_twice", "{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":{\"c\":4,\"c\":[5]}}", "{'a': {'c': [5]}, 'b': 2}" },
    { "one_key_is_the_beginning_of_another", "{\"ab\":1,\"a\":2,\"abc\":3,\"ab\":4}", "{'ab': 4, 'a': 2, 'abc': 3}" },
    { "eight_deep", "[[[[[[[[]]]]]]]]", "[[[[[[[[]]]]]]]]" },
};

static void
known_texts(void **state)
{
    struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (!repr(slice_of(cases[i].json), &out) || strcmp(buf_str(&out), cases[i].printed) != 0)
            fail_msg("%s: %s\nnot %s", cases[i].name, out.p, cases[i].printed);
    buf_release(&out);
}

static void
what_python_would_not_read(void **state)
{
    static const struct slice texts[] = {
        SLICE("\"\xff\""), SLICE("{\"\xc3\":1}"), SLICE("[\"\xed\xa0\x80\"]"), SLICE("\"\xc0\x80\""), SLICE("[[[[[[[[[]]]]]]]]]"),
    };
    struct buf out = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(repr(texts[i], &out));
    buf_release(&out);
}

/* A megabyte of keys, few of them or none alike: neither the square of their number in time, nor a failure. */
static void
many_keys(void **state)
{
    struct buf text = { 0 }, out = { 0 }, wanted = { 0 };

    (void)state;
    buf_text(&text, "{");
    buf_text(&wanted, "{");
    for (int i = 0; i < 150000; i++) {
        buf_printf(&text, "%s\"\":%d", i == 0 ? "" : ",", i % 10);
        if (text.n > LINE_BYTES_MAX - 10)
            break;
    }
    buf_text(&text, ",\"\":77}");
    assert_true(repr((struct slice){ text.p, text.n }, &out));
    assert_string_equal(buf_str(&out), "{'': 77}");
    buf_reset(&text);
    buf_text(&text, "{");
    for (int i = 0; i < 90000; i++) {
        buf_printf(&text, "%s\"%x\":0", i == 0 ? "" : ",", i);
        buf_printf(&wanted, "%s'%x': 0", i == 0 ? "" : ", ", i);
    }
    buf_text(&text, "}");
    buf_text(&wanted, "}");
    assert_true(repr((struct slice){ text.p, text.n }, &out));
    assert_string_equal(buf_str(&out), buf_str(&wanted));
    buf_release(&text);
    buf_release(&out);
    buf_release(&wanted);
}

/* ---- a second view ---- */

#define PYTHON                                                                                     \
    "import json, sys, unicodedata\n"                                                              \
    "sys.stdout.reconfigure(encoding='utf-8')\n"                                                   \
    "print(unicodedata.unidata_version)\n"                                                         \
    "for line in open(sys.argv[1], encoding='utf-8'):\n"                                           \
    "    print(repr(json.loads(line)))\n"

static uint32_t
dice(void)
{
    static uint32_t x = 2463534242u;

    x ^= x << 13;
    x ^= x >> 17;
    return x ^= x << 5;
}

static void
random_string(struct buf *b)
{
    static const char *const pieces[] = { "'", "\\\"", "\\\\", "a", " ", "\\u0000", "\\n", "\\u00e9", "\xc3\xa9", "\\ud800", "\\udfff",
                                          "\\ud83d\\ude00", "\x7f", "~", "\xe2\x80\x8b", "\xf0\x9f\x98\x80", "\\u2028", "k" };

    buf_text(b, "\"");
    for (uint32_t n = dice() % 4; n > 0; n--)
        buf_text(b, pieces[dice() % ARRAY_LEN(pieces)]);
    buf_text(b, "\"");
}

static void
random_value(struct buf *b, int depth)
{
    uint32_t n = dice() % 4, kind = dice() % (depth > 0 ? 8 : 6);

    switch (kind) {
    case 0:
        buf_text(b, dice() % 2 ? "null" : "true");
        break;
    case 1:
        buf_printf(b, "%s%u%s%u", dice() % 2 ? "-" : "", dice() % 1000, dice() % 2 ? "e" : ".", dice() % 30);
        break;
    case 2:
        buf_printf(b, "%d.%ue-%u", (int)dice() % 100, dice(), dice() % 320);
        break;
    case 3:
        buf_printf(b, "%u%u", 1 + dice(), dice());
        break;
    case 6: case 7:
        buf_text(b, kind == 6 ? "[" : "{");
        for (uint32_t i = 0; i < n; i++) {
            buf_text(b, i > 0 ? ", " : "");
            if (kind == 7) {
                random_string(b);
                buf_text(b, ": ");
            }
            random_value(b, depth - 1);
        }
        buf_text(b, kind == 6 ? "]" : "}");
        break;
    default:
        random_string(b);
    }
}

/* Every character, 64 a line, but what JSON does not take as it is. */
static void
all_characters(FILE *f)
{
    for (uint32_t c = 0; c < 0x110000; c++) {
        if (c % 64 == 0)
            fputs("\"", f);
        if (c >= 0x10000)
            fprintf(f, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
        else if (c < 0xd800 || c > 0xdfff) /* a pair would be one character */
            fprintf(f, "\\u%04x", c);
        if (c % 64 == 63)
            fputs("\"\n", f);
    }
}

static void
as_python_prints_it(void **state)
{
    char path[] = "/tmp/ingest-repr.XXXXXX", command[512 + sizeof PYTHON], *line = NULL, *text = NULL;
    struct buf value = { 0 }, out = { 0 };
    size_t cap = 0, text_cap = 0, n_lines = 0;
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w+"), *printed;
    bool same_unicode;

    (void)state;
    assert_non_null(f);
    for (int i = 0; i < 20000; i++) {
        buf_reset(&value);
        random_value(&value, 5);
        fprintf(f, "%.*s\n", (int)value.n, value.p);
    }
    all_characters(f);
    rewind(f);
    snprintf(command, sizeof command, "PYTHONIOENCODING=utf-8 python3 -c \"%s\" %s", PYTHON, path);
    printed = popen(command, "r");
    assert_non_null(printed);
    assert_true(getline(&line, &cap, printed) > 0);
    same_unicode = strcmp(line, "14.0.0\n") == 0;
    while (getline(&text, &text_cap, f) > 0) {
        size_t n = strlen(text) - 1;

        if (++n_lines > 20000 && !same_unicode)
            break;
        assert_true(getline(&line, &cap, printed) > 0);
        line[strlen(line) - 1] = '\0';
        assert_true(repr((struct slice){ text, n }, &out));
        if (strcmp(line, buf_str(&out)) != 0)
            fail_msg("%.*s\npython: %s\nours:   %s", (int)n, text, line, out.p);
    }
    assert_true(n_lines > 20000);
    pclose(printed);
    fclose(f);
    unlink(path);
    free(line);
    free(text);
    buf_release(&value);
    buf_release(&out);
}

/* ---- the hash ---- */

static void
into_hash(void *ctx, const char *p, size_t n)
{
    murmur3_32_add(ctx, p, n);
}

/* What EIDA's web service keeps of a payload with one element, its sketch in capitals and not. */
static void
the_hash_of_a_payload(void **state)
{
#define ELEMENT(sketch)                                                                                                                                   \
    "[{\"month\":\"2020-09-01\",\"network\":\"GE\",\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\",\"country\":\"US\",\"bytes\":98304,"        \
    "\"nb_requests\":1,\"nb_successful_requests\":1,\"nb_unsuccessful_requests\":0,\"clients\":\"\\\\x" sketch "\"}]"
    static const struct {
        struct slice text;
        int32_t      hash;
    } known[] = { { SLICE(ELEMENT("128B7F00000000688E5440")), 795719325 }, { SLICE(ELEMENT("128b7f00000000688e5440")), -1027972329 } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct murmur3_32 m = { 0 };
        struct buf text = { 0 };
        struct arena scratch;

        arena_init(&scratch, MIB);
        buf_add_slice(&text, known[i].text);
        buf_add(&text, (char[BLOCK_SLACK]){ 0 }, BLOCK_SLACK);
        assert_true(python_repr((struct slice){ text.p, known[i].text.n }, &scratch, into_hash, &m));
        assert_int_equal(m.n_bytes, 245);
        assert_int_equal((int32_t)murmur3_32_finish(&m), known[i].hash);
        arena_release(&scratch);
        buf_release(&text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts), cmocka_unit_test(what_python_would_not_read), cmocka_unit_test(many_keys),
        cmocka_unit_test(as_python_prints_it), cmocka_unit_test(the_hash_of_a_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
