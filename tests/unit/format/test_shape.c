/* Members read by their shape are the members read one by one, whatever was remembered before. */
#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/line.h"
#include "shape.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct slice wanted[] = { { "a", 1 }, { "bb", 2 }, { "a long key, but one of those that fit", 37 } };
static const struct shape_keys keys = { wanted, ARRAY_LEN(wanted) };

static unsigned
name_of(const struct json_value *key)
{
    char buf[JSON_KEY_BYTES];
    struct slice text = json_key_text(key, buf);

    for (unsigned i = 0; i < ARRAY_LEN(wanted); i++)
        if (slice_eq(text, wanted[i]))
            return i + 1;
    return 0;
}

static void
show_member(struct buf *out, unsigned name, bool good, const struct json_value *v)
{
    if (good)
        buf_printf(out, "%u=%d:%.*s\n", name, (int)v->kind, (int)v->text.n, v->text.p);
}

/* Where a text that is no JSON was left does not matter. */
static void
show_end(struct buf *out, enum json_step step, const struct json *j, const char *from)
{
    buf_printf(out, "%d at %zu\n", (int)step, step == JSON_END ? (size_t)(j->at - from) : 0);
    buf_str(out);
}

/* The members of an object, read without a shape. */
static void
read_plainly(const char *p, size_t n, struct buf *out)
{
    struct json j = { p + 1, p + n };
    struct json_value key, v;
    enum json_step step;
    bool inside = false, good = true;

    while (good && (step = json_member(&j, &inside, &key)) == JSON_NEXT) {
        good = json_value(&j, 1, &v);
        show_member(out, name_of(&key), good, &v);
    }
    show_end(out, good ? step : JSON_BAD, &j, p);
}

static void
read_by_shape(struct shape *shape, const char *p, size_t n, struct buf *out)
{
    struct json j = { p + 1, p + n };
    struct shape_walk w = shape_begin(shape, &keys);
    struct json_value v;
    enum json_step step;
    bool good = true;

    while (good && (step = shape_next(&w, &j)) == JSON_NEXT) {
        assert_true(j.at <= j.end);
        good = json_value(&j, 1, &v);
        show_member(out, w.name, good, &v);
    }
    show_end(out, good ? step : JSON_BAD, &j, p);
}

/* Both give the same for `text`, of which only the first n bytes are there; what follows would complete it. */
static void
compare(struct shape *shape, const char *text, size_t n, size_t slack_from)
{
    char *copy = malloc(n + BLOCK_SLACK);
    struct buf want = { 0 }, got = { 0 };

    memcpy(copy, text, n);
    for (size_t i = 0; i < BLOCK_SLACK; i++)
        copy[n + i] = slack_from + i < strlen(text) ? text[slack_from + i] : ' ';
    read_plainly(copy, n, &want);
    read_by_shape(shape, copy, n, &got);
    if (strcmp(got.p, want.p) != 0)
        fail_msg("%.*s\n  want: %s\n  got:  %s", (int)n, text, want.p, got.p);
    buf_release(&want);
    buf_release(&got);
    free(copy);
}

#define LONG_KEY "\"a long key, but one of those that fit\":"
#define FIVE     "\"a\":1,\"x\":1,\"\":1,\"bb\":2,\"y\":1,"

static const char *const objects[] = {
    "{}", "{ }", "{\"a\":1}", "{\"a\":1,\"bb\":2}", "{\"bb\":2,\"a\":1}", "{\"a\" : 1 , \"bb\" : 2 }", "{\"a\":1,\"a\":2,\"a\":3}",
    "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1\"bb\":2}", "{\"a\"1}", "{\"a\":}", "{\"a\":,\"bb\":2}", "{\"a:1}", "{\"\\u0061\":1,\"b\\u0062\":2}",
    "{\"a\":\"\",\"bb\":[1,2],\"x\":{\"a\":1}}", "{\"a\":1,\"bb\":2,\"a\":3,\"bb\":4,\"c\":5}", "{" LONG_KEY "1}", "{" LONG_KEY "1," LONG_KEY "2}",
    "{\"a\":  1}", "{\"a\":1,\"bb\":  \t  \r  2}", "{\"\\a\":1}", "{\"a\x01\":1}", "{\"a\":1,\"bb\":2]", "{\"a\": \"x\", \"bb\": \"y\"}",
    "{" FIVE FIVE FIVE FIVE FIVE "\"a\":1,\"bb\":1,\"a\":2}", /* more than are remembered */
};

static void
every_object_after_every_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(objects) * ARRAY_LEN(objects); i++) {
        const char *a = objects[i / ARRAY_LEN(objects)], *b = objects[i % ARRAY_LEN(objects)];
        struct shape shape = { 0 };

        compare(&shape, a, strlen(a), strlen(a));
        compare(&shape, b, strlen(b), strlen(b));
        compare(&shape, a, strlen(a), strlen(a));
    }
}

/* What is remembered must not be found behind the end of the text. */
static void
truncated_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        struct shape shape = { 0 };

        compare(&shape, objects[i], strlen(objects[i]), strlen(objects[i]));
        for (size_t n = 1; n < strlen(objects[i]); n++)
            compare(&shape, objects[i], n, n);
    }
}

/* One byte is another one: at every place, with a shape that knows the whole object. */
static void
changed_at_every_byte(void **state)
{
    static const char bytes[] = "{}[]:,\"\\ \t\x01x1";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        struct shape shape = { 0 };
        char text[512];
        size_t n = strlen(objects[i]);

        memcpy(text, objects[i], n + 1);
        for (size_t at = 1; at < n; at++) {
            for (size_t k = 0; k + 1 < sizeof bytes; k++) {
                compare(&shape, objects[i], n, n);
                text[at] = bytes[k];
                compare(&shape, text, n, n);
                text[at] = objects[i][at];
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_after_every_other),
        cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(changed_at_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
