/*
 * While inputs are counted: nobody hashes clients under a key that is destroyed, and what was hashed
 * is committed only as long as no key has begun that would have been the right one.
 */
#include "ingest/base.h"

#include "ingest/key.h"

#include "epochs.h"
#include "pipeline_priv.h"

static bool
are_keyed(const struct run *run, const struct table *t)
{
    return t->shape.sketch && t->dataset->clients == CLIENT_KEYED && !run->clients.none &&
           t->rules->pack->client.from != CLIENT_FROM_NONE;
}

/* What is taken off a table are sums. */
static bool
takes_away(const struct run *run)
{
    return run->config->sink == RUN_RETRACT && !run->config->retracting->back;
}

/* What waits for a catalog has clients as well, and is not among the hits of its day. */
static bool
has_clients(const struct table *t, const struct payload_day *day)
{
    return day->count > 0 || (t->catalog != NULL && day->lines > 0 && !day->adopted &&
                              rules_has_day(t->rules, day->day));
}

enum st
epochs_judge(const struct run *run, const struct table *t, const struct payload *payload,
             struct err *err)
{
    const struct client_key *file = &run->clients;
    char day[11];

    if (!client_key_any_dropped(file) || !are_keyed(run, t) || takes_away(run))
        return ST_OK;
    for (size_t i = 0; i < payload->n_days; i++) {
        const struct payload_day *d = &payload->days[i];

        if (!client_key_is_dropped(file, d->day) || !has_clients(t, d))
            continue;
        clock_format_day(d->day, day);
        err_fail(err, ST_FORMAT, "cannot count this input",
                 "the client key of %s is destroyed, and rows of that day count clients", day);
        err_hint(err, "--since DAY leaves such days out; rules with `client = none` count them "
                      "without clients");
        return ST_FORMAT;
    }
    return ST_OK;
}

/* The last day of the batch of which clients may go into the table. */
static int32_t
last_day_of(const struct run *run, const struct table *t)
{
    const struct batch *b = &run->batch;
    int32_t last = DAY_NONE;

    for (size_t i = 0; i < b->n_claims; i++) {
        const struct payload *p = b->claims[i];

        if (p->n_days > 0 && strcmp(p->key.dataset, t->dataset->name) == 0 &&
            p->days[p->n_days - 1].day > last)
            last = p->days[p->n_days - 1].day;
    }
    return last;
}

enum st
epochs_hold(struct run *run, const struct table *t, int32_t last, struct err *err)
{
    const struct client_key *file = &run->clients;
    char at_table[KEY_TABLE];
    int32_t behind;
    bool begun;
    enum st rc;

    if (!run->ledger.keeps_epochs || !are_keyed(run, t) || last == DAY_NONE)
        return ST_OK;
    snprintf(at_table, sizeof at_table, "%s.%s", t->target.schema, t->dataset->table);
    behind = file->n_epochs == 1 ? DAY_NONE : file->epochs[file->n_epochs - 1].from_day;
    rc = epochs_begun(&run->ledger, at_table, behind, last, &begun, err);
    if (rc != ST_OK || !begun)
        return rc;
    err_fail(err, ST_DB, "cannot commit a batch",
             "while its logs were read, a new client key began for some of their days");
    err_hint(err, "nothing of it was counted; run it again, with the new key file");
    return ST_DB;
}

enum st
epochs_hold_batch(struct run *run, const struct table *t, struct err *err)
{
    return epochs_hold(run, t, last_day_of(run, t), err);
}
