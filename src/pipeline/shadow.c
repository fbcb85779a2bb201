/*
 * --shadow: what a second rule pack would have counted of the same lines. A block's records are
 * shown to it once the run's own rules are done with them, and what it would count is added up by
 * name and day in a rollup of its own, which is absorbed, dropped, spilled and undone with that of
 * its input. What the run's rules have counted is taken from the rows that it wrote. Nothing of the
 * second is written.
 */
#include "ingest/base.h"

#include "commit.h"
#include "days.h"
#include "pass.h"
#include "pipeline_priv.h"
#include "shadow.h"
#include "stream.h"

/* The two sums of a name and day. */
enum side { SIDE_COUNTED, SIDE_SHADOW, SIDES_N };

/* What a worker needs to ask the second rules. */
struct shadow_reader {
    struct picker picker;
    struct hit    hits[RECORDS_MAX];
    char          keys[32 * 1024];
    size_t        n_keys; /* bytes of `keys` in use */
};

static bool
watches(const struct run *run, const struct table *t)
{
    return run->config->shadow != NULL && t->dataset->has_ecosystem;
}

struct rollup *
shadow_rollup(const struct run *run, struct rollup **slot, struct err *err)
{
    static const struct rollup_shape shape = { .n_sums = SIDES_N };

    if (*slot == NULL)
        *slot = rollup_new(&shape, run_share(run), NULL, err);
    return *slot;
}

/* In place: of name, version, day and what else there is, name and day. */
static struct slice
keep_name_and_day(uint8_t *key)
{
    const uint8_t *at = key;
    uint8_t *end;

    key_get_text(&at);
    end = key + (at - key);
    key_get_text(&at);
    end = key_put_day(end, key_get_day(&at));
    return (struct slice){ (const char *)key, (size_t)(end - key) };
}

/* ---- which ecosystem ---- */

/* Of another one it would count into another table, and there is nothing to compare. */
enum st
shadow_ecosystem(struct run *run, const struct table *t, bool stored, struct err *err)
{
    const struct rules *rules = run->config->shadow;
    const char *named = rules == NULL ? NULL : rules->pack->ecosystem;

    if (rules == NULL)
        return ST_OK;
    if (stored && named != NULL && strcmp(named, t->ecosystem) != 0) {
        err_fail(err, ST_USAGE, "cannot compare these rules",
                 "table \"%s\" holds downloads of %s, --shadow %s counts those of %s",
                 t->dataset->table, t->ecosystem, rules->pack->name, named);
        err_hint(err, "a table holds one ecosystem: compare packs of the same");
        return ST_USAGE;
    }
    if (run->shadow_ecosystem[0] == '\0')
        snprintf(run->shadow_ecosystem, sizeof run->shadow_ecosystem, "%s",
                 named != NULL ? named : stored ? t->ecosystem : "");
    return ST_OK;
}

/* Another run has decided, and the batch is read again: a pack of any ecosystem takes that, too. */
void
shadow_follow(struct run *run, const struct table *t)
{
    if (run->config->shadow != NULL && run->config->shadow->pack->ecosystem == NULL)
        snprintf(run->shadow_ecosystem, sizeof run->shadow_ecosystem, "%s", t->ecosystem);
}

/* ---- one input ---- */

static enum st
fresh_reader(struct worker *w, const struct table *t, struct err *err)
{
    const struct run *run = w->run;
    struct shadow_reader *s = w->shadow;
    enum st rc;

    if (s == NULL) {
        if ((s = calloc(1, sizeof *s)) == NULL)
            return err_memory(err, "cannot compare rules");
        if ((rc = picker_init(&s->picker, t->dataset, run->config->shadow, &run->clients, err)) !=
            ST_OK) {
            free(s);
            return rc;
        }
        w->shadow = s;
    }
    s->picker.catalog = t->catalog;
    s->picker.object_secret = stream_secret(run, run->config->shadow);
    picker_set_ecosystem(&s->picker, run->shadow_ecosystem);
    s->n_keys = 0;
    return ST_OK;
}

void
shadow_reader_free(struct shadow_reader *s)
{
    if (s != NULL)
        picker_release(&s->picker);
    free(s);
}

enum st
shadow_begin(struct pass *p, struct pending *pending, struct err *err)
{
    struct worker *w = p->w;

    if (!watches(w->run, pending->table))
        return ST_OK;
    if ((p->shadow = shadow_rollup(w->run, &pending->rollups[SHADOW], err)) == NULL)
        return err->code;
    rollup_reset(p->shadow);
    return fresh_reader(w, pending->table, err);
}

const char *
shadow_end(const struct pass *p)
{
    return p->shadow == NULL ? "" : p->w->shadow->picker.ecosystem;
}

static enum st
add_hits(struct pass *p, size_t n, struct err *err)
{
    size_t added;
    enum st rc = rollup_add_many(p->shadow, p->w->shadow->hits, n, &added, err);

    assert(rc != ST_EOF); /* downloads one by one, of lines that there are */
    p->w->shadow->n_keys = 0;
    return rc;
}

/* The days that an input may have are those of all its lines: there is no room for more. */
static enum reason
pick(struct pass *p, const struct record *rec, struct hit *hit)
{
    struct picker *picker = &p->w->shadow->picker;
    enum reason why;

    if (rec->why != KEEP || (rec->day != DAY_NONE && days_at(&p->w->days, rec->day) == NULL))
        return REJECT_TOO_MANY_DAYS;
    picker->key = (uint8_t *)p->w->shadow->keys + p->w->shadow->n_keys;
    why = picker->dataset->pick(picker, rec, hit);
    if (why == KEEP && p->w->run->stream != NULL)
        why = stream_take(p->w, picker, rec, hit);
    if (why == KEEP && rec->bytes > INT64_MAX - p->shadow_bytes)
        why = REJECT_NUMBER;
    return why;
}

