/*
 * The clients of the hits, on their way into the sketches. A busy day has a hundred thousand keys
 * and comes in no order, so to bring each client to its key's sketch at once is to wait for memory
 * each time. They are only written down, one behind the other, and brought home all together: every
 * key's set gets a place of the right size, the visits are dealt out to these places, and each
 * place is put in order.
 */
#include "ingest/pages.h"
#include "table_priv.h"

#define BLOCK_FIRST 64 /* visits */
#define BLOCK_MAX   16384
#define AHEAD       32 /* memory is asked for so many slots or visits before it is needed */

/* ---- writing down ---- */

bool
visits_grow(struct table *t)
{
    size_t cap = t->visits_now == NULL            ? BLOCK_FIRST
                 : t->visits_now->cap < BLOCK_MAX ? t->visits_now->cap * 2
                                                  : BLOCK_MAX;
    size_t room = table_room(t), kept = cap * sizeof *t->sets;
    struct visit_block *b;

    if (room < kept)
        return false;
    t->visits.ceiling_bytes = t->visits.used_bytes + room - kept;
    b = arena_alloc(&t->visits, sizeof *b + cap * sizeof *b->visits);
    if (b == NULL)
        return false;
    *b = (struct visit_block){ .cap = cap };
    if (t->visits_first == NULL)
        t->visits_first = b;
    else
        t->visits_now->next = b;
    t->visits_now = b;
    t->visits_cap += cap;
    return true;
}

static void
visits_forget(struct table *t)
{
    arena_reset(&t->visits);
    t->visits_first = t->visits_now = NULL;
    t->visits_cap = 0;
}

bool
visits_unite(struct table *t, struct entry *e, struct hll_view from)
{
    const size_t needed = REGISTER_WORDS * sizeof(uint64_t);
    struct hll_view had = entry_clients(e);
    uint8_t *registers = (uint8_t *)e->set;

    for (size_t i = 0; i < from.n; i++)
        if (!visits_add(t, e, from.set[i]))
            return false;
    if (from.registers == NULL)
        return true;
    if (had.registers == NULL) {
        if (table_room(t) < 2 * needed)
            return false;
        t->arena.ceiling_bytes = t->arena.used_bytes + table_room(t) - needed;
        registers = arena_alloc(&t->arena, needed);
        if (registers == NULL)
            return false;
        memset(registers, 0, HLL_REGISTERS);
        for (size_t i = 0; i < had.n; i++)
            hll_fold(registers, had.set[i]);
        t->sets_used += REGISTER_WORDS - e->n_set;
        e->set = (uint64_t *)registers;
        e->n_set = IN_REGISTERS;
    }
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        registers[i] = registers[i] > from.registers[i] ? registers[i] : from.registers[i];
    return true;
}

/* ---- the memory of sets ---- */

/* Large ones lie in huge pages: they are written all over. */
static uint64_t *
sets_alloc(size_t n)
{
    size_t bytes = n * sizeof(uint64_t);

    return bytes < PAGES_HUGE ? malloc(bytes) : pages_alloc(pages_round(bytes));
}

static void
sets_free(uint64_t *sets, size_t n)
{
    size_t bytes = n * sizeof *sets;

    if (bytes < PAGES_HUGE)
        free(sets);
    else
        pages_free(sets, pages_round(bytes));
}

void
visits_reset(struct table *t)
{
    visits_forget(t);
    sets_free(t->sets, t->sets_cap);
    t->sets = NULL;
    t->sets_cap = t->sets_used = 0;
}

/* ---- bringing home ---- */

static size_t
words_of(const struct entry *e)
{
    return e->n_set == IN_REGISTERS ? REGISTER_WORDS : e->n_set;
}

static inline void
ask_entry(const struct table *t, size_t i, size_t n)
{
    if (i < n)
        __builtin_prefetch(t->slots[i].entry, 1); /* NULL does no harm */
}

/* Each entry's set moves to its place, with room behind it for its visits, to which e->set points.
 * Registers need none. */
