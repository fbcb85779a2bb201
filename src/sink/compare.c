/*
 * Rows beside those of a table, in the order of their keys: both sides come sorted, so neither is
 * ever held as a whole.
 */
#include "ingest/base.h"

#include "sink_priv.h"

static const char what[] = "cannot compare rows with the table";

struct comparison {
    const struct target *t;
    struct rows *rows;  /* ours; NULL: there are none */
    bool ours_ended;
    bool tells_same; /* rows that are the same are told, too */
    struct row ours;    /* the next one that no row of the table was held against */
    struct row theirs;
    struct buf key;     /* of theirs */
    struct hll ours_sketch, theirs_sketch;
    sink_differs *differs;
    void *ctx;
    struct compared *n;
};

/* ---- the table's rows, as binary COPY can send them: text, bigint, uuid, hll ---- */

static void
select_column(struct buf *b, const struct key_column *column)
{
    if (column->kind == COLUMN_DAY && !column->as_epoch)
        buf_text(b, "(");
    buf_text(b, "t.");
    pg_ident(NULL, b, column->name);
    switch (column->kind) {
    case COLUMN_TEXT:
        buf_text(b, "::text");
        break;
    case COLUMN_DAY:
        buf_text(b, column->as_epoch ? "::bigint / 86400" : " - date '1970-01-01')::bigint");
        break;
    case COLUMN_INT:
        buf_text(b, "::bigint");
        break;
    case COLUMN_UUID:
        break;
    }
}

static void
select_rows(struct buf *b, const struct target *t, int32_t first, int32_t end)
{
    const struct dataset *d = t->dataset;

    buf_text(b, "COPY (SELECT ");
    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, i == 0 ? "" : ", ");
        select_column(b, &d->keys[i]);
    }
    for (size_t i = 0; i < d->n_sums; i++) {
        buf_text(b, ", ");
        if (t->has_sum[i]) {
            buf_text(b, "t.");
            pg_ident(NULL, b, d->sums[i]);
            buf_text(b, "::bigint");
        } else {
            buf_text(b, "NULL::bigint");
        }
    }
    if (t->has_sketch) {
        buf_text(b, ", t.");
        pg_ident(NULL, b, d->uniques);
    }
    buf_text(b, " FROM ");
    sql_table(b, t);
    buf_text(b, " AS t WHERE ");
    sql_of_days(b, t, first, end);
    buf_text(b, " ORDER BY ");
    for (size_t i = 0; i < d->n_keys; i++) {
        buf_text(b, i == 0 ? "t." : ", t.");
        pg_ident(NULL, b, d->keys[i].name);
        if (d->keys[i].kind == COLUMN_TEXT)
            buf_text(b, "::text COLLATE \"C\" NULLS FIRST"); /* the order of keys (hit.h) */
    }
    buf_text(b, ") TO STDOUT (FORMAT binary)");
}

/* The same bytes that dataset/ would make of it; a live table's text may be longer than ours are. */
static bool
encode_key(struct buf *key, const struct dataset *d, const struct slice *fields)
{
    uint8_t fixed[16];

    buf_reset(key);
    for (size_t i = 0; i < d->n_keys; i++) {
        switch (d->keys[i].kind) {
        case COLUMN_TEXT:
            buf_add(key, fields[i].p == NULL ? "\0" : "\1", 1);
            if (fields[i].p == NULL)
                break;
            buf_add_slice(key, fields[i]);
            buf_add(key, "\0", 1);
            break;
        case COLUMN_DAY:
            key_put_day(fixed, (int32_t)pg_field_int(fields[i]));
            buf_add(key, fixed, 4);
            break;
        case COLUMN_UUID:
            memset(fixed, 0, sizeof fixed);
            if (fields[i].n == sizeof fixed)
                memcpy(fixed, fields[i].p, sizeof fixed);
            buf_add(key, fixed, sizeof fixed);
            break;
        case COLUMN_INT:
            key_put_int(fixed, pg_field_int(fields[i]));
            buf_add(key, fixed, 8);
            break;
        }
    }
    return !key->failed;
}

static bool
read_theirs(struct comparison *c, const struct slice *fields)
{
    const struct dataset *d = c->t->dataset;

    c->theirs = (struct row){ .sketch = { NULL, 0 } };
    if (!encode_key(&c->key, d, fields))
        return false;
    c->theirs.key = (struct slice){ c->key.p, c->key.n };
    for (size_t i = 0; i < d->n_sums; i++)
        c->theirs.sums[i] = pg_field_int(fields[d->n_keys + i]);
    if (c->t->has_sketch)
        c->theirs.sketch = fields[d->n_keys + d->n_sums];
    return true;
}

/* ---- side by side ---- */

