/*
 * The ledger's part of a batch's transaction: claim the payloads, then write down their days and
 * where they were seen. The claim is the mutual exclusion between machines: a second run that
 * claims the same payload waits for the first and then finds that it lost.
 */
#include "ingest/base.h"

#include "ingest/buf.h"

#include "ledger_priv.h"

static void
put_text(struct pg_array *a, const char *text)
{
    if (text == NULL)
        pg_array_null(a);
    else
        pg_array_text(a, slice_of(text));
}

/* {"method":3,"time":1}: everything but what was counted. */
static void
put_reasons(struct pg_array *a, const struct tally *t)
{
    struct buf b = { 0 };

    buf_text(&b, "{");
    for (int why = KEEP + 1; why < REASONS_N; why++)
        if (t->by[why] > 0)
            buf_printf(&b, "%s\"%s\":%" PRIu64, b.n > 1 ? "," : "", reason_name((enum reason)why),
                       t->by[why]);
    buf_text(&b, "}");
    pg_array_text(a, (struct slice){ b.p, b.failed ? 0 : b.n });
    buf_release(&b);
}

static void
put_int(struct pg_array *a, bool known, int64_t us)
{
    if (known)
        pg_array_int(a, us);
    else
        pg_array_null(a);
}

static void
put_payload(struct columns *c, const struct payload *p)
{
    bool timed = p->first_us <= p->last_us;

    assert(tally_balances(&p->lines) && tally_balances(&p->records));

    pg_array_int(&c->at[0], p->key.scope);
    put_text(&c->at[1], p->key.dataset);
    pg_array_bytea(&c->at[2], p->key.hash.b, 16);
    pg_array_int(&c->at[3], (int64_t)p->identity.length);
    pg_array_bytea(&c->at[4], p->identity.head.b, 16);
    put_text(&c->at[5], p->format);
    put_text(&c->at[6], p->source);
    pg_array_bytea(&c->at[7], p->rules_id.b, 16);
    pg_array_int(&c->at[8], (int64_t)p->lines.read);
    pg_array_int(&c->at[9], (int64_t)p->lines.by[KEEP]);
    pg_array_int(&c->at[10], (int64_t)p->records.read);
    pg_array_int(&c->at[11], (int64_t)p->records.by[KEEP]);
    put_reasons(&c->at[12], &p->lines);
    put_reasons(&c->at[13], &p->records);
    put_int(&c->at[14], timed, p->first_us);
    put_int(&c->at[15], timed, p->last_us);
    put_text(&c->at[16], p->verified ? "verified" : "unverifiable");
    pg_array_int(&c->at[17], p->partial);
    put_int(&c->at[18], p->extends != 0, p->extends);
}

/* Where payloads of this hash begin in an array that is sorted by hash. */
static size_t
lower_bound(struct payload *const *payloads, size_t n, const struct digest *hash)
{
    size_t low = 0;

    while (low < n) {
        size_t middle = low + (n - low) / 2;

        if (memcmp(payloads[middle]->key.hash.b, hash->b, sizeof hash->b) < 0)
            low = middle + 1;
        else
            n = middle;
    }
    return low;
}

static void
mark_claimed(struct payload *const *payloads, size_t n, const struct pg_result *r)
{
    for (size_t i = 0; i < n; i++)
        payloads[i]->id = 0;
    for (size_t row = 0; row < pg_rows(r); row++) {
        struct slice dataset = pg_text(r, row, 2);
        struct digest hash = { 0 };

        pg_bytea(r, row, 3, hash.b, sizeof hash.b);
        for (size_t i = lower_bound(payloads, n, &hash);
             i < n && digest_eq(&payloads[i]->key.hash, &hash); i++)
            if (payloads[i]->key.scope == pg_int(r, row, 1) &&
                slice_eq(slice_of(payloads[i]->key.dataset), dataset))
                payloads[i]->id = pg_int(r, row, 0);
    }
}

enum st
ledger_claim(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err)
{
    static const char sql[] =
        "INSERT INTO ingest.payloads (scope, dataset, hash, length, head, format, source, rules_id, lines_read,"
        " lines_counted, records_read, records_counted, lines_why, records_why, first_event, last_event, integrity, partial,"
        " extends%s)"
        " SELECT scope, dataset, hash, length, head, format, source, rules_id, lines_read, lines_counted,"
        " records_read, records_counted, lines_why::jsonb, records_why::jsonb,"
        " timestamptz 'epoch' + first_us * interval '1 microsecond',"
        " timestamptz 'epoch' + last_us * interval '1 microsecond', integrity, partial <> 0, extends%s"
        " FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::bigint[], $5::bytea[], $6::text[], $7::text[],"
        " $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[],"
        " $15::bigint[], $16::bigint[], $17::text[], $18::integer[], $19::bigint[]) AS new(scope, dataset, hash, length, head, format,"
        " source,"
        " rules_id, lines_read, lines_counted, records_read, records_counted, lines_why, records_why, first_us,"
        " last_us, integrity, partial, extends)"
        " ORDER BY hash, dataset, scope ON CONFLICT (scope, dataset, hash) DO %s"
        " RETURNING id, scope, dataset, hash";
    static const char keep[] = "NOTHING";
    static const char again[] =
        "UPDATE SET format = excluded.format, source = excluded.source, rules_id = excluded.rules_id,"
        " lines_read = excluded.lines_read, lines_counted = excluded.lines_counted,"
        " records_read = excluded.records_read, records_counted = excluded.records_counted,"
        " lines_why = excluded.lines_why, records_why = excluded.records_why,"
        " first_event = excluded.first_event, last_event = excluded.last_event,"
        " integrity = excluded.integrity, partial = excluded.partial, extends = excluded.extends, counted_at = excluded.counted_at";
    char statement[sizeof sql + sizeof again + 64];
    uint8_t witness[WITNESS_BYTES];
    struct bytea_text witness_text;
    struct pg_result *r = NULL;
    struct columns c;
    enum st rc;

    if (n == 0)
        return ST_OK;
    snprintf(statement, sizeof statement, sql, l->has_witness ? ", witness" : "",
             l->has_witness ? ", $20::bytea" : "", l->replaces ? again : keep);
    columns_begin(&c, 19);
    witness_of(l->secret.b, sizeof l->secret.b, witness);
    if (l->has_witness)
        columns_add_value(&c, bytea_text(&witness_text, witness, sizeof witness));
    for (size_t i = 0; i < n; i++)
        put_payload(&c, payloads[i]);
    rc = columns_run(&c, l->pg, LEDGER_CLAIM, statement, &r, err);
    if (rc == ST_OK)
        mark_claimed(payloads, n, r);
    pg_free(r);
    columns_release(&c);
    return rc;
}

