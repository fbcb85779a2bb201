/*
 * The class of a user agent. What is first in the list of patterns decides: those of files before
 * the built-in ones, and among each mirrors, clients, robots, browsers. So a file may say otherwise
 * than we do; a package client is none of the robots that a list for web pages takes it for, if it
 * is named; and a robot that calls itself a browser as well is a robot.
 *
 * Agents repeat, so what was found is remembered, in a table that never grows and that threads
 * share without a lock: an entry is one word, hash and class together, read and written as a whole.
 */
#include "ingest/base.h"
#include "agent_priv.h"

#include <stdatomic.h>

#include "ingest/buf.h"

#define XXH_INLINE_ALL /* asked of every line: a call would cost as much as the hash */
#include <xxhash.h>

#define MEMORY_ENTRIES 16384 /* 128 KiB: stays in the second cache */
#define CLASS_BITS     7u    /* the lowest of an entry; 7: it is empty */

static_assert(AGENT_CLASSES_N <= CLASS_BITS, "a class fits beside the hash");

struct agents {
    struct arena arena;
    struct pattern_list patterns;
    struct trie trie;
    uint32_t *always; /* patterns that have no factor */
    size_t n_always;
    struct digest id;
    struct hash_secret secret;
    _Atomic uint64_t memory[MEMORY_ENTRIES];
};

static const enum agent_class order[] = { AGENT_MIRROR, AGENT_CLIENT, AGENT_ROBOT, AGENT_BROWSER };

static enum st
add_all(struct pattern_list *list, const char *const files[AGENT_CLASSES_N], struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; files != NULL && rc == ST_OK && i < ARRAY_LEN(order); i++)
        if (files[order[i]] != NULL)
            rc = agent_file_read(list, files[order[i]], order[i], err);
    for (size_t i = 0; rc == ST_OK && i < n_builtin_agents; i++)
        rc = pattern_add(list, slice_of(builtin_agents[i].pattern), builtin_agents[i].class, true,
                         NULL, 0, err);
    return rc;
}

static enum st
list_always(struct agents *a, struct err *err)
{
    a->always = arena_alloc(&a->arena, (a->patterns.n + 1) * sizeof *a->always);
    if (a->always == NULL)
        return err_memory(err, "cannot hold the patterns of user agents");
    for (size_t i = 0; i < a->patterns.n; i++)
        if (a->patterns.at[i].n_factors == 0)
            a->always[a->n_always++] = (uint32_t)i;
    return ST_OK;
}

/* Everything that a class depends on, in the order that decides. */
static enum st
make_id(struct agents *a, struct err *err)
{
    struct buf b = { 0 };

    for (size_t i = 0; i < a->patterns.n; i++) {
        const struct pattern *p = &a->patterns.at[i];

        buf_printf(&b, "%d %d ", (int)p->class, p->fold);
        buf_add_slice(&b, p->text);
        buf_text(&b, "\n");
    }
    if (b.failed)
        err_memory(err, "cannot write down the patterns of user agents");
    else
        a->id = hash_plain(b.p, b.n);
    buf_release(&b);
    return b.failed ? ST_MEMORY : ST_OK;
}

enum st
agents_new(struct agents **out, const char *const files[AGENT_CLASSES_N], struct err *err)
{
    struct agents *a = calloc(1, sizeof *a);
    enum st rc;

    *out = NULL;
    if (a == NULL)
        return err_memory(err, "cannot hold the patterns of user agents");
    arena_init(&a->arena, SIZE_MAX);
    a->patterns.arena = &a->arena;
    hash_secret_random(&a->secret);
    for (size_t i = 0; i < MEMORY_ENTRIES; i++)
        atomic_init(&a->memory[i], CLASS_BITS);
    if ((rc = add_all(&a->patterns, files, err)) != ST_OK || (rc = list_always(a, err)) != ST_OK ||
        (rc = trie_init(&a->trie, &a->patterns, &a->arena, err)) != ST_OK ||
        (rc = make_id(a, err)) != ST_OK) {
        agents_free(a);
        return rc;
    }
    *out = a;
    return ST_OK;
}

void
agents_free(struct agents *agents)
{
    if (agents == NULL)
        return;
    free(agents->patterns.at);
    arena_release(&agents->arena);
    free(agents);
}

