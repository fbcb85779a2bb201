/*
 * Memory for the windows of decoders. A zstd frame may ask for 2 GiB, an xz block for 4: what all
 * decoders of a run have together is bounded, and who asks for more than that is refused and told
 * which --memory would do.
 */
#include "ingest/base.h"

#include <malloc.h>

#include "input_priv.h"

/*
 * Rollups may fill nine tenths of --memory, and the program may have 64 MiB besides, of which it
 * needs some itself. Decoders have what is left: a tenth and ROOM_BESIDES. While --memory is small
 * they have at least what the usual levels of all tools need (`zstd -19`, `bzip2 -9`, `xz -6`), and
 * never over three tenths.
 */
#define ROOM_LEAST   (12 * MIB)
#define ROOM_BESIDES (52 * MIB)
#define LARGE        (2 * MIB)

static size_t
room_of(size_t memory_bytes)
{
    size_t least = ROOM_LEAST, most = memory_bytes / 10 * 3, n = memory_bytes / 10 + ROOM_BESIDES;

    n = n < most ? n : most;
    return n > least ? n : least;
}

/* The --memory, in MiB, whose room holds `n` bytes. */
static uint64_t
memory_for(uint64_t n)
{
    uint64_t by_share = n / 3 * 10, by_rest = n > ROOM_BESIDES ? (n - ROOM_BESIDES) * 10 : 0;

    return (by_share > by_rest ? by_share : by_rest) / MIB + 1;
}

void
decoder_room_init(struct decoder_room *room, size_t memory_bytes)
{
    *room = (struct decoder_room){ .memory_bytes = memory_bytes, .limit = room_of(memory_bytes) };
    pthread_mutex_init(&room->lock, NULL);
    pthread_cond_init(&room->freed, NULL);
}

void
decoder_room_release(struct decoder_room *room)
{
    assert(room->used == 0);
    pthread_mutex_destroy(&room->lock);
    pthread_cond_destroy(&room->freed);
}

enum st
terms_take(struct terms *t, uint64_t n, const struct codec *codec, struct err *err)
{
    size_t limit = t->room == NULL ? DECODER_BYTES : t->room->limit;

    terms_give(t);
    if (n > limit) {
        err_set(err, ST_IO, "cannot decode input");
        err_cause(err, "this %s file asks for %" PRIu64 " MiB of memory, and decoders have %zu MiB",
                  codec->name, (n - 1) / MIB + 1, limit / MIB);
        if (t->room != NULL)
            err_hint(err,
                     "--memory %" PRIu64 "M would do; or unpack it on the way: %s FILE | ingest -",
                     memory_for(n), codec->unpack);
        return ST_IO;
    }
    t->held = (size_t)n;
    if (t->room == NULL)
        return ST_OK;
    pthread_mutex_lock(&t->room->lock);
    while (t->room->used + n > limit)
        pthread_cond_wait(&t->room->freed, &t->room->lock);
    t->room->used += n;
    pthread_mutex_unlock(&t->room->lock);
    return ST_OK;
}

/*
 * malloc(3) keeps what threads free for themselves: each would come to hold a window of its own.
 * Under a sanitizer it is not that malloc which has them, and one that nobody has used must not be
 * trimmed by two threads at once.
 */
static void
give_back_freed(void)
{
#ifndef INGEST_SANITIZED
    malloc_trim(0);
#endif
}

void
terms_give(struct terms *t)
{
    if (t->held >= LARGE)
        give_back_freed();
    if (t->held > 0 && t->room != NULL) {
        pthread_mutex_lock(&t->room->lock);
        t->room->used -= t->held;
        pthread_cond_broadcast(&t->room->freed);
        pthread_mutex_unlock(&t->room->lock);
    }
    t->held = 0;
}

enum st
terms_unverified(struct terms *t, const char *what, struct err *err)
{
    t->unverified = true;
    if (!t->require_integrity)
        return ST_OK;
    err_fail(err, ST_IO, "cannot decode input",
             "%s has no checksum, and --require-integrity is said", what);
    return ST_IO;
}
