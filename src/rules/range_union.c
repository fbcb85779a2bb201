/*
 * Parts put together. Two tables: objects with their size, and groups (a client, an object, a day)
 * with the pieces that have come, sorted, none touching the next. Both are keyed by keyed hashes,
 * for paths and clients are a stranger's words. Everything hangs on one arena with a ceiling.
 */
#include "ingest/range_union.h"
#include "ingest/arena.h"
#include "ingest/rule_pack.h"

#define SLOTS_FIRST  1024
#define PIECES_FIRST 2

struct piece {
    int64_t first, end;
};

struct object {
    struct digest name;
    int64_t bytes;
};

struct group {
    struct digest id;
    struct range_group told; /* all but fate */
    struct range_input *newest;
    struct piece *pieces;
    uint32_t n_pieces, pieces_cap;
    bool torn; /* too many pieces: it will never be whole */
};

/* Slots are pointers into the arena; both structures begin with the digest they are found by. */
struct index {
    struct digest **slots;
    size_t n_slots, n;
};

struct range_union {
    uint32_t share;
    struct hash_secret secret;
    size_t ceiling_bytes;
    struct arena arena;
    struct index objects, groups;
    uint64_t n_alone; /* parts without a client, each a group of its own */
};

static enum st
too_much(const struct range_union *u, struct err *err)
{
    err_fail(err, ST_MEMORY, "cannot put ranges together",
             "the parts of this run take more than %zu MiB", u->ceiling_bytes / MIB);
    err_hint(
        err,
        "nothing of this run is counted; say a larger --memory, or count fewer inputs in one run");
    return ST_MEMORY;
}

/* ---- tables ---- */

static size_t
index_bytes(const struct index *x)
{
    return x->n_slots * sizeof(struct digest *);
}

size_t
range_union_held_bytes(const struct range_union *u)
{
    return u->arena.used_bytes + index_bytes(&u->objects) + index_bytes(&u->groups);
}

/* Where the digest is, or the free slot where it belongs. */
static struct digest **
find(const struct index *x, const struct digest *d)
{
    uint64_t h;
    size_t at;

    memcpy(&h, d->b, sizeof h);
    for (at = h & (x->n_slots - 1); x->slots[at] != NULL; at = (at + 1) & (x->n_slots - 1))
        if (digest_eq(x->slots[at], d))
            break;
    return &x->slots[at];
}

/* Room for one more; what the tables take is taken from the arena's ceiling. */
static enum st
grow(struct range_union *u, struct index *x, struct err *err)
{
    struct index bigger = { .n = x->n, .n_slots = x->n_slots == 0 ? SLOTS_FIRST : x->n_slots * 2 };

    if (x->n < x->n_slots / 4 * 3)
        return ST_OK;
    if (range_union_held_bytes(u) + index_bytes(&bigger) > u->ceiling_bytes)
        return too_much(u, err);
    if ((bigger.slots = calloc(bigger.n_slots, sizeof *bigger.slots)) == NULL)
        return err_memory(err, "cannot put ranges together");
    for (size_t i = 0; i < x->n_slots; i++)
        if (x->slots[i] != NULL)
            *find(&bigger, x->slots[i]) = x->slots[i];
    free(x->slots);
    *x = bigger;
    u->arena.ceiling_bytes = u->ceiling_bytes - index_bytes(&u->objects) - index_bytes(&u->groups);
    return ST_OK;
}

struct range_union *
range_union_new(uint32_t share, size_t ceiling_bytes, struct err *err)
{
    struct range_union *u = calloc(1, sizeof *u);

    if (u == NULL) {
        err_memory(err, "cannot put ranges together");
        return NULL;
    }
    u->share = share;
    u->ceiling_bytes =
        ceiling_bytes > RANGE_UNION_CEILING_MIN ? ceiling_bytes : RANGE_UNION_CEILING_MIN;
    hash_secret_random(&u->secret);
    arena_init(&u->arena, u->ceiling_bytes);
    return u;
}

void
range_union_reset(struct range_union *u)
{
    free(u->objects.slots);
    free(u->groups.slots);
    u->objects = u->groups = (struct index){ 0 };
    arena_release(&u->arena);
    arena_init(&u->arena, u->ceiling_bytes);
    u->n_alone = 0;
}

void
range_union_free(struct range_union *u)
{
    if (u == NULL)
        return;
    range_union_reset(u);
    free(u);
}

/* ---- whole answers ---- */

enum st
range_union_whole(struct range_union *u, const struct digest *object, int64_t bytes,
                  struct err *err)
{
    struct digest **slot;
    struct object *o;

    if (bytes <= 0)
        return ST_OK;
    if (grow(u, &u->objects, err) != ST_OK)
        return ST_MEMORY;
    slot = find(&u->objects, object);
    if (*slot == NULL) {
        if ((o = arena_alloc(&u->arena, sizeof *o)) == NULL)
            return too_much(u, err);
        *o = (struct object){ *object, 0 };
        *slot = &o->name;
        u->objects.n++;
    }
    o = (struct object *)*slot;
    if (o->bytes < bytes)
        o->bytes = bytes;
    return ST_OK;
}

/* ---- parts ---- */

static struct digest
group_id(struct range_union *u, const struct range_part *part)
{
    struct {
        struct digest object;
        uint64_t client;
        int64_t day;
    } message = { part->object, part->client, part->day };

    if (!part->has_client) { /* a day that no part with a client has */
        message.client = u->n_alone++;
        message.day = INT64_MIN;
    }
    return hash_keyed(&u->secret, &message, sizeof message);
}

