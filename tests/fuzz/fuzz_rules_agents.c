#include "agent_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does the pattern fit, asked of it alone? */
static bool
fits(const struct pattern *p, struct slice text)
{
    if (!p->plain)
        return pattern_fits(p, text, true);
    for (size_t i = 0; i + p->exact.n <= text.n; i++) {
        size_t k = 0;

        while (k < p->exact.n && (p->fold ? lower(text.p[i + k]) == lower(p->exact.p[k]) : text.p[i + k] == p->exact.p[k]))
            k++;
        if (k == p->exact.n)
            return true;
    }
    return false;
}

/* Does the text hold, whatever the case, one of the texts that each match must hold? */
static bool
holds_factor(const struct pattern *p, struct slice text)
{
    for (size_t f = 0; f < p->n_factors; f++)
        for (size_t i = 0; i + p->factors[f].n <= text.n; i++) {
            size_t k = 0;

            while (k < p->factors[f].n && lower(text.p[i + k]) == p->factors[f].p[k])
                k++;
            if (k == p->factors[f].n)
                return true;
        }
    return p->n_factors == 0;
}

/* Is one of the pattern's factors found by the automaton? */
static bool
trie_finds(const struct trie *t, uint32_t pattern, struct slice text)
{
    uint32_t at = 0;

    for (size_t i = 0; i < text.n; i++) {
        at = trie_step(t, at, lower(text.p[i]));
        for (uint32_t k = t->nodes[at].reported; k != 0; k = t->nodes[t->nodes[k].fail].reported)
            for (uint32_t e = 0; e < t->nodes[k].n_ends; e++)
                if (t->ends[t->nodes[k].first_end + e] == pattern)
                    return true;
    }
    return false;
}

/* A user agent, NUL, a file of patterns: a match holds a factor, and the automaton finds what a search finds. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = memchr(data, '\0', size);
    size_t n = nul == NULL ? 0 : (size_t)(nul - data);
    struct slice text = { (const char *)data, n < 200 ? n : 200 }, file = { (const char *)data, size };
    struct pattern_list list = { 0 };
    struct arena arena;
    struct trie trie;
    struct err err = { 0 };

    if (nul != NULL)
        file = (struct slice){ (const char *)nul + 1, size - n - 1 };
    arena_init(&arena, 64 * MIB);
    list.arena = &arena;
    if (agent_file_parse(&list, file, "file", AGENT_ROBOT, &err) == ST_OK && trie_init(&trie, &list, &arena, &err) == ST_OK) {
        for (size_t i = 0; i < list.n && i < 50; i++) {
            const struct pattern *p = &list.at[i];

            if (fits(p, text) && !holds_factor(p, text))
                abort();
            if (p->n_factors > 0 && trie_finds(&trie, (uint32_t)i, text) != holds_factor(p, text))
                abort();
        }
    } else if (err.code == ST_OK || strlen(err.cause) >= sizeof err.cause) {
        abort();
    }
    free(list.at);
    arena_release(&arena);
    return 0;
}
