/*
 * The clients of a key, written down as its hits bring them. Most keys have few: the first stands
 * in the entry itself, more of them in a block; a full block gives way to one of twice its size and
 * serves another key. A set is put in order when rows are made of it (walk.c), earlier only where
 * it is large and may be full of repeats. The largest block takes registers in the same place, once
 * there are too many clients for a set.
 */
#include "table_priv.h"

#define ROOM_SECOND 4  /* the first has room for one: the entry */
#define ROOM_SORTED 32 /* from here on a full set is searched for repeats before it grows */
#define ROOM_MAX    UINT8_MAX

static_assert(ROOM_SECOND << (BLOCK_SIZES - 1) == REGISTER_WORDS, "the largest takes registers");
static_assert(ROOM_MAX == REGISTER_WORDS - 1, "and as many clients as an entry can count");
static_assert(ROOM_MAX > HLL_EXPLICIT_MAX, "registers come of clients, not for want of room");

/* ---- blocks ---- */

/* One that no key uses. */
struct free_block {
    struct free_block *next;
};

static size_t
block_words(unsigned size)
{
    return (size_t)ROOM_SECOND << size;
}

/* NULL: the ceiling is reached. */
static uint64_t *
block_take(struct table *t, unsigned size)
{
    struct free_block *b = t->blocks[size];

    if (b != NULL) {
        t->blocks[size] = b->next;
        return (uint64_t *)b;
    }
    return arena_alloc(&t->arena, block_words(size) * sizeof(uint64_t));
}

static void
block_give(struct table *t, uint64_t *block, unsigned size)
{
    struct free_block *b = (struct free_block *)block;

    b->next = t->blocks[size];
    t->blocks[size] = b;
}

/* Its clients come into a larger block. False: the ceiling is reached, and nothing has changed. */
static bool
move_to(struct table *t, struct entry *e, unsigned size)
{
    uint64_t *block = block_take(t, size);

    if (block == NULL)
        return false;
    if (e->room == 1) {
        block[0] = e->client;
    } else {
        for (size_t i = 0; i < e->n_clients; i += ROOM_SECOND)
            memcpy(block + i, e->clients + i, ROOM_SECOND * sizeof *block);
        block_give(t, e->clients, e->size);
    }
    e->clients = block;
    e->size = size & 7;
    e->room = size == BLOCK_SIZES - 1 ? ROOM_MAX : (uint8_t)block_words(size);
    return true;
}

/* ---- registers ---- */

/* What is in the largest block. */
static void
to_registers(struct entry *e)
{
    uint64_t set[ROOM_MAX];
    uint8_t *registers = (uint8_t *)e->clients;

    memcpy(set, e->clients, e->n_clients * sizeof *set);
    memset(registers, 0, HLL_REGISTERS);
    for (size_t i = 0; i < e->n_clients; i++)
        hll_fold(registers, set[i]);
    e->n_clients = e->room = 0;
}

static void
sort_set(struct entry *e)
{
    e->n_clients = (uint8_t)hll_sort(e->clients, e->n_clients);
}

bool
clients_more(struct table *t, struct entry *e, uint64_t client)
{
    if (e->room == IN_REGISTERS) {
        hll_fold((uint8_t *)e->clients, client);
        return true;
    }
    if (e->room >= ROOM_SORTED)
        sort_set(e);
    if (e->room < ROOM_MAX) {
        if (e->n_clients > e->room / 2 && !move_to(t, e, e->room == 1 ? 0 : e->size + 1u))
            return false;
    } else if (e->n_clients > HLL_EXPLICIT_MAX) {
        to_registers(e);
    }
    return clients_add(t, e, client);
}

bool
clients_unite(struct table *t, struct entry *e, struct hll_view from)
{
    uint8_t *registers;

    for (size_t i = 0; i < from.n; i++)
        if (!clients_add(t, e, from.set[i]))
            return false;
    if (from.registers == NULL)
        return true;
    if (e->room != IN_REGISTERS) {
        if (e->room < ROOM_MAX && !move_to(t, e, BLOCK_SIZES - 1))
            return false;
        to_registers(e);
    }
    registers = (uint8_t *)e->clients;
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        registers[i] = registers[i] > from.registers[i] ? registers[i] : from.registers[i];
    return true;
}

void
clients_sort(struct entry *e)
{
    if (e->n_clients > 1)
        sort_set(e);
    e->in_order = true;
}
