/*
 * The JSON scanner and the walk along wanted keys against jansson: what is JSON for one is JSON for the other, and wanted
 * keys have the same values. Where jansson is narrower (UTF-8, numbers that overflow, NUL in a key) or wider (depth) is said.
 */
#include "ingest/base.h"

#include <jansson.h>

/* Both have these names: jansson's get others here, and then they are ours. */
enum theirs {
    THEIR_OBJECT = JSON_OBJECT,
    THEIR_STRING = JSON_STRING,
    THEIR_INTEGER = JSON_INTEGER,
    THEIR_NULL = JSON_NULL,
};
#define JSON_OBJECT  OUR_OBJECT
#define JSON_ARRAY   OUR_ARRAY
#define JSON_STRING  OUR_STRING
#define JSON_INTEGER OUR_INTEGER
#define JSON_REAL    OUR_REAL
#define JSON_TRUE    OUR_TRUE
#define JSON_FALSE   OUR_FALSE
#define JSON_NULL    OUR_NULL
#define json_string  our_string

#include "ingest/line.h"
#include "json_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                 \
    do {                                                                        \
        if (!(x)) {                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x); \
            abort();                                                            \
        }                                                                       \
    } while (0)

static bool
jansson_is_narrower(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
    case json_error_numeric_overflow:
    case json_error_null_byte_in_key:
    case json_error_null_character:
        return true;
    default: /* a surrogate without its partner */
        return strstr(error->text, "invalid Unicode") != NULL;
    }
}

/* How deep brackets stand within one another, outside of strings. The text is JSON. */
static size_t
depth_of(const uint8_t *p, size_t n)
{
    size_t depth = 0, deepest = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        if (in_string && p[i] == '\\')
            i++;
        else if (p[i] == '"')
            in_string = !in_string;
        else if (!in_string && (p[i] == '{' || p[i] == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!in_string && (p[i] == '}' || p[i] == ']'))
            depth--;
    }
    return deepest;
}

static void
same_value(const struct json_value *ours, const json_t *theirs)
{
    char *text;
    bool lone;
    int64_t number;
    size_t n;

    if (json_typeof(theirs) == (int)THEIR_INTEGER && json_integer_value(theirs) >= 0) {
        MUST(json_u63(ours, &number));
        MUST(number == json_integer_value(theirs));
    }
    if (json_typeof(theirs) != (int)THEIR_STRING)
        return;
    MUST(ours->kind == JSON_STRING);
    text = malloc(ours->text.n + 1);
    MUST(text != NULL);
    n = json_unescape(ours->text, text, &lone);
    MUST(!lone && n == json_string_length(theirs));
    MUST(memcmp(text, json_string_value(theirs), n) == 0);
    free(text);
}

static void
same_fields(struct json_tree *tree, struct slice text, const json_t *theirs)
{
    MUST(json_tree_walk(tree, text));
    for (size_t i = 0; i < json_keys_known.n; i++) {
        const struct key_def *def = &json_keys_known.defs[i];
        const json_t *value = theirs;

        for (size_t k = 0; k < def->n_names && value != NULL; k++)
            value = json_object_getn(value, def->names[k].p, def->names[k].n);
        if (def->n_names == 1 && slice_is(def->names[0], "request") && value != NULL &&
            json_typeof(value) == (int)THEIR_OBJECT)
            value = NULL; /* wanted for what is in it */
        if (value != NULL && json_typeof(value) == (int)THEIR_NULL)
            value = NULL;
        MUST((tree->present >> i & 1) == (value != NULL));
        if (value != NULL)
            same_value(&tree->values[tree->node_of[i]], value);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_tree tree; /* its shapes go on from text to text, as they do from line to line */
    char *copy = calloc(1, size + BLOCK_SLACK);
    struct json j = { copy, copy + size };
    struct json_value v;
    json_error_t error;
    json_t *theirs;
    bool ours;

    MUST(copy != NULL);
    if (tree.n == 0)
        json_tree_init(&tree, &json_keys_known);
    memcpy(copy, data, size);
    ours = json_value(&j, 0, &v) && json_peek(&j) == 0 && j.at == j.end;
    theirs = json_loadb(copy, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (theirs == NULL)
        MUST(!ours || jansson_is_narrower(&error));
    else if (!ours)
        MUST(depth_of(data, size) > JSON_DEPTH_MAX || memchr(data, '\0', size) != NULL); /* it passes over one behind a number */
    else if (json_typeof(theirs) == (int)THEIR_OBJECT)
        same_fields(&tree, (struct slice){ copy, size }, theirs);
    json_decref(theirs);
    free(copy);
    return 0;
}
