/*
 * The seam between gzip and the library that inflates. Two bodies, one of which is compiled.
 */
#include "ingest/base.h"

#include "inflate_priv.h"

#if defined(INGEST_HAVE_ISAL)

#include <isa-l/igzip_lib.h>

const char inflater_name[] = "ISA-L";

bool
inflater_init(struct inflater *inf)
{
    inf->state = aligned_alloc(64, (sizeof(struct inflate_state) + 63) & ~(size_t)63);
    return inf->state != NULL;
}

void
inflater_reset(struct inflater *inf)
{
    struct inflate_state *z = inf->state;

    isal_inflate_init(z);
    z->crc_flag =
        ISAL_GZIP_NO_HDR; /* computes the CRC-32 of gzip, reads neither header nor trailer */
}

void
inflater_release(struct inflater *inf)
{
    free(inf->state);
}

enum inflated
inflater_run(struct inflater *inf, uint8_t **in, uint8_t *end, uint8_t *out, size_t cap, size_t *n)
{
    struct inflate_state *z = inf->state;
    uint32_t room = cap > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)cap;
    int rc;

    z->next_in = *in;
    z->avail_in = (uint32_t)(end - *in);
    z->next_out = out;
    z->avail_out = room;
    rc = isal_inflate(z);
    *n = room - z->avail_out;
    *in = z->next_in;
    if (rc < 0)
        return INFLATED_BAD;
    if (z->block_state != ISAL_BLOCK_FINISH)
        return INFLATED_MORE;
    /* Whole bytes that stand unused in the bit buffer belong to the trailer: give them back. */
    *in -= z->read_in_length / 8;
    return INFLATED_END;
}

uint32_t
inflater_crc(const struct inflater *inf)
{
    return ((const struct inflate_state *)inf->state)->crc;
}

#else

#include <zlib.h>

const char inflater_name[] = "zlib";

struct zlib_state {
    z_stream z;
    uint32_t crc;
};

bool
inflater_init(struct inflater *inf)
{
    struct zlib_state *s = calloc(1, sizeof *s);

    inf->state = s;
    if (s == NULL)
        return false;
    if (inflateInit2(&s->z, -15) == Z_OK)
        return true;
    free(s);
    inf->state = NULL;
    return false;
}

void
inflater_reset(struct inflater *inf)
{
    struct zlib_state *s = inf->state;

    inflateReset(&s->z);
    s->crc = (uint32_t)crc32(0, NULL, 0);
}

void
inflater_release(struct inflater *inf)
{
    struct zlib_state *s = inf->state;

    if (s != NULL)
        inflateEnd(&s->z);
    free(s);
}

enum inflated
inflater_run(struct inflater *inf, uint8_t **in, uint8_t *end, uint8_t *out, size_t cap, size_t *n)
{
    struct zlib_state *s = inf->state;
    uint32_t room = cap > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)cap;
    int rc;

    s->z.next_in = *in;
    s->z.avail_in = (uint32_t)(end - *in);
    s->z.next_out = out;
    s->z.avail_out = room;
    rc = inflate(&s->z, Z_NO_FLUSH);
    *n = room - s->z.avail_out;
    *in = s->z.next_in;
    s->crc = (uint32_t)crc32(s->crc, out, (uInt)*n);
    if (rc == Z_STREAM_END)
        return INFLATED_END;
    if (rc == Z_MEM_ERROR) /* zlib takes its window on first need */
        return INFLATED_NO_MEMORY;
    return rc == Z_OK || rc == Z_BUF_ERROR ? INFLATED_MORE : INFLATED_BAD;
}

uint32_t
inflater_crc(const struct inflater *inf)
{
    return ((const struct zlib_state *)inf->state)->crc;
}

#endif
