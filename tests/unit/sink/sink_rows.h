/*
 * Rows for the sink's tests, from a list instead of a rollup: this program's rows_next is found
 * before rollup's.
 */
#ifndef INGEST_SINK_ROWS_H
#define INGEST_SINK_ROWS_H

#include "ingest/sink.h"

struct rows {
    const struct row *row;
    size_t            n, at;
    enum st           end;
};

enum st
rows_next(struct rows *rows, struct row *row, struct err *err)
{
    if (rows->at == rows->n)
        return rows->end == ST_EOF ? ST_EOF : err_set(err, rows->end, "the rows end badly");
    *row = rows->row[rows->at++];
    return ST_OK;
}

void
rows_free(struct rows *rows)
{
    (void)rows;
}

static const struct dataset stats = {
    .name = "stats",
    .table = "stats",
    .migrations = "stats",
    .bucket = BUCKET_DAY,
    .keys = { { .name = "name", .kind = COLUMN_TEXT, .chars_max = 512 },
              { .name = "version", .kind = COLUMN_TEXT, .nullable = true, .chars_max = 512 },
              { .name = "dldate", .kind = COLUMN_DAY } },
    .n_keys = 3,
    .sums = { "count", "bytes" },
    .n_sums = 2,
    .uniques = "clients",
};

/* Keys that are numbers, and a day that the table keeps as one. */
static const struct dataset numbered = {
    .name = "numbered",
    .table = "numbered",
    .bucket = BUCKET_DAY,
    .keys = { { .name = "id", .kind = COLUMN_INT },
              { .name = "date", .kind = COLUMN_DAY, .as_epoch = true } },
    .n_keys = 2,
    .sums = { "n" },
    .n_sums = 1,
};

static inline struct slice
numbered_key(uint8_t out[KEY_BYTES_MAX], int64_t id, int32_t day)
{
    uint8_t *p = key_put_day(key_put_int(out, id), day);

    return (struct slice){ (const char *)out, (size_t)(p - out) };
}

static inline struct slice
stats_key(uint8_t out[KEY_BYTES_MAX], struct slice name, struct slice version, int32_t day)
{
    uint8_t *p = key_put_day(key_put_text(key_put_text(out, name), version), day);

    return (struct slice){ (const char *)out, (size_t)(p - out) };
}

#endif