static enum st
group_of(struct range_union *u, const struct range_part *part, struct group **out, struct err *err)
{
    struct digest id = group_id(u, part), **slot;
    struct group *g = NULL;

    if (grow(u, &u->groups, err) != ST_OK)
        return ST_MEMORY;
    slot = find(&u->groups, &id);
    *out = (struct group *)*slot;
    if (*out != NULL)
        return ST_OK;
    if ((g = arena_alloc(&u->arena, sizeof *g)) == NULL)
        return too_much(u, err);
    *g = (struct group){
        .id = id,
        .told = { .object = part->object,
                  .client = part->client,
                  .has_client = part->has_client,
                  .day = part->day,
                  .key = arena_copy(&u->arena, part->key) },
    };
    if (g->told.key.p == NULL)
        return too_much(u, err);
    *slot = &g->id;
    u->groups.n++;
    *out = g;
    return ST_OK;
}

static enum st
note_input(struct range_union *u, struct group *g, uint32_t input, struct err *err)
{
    struct range_input *i = g->newest;

    if (i == NULL || i->input != input) {
        if ((i = arena_alloc(&u->arena, sizeof *i)) == NULL)
            return too_much(u, err);
        *i = (struct range_input){ .next = g->newest, .input = input };
        g->newest = i;
    }
    i->n++;
    return ST_OK;
}

/*
 * The first piece that ends at `first` or behind it: the only one that may touch what begins there.
 */
static uint32_t
lower_bound(const struct group *g, int64_t first)
{
    uint32_t low = 0, high = g->n_pieces;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (g->pieces[middle].end < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum st
insert_piece(struct range_union *u, struct group *g, uint32_t at, struct piece piece,
             struct err *err)
{
    if (g->n_pieces == g->pieces_cap) {
        uint32_t cap = g->pieces_cap == 0 ? PIECES_FIRST : g->pieces_cap * 2;
        struct piece *more = arena_alloc(&u->arena, cap * sizeof *more);

        if (more == NULL)
            return too_much(u, err);
        if (g->n_pieces > 0)
            memcpy(more, g->pieces, g->n_pieces * sizeof *more);
        g->pieces = more; /* the old ones stay in the arena: together no more than the new */
        g->pieces_cap = cap;
    }
    memmove(&g->pieces[at + 1], &g->pieces[at], (g->n_pieces - at) * sizeof *g->pieces);
    g->pieces[at] = piece;
    g->n_pieces++;
    return ST_OK;
}

/* Joins the piece with all that it overlaps or touches. */
static enum st
add_piece(struct range_union *u, struct group *g, struct piece piece, struct err *err)
{
    uint32_t from = lower_bound(g, piece.first), to = from;

    while (to < g->n_pieces && g->pieces[to].first <= piece.end)
        to++;
    if (to == from && g->n_pieces == RANGE_UNION_GAPS_MAX) {
        g->torn = true;
        return ST_OK;
    }
    if (to == from)
        return insert_piece(u, g, from, piece, err);
    if (g->pieces[from].first < piece.first)
        piece.first = g->pieces[from].first;
    if (g->pieces[to - 1].end > piece.end)
        piece.end = g->pieces[to - 1].end;
    g->pieces[from] = piece;
    memmove(&g->pieces[from + 1], &g->pieces[to], (g->n_pieces - to) * sizeof *g->pieces);
    g->n_pieces -= to - from - 1;
    return ST_OK;
}

enum st
range_union_part(struct range_union *u, const struct range_part *part, struct err *err)
{
    struct group *g = NULL;
    enum st rc = group_of(u, part, &g, err);

    assert(part->first >= 0 && part->first < part->end && part->bytes >= 0);
    if (rc != ST_OK)
        return rc;
    if (part->bytes > INT64_MAX - g->told.bytes)
        return ST_EOF;
    if ((rc = add_piece(u, g, (struct piece){ part->first, part->end }, err)) != ST_OK)
        return rc;
    g->told.bytes += part->bytes;
    return note_input(u, g, part->input, err);
}

/* ---- the end ---- */

static enum range_fate
fate_of(const struct range_union *u, const struct group *g)
{
    const struct object *o =
        u->objects.n_slots == 0 ? NULL : (const struct object *)*find(&u->objects, &g->told.object);
    int64_t covered = 0;

    if (o == NULL)
        return RANGE_NO_SIZE;
    for (uint32_t i = 0; i < g->n_pieces; i++)
        covered += g->pieces[i].end - g->pieces[i].first;
    if (g->torn || (__int128)covered * SHARE_WHOLE < (__int128)o->bytes * u->share)
        return RANGE_SHORT;
    return RANGE_REACHED;
}

enum st
range_union_each(const struct range_union *u,
                 enum st (*tell)(void *ctx, const struct range_group *group, struct err *err),
                 void *ctx, struct err *err)
{
    for (size_t i = 0; i < u->groups.n_slots; i++) {
        const struct group *g = (const struct group *)u->groups.slots[i];
        struct range_group told;
        enum st rc;

        if (g == NULL || g->newest == NULL)
            continue;
        told = g->told;
        told.inputs = g->newest;
        told.fate = fate_of(u, g);
        if ((rc = tell(ctx, &told, err)) != ST_OK)
            return rc;
    }
    return ST_OK;
}
