/*
 * Who a payload is, wherever it lies and however it is compressed: its head, its length and a hash
 * over the digests of its blocks (docs/EXACTLY-ONCE.md), taken while it is read. With them, for an
 * input that may turn out to be cut short, the same of its whole lines.
 */
#include "ingest/base.h"

#include "input_priv.h"

void
identity_begin(struct identifying *who, const struct hash_secret *secret, bool by_lines)
{
    *who = (struct identifying){ .secret = secret, .by_lines = by_lines };
    who->read.head = hash_keyed(secret, "", 0);
    murmur3_init(&who->blocks);
}

/* The first bytes hold the head: input_read is asked for more than it has. */
static void
add_length(const struct hash_secret *secret, struct identity *identity, const char *p, size_t n)
{
    if (identity->length == 0)
        identity->head = hash_keyed(secret, p, n < HEAD_BYTES ? n : HEAD_BYTES);
    identity->length += n;
}

/* Bytes up to their last LF, or 0. */
static size_t
whole_lines(const char *p, size_t n)
{
    const char *lf = memrchr(p, '\n', n);

    return lf == NULL ? 0 : (size_t)(lf - p) + 1;
}

/*
 * Before these bytes are added: how long is what ends with their last LF? The line behind it may
 * never come to its end, and then the bytes are gone.
 */
static void
add_lines(struct identifying *who, const char *p, size_t n)
{
    size_t n_lines = whole_lines(p, n);

    if (n_lines == 0)
        return;
    who->lines = who->read;
    add_length(who->secret, &who->lines, p, n_lines);
}

void
identity_add(struct identifying *who, const char *p, size_t n)
{
    if (who->by_lines)
        add_lines(who, p, n);
    add_length(who->secret, &who->read, p, n);
}

/*
 * Blocks are full but for the last of all: input_read is asked for whole blocks and gives less only
 * at the end.
 */
static void
add_blocks(const struct hash_secret *secret, struct murmur3 *blocks, const char *p, size_t n)
{
    for (; n >= IDENTITY_BLOCK; n -= IDENTITY_BLOCK, p += IDENTITY_BLOCK) {
        struct digest d = hash_keyed(secret, p, IDENTITY_BLOCK);

        murmur3_add16(blocks, d.b);
    }
    if (n > 0) {
        struct digest d = hash_keyed(secret, p, n);

        murmur3_add16(blocks, d.b);
    }
}

void
identity_hash(struct identifying *who, const char *p, size_t n)
{
    size_t n_lines = who->by_lines ? whole_lines(p, n) : 0;

    if (n_lines > 0) {
        who->to_lf = who->blocks;
        add_blocks(who->secret, &who->to_lf, p, n_lines);
    }
    add_blocks(who->secret, &who->blocks, p, n);
    who->n_hashed += n;
}

bool
identity_begins_with(const struct identifying *who, const char *p, size_t n)
{
    struct digest head = hash_keyed(who->secret, p, n);

    return digest_eq(&head, &who->read.head);
}

void
identity_end(struct identifying *who, bool cut_short)
{
    assert(who->by_lines || !cut_short);
    who->cut_short = cut_short;
    if (cut_short)
        who->behind = who->read.length - who->lines.length;
}

struct digest
identity_of_blocks(const struct murmur3 *blocks, uint64_t length)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(length >> (8 * i));
    return murmur3_finish(blocks, bytes, sizeof bytes);
}

struct identity
identity_result(const struct identifying *who)
{
    struct identity identity = who->cut_short ? who->lines : who->read;

    assert(who->n_hashed == who->read.length);
    identity.hash =
        identity_of_blocks(who->cut_short ? &who->to_lf : &who->blocks, identity.length);
    return identity;
}
