/*
 * Patterns from a file: one a line, or the JSON of the list `crawler-user-agents`, an array of
 * objects of which only "pattern" is looked at. Which of the two it is, its beginning tells.
 */
#include "ingest/base.h"
#include "agent_priv.h"

#ifdef INGEST_HAVE_JANSSON
#include <jansson.h>
#endif

#define FILE_BYTES_MAX    (16 * MIB)
#define PATTERN_BYTES_MAX (4 * KIB)
#define ROOM_MAX          (64 * MIB) /* of all patterns when compiled: 20 KiB each at worst */

static const char what[] = "cannot read the patterns of user agents";

enum st
pattern_add(struct pattern_list *list, struct slice text, enum agent_class class, bool fold,
            const char *file, uint64_t line_no, struct err *err)
{
    struct pattern *p;
    char *copy;

    if (text.n > PATTERN_BYTES_MAX || memchr(text.p, '\0', text.n) != NULL)
        return err_fail(err, ST_USAGE, what, "a pattern has at most %zu bytes, and none is NUL",
                        PATTERN_BYTES_MAX);
    if (list->n == PATTERNS_MAX)
        return err_fail(err, ST_USAGE, what, "these are more than %d patterns", PATTERNS_MAX);
    if (list->arena->used_bytes > ROOM_MAX)
        return err_fail(err, ST_USAGE, what,
                        "the %zu before this one take more than %zu MiB of memory", list->n,
                        ROOM_MAX / MIB);
    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 256 : list->cap * 2;
        struct pattern *more = realloc(list->at, cap * sizeof *more);

        if (more == NULL)
            return err_memory(err, what);
        list->at = more;
        list->cap = cap;
    }
    if ((copy = arena_alloc(list->arena, text.n + 1)) == NULL)
        return err_memory(err, what);
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    p = &list->at[list->n];
    *p = (struct pattern){
        .text = { copy, text.n }, .file = file, .line_no = line_no, .class = class, .fold = fold
    };
    list->n++;
    return pattern_compile(p, list->arena, err);
}

/* ---- lines ---- */

static enum st
parse_lines(struct pattern_list *list, struct slice text, const char *path, enum agent_class class,
            struct err *err)
{
    uint64_t line_no = 0;

    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        struct slice line = { text.p, end == NULL ? text.n : (size_t)(end - text.p) };
        enum st rc;

        line_no++;
        text.p += line.n + (end != NULL);
        text.n -= line.n + (end != NULL);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        rc = pattern_add(list, line, class, true, path, line_no, err);
        if (rc == ST_USAGE)
            err->line_no = line_no;
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

/* ---- JSON ---- */

/* "[", blanks, and then an object or the end: no regular expression that means anything. */
static bool
is_json(struct slice s)
{
    size_t at = 0;

    for (int i = 0; i < 2; i++) {
        while (at < s.n && (s.p[at] == ' ' || (s.p[at] >= '\t' && s.p[at] <= '\r')))
            at++;
        if (i == 0 && (at >= s.n || s.p[at++] != '['))
            return false;
    }
    return at < s.n && (s.p[at] == '{' || s.p[at] == ']');
}

#ifdef INGEST_HAVE_JANSSON
static enum st
add_elements(struct pattern_list *list, const json_t *array, const char *path,
             enum agent_class class, struct err *err)
{
    const json_t *element;
    size_t i;

    json_array_foreach(array, i, element)
    {
        const json_t *pattern = json_object_get(element, "pattern");
        struct err inner;
        enum st rc;

        if (!json_is_string(pattern)) {
            err_fail(err, ST_USAGE, what, "element %zu of the array has no string \"pattern\"",
                     i + 1);
            return ST_USAGE;
        }
        rc = pattern_add(list,
                         (struct slice){ json_string_value(pattern), json_string_length(pattern) },
                         class, false, path, i + 1, &inner);
        if (rc == ST_USAGE)
            return err_fail(err, ST_USAGE, what, "element %zu of the array: %.200s", i + 1,
                            inner.cause);
        if (rc != ST_OK) {
            *err = inner;
            return rc;
        }
    }
    return ST_OK;
}

static enum st
parse_json(struct pattern_list *list, struct slice text, const char *path, enum agent_class class,
           struct err *err)
{
    json_error_t error;
    json_t *array = json_loadb(text.p, text.n, 0, &error);
    enum st rc;

    if (array == NULL) {
        err_fail(err, ST_USAGE, what, "no JSON: %s", error.text);
        err->line_no = error.line > 0 ? (uint64_t)error.line : 0;
        return ST_USAGE;
    }
    rc = add_elements(list, array, path, class, err);
    json_decref(array);
    return rc;
}
#else
static enum st
parse_json(struct pattern_list *list, struct slice text, const char *path, enum agent_class class,
           struct err *err)
{
    (void)list, (void)text, (void)path, (void)class;
    err_fail(err, ST_USAGE, what, "this build cannot read a list in JSON");
    err_hint(err, "build it with libjansson-dev, or write one pattern a line");
    return ST_USAGE;
}
#endif

/* ---- a file ---- */

enum st
agent_file_parse(struct pattern_list *list, struct slice text, const char *path,
                 enum agent_class class, struct err *err)
{
    enum st rc;

    if (slice_starts(text,
                     SLICE("\xef\xbb\xbf"))) { /* a byte order mark, as some editors write it */
        text.p += 3;
        text.n -= 3;
    }
    rc = is_json(text) ? parse_json(list, text, path, class, err)
                       : parse_lines(list, text, path, class, err);
    if (rc == ST_USAGE)
        snprintf(err->path, sizeof err->path, "%s", path);
    return rc;
}

static enum st
read_all(FILE *file, struct slice *out, struct err *err)
{
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t n;

    if (text == NULL)
        return err_memory(err, what);
    n = fread(text, 1, FILE_BYTES_MAX + 1, file);
    if (ferror(file) || n > FILE_BYTES_MAX) {
        err_fail(err, ST_USAGE, what, "%s",
                 n > FILE_BYTES_MAX ? "it is larger than 16 MiB" : strerror(errno));
        free(text);
        return ST_USAGE;
    }
    *out = (struct slice){ text, n };
    return ST_OK;
}

enum st
agent_file_read(struct pattern_list *list, const char *path, enum agent_class class,
                struct err *err)
{
    FILE *file = fopen(path, "re");
    struct slice text = { NULL, 0 };
    enum st rc;

    rc = file == NULL ? err_fail(err, ST_USAGE, what, "%s", strerror(errno))
                      : read_all(file, &text, err);
    if (file != NULL)
        fclose(file);
    if (rc != ST_OK)
        snprintf(err->path, sizeof err->path, "%s", path);
    else
        rc = agent_file_parse(list, text, path, class, err);
    free((void *)(uintptr_t)text.p);
    return rc;
}
