/*
 * NOTIFY ingest_done: which days of which tables a transaction has touched, said inside of it, so
 * that those who listen hear of what they can see, once, and never of what was rolled back. It is
 * a courtesy: where it may not be said, or nobody has listened for long, nothing is.
 */
#include "ingest/base.h"

#include "ingest/clock.h"

#include "commit.h"
#include "pipeline_priv.h"

/* The server takes less than 8,000 bytes (PostgreSQL manual, "NOTIFY"). */
#define PAYLOAD_MAX 7999

/* Days that are at most `apart` from each other are one range. *folded: days between them are not all of them. */
static void
put_ranges(struct buf *b, const int32_t *days, size_t n, int64_t apart, bool *folded)
{
    char first[11], last[11];

    for (size_t from = 0, to; from < n; from = to + 1) {
        for (to = from; to + 1 < n && (int64_t)days[to + 1] - days[to] <= apart; to++)
            *folded = *folded || days[to + 1] - days[to] > 1;
        clock_format_day(days[from], first);
        clock_format_day(days[to], last);
        buf_printf(b, "%s[\"%s\",\"%s\"]", from > 0 ? "," : "", first, last);
    }
}

static void
put(struct buf *b, const struct touched *tables, size_t n, int64_t apart)
{
    bool folded = false;

    b->n = 0;
    buf_text(b, "{\"tables\":[");
    for (size_t i = 0; i < n; i++) {
        buf_text(b, i > 0 ? ",{\"schema\":" : "{\"schema\":");
        buf_json(b, slice_of(tables[i].schema));
        buf_text(b, ",\"table\":");
        buf_json(b, slice_of(tables[i].table));
        buf_text(b, ",\"days\":[");
        put_ranges(b, tables[i].days, tables[i].n, apart, &folded);
        buf_text(b, "]}");
    }
    buf_printf(b, "],\"folded\":%s}", folded ? "true" : "false");
}

void
announce_text(struct buf *b, const struct touched *tables, size_t n)
{
    int64_t apart = 1;

    do {
        put(b, tables, n, apart);
        apart += 1 + apart / 8;
    } while (b->n > PAYLOAD_MAX && apart <= 2 * (int64_t)DAY_MAX && !b->failed);
}

static const struct table_summary *
find_summary(const struct summary *s, const char *table)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (strcmp(s->tables[i].table, table) == 0)
            return &s->tables[i];
    return NULL;
}

/* The queue of notifications is 8 GiB at first; one that a listener lets fill up would fail COMMIT. */
static const char sql[] =
    "SELECT pg_notify('ingest_done', $1) WHERE pg_notification_queue_usage() < 0.9";

enum st
announce(struct run *run, const struct summary *days, struct err *err)
{
    static const char what[] = "cannot tell those who listen";
    struct touched tables[DATASETS_MAX];
    struct buf text = { 0 };
    size_t n = 0;
    enum st rc = ST_OK;

    for (size_t i = 0; i < run->n_tables && run->ledger.notifies; i++) {
        const struct table *t = &run->tables[i];
        const struct table_summary *of = find_summary(days, t->dataset->table);

        if (t->ready && of != NULL && of->n_days > 0)
            tables[n++] =
                (struct touched){ t->target.schema, t->dataset->table, of->days, of->n_days };
    }
    if (n == 0)
        return ST_OK;
    announce_text(&text, tables, n);
    if (buf_str(&text) == NULL)
        rc = err_memory(err, what);
    else if (text.n <= PAYLOAD_MAX)
        rc = pg_run(run->pg, what, sql, 1, (const char *const[]){ text.p }, NULL, err);
    buf_release(&text);
    return rc;
}