enum st
shadow_take(struct pass *p, const struct record *records, size_t n, struct err *err)
{
    struct shadow_reader *s = p->w->shadow;
    size_t n_hits = 0;
    enum st rc;

    for (size_t i = 0; i < n; i++) {
        struct hit *hit = &s->hits[n_hits];

        if (pick(p, &records[i], hit) != KEEP)
            continue;
        p->shadow_bytes += records[i].bytes;
        hit->key = keep_name_and_day(s->picker.key);
        hit->sums[SIDE_COUNTED] = 0;
        hit->sums[SIDE_SHADOW] = 1;
        s->n_keys += hit->key.n;
        n_hits++;
        if (s->n_keys <= sizeof s->keys - KEY_BYTES_MAX)
            continue;
        if ((rc = add_hits(p, n_hits, err)) != ST_OK)
            return rc;
        n_hits = 0;
    }
    return add_hits(p, n_hits, err);
}

/* One more of a stream's ranges, whose parts have come together. */
enum st
shadow_add(struct run *run, struct slice key, int32_t day, struct err *err)
{
    struct rollup *into = shadow_rollup(run, &run->workers[0].batch[SHADOW], err);
    struct hit hit = { .day = day, .sums = { [SIDE_SHADOW] = 1 } };
    uint8_t copy[KEY_BYTES_MAX];

    if (into == NULL)
        return err->code;
    memcpy(copy, key.p, key.n);
    hit.key = keep_name_and_day(copy);
    return rollup_add(into, &hit, err);
}

/* ---- what is written ---- */

static struct table *
table_of(struct run *run)
{
    for (size_t i = 0; i < run->n_tables; i++)
        if (watches(run, &run->tables[i]))
            return &run->tables[i];
    return NULL;
}

/* Of all versions together, there is a row for each name and day. */
static enum st
add_row(struct rollup *into, const struct row *row, struct err *err)
{
    const uint8_t *at = (const uint8_t *)row->key.p;
    struct hit hit = { .sums = { [SIDE_COUNTED] = row->sums[0] } };
    uint8_t key[KEY_BYTES_MAX];

    key_get_text(&at);
    if (key_get_text(&at).p != NULL)
        return ST_OK;
    hit.day = key_get_day(&at);
    memcpy(key, row->key.p, row->key.n);
    hit.key = keep_name_and_day(key);
    return rollup_add(into, &hit, err);
}

enum st
shadow_counted(struct run *run, struct err *err)
{
    struct table *t = table_of(run);
    struct rollup *into;
    struct rows *rows;
    struct row row;
    bool none;
    enum st rc = ST_OK;

    if (t == NULL)
        return ST_OK;
    if ((into = shadow_rollup(run, &run->workers[0].all[SHADOW], err)) == NULL)
        return err->code;
    if ((rows = batch_rows(run, (size_t)(t - run->tables), &none, err)) == NULL)
        return none ? ST_OK : err->code;
    while (rc == ST_OK && (rc = rows_next(rows, &row, err)) == ST_OK)
        rc = add_row(into, &row, err);
    rows_free(rows);
    return rc == ST_EOF ? ST_OK : rc;
}

/* ---- at the end ---- */

struct telling {
    struct shadow_total total;
    struct buf name; /* of the row before, if it differs */
};

static enum st
tell_row(struct run *run, struct telling *t, const struct row *row, struct err *err)
{
    const uint8_t *at = (const uint8_t *)row->key.p;
    struct shadow_row r = { .name = key_get_text(&at),
                            .counted = row->sums[SIDE_COUNTED],
                            .shadow = row->sums[SIDE_SHADOW] };

    r.day = key_get_day(&at);
    t->total.counted += r.counted;
    t->total.shadow += r.shadow;
    if (r.counted == r.shadow)
        return ST_OK;
    t->total.rows++;
    if (t->total.names == 0 || !slice_eq(r.name, (struct slice){ t->name.p, t->name.n })) {
        t->total.names++;
        buf_reset(&t->name);
        buf_add_slice(&t->name, r.name);
        if (t->name.failed)
            return err_memory(err, "cannot compare rules");
    }
    return run->config->shadow_differs(run->config->ctx, &r, err);
}

static enum st
tell_rows(struct run *run, struct telling *t, struct err *err)
{
    struct rollup **rollups = calloc(run->n_workers, sizeof *rollups);
    struct rows *rows = NULL;
    struct row row;
    size_t n = 0;
    enum st rc = ST_OK;

    if (rollups == NULL)
        return err_memory(err, "cannot compare rules");
    for (size_t w = 0; w < run->n_workers; w++)
        if (run->workers[w].all[SHADOW] != NULL && !rollup_is_empty(run->workers[w].all[SHADOW]))
            rollups[n++] = run->workers[w].all[SHADOW];
    if (n > 0 && (rows = rows_new(rollups, n, run->jobs, err)) == NULL)
        rc = err->code;
    while (rows != NULL && rc == ST_OK && (rc = rows_next(rows, &row, err)) == ST_OK)
        rc = tell_row(run, t, &row, err);
    rows_free(rows);
    free(rollups);
    return rc == ST_EOF ? ST_OK : rc;
}

enum st
shadow_tell(struct run *run, struct err *err)
{
    const struct tally *records = &run->summary->records;
    struct telling t = { .total.records = records->read - records->by[FILTER_COUNTED_BEFORE] };
    enum st rc;

    if (run->config->shadow == NULL)
        return ST_OK;
    rc = tell_rows(run, &t, err);
    buf_release(&t.name);
    if (rc == ST_OK)
        run->config->shadowed(run->config->ctx, &t.total);
    return rc;
}
