#include "ingest/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
stands_in(struct slice piece, const char *p, size_t n)
{
    return piece.n > 0 && piece.p >= p && piece.n <= n && piece.p <= p + n - piece.n;
}

/* A template on the first line, paths on the others: whatever is matched is a piece of the path or of the room, and the same again. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *scratch = malloc(size + 1), *line, *rest;
    const char *templates[1];
    struct rule_pack pack = *rule_pack_by_name(NULL);
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
    pack.normalise = size % 3 == 0;
    if (rules_init(&rules, &pack, templates, 1, DAY_NONE, DAY_NONE, &err) != ST_OK) {
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
        if (found && !stands_in(a.name, path.p, path.n) && !stands_in(a.name, room, sizeof room))
            abort();
        if (found && a.version.p != NULL && !stands_in(a.version, path.p, path.n))
            abort();
    }
    rules_release(&rules);
    free(text);
    free(scratch);
    return 0;
}
