/*
 * What became of all lines and records of the inputs that count.
 */
#include "ingest/base.h"

#include "library_priv.h"

static enum ingest_outcome
outcome_of(enum reason why)
{
    if (why == KEEP)
        return INGEST_COUNTED;
    return reason_is_rejected(why) ? INGEST_REJECTED : INGEST_FILTERED;
}

void
totals_reset(struct ingest *h)
{
    h->lines = h->records = (struct tally){ 0 };
    h->totals = (struct ingest_totals){ .reasons = h->reasons, .n_reasons = REASONS_N };
}

void
totals_count(struct ingest *h, const struct intake *r, const struct input_result *result)
{
    struct ingest_totals *t = &h->totals;

    assert(tally_balances(&r->lines) && tally_balances(&r->records));
    tally_join(&h->lines, &r->lines);
    tally_join(&h->records, &r->records);
    t->counted++;
    t->stored_bytes += result->stored_bytes;
    t->decoded_bytes += result->identity.length;
    t->unterminated_bytes += result->unterminated_bytes;
}

const struct ingest_totals *
ingest_totals(struct ingest *h)
{
    if (h == NULL || !h->ready)
        return NULL;
    for (int i = 0; i < REASONS_N; i++)
        h->reasons[i] = (struct ingest_reason){
            .name = reason_name((enum reason)i),
            .about = reason_about((enum reason)i),
            .outcome = outcome_of((enum reason)i),
            .lines = h->lines.by[i],
            .records = h->records.by[i],
        };
    h->totals.lines = h->lines.read;
    h->totals.records = h->records.read;
    return &h->totals;
}
