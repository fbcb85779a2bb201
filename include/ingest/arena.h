/*
 * Memory that is given back all at once. Grows by chunks up to a ceiling; pointers stay where they are.
 */
#ifndef INGEST_ARENA_H
#define INGEST_ARENA_H

#include "ingest/base.h"
#include "ingest/pages.h"
#include "ingest/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *first;      /* newest first is kept in `now`; the list runs from `first` */
    struct arena_chunk *now;
    size_t              used_bytes; /* taken from the system, chunk headers included */
    size_t              ceiling_bytes;
    enum pages_supply   supply;     /* how quickly its pages came */
};

/* Takes no memory yet. `ceiling_bytes` bounds what the arena takes from the system; SIZE_MAX for none. */
void arena_init(struct arena *a, size_t ceiling_bytes);

/* `n` bytes aligned to 8, not cleared; NULL at the ceiling or without memory. Lives until reset or release. */
void *arena_alloc(struct arena *a, size_t n);

/* The same, crossing as few lines of the cache as so many bytes can: for what is looked up one by one. */
void *arena_alloc_lines(struct arena *a, size_t n);

/* A copy of `s`; `.p` is NULL where arena_alloc would give NULL. */
struct slice arena_copy(struct arena *a, struct slice s);

/* Forgets everything, keeps the first chunk. */
void arena_reset(struct arena *a);

/* Gives all memory back; the arena may be used again. */
void arena_release(struct arena *a);

#endif