static void
lay_out(struct table *t, size_t n_slots, uint64_t *sets)
{
    size_t at = 0;

    for (size_t i = 0; i < n_slots; i++) {
        struct entry *e = t->slots[i].entry;
        size_t words;

        ask_entry(t, i + AHEAD, n_slots);
        if (e == NULL)
            continue;
        if ((words = words_of(e)) > 0)
            memcpy(sets + at, e->set, words * sizeof *sets);
        at += words;
        e->set = sets + at;
        if (e->n_set != IN_REGISTERS)
            at += e->n_visits;
    }
}

static inline void
deal_out(struct visit *v)
{
    struct entry *e = v->entry;

    if (unlikely(e->n_set == IN_REGISTERS))
        hll_fold((uint8_t *)(e->set - REGISTER_WORDS), v->client);
    else
        *e->set++ = v->client;
}

static void
deal_out_all(struct table *t)
{
    for (struct visit_block *b = t->visits_first; b != NULL; b = b->next)
        for (size_t i = 0; i < b->n; i++) {
            if (i + 2 * AHEAD < b->n)
                __builtin_prefetch(b->visits[i + 2 * AHEAD].entry, 1);
            if (i + AHEAD < b->n)
                __builtin_prefetch(b->visits[i + AHEAD].entry->set, 1);
            deal_out(&b->visits[i]);
        }
}

/*
 * The hashes from `start` up to e->set in order, each once; or registers in the same place, if
 * there are too many and the place is large enough. A set of a few more than fit stays one until it
 * is written (hll_encode).
 */
static void
put_in_order(struct entry *e, uint64_t *start)
{
    size_t n = (size_t)(e->set - start);

    e->set = start;
    if (n < REGISTER_WORDS) {
        e->n_set = (uint32_t)(n > 1 ? hll_sort(start, n) : n);
        return;
    }

    struct hll h;
    struct hll_view all;

    hll_clear(&h);
    for (size_t i = 0; i < n; i++)
        hll_add(&h, start[i]);
    all = hll_view(&h);
    if (all.registers != NULL) {
        memcpy(start, all.registers, HLL_REGISTERS);
        e->n_set = IN_REGISTERS;
    } else {
        memcpy(start, all.set, all.n * sizeof *start);
        e->n_set = (uint32_t)all.n;
    }
}

/* Returns the words that the sets take now. */
static size_t
put_all_in_order(struct table *t, size_t n_slots)
{
    size_t used = 0;

    for (size_t i = 0; i < n_slots; i++) {
        struct entry *e = t->slots[i].entry;

        ask_entry(t, i + AHEAD, n_slots);
        if (e == NULL)
            continue;
        if (e->n_set == IN_REGISTERS)
            e->set -= REGISTER_WORDS;
        else if (e->n_visits == 0)
            e->set -= e->n_set;
        else
            put_in_order(e, e->set - e->n_visits - e->n_set);
        e->n_visits = 0;
        used += words_of(e);
    }
    return used;
}

static size_t
count_visits(const struct table *t)
{
    size_t n = 0;

    for (const struct visit_block *b = t->visits_first; b != NULL; b = b->next)
        n += b->n;
    return n;
}

enum st
visits_settle(struct table *t, struct err *err)
{
    size_t n_slots = t->sorted ? t->n : t->n_slots, n = t->sets_used + count_visits(t);
    uint64_t *sets;

    if (t->visits_first == NULL)
        return ST_OK;
    sets = sets_alloc(n);
    if (sets == NULL)
        return err_memory(err, "cannot bring the clients to their rows");
    lay_out(t, n_slots, sets);
    deal_out_all(t);
    sets_free(t->sets, t->sets_cap);
    t->sets = sets;
    t->sets_cap = n;
    t->sets_used = put_all_in_order(t, n_slots);
    visits_forget(t);
    return ST_OK;
}

bool
visits_fold(struct table *t)
{
    size_t worth = t->visits.used_bytes + t->visits_cap * sizeof *t->sets;
    struct err ignored;

    return worth >= t->ceiling_bytes / 8 && visits_settle(t, &ignored) == ST_OK;
}
