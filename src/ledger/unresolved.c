/*
 * Hits that wait for a catalog: written in the transaction of their payload, so that they are there
 * once or not at all; healed in one of their own, in which each row has one taker.
 */
#include "ingest/base.h"

#include "ingest/sketch.h"

#include "ledger_priv.h"

/* ---- may hits wait here? ---- */

enum st
ledger_can_park(struct ledger *l, struct err *err)
{
    return rights_for(l, "cannot keep what waits for its key", "unresolved",
                      "unresolved SELECT, unresolved INSERT, unresolved UPDATE", err);
}

/* ---- parking: COPY BINARY (PostgreSQL manual, "COPY") ---- */

#define DAY_2000    10957 /* the server's dates count from 2000-01-01 */
#define PIECE_BYTES (64 * KIB)

static const char parking[] = "cannot write what waits for its key";

static enum st
flush(struct ledger *l, struct buf *b, size_t at_least, struct err *err)
{
    enum st rc = ST_OK;

    if (b->failed)
        return err_memory(err, parking);
    if (b->n >= at_least) {
        rc = pg_copy_put(l->pg, b->p, b->n, err);
        buf_reset(b);
    }
    return rc;
}

static void
field(struct buf *b, struct slice bytes)
{
    buf_be32(b, bytes.p == NULL ? UINT32_MAX : (uint32_t)bytes.n);
    if (bytes.p != NULL)
        buf_add_slice(b, bytes);
}

static void
field_bigint(struct buf *b, int64_t v)
{
    buf_be32(b, 8);
    buf_be64(b, (uint64_t)v);
}

enum st
ledger_park_begin(struct ledger *l, struct buf *b, struct err *err)
{
    static const char head[19] = "PGCOPY\n\377\r\n"; /* and a NUL; flags and extension are 0 */

    buf_reset(b);
    buf_add(b, head, sizeof head);
    return pg_copy_start(
        l->pg, parking,
        "COPY ingest.unresolved (payload, dataset, path, day, count, bytes, clients)"
        " FROM STDIN (FORMAT binary)",
        err);
}

enum st
ledger_park(struct ledger *l, struct buf *b, const struct parked *p, struct err *err)
{
    buf_be16(b, 7);
    field_bigint(b, p->payload);
    field(b, slice_of(p->dataset));
    field(b, p->path);
    buf_be32(b, 4);
    buf_be32(b, (uint32_t)(p->day - DAY_2000));
    field_bigint(b, p->count);
    field_bigint(b, p->bytes);
    field(b, p->clients);
    return flush(l, b, PIECE_BYTES, err);
}

enum st
ledger_park_end(struct ledger *l, struct buf *b, int64_t n, struct err *err)
{
    int64_t taken = 0;
    enum st rc;

    buf_be16(b, UINT16_MAX);
    if ((rc = flush(l, b, 1, err)) != ST_OK || (rc = pg_copy_end(l->pg, &taken, err)) != ST_OK)
        return rc;
    if (taken != n)
        return err_fail(err, ST_BUG, parking, "%" PRId64 " were sent, the server took %" PRId64, n,
                        taken);
    return ST_OK;
}

/* ---- what waits ---- */

enum st
ledger_is_waiting(struct ledger *l, const char *dataset, bool *any, struct err *err)
{
    static const char what[] = "cannot ask the ledger what waits for its key";
    struct pg_result *r = NULL;
    enum st rc;

    *any = false;
    rc = pg_run(l->pg, what, "SELECT to_regclass('ingest.unresolved') IS NOT NULL", 0, NULL, &r,
                err);
    *any = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    r = NULL;
    if (rc != ST_OK || !*any)
        return rc;
    rc = pg_run(l->pg, what,
                "SELECT EXISTS (SELECT FROM ingest.unresolved"
                " WHERE dataset = $1 AND healed_at IS NULL)",
                1, &dataset, &r, err);
    *any = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}

void
ledger_waiting_release(struct waiting_list *w)
{
    pg_free(w->r);
    buf_release(&w->clients);
    w->r = NULL;
    w->n = 0;
}

/* Sketches lie in a buffer that moves while it grows: their places first, their bytes at the end.
 */
static enum st
take_sketches(struct waiting_list *w, struct err *err)
{
    uint8_t bytes[HLL_WIRE_MAX];
    size_t at = 0;

    for (size_t i = 0; i < w->n; i++) {
        struct slice *clients = &w->at[i].parked.clients;
        size_t n = pg_is_null(w->r, i, 6) ? SIZE_MAX : pg_bytea(w->r, i, 6, bytes, sizeof bytes);

        *clients = (struct slice){ NULL, n == SIZE_MAX ? 0 : n };
        if (n != SIZE_MAX)
            buf_add(&w->clients, bytes, n);
    }
    if (w->clients.failed)
        return err_memory(err, "cannot read what waits for its key");
    for (size_t i = 0; i < w->n; i++)
        if (w->at[i].parked.clients.n > 0) {
            w->at[i].parked.clients.p = w->clients.p + at;
            at += w->at[i].parked.clients.n;
        }
    return ST_OK;
}

