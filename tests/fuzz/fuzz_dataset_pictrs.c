#include "pictrs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(const struct pictrs_text *a, const struct pictrs_text *b)
{
    if (a->full != b->full || !slice_eq(pictrs_slice(a), pictrs_slice(b)))
        abort();
}

/* What is written down is read as itself: a URL, an alias. */
static void
settles(const struct pictrs_request *request)
{
    static struct pictrs_text again;

    if (request->name.full)
        return;
    if (request->by_url && !pictrs_url(pictrs_slice(&request->name), &again))
        abort();
    if (!request->by_url)
        pictrs_alias(pictrs_slice(&request->name), &again);
    same(&request->name, &again);
}

/* PATH?QUERY: a request touches something and is the same the second time, or is of no kind; the layer of CloudFront comes off as it went on. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice methods[] = { { "GET", 3 }, { "HEAD", 4 }, { "POST", 4 }, { "PUT", 3 } };
    static struct pictrs_request one, two;
    struct slice path = { (const char *)data, size }, query = { NULL, 0 };
    const char *mark = size > 0 ? memchr(data, '?', size) : NULL;
    char *room = malloc(size + 1);

    if (room == NULL)
        abort();
    if (mark != NULL) {
        path.n = (size_t)(mark - path.p);
        query = (struct slice){ mark + 1, size - path.n - 1 };
    }
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        enum reason why = pictrs_read(methods[i], path, query, 0, &one);

        if (why != pictrs_read(methods[i], path, query, 0, &two))
            abort();
        if (why != KEEP)
            continue;
        if (one.touches == 0 || one.touches != two.touches || one.by_url != two.by_url ||
            ((one.touches & PICTRS_VARIANT) != 0) != (one.key.n > 0))
            abort();
        same(&one.name, &two.name);
        same(&one.key, &two.key);
        settles(&one);
    }
    if (pictrs_unwrap(query, room).n > query.n)
        abort();
    if (pictrs_url((struct slice){ (const char *)data, size }, &one.name) && !one.name.full) {
        one.by_url = true;
        settles(&one);
    }
    free(room);
    return 0;
}