/* Rows of days go in so many at a time: hostile logs have thousands of days each. */
#define DAYS_AT_ONCE 8192

static enum st
send_days(struct ledger *l, struct columns *c, struct err *err)
{
    static const char sql[] =
        "INSERT INTO ingest.payload_days (payload, dataset, day, rules_id, lines, count, bytes, hours, state)"
        " SELECT payload, dataset, date '1970-01-01' + day, rules_id, lines, count, bytes, hours,"
        " CASE WHEN adopted <> 0 THEN 'adopted' ELSE 'counted' END"
        " FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::bytea[], $5::bigint[], $6::bigint[],"
        " $7::bigint[], $8::integer[], $9::integer[])"
        " AS new(payload, dataset, day, rules_id, lines, count, bytes, hours, adopted)";
    /* Days of a payload that is claimed again, but for those whose rows are not replaced. */
    static const char again[] =
        " ON CONFLICT (payload, day) DO UPDATE SET state = 'counted', rules_id = excluded.rules_id,"
        " lines = excluded.lines, count = excluded.count, bytes = excluded.bytes, hours = excluded.hours"
        " WHERE payload_days.state IN ('replaced', 'retracted')";
    char statement[sizeof sql + sizeof again];
    enum st rc;

    snprintf(statement, sizeof statement, "%s%s", sql, l->replaces ? again : "");
    rc = columns_run(c, l->pg, "cannot write days into the ledger", statement, NULL, err);

    columns_release(c);
    return rc;
}

static void
put_day(struct columns *c, const struct payload *p, const struct payload_day *d)
{
    pg_array_int(&c->at[0], p->id);
    put_text(&c->at[1], p->key.dataset);
    pg_array_int(&c->at[2], d->day);
    pg_array_bytea(&c->at[3], p->rules_id.b, 16);
    pg_array_int(&c->at[4], d->lines);
    pg_array_int(&c->at[5], d->count);
    pg_array_int(&c->at[6], d->bytes);
    pg_array_int(&c->at[7], (int64_t)d->hours);
    pg_array_int(&c->at[8], d->adopted);
}

enum st
record_days(struct ledger *l, struct payload *const *payloads, size_t n, int32_t since,
            int32_t until, struct err *err)
{
    struct columns c;
    size_t waiting = 0;
    enum st rc;

    columns_begin(&c, 9);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < payloads[i]->n_days; k++) {
            if (payloads[i]->days[k].day < since || payloads[i]->days[k].day >= until)
                continue;
            put_day(&c, payloads[i], &payloads[i]->days[k]);
            if (++waiting < DAYS_AT_ONCE)
                continue;
            if ((rc = send_days(l, &c, err)) != ST_OK)
                return rc;
            columns_begin(&c, 9);
            waiting = 0;
        }
    return send_days(l, &c, err);
}

enum st
ledger_see(struct ledger *l, const int64_t *ids, const struct sighting *const *sightings, size_t n,
           struct err *err)
{
    static const char sql[] =
        "INSERT INTO ingest.sightings (payload, path, size, stored, device, inode, mtime_ns, ctime_ns, machine)"
        " SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bigint[],"
        " $7::bigint[], $8::bigint[], $9::bytea[]) ON CONFLICT DO NOTHING";
    struct columns c;
    enum st rc;

    if (n == 0)
        return ST_OK;
    columns_begin(&c, 9);
    for (size_t i = 0; i < n; i++) {
        pg_array_int(&c.at[0], ids[i]);
        put_sighting(l, &c, 1, sightings[i]);
    }
    rc = columns_run(&c, l->pg, "cannot write sightings into the ledger", sql, NULL, err);
    columns_release(&c);
    return rc;
}

enum st
ledger_record(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err)
{
    const struct sighting **sightings = calloc(n + 1, sizeof *sightings);
    int64_t *ids = calloc(n + 1, sizeof *ids);
    enum st rc;

    if (sightings == NULL || ids == NULL) {
        rc = err_memory(err, "cannot write into the ledger");
        goto release;
    }
    for (size_t i = 0; i < n; i++) {
        sightings[i] = &payloads[i]->sighting;
        ids[i] = payloads[i]->id;
    }
    if ((rc = record_days(l, payloads, n, INT32_MIN, INT32_MAX, err)) != ST_OK)
        goto release;
    rc = ledger_see(l, ids, sightings, n, err);
release:
    free(sightings);
    free(ids);
    return rc;
}
