/*
 * Raw deflate data (RFC 1951) by whichever library the build has: ISA-L, about three times as fast, or zlib.
 */
#ifndef INFLATE_PRIV_H
#define INFLATE_PRIV_H

#include "ingest/base.h"

struct inflater {
    void *state;
};

enum inflated {
    INFLATED_MORE, /* wants more input or more room */
    INFLATED_END,  /* the last block is complete; *in stands behind its last byte */
    INFLATED_BAD,
    INFLATED_NO_MEMORY,
};

bool inflater_init(struct inflater *inf); /* false: no memory */
void inflater_reset(struct inflater *inf);
void inflater_release(struct inflater *inf);

/* Takes from *in..end, writes up to `cap` bytes. May step back up to 8 bytes from where *in stood at the call. */
enum inflated inflater_run(struct inflater *inf, uint8_t **in, uint8_t *end, uint8_t *out, size_t cap, size_t *n);

/* CRC-32 of what came out since the reset. */
uint32_t inflater_crc(const struct inflater *inf);

extern const char inflater_name[];

#endif
