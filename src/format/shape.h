/*
 * Lines of a JSON log come from one program, which writes the same keys in the same order. So what stands between two
 * values of an object, a *seam* such as `, "method": `, is mostly what stood there in the object before. A shape remembers
 * the seams of an object: a key then costs a comparison of bytes, and neither is it read nor looked up. Nothing becomes
 * less strict: a seam was checked when it was learned, and the same bytes at the same place are read in the same way.
 *
 *     {"bytes":42,"method":"GET","status":200}
 *      ^^^^^^^^  ^^^^^^^^^^     ^^^^^^^^^^           seams 0, 1, 2
 */
#ifndef INGEST_FORMAT_SHAPE_H
#define INGEST_FORMAT_SHAPE_H

#include "json.h"

#define SEAM_BYTES  32 /* a longer one, or one behind the last, is not remembered */
#define SHAPE_SEAMS 24

struct seam {
    uint32_t n;    /* 0: none is known */
    uint32_t mask; /* a bit for each of its bytes */
    uint32_t name;
    char     text[SEAM_BYTES];
};

/* Zeroed memory is a shape that knows nothing. */
struct shape {
    struct seam seams[SHAPE_SEAMS + 1]; /* of the last one nothing is ever known */
};

/* The keys that matter. The k-th of them has the name k + 1, and all others have the name 0. */
struct shape_keys {
    const struct slice *keys;
    unsigned            n;
};

/* Along the members of one object. */
struct shape_walk {
    struct shape            *shape;
    const struct shape_keys *keys; /* the same ones for all objects of a shape */
    struct seam             *next;
    unsigned                 name; /* of the key read last */
};

static inline struct shape_walk
shape_begin(struct shape *shape, const struct shape_keys *keys)
{
    return (struct shape_walk){ shape, keys, shape->seams, 0 };
}

/* What shape_next does where the seam is not the one that is remembered. */
enum json_step shape_learn(struct shape_walk *w, struct json *j);

/* The same, and only the addresses of copies are given away: *w and *j can stay in registers. */
static inline enum json_step
shape_learn_apart(struct shape_walk *w, struct json *j)
{
    struct shape_walk walk = *w;
    struct json at = *j;
    enum json_step step = shape_learn(&walk, &at);

    *w = walk;
    *j = at;
    return step;
}

/* Do the SEAM_BYTES at `p` begin with the seam's text? */
static inline bool
seam_is_at(const struct seam *seam, const char *p)
{
#if defined(__SSE2__)
    __m128i low = _mm_loadu_si128((const void *)p);
    __m128i high = _mm_loadu_si128((const void *)(p + 16));
    __m128i want_low = _mm_loadu_si128((const void *)seam->text);
    __m128i want_high = _mm_loadu_si128((const void *)(seam->text + 16));
    uint32_t equal = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(low, want_low)) |
                     (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, want_high)) << 16;

    return (~equal & seam->mask) == 0;
#else
    return memcmp(p, seam->text, seam->n) == 0;
#endif
}

/*
 * The next member of the object whose '{' was stepped over. JSON_NEXT: w->name is its name, and its value must be read
 * next. JSON_END: the '}' was stepped over.
 */
static inline enum json_step
shape_next(struct shape_walk *w, struct json *j)
{
    const struct seam *seam = w->next;

    /* Fewer bytes than it has; and of one that is not known, n - 1 is more than any. */
    if (unlikely((size_t)(j->end - j->at) <= (size_t)seam->n - 1 || !seam_is_at(seam, j->at))) {
        if (j->at == j->end || *j->at != '}')
            return shape_learn_apart(w, j);
        j->at++;
        return JSON_END;
    }
    j->at += seam->n;
    w->name = seam->name;
    w->next++;
    return JSON_NEXT;
}

#endif