/* ---- asking ---- */

struct search {
    const struct agents *agents;
    struct slice text;
    bool whole;
    size_t best;      /* the first pattern that fits; patterns.n: none yet */
    uint64_t *looked; /* a bit for each pattern that was looked at in vain */
};

/* A factor of pattern `i` ends at `end`. */
static void
try_pattern(struct search *s, uint32_t i, size_t end)
{
    const struct pattern *p = &s->agents->patterns.at[i];
    bool fits;

    if (i >= s->best || (s->looked[i / 64] >> i % 64 & 1))
        return;
    if (p->plain) { /* another place may be written as the pattern is */
        if (!p->fold && memcmp(s->text.p + end - p->exact.n, p->exact.p, p->exact.n) != 0)
            return;
        fits = true;
    } else {
        s->looked[i / 64] |= UINT64_C(1) << i % 64;
        fits = pattern_fits(p, s->text, s->whole);
    }
    if (fits)
        s->best = i;
}

static void
look(struct search *s)
{
    const struct trie *t = &s->agents->trie;
    uint32_t at = 0;

    for (size_t i = 0; i < s->agents->n_always; i++)
        try_pattern(s, s->agents->always[i], 0);
    for (size_t i = 0; i < s->text.n; i++) {
        at = trie_step(t, at, lower(s->text.p[i]));
        for (uint32_t k = t->nodes[at].reported; k != 0; k = t->nodes[t->nodes[k].fail].reported)
            for (uint32_t e = 0; e < t->nodes[k].n_ends; e++)
                try_pattern(s, t->ends[t->nodes[k].first_end + e], i + 1);
    }
}

/* The number of the first pattern that fits, or how many there are. */
static size_t
find(const struct agents *a, struct slice agent)
{
    uint64_t looked[PATTERNS_MAX / 64 + 1];
    struct search s = {
        .agents = a, .text = agent, .whole = true, .best = a->patterns.n, .looked = looked
    };

    memset(looked, 0, (a->patterns.n / 64 + 1) * sizeof *looked);
    if (s.text.n > AGENT_BYTES_MAX) {
        s.text.n = AGENT_BYTES_MAX;
        s.whole = false;
    }
    look(&s);
    return s.best;
}

static bool
is_missing(struct slice agent)
{
    return agent.n == 0 || slice_is(agent, "-");
}

void
agents_find(const struct agents *agents, struct slice agent, struct agent_finding *out)
{
    size_t i = is_missing(agent) ? agents->patterns.n : find(agents, agent);

    *out = (struct agent_finding){ .class = AGENT_UNKNOWN };
    if (i < agents->patterns.n)
        *out = (struct agent_finding){ .class = agents->patterns.at[i].class,
                                       .pattern = agents->patterns.at[i].text.p,
                                       .file = agents->patterns.at[i].file,
                                       .line_no = agents->patterns.at[i].line_no };
}

enum agent_class
agents_class(const struct agents *agents, struct slice agent)
{
    size_t n = agent.n < AGENT_BYTES_MAX + 1 ? agent.n : AGENT_BYTES_MAX + 1;
    _Atomic uint64_t *entry;
    uint64_t hash, found;
    size_t i;

    if (is_missing(agent))
        return AGENT_UNKNOWN;
    hash = XXH3_64bits_withSecret(agent.p, n, agents->secret.b, sizeof agents->secret.b);
    /* What is remembered is no part of what an `agents` says: callers see a constant. */
    entry = (_Atomic uint64_t *)(uintptr_t)&agents->memory[hash >> 3 & (MEMORY_ENTRIES - 1)];
    found = atomic_load_explicit(entry, memory_order_relaxed);
    if (likely((found & ~(uint64_t)CLASS_BITS) == (hash & ~(uint64_t)CLASS_BITS) &&
               (found & CLASS_BITS) != CLASS_BITS))
        return (enum agent_class)(found & CLASS_BITS);
    i = find(agents, agent);
    found = i < agents->patterns.n ? (uint64_t)agents->patterns.at[i].class : AGENT_UNKNOWN;
    atomic_store_explicit(entry, (hash & ~(uint64_t)CLASS_BITS) | found, memory_order_relaxed);
    return (enum agent_class)found;
}

struct digest
agents_id(const struct agents *agents)
{
    return agents->id;
}
