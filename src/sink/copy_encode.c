/*
 * Rows as COPY BINARY has them (PostgreSQL manual, "COPY", Binary Format):
 *
 *   "PGCOPY\n\377\r\n\0"  flags:32  extension length:32         once
 *   n columns:16  { length:32 (-1: NULL)  bytes }...            each row
 *   -1:16                                                       once
 *
 * integer is 4 bytes, bigint 8, date 4 (days since 2000-01-01), uuid, text and hll their bytes. All
 * numbers big-endian. The server does not look into an hll that comes this way, so we do.
 */
#include "ingest/sink.h"

#define DAY_2000 10957 /* 2000-01-01, counted from 1970-01-01 */

static const char signature[11] = { 'P', 'G', 'C', 'O', 'P', 'Y', '\n', '\377', '\r', '\n', '\0' };
static const char empty_sketch[3] = { 0x11, (char)0x8b, 0x7f };

void
copy_encode_header(struct buf *b)
{
    buf_add(b, signature, sizeof signature);
    buf_be32(b, 0);
    buf_be32(b, 0);
}

static void
field_text(struct buf *b, struct slice s)
{
    if (s.p == NULL) {
        buf_be32(b, UINT32_MAX);
        return;
    }
    buf_be32(b, (uint32_t)s.n);
    buf_add_slice(b, s);
}

static void
field_int(struct buf *b, int32_t v)
{
    buf_be32(b, 4);
    buf_be32(b, (uint32_t)v);
}

static void
field_bigint(struct buf *b, int64_t v)
{
    buf_be32(b, 8);
    buf_be64(b, (uint64_t)v);
}

/*
 * Version, parameters, and a length that fits the type: cheap, and enough for bytes that we made
 * ourselves.
 */
static bool
sketch_is_sound(struct slice s)
{
    const uint8_t *p = (const uint8_t *)s.p;

    if (s.n < 3 || s.n > HLL_WIRE_MAX || p[1] != 0x8b || p[2] != 0x7f)
        return false;
    switch (p[0]) {
    case 0x11:
        return s.n == 3;
    case 0x12:
        return s.n > 3 && (s.n - 3) % 8 == 0 && (s.n - 3) / 8 <= HLL_EXPLICIT_MAX;
    case 0x13:
        return (s.n - 3) % 2 == 0; /* without a register: of hashes that have no value */
    case 0x14:
        return s.n == HLL_WIRE_MAX;
    default:
        return false;
    }
}

static void
field_sketch(struct buf *b, struct slice s)
{
    if (s.p == NULL) {
        s = (struct slice){ empty_sketch, sizeof empty_sketch };
    } else if (!sketch_is_sound(s)) {
        assert(false && "a sketch of our own is malformed");
        b->failed = true; /* the row must not go out in a build without assertions either */
        return;
    }
    field_text(b, s);
}

/* A uuid's 16 bytes. */
static void
field_uuid(struct buf *b, const uint8_t *uuid)
{
    buf_be32(b, 16);
    buf_add(b, uuid, 16);
}

static void
field_key(struct buf *b, const struct key_column *column, const uint8_t **at)
{
    switch (column->kind) {
    case COLUMN_TEXT:
        field_text(b, key_get_text(at));
        break;
    case COLUMN_DAY:
        if (column->as_epoch)
            field_bigint(b, day_epoch(key_get_day(at)));
        else
            field_int(b, key_get_day(at) - DAY_2000);
        break;
    case COLUMN_UUID:
        field_uuid(b, key_get_uuid(at));
        break;
    case COLUMN_INT:
        field_bigint(b, key_get_int(at));
        break;
    }
}

static size_t
n_columns(const struct target *t)
{
    size_t n = t->dataset->n_keys + (t->dataset->has_node ? 1 : 0) + (t->has_sketch ? 1 : 0);

    for (size_t i = 0; i < t->dataset->n_sums; i++)
        n += t->has_sum[i];
    return n;
}

void
copy_encode_row(struct buf *b, const struct target *t, const struct row *row)
{
    const struct dataset *d = t->dataset;
    const uint8_t *at = (const uint8_t *)row->key.p;

    buf_be16(b, (uint16_t)n_columns(t));
    if (d->has_node)
        field_int(b, t->node_id);
    for (size_t i = 0; i < d->n_keys; i++)
        field_key(b, &d->keys[i], &at);
    assert(at == (const uint8_t *)row->key.p + row->key.n);
    for (size_t i = 0; i < d->n_sums; i++)
        if (t->has_sum[i])
            field_bigint(b, row->sums[i]);
    if (t->has_sketch)
        field_sketch(b, row->sketch);
}

void
copy_encode_trailer(struct buf *b)
{
    buf_be16(b, UINT16_MAX);
}
