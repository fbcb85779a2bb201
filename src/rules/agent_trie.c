/*
 * The automaton of all factors. They are sorted first, so that those with a common beginning stand
 * together and the children of each node are a walk over its stretch of them.
 */
#include "ingest/base.h"
#include "agent_priv.h"

struct factor {
    struct slice text;
    uint32_t pattern;
};

/* A node's stretch of the sorted factors: those that begin with its text. */
struct stretch {
    uint32_t from, to, depth;
};

static int
by_text(const void *a, const void *b)
{
    const struct factor *x = a, *y = b;
    size_t n = x->text.n < y->text.n ? x->text.n : y->text.n;
    int c = memcmp(x->text.p, y->text.p, n);

    if (c != 0 || x->text.n != y->text.n)
        return c != 0 ? c : x->text.n < y->text.n ? -1 : 1;
    return x->pattern < y->pattern ? -1 : x->pattern > y->pattern;
}

static struct factor *
list_factors(const struct pattern_list *list, size_t *n, size_t *n_bytes)
{
    struct factor *factors;

    *n = *n_bytes = 0;
    for (size_t i = 0; i < list->n; i++)
        *n += list->at[i].n_factors;
    factors = malloc((*n + 1) * sizeof *factors);
    if (factors == NULL)
        return NULL;
    *n = 0;
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->at[i].n_factors; k++) {
            factors[(*n)++] = (struct factor){ list->at[i].factors[k], (uint32_t)i };
            *n_bytes += list->at[i].factors[k].n;
        }
    qsort(factors, *n, sizeof *factors, by_text);
    return factors;
}

/* The nodes of one level give those of the next; nodes and stretches grow together. */
static void
make_children(struct trie *t, struct stretch *stretches, const struct factor *factors, uint32_t at)
{
    struct trie_node *node = &t->nodes[at];
    struct stretch s = stretches[at];

    node->first_end = s.from;
    while (s.from < s.to && factors[s.from].text.n == s.depth)
        s.from++;
    node->n_ends = s.from - node->first_end;
    node->first_child = (uint32_t)t->n_nodes;
    while (s.from < s.to) {
        char byte = factors[s.from].text.p[s.depth];
        uint32_t to = s.from;

        while (to < s.to && factors[to].text.p[s.depth] == byte)
            to++;
        stretches[t->n_nodes] = (struct stretch){ s.from, to, s.depth + 1 };
        t->nodes[t->n_nodes++] = (struct trie_node){ .byte = byte };
        node->n_children++;
        s.from = to;
    }
}

/*
 * `fail` of a child is where its parent's leads by the child's byte: nodes above are done before.
 */
static void
join_ends(struct trie *t)
{
    for (uint32_t at = 0; at < t->n_nodes; at++) {
        const struct trie_node *node = &t->nodes[at];

        for (uint32_t i = node->first_child; i < node->first_child + node->n_children; i++) {
            struct trie_node *child = &t->nodes[i];

            child->fail = at == 0 ? 0 : trie_step(t, node->fail, child->byte);
            child->reported = child->n_ends > 0 ? i : t->nodes[child->fail].reported;
        }
    }
}

enum st
trie_init(struct trie *t, const struct pattern_list *list, struct arena *arena, struct err *err)
{
    size_t n, n_bytes;
    struct factor *factors = list_factors(list, &n, &n_bytes);
    struct stretch *stretches = NULL;
    enum st rc = ST_MEMORY;

    *t = (struct trie){ 0 };
    if (factors == NULL || n_bytes >= UINT32_MAX)
        goto release;
    stretches = malloc((n_bytes + 1) * sizeof *stretches);
    t->nodes = arena_alloc(arena, (n_bytes + 1) * sizeof *t->nodes);
    t->ends = arena_alloc(arena, (n + 1) * sizeof *t->ends);
    if (stretches == NULL || t->nodes == NULL || t->ends == NULL)
        goto release;
    for (size_t i = 0; i < n; i++)
        t->ends[i] = factors[i].pattern;
    t->n_nodes = 1;
    t->nodes[0] = (struct trie_node){ 0 };
    stretches[0] = (struct stretch){ 0, (uint32_t)n, 0 };
    for (uint32_t at = 0; at < t->n_nodes; at++)
        make_children(t, stretches, factors, at);
    for (uint32_t i = t->nodes[0].first_child; i < t->nodes[0].first_child + t->nodes[0].n_children;
         i++)
        t->root[(unsigned char)t->nodes[i].byte] = i;
    join_ends(t);
    rc = ST_OK;
release:
    free(factors);
    free(stretches);
    return rc == ST_OK ? ST_OK : err_memory(err, "cannot hold the patterns of user agents");
}
