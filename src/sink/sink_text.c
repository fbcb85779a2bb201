/*
 * Rows as JSON lines, for a look or for another program. No database is near.
 */
#include "ingest/sink.h"
#include "ingest/uuid.h"

static void
uuid_json(struct buf *b, const uint8_t *uuid)
{
    char text[UUID_TEXT];

    uuid_format(uuid, text);
    buf_printf(b, "\"%s\"", text);
}

static void
text_json(struct buf *b, struct slice s)
{
    if (s.p == NULL)
        buf_text(b, "null");
    else
        buf_json_shown(b, s);
}

static void
day_json(struct buf *b, const struct key_column *column, int32_t day)
{
    char text[11];

    if (column->as_epoch) {
        buf_printf(b, "%" PRId64, day_epoch(day));
        return;
    }
    clock_format_day(day, text);
    buf_printf(b, "\"%s\"", text);
}

static void
key_json(struct buf *b, const struct key_column *column, const uint8_t **at)
{
    buf_text(b, ",");
    buf_json(b, slice_of(column->name));
    buf_text(b, ":");
    switch (column->kind) {
    case COLUMN_TEXT:
        text_json(b, key_get_text(at));
        break;
    case COLUMN_DAY:
        day_json(b, column, key_get_day(at));
        break;
    case COLUMN_UUID:
        uuid_json(b, key_get_uuid(at));
        break;
    case COLUMN_INT:
        buf_printf(b, "%" PRId64, key_get_int(at));
        break;
    }
}

void
sink_key_json(struct buf *b, const struct dataset *d, const char *node, struct slice key)
{
    const uint8_t *at = (const uint8_t *)key.p;

    buf_text(b, "\"table\":");
    buf_json(b, slice_of(d->table));
    if (d->has_node) {
        buf_text(b, ",\"node\":");
        buf_json_shown(b, slice_of(node == NULL ? "local" : node));
    }
    for (size_t i = 0; i < d->n_keys; i++)
        key_json(b, &d->keys[i], &at);
}

static void
row_json(struct buf *b, const struct dataset *d, const char *node, const struct row *row)
{
    buf_text(b, "{");
    sink_key_json(b, d, node, row->key);
    for (size_t i = 0; i < d->n_sums; i++) {
        buf_text(b, ",");
        buf_json(b, slice_of(d->sums[i]));
        buf_printf(b, ":%" PRId64, row->sums[i]);
    }
    if (d->uniques != NULL && row->sketch.p != NULL) {
        buf_text(b, ",");
        buf_json(b, slice_of(d->uniques));
        buf_text(b, ":\"\\\\x");
        buf_hex(b, row->sketch.p, row->sketch.n);
        buf_text(b, "\"");
    }
    buf_text(b, "}\n");
}

enum st
sink_text(FILE *out, const struct dataset *d, const char *node, struct rows *rows, int64_t *n_rows,
          struct err *err)
{
    static const char what[] = "cannot write rows";
    struct buf line = { 0 };
    struct row row;
    enum st st;

    *n_rows = 0;
    while ((st = rows_next(rows, &row, err)) == ST_OK) {
        buf_reset(&line);
        row_json(&line, d, node, &row);
        if (line.failed) {
            st = err_memory(err, what);
            break;
        }
        if (fwrite(line.p, 1, line.n, out) != line.n) {
            st = err_fail(err, ST_DISK, what, "%s", strerror(errno));
            break;
        }
        ++*n_rows;
    }
    if (st == ST_EOF)
        st = fflush(out) == 0 ? ST_OK : err_fail(err, ST_DISK, what, "%s", strerror(errno));
    buf_release(&line);
    return st;
}