/* Registers, whatever the sketch holds. */
static void
fold_all(struct hll *h)
{
    struct hll folded = { .n = HLL_IN_REGISTERS };

    if (h->n == HLL_IN_REGISTERS)
        return;
    for (size_t i = 0; i < h->n; i++)
        hll_fold(folded.u.registers, h->u.set[i]);
    *h = folded;
}

/* Other programs go from a set to registers elsewhere than we do; what both stand for is registers. */
static bool
same_clients(struct comparison *c)
{
    struct slice ours = c->ours.sketch, theirs = c->theirs.sketch;
    struct err ignored;

    if (!c->t->has_sketch || ours.p == NULL)
        return true;
    if (theirs.p == NULL)
        return false;
    if (slice_eq(ours, theirs))
        return true;
    hll_clear(&c->ours_sketch);
    hll_clear(&c->theirs_sketch);
    if (hll_decode(&c->ours_sketch, ours, &ignored) != ST_OK ||
        hll_decode(&c->theirs_sketch, theirs, &ignored) != ST_OK)
        return false;
    fold_all(&c->ours_sketch);
    fold_all(&c->theirs_sketch);
    return memcmp(c->ours_sketch.u.registers, c->theirs_sketch.u.registers,
                  sizeof c->ours_sketch.u.registers) == 0;
}

static bool
same_sums(const struct comparison *c)
{
    for (size_t i = 0; i < c->t->dataset->n_sums; i++)
        if (c->t->has_sum[i] && c->ours.sums[i] != c->theirs.sums[i])
            return false;
    return true;
}

static enum st
next_of_ours(struct comparison *c, struct err *err)
{
    enum st rc = c->rows == NULL ? ST_EOF : rows_next(c->rows, &c->ours, err);

    c->ours_ended = rc == ST_EOF;
    return rc == ST_EOF ? ST_OK : rc;
}

static enum st
ours_alone(struct comparison *c, struct err *err)
{
    enum st rc = c->differs(c->ctx, c->t, &c->ours, NULL, err);

    c->n->ours_alone++;
    return rc == ST_OK ? next_of_ours(c, err) : rc;
}

static int
order(struct slice a, struct slice b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static enum st
take(void *ctx, const struct slice *fields, size_t n, struct err *err)
{
    struct comparison *c = ctx;
    enum st rc = ST_OK;

    (void)n;
    if (!read_theirs(c, fields))
        return err_memory(err, what);
    while (rc == ST_OK && !c->ours_ended && order(c->ours.key, c->theirs.key) < 0)
        rc = ours_alone(c, err);
    if (rc != ST_OK)
        return rc;
    if (c->ours_ended || order(c->ours.key, c->theirs.key) > 0) {
        c->n->theirs_alone++;
        return c->differs(c->ctx, c->t, NULL, &c->theirs, err);
    }
    if (same_sums(c) && same_clients(c)) {
        c->n->same++;
        if (c->tells_same)
            rc = c->differs(c->ctx, c->t, &c->ours, &c->theirs, err);
    } else {
        c->n->differ++;
        rc = c->differs(c->ctx, c->t, &c->ours, &c->theirs, err);
    }
    return rc == ST_OK ? next_of_ours(c, err) : rc;
}

static enum st
compare(struct pg *pg, const struct target *t, struct rows *rows, int32_t first, int32_t end,
        bool tells_same, sink_differs *differs, void *ctx, struct compared *out, struct err *err)
{
    struct comparison *c = calloc(1, sizeof *c);
    struct buf sql = { 0 };
    enum st rc;

    *out = (struct compared){ 0 };
    if (c == NULL)
        return err_memory(err, what);
    c->t = t;
    c->rows = rows;
    c->tells_same = tells_same;
    c->differs = differs;
    c->ctx = ctx;
    c->n = out;
    select_rows(&sql, t, first, end);
    if (buf_str(&sql) == NULL)
        rc = err_memory(err, what);
    else if ((rc = next_of_ours(c, err)) == ST_OK)
        rc = pg_copy_out(pg, what, sql.p, take, c, err);
    while (rc == ST_OK && !c->ours_ended)
        rc = ours_alone(c, err);
    buf_release(&sql);
    buf_release(&c->key);
    free(c);
    return rc;
}

enum st
sink_compare(struct pg *pg, const struct target *t, struct rows *rows, int32_t first, int32_t end,
             sink_differs *differs, void *ctx, struct compared *out, struct err *err)
{
    return compare(pg, t, rows, first, end, false, differs, ctx, out, err);
}

enum st
sink_beside(struct pg *pg, const struct target *t, struct rows *rows, int32_t first, int32_t end,
            sink_differs *each, void *ctx, struct err *err)
{
    struct compared ignored;

    return compare(pg, t, rows, first, end, true, each, ctx, &ignored, err);
}
