/*
 * Which route takes a path? There are many, and most lines are downloads of one: so the end of a
 * path is looked up first, and only routes whose paths end so are tried, in their order.
 *
 *   by[0]['e'] & by[1]['t'] & by[2]['a']       the routes of paths that end in "ate", a bit each
 *
 * Three bytes tell ".crate", "/download", ".gem", ".tar", ".whl", ".deb" and ".jar" apart. What is
 * left is mostly one route. A route that does not say how its paths end has its bit everywhere.
 */
#include "ingest/base.h"
#include "route_end.h"

#define END_BYTES 3

struct route_index {
    size_t n_words;  /* of 64 routes each */
    uint64_t bits[]; /* [END_BYTES][256][n_words] */
};

static uint64_t *
words_at(struct route_index *index, size_t back, unsigned char byte)
{
    return index->bits + (back * 256 + byte) * index->n_words;
}

static void
add_tail(struct route_index *index, size_t route, struct slice tail)
{
    uint64_t bit = UINT64_C(1) << route % 64;

    for (size_t back = 0; back < END_BYTES; back++) {
        if (back < tail.n)
            words_at(index, back, (unsigned char)tail.p[tail.n - 1 - back])[route / 64] |= bit;
        else
            for (unsigned byte = 0; byte < 256; byte++)
                words_at(index, back, (unsigned char)byte)[route / 64] |= bit;
    }
}

enum st
route_index_make(struct rules *rules, struct err *err)
{
    size_t n_words = (rules->n_routes + 63) / 64;
    size_t n_bytes = sizeof(struct route_index) + END_BYTES * 256 * n_words * sizeof(uint64_t);
    struct route_index *index = arena_alloc(&rules->arena, n_bytes);

    if (index == NULL)
        return err_memory(err, "cannot hold the routes");
    memset(index, 0, n_bytes);
    index->n_words = n_words;
    for (size_t i = 0; i < rules->n_routes; i++) {
        const struct route *route = &rules->routes[i];

        if (route->matcher == NULL)
            add_tail(index, i, route->tail);
        for (size_t t = 0; t < route->n_tails; t++)
            add_tail(index, i, slice_of(route->tails[t]));
    }
    rules->index = index;
    return ST_OK;
}

/* ---- one route ---- */

static inline bool
match_one(const struct route *route, struct slice path, const struct slashes *slashes, char *room,
          struct route_match *out)
{
    if (likely(route->from_end && slashes->base != NULL)) {
        enum match found = match_from_end(route, path, slashes, out);

        if (found != MATCH_ELSEWHERE)
            return found == MATCH_YES;
    }
    return route_match_other(route, path, room, out);
}

bool
route_match(const struct route *route, struct slice path, char *room, struct route_match *out)
{
    const struct slashes slashes = slashes_of(path);

    return match_one(route, path, &slashes, room, out);
}

static inline bool
takes(const struct rules *rules, size_t i, struct slice path, const struct slashes *slashes,
      char *room, struct route_match *out)
{
    const struct route *route = &rules->routes[i];

    if (!match_one(route, path, slashes, room, out))
        return false;
    if (rules->pack->normalise && route->normaliser != NULL)
        out->name = route->normaliser(out->name, room);
    return true;
}

bool
rules_takes(const struct rules *rules, size_t i, struct slice path, char *room,
            struct route_match *out)
{
    const struct slashes slashes = slashes_of(path);

    return takes(rules, i, path, &slashes, room, out);
}

/* ---- all of them ---- */

static __attribute__((noinline)) bool
any_takes(const struct rules *rules, struct slice path, const struct slashes *slashes, char *room,
          struct route_match *out)
{
    for (size_t i = 0; i < rules->n_routes; i++)
        if (takes(rules, i, path, slashes, room, out))
            return true;
    return false;
}

bool
rules_match_at(const struct rules *rules, struct slice path, const struct slashes *slashes,
               char *room, struct route_match *out)
{
    const struct route_index *index = rules->index;
    const unsigned char *end = (const unsigned char *)path.p + path.n;

    if (unlikely(path.n < END_BYTES)) /* no route that is built in has such a path */
        return any_takes(rules, path, slashes, room, out);
    for (size_t w = 0; w < index->n_words; w++) {
        const uint64_t *bits = index->bits + w;
        uint64_t left = bits[end[-1] * index->n_words] & bits[(256 + end[-2]) * index->n_words] &
                        bits[(512 + end[-3]) * index->n_words];

        for (; left != 0; left &= left - 1)
            if (takes(rules, w * 64 + (size_t)__builtin_ctzll(left), path, slashes, room, out))
                return true;
    }
    return false;
}

bool
rules_match(const struct rules *rules, struct slice path, char *room, struct route_match *out)
{
    const struct slashes slashes = slashes_of(path);

    return rules_match_at(rules, path, &slashes, room, out);
}
