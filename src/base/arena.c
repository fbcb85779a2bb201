/*
 * Chunks double from 16 KiB to 2 MiB, so that a small arena costs little and a very large one lies
 * in huge pages.
 */
#include "ingest/arena.h"

#define CHUNK_MIN  (16 * KIB)
#define CHUNK_MAX  PAGES_HUGE
#define LINE_BYTES 64
#define LARGE      (64 * MIB) /* more than a processor knows the small pages of */

struct arena_chunk {
    struct arena_chunk *next;
    size_t              cap, n; /* of data[] */
    char                data[];
};

void
arena_init(struct arena *a, size_t ceiling_bytes)
{
    *a = (struct arena){ .ceiling_bytes = ceiling_bytes };
}

static struct arena_chunk *
chunk_new(struct arena *a, size_t n)
{
    struct arena_chunk *chunk;
    size_t want = CHUNK_MIN, need = n + sizeof *chunk;
    size_t left = a->ceiling_bytes > a->used_bytes ? a->ceiling_bytes - a->used_bytes : 0;

    if (a->now != NULL)
        want = a->now->cap < CHUNK_MAX / 2 ? (a->now->cap + sizeof *chunk) * 2 : CHUNK_MAX;
    if (want > left)
        want = left; /* the last chunk is what the ceiling leaves */
    if (want < need)
        want = need;
    if (want > left)
        return NULL;
    chunk = want != CHUNK_MAX      ? malloc(want)
          : a->used_bytes < LARGE ? pages_alloc_filled(want, &a->supply)
                                  : pages_alloc(want);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct arena_chunk){ .cap = want - sizeof *chunk };
    a->used_bytes += want;
    if (a->now == NULL)
        a->first = chunk;
    else
        a->now->next = chunk;
    a->now = chunk;
    return chunk;
}

void *
arena_alloc(struct arena *a, size_t n)
{
    struct arena_chunk *chunk = a->now;
    size_t room = (n + 7) & ~(size_t)7;

    if (unlikely(n > SIZE_MAX / 2))
        return NULL;
    if (unlikely(chunk == NULL || chunk->cap - chunk->n < room)) {
        chunk = chunk_new(a, room);
        if (chunk == NULL)
            return NULL;
    }
    void *p = chunk->data + chunk->n;

    chunk->n += room;
    return p;
}

/* What is left of a line where `n` bytes would reach into one more than they need. */
static size_t
gap_before(const struct arena_chunk *chunk, size_t n)
{
    size_t before = (uintptr_t)(chunk->data + chunk->n) % LINE_BYTES;

    return before > 0 && (n - 1) % LINE_BYTES + before >= LINE_BYTES ? LINE_BYTES - before : 0;
}

void *
arena_alloc_lines(struct arena *a, size_t n)
{
    struct arena_chunk *chunk = a->now;
    size_t gap = chunk == NULL || n == 0 ? 0 : gap_before(chunk, n);

    if (gap > 0 && chunk->cap - chunk->n >= gap)
        chunk->n += gap;
    return arena_alloc(a, n);
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
    char *p = arena_alloc(a, s.n + 1);

    if (p == NULL)
        return (struct slice){ NULL, 0 };
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct slice){ p, s.n };
}

static void
free_from(struct arena *a, struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *next = chunk->next;

        size_t size = chunk->cap + sizeof *chunk;

        a->used_bytes -= size;
        if (size == CHUNK_MAX)
            pages_free(chunk, size);
        else
            free(chunk);
        chunk = next;
    }
}

void
arena_reset(struct arena *a)
{
    if (a->first == NULL)
        return;
    free_from(a, a->first->next);
    a->first->next = NULL;
    a->first->n = 0;
    a->now = a->first;
}

void
arena_release(struct arena *a)
{
    free_from(a, a->first);
    a->first = a->now = NULL;
}
