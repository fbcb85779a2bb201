/*
 * The rows of all inputs, as columns: keys come out of their encoding (hit.h), in the order in
 * which `ingest -o` writes them.
 */
#include "ingest/base.h"

#include "library_priv.h"

#define COLUMNS_MAX (1 + KEY_COLS_MAX + SUMS_MAX + 1)
#define TEXT_MAX    40 /* of a number, a day, a UUID */

struct columns {
    struct ingest_column at[COLUMNS_MAX];
    char texts[COLUMNS_MAX][TEXT_MAX];
    size_t n;
};

static struct ingest_column *
next_column(struct columns *c, const char *name, enum ingest_kind kind, const char *text,
            size_t size)
{
    struct ingest_column *column = &c->at[c->n++];

    *column = (struct ingest_column){ .name = name, .kind = kind, .text = text, .size = size };
    return column;
}

static void
put_number(struct columns *c, const char *name, enum ingest_kind kind, int64_t number)
{
    char *text = c->texts[c->n];
    int n = snprintf(text, TEXT_MAX, "%" PRId64, number);

    next_column(c, name, kind, text, (size_t)n)->number = number;
}

static void
put_day(struct columns *c, const struct key_column *key, int32_t day)
{
    char *text = c->texts[c->n];

    if (key->as_epoch) {
        put_number(c, key->name, INGEST_INT, day_epoch(day));
        return;
    }
    clock_format_day(day, text);
    next_column(c, key->name, INGEST_DAY, text, strlen(text))->number = day;
}

/* RFC 9562, 4: 8-4-4-4-12 digits, lower case. */
static void
put_uuid(struct columns *c, const char *name, const uint8_t uuid[16])
{
    char *text = c->texts[c->n];
    size_t n = 0;

    for (size_t i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;

        n += (size_t)snprintf(text + n, TEXT_MAX - n, "%s%02x", dash ? "-" : "", uuid[i]);
    }
    next_column(c, name, INGEST_UUID, text, n);
}

static void
put_key(struct columns *c, const struct key_column *key, const uint8_t **at)
{
    struct slice s;

    switch (key->kind) {
    case COLUMN_TEXT:
        s = key_get_text(at);
        next_column(c, key->name, INGEST_TEXT, s.p, s.n);
        break;
    case COLUMN_DAY:
        put_day(c, key, key_get_day(at));
        break;
    case COLUMN_UUID:
        put_uuid(c, key->name, key_get_uuid(at));
        break;
    case COLUMN_INT:
        put_number(c, key->name, INGEST_INT, key_get_int(at));
        break;
    }
}

static void
put_row(struct columns *c, const struct ingest *h, const struct dataset *d, const struct row *row)
{
    const uint8_t *at = (const uint8_t *)row->key.p;

    c->n = 0;
    if (d->has_node)
        next_column(c, "node", INGEST_TEXT, h->node, strlen(h->node));
    for (size_t i = 0; i < d->n_keys; i++)
        put_key(c, &d->keys[i], &at);
    for (size_t i = 0; i < d->n_sums; i++)
        put_number(c, d->sums[i], INGEST_SUM, row->sums[i]);
    if (d->uniques != NULL && row->sketch.p != NULL)
        next_column(c, d->uniques, INGEST_SKETCH, row->sketch.p, row->sketch.n);
}

static enum st
give_book(const struct ingest *h, const struct book *b, ingest_row_callback *callback, void *ctx,
          struct err *err)
{
    struct columns columns;
    struct ingest_row out = {
        .dataset = b->dataset->name,
        .table = b->dataset->table,
        .columns = columns.at,
    };
    struct rows *rows = rows_new(&b->all, 1, 1, err);
    struct row row;
    enum st rc;

    if (rows == NULL)
        return err->code;
    while ((rc = rows_next(rows, &row, err)) == ST_OK) {
        put_row(&columns, h, b->dataset, &row);
        out.n_columns = columns.n;
        if (callback(ctx, &out) != 0) {
            rc = err_set(err, ST_STOPPED, "stopped by the callback");
            break;
        }
    }
    rows_free(rows);
    return rc == ST_EOF ? ST_OK : rc;
}

enum ingest_status
ingest_rows(struct ingest *h, ingest_row_callback *callback, void *ctx)
{
    enum ingest_status status;
    struct err err;
    enum st rc = ST_OK;

    if (!message_begin(h, &status))
        return status;
    if (h->pieces.open)
        return message_usage(h, PIECES_OPEN);
    h->read = true;
    for (size_t i = 0; i < h->n_books && rc == ST_OK; i++)
        if (h->books[i].all != NULL && !rollup_is_empty(h->books[i].all))
            rc = give_book(h, &h->books[i], callback, ctx, &err);
    return message_end(h, rc, false, &err);
}
