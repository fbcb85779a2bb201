#include "ingest/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A template on the first line, paths on the others: whatever is matched is a piece of the path, and the same again. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *scratch = malloc(size + 1), *line, *rest;
    const char *templates[1];
    struct rules rules = { 0 };
    struct err err = { 0 };

    if (text == NULL || scratch == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    line = text;
    rest = strchr(line, '\n');
    if (rest != NULL)
        *rest++ = '\0';
    templates[0] = line;
    if (rules_init(&rules, NULL, templates, 1, DAY_NONE, DAY_NONE, &err) != ST_OK) {
        if (err.code != ST_USAGE || strlen(err.cause) >= sizeof err.cause)
            abort();
        rest = NULL;
    }
    while (rest != NULL) {
        struct route_match a = { 0 }, b = { 0 };
        struct slice path;
        char room[ROUTE_ROOM];
        bool found;

        line = rest;
        rest = strchr(line, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        path = path_clean(slice_of(line), 1 + size % 2, scratch);
        found = rules_match(&rules, path, room, &a);
        if (found != rules_match(&rules, path, room, &b) || (found && (a.name.p != b.name.p || a.version.n != b.version.n)))
            abort();
        if (found && (a.name.n == 0 || a.name.p < path.p || a.name.p + a.name.n > path.p + path.n ||
                      memchr(a.name.p, '/', a.name.n) != NULL))
            abort();
        if (found && a.version.p != NULL &&
            (a.version.n == 0 || a.version.p < path.p || a.version.p + a.version.n > path.p + path.n))
            abort();
    }
    rules_release(&rules);
    free(text);
    free(scratch);
    return 0;
}