enum st
ledger_waiting(struct ledger *l, const char *dataset, int64_t after, struct waiting_list *out,
               struct err *err)
{
    static const char sql[] =
        "SELECT id, payload, path, day - date '1970-01-01', count, bytes, clients"
        "  FROM ingest.unresolved WHERE dataset = $1 AND healed_at IS NULL AND id > $2::bigint"
        " ORDER BY id LIMIT $3::integer";
    char id[24], limit[16];
    const char *values[] = { dataset, id, limit };
    enum st rc;

    ledger_waiting_release(out);
    snprintf(id, sizeof id, "%" PRId64, after);
    snprintf(limit, sizeof limit, "%d", PARKED_AT_ONCE);
    rc = pg_run(l->pg, "cannot read what waits for its key", sql, ARRAY_LEN(values), values,
                &out->r, err);
    if (rc != ST_OK)
        return rc;
    out->n = pg_rows(out->r);
    for (size_t i = 0; i < out->n; i++)
        out->at[i] = (struct waiting){
            .id = pg_int(out->r, i, 0),
            .parked = { .payload = pg_int(out->r, i, 1),
                        .dataset = dataset,
                        .path = pg_text(out->r, i, 2),
                        .day = (int32_t)pg_int(out->r, i, 3),
                        .count = pg_int(out->r, i, 4),
                        .bytes = pg_int(out->r, i, 5) },
        };
    return take_sketches(out, err);
}

/* ---- healing ---- */

/*
 * Sorted, so that two who credit days of one payload meet on the same row first. A payload that had
 * nothing else on a day gets that day, without lines: they are of the day they were logged on, and
 * that has a row then. A sum stops at 2^63 - 1, as in the table.
 */
static const char heal_sql[] =
    "WITH mine AS (SELECT id FROM ingest.unresolved"
    "   WHERE id = ANY ($1::bigint[]) AND healed_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED),"
    " healed AS (UPDATE ingest.unresolved u SET healed_at = now() FROM mine WHERE u.id = mine.id"
    "   RETURNING u.id, u.payload, u.dataset, u.day, u.count, u.bytes),"
    " credited AS (INSERT INTO ingest.payload_days AS d"
    "   (payload, dataset, day, rules_id, lines, count, bytes, hours)"
    "   SELECT h.payload, h.dataset, h.day, p.rules_id, 0, sum(h.count),"
    "          least(sum(h.bytes), 9223372036854775807), 0"
    "     FROM healed h JOIN ingest.payloads p ON p.id = h.payload"
    "    GROUP BY h.payload, h.dataset, h.day, p.rules_id ORDER BY h.payload, h.day"
    "   ON CONFLICT (payload, day) DO UPDATE SET count = d.count + excluded.count,"
    "     bytes = least(d.bytes::numeric + excluded.bytes, 9223372036854775807))"
    " SELECT id FROM healed ORDER BY id";

enum st
ledger_heal(struct ledger *l, const int64_t *ids, size_t n, bool *mine, struct err *err)
{
    struct pg_result *r = NULL;
    struct columns c;
    enum st rc;

    memset(mine, 0, n * sizeof *mine);
    if (n == 0)
        return ST_OK;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], ids[i]);
    rc = columns_run(&c, l->pg, "cannot credit what has found its key", heal_sql, &r, err);
    columns_release(&c);
    for (size_t i = 0, row = 0; rc == ST_OK && i < n && row < pg_rows(r); i++)
        if (ids[i] == pg_int(r, row, 0)) { /* both ascend */
            mine[i] = true;
            row++;
        }
    pg_free(r);
    return rc;
}

enum st
ledger_has_healed(struct ledger *l, int64_t id, bool *healed, struct err *err)
{
    struct pg_result *r = NULL;
    char text[24];
    const char *values[] = { text };
    enum st rc;

    snprintf(text, sizeof text, "%" PRId64, id);
    rc = pg_run(l->pg, "cannot ask the ledger what waits for its key",
                "SELECT healed_at IS NOT NULL FROM ingest.unresolved WHERE id = $1::bigint", 1,
                values, &r, err);
    *healed = rc == ST_OK && pg_rows(r) == 1 && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}
