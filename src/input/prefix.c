/*
 * The hash of a beginning: what identity.c computes of a whole payload, for a text of which nobody
 * knows yet where it will be cut. Slower than that one by the little that pieces of any size cost,
 * and used only where something in the ledger begins like the input.
 */
#include "ingest/base.h"

#include "input_priv.h"

struct prefix {
    const struct hash_secret *secret;
    struct hash_stream *block; /* the block that is not full yet */
    struct murmur3 blocks;     /* over the digests of the full ones */
    uint64_t length;
};

struct prefix *
prefix_new(const struct hash_secret *secret)
{
    struct prefix *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->secret = secret;
    p->block = hash_stream_new(secret);
    murmur3_init(&p->blocks);
    if (p->block != NULL)
        return p;
    free(p);
    return NULL;
}

void
prefix_free(struct prefix *p)
{
    if (p == NULL)
        return;
    hash_stream_free(p->block);
    free(p);
}

static void
end_block(struct murmur3 *blocks, const struct hash_stream *block)
{
    struct digest d = hash_stream_finish(block);

    murmur3_add16(blocks, d.b);
}

void
prefix_add(struct prefix *p, const char *bytes, size_t n)
{
    while (n > 0) {
        size_t room = IDENTITY_BLOCK - p->length % IDENTITY_BLOCK, part = n < room ? n : room;

        hash_stream_add(p->block, bytes, part);
        p->length += part;
        bytes += part;
        n -= part;
        if (part == room) {
            end_block(&p->blocks, p->block);
            hash_stream_restart(p->block, p->secret);
        }
    }
}

struct digest
prefix_hash(const struct prefix *p)
{
    struct murmur3 blocks = p->blocks;

    if (p->length % IDENTITY_BLOCK != 0)
        end_block(&blocks, p->block);
    return identity_of_blocks(&blocks, p->length);
}
