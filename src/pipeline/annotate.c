/*
 * A change of rules is noted where it shows, in the transaction that counts and under the lock of
 * the table.
 */
#include "ingest/base.h"

#include "ingest/annotation.h"

#include "commit.h"
#include "pipeline_priv.h"

static struct rules_used
used_by(const struct run *run, const struct table *t)
{
    return (struct rules_used){ .dataset = t->dataset->name,
                                .scope = t->dataset->has_node ? t->node_id : 0,
                                .source = run->config->source,
                                .rules_id = t->rules->id,
                                .kind = t->rules->kind,
                                .pack = t->rules->pack->name };
}

enum st
annotate_batch(struct run *run, const struct table *t, struct err *err)
{
    const struct table_summary *days = summary_table(&run->batch.days, t->dataset->table);
    struct rules_used used = used_by(run, t);

    if (days == NULL || days->n_days == 0)
        return ST_OK;
    return annotation_of_rules(&run->ledger, &used, days->days[0], err);
}

enum st
annotate_recount(struct run *run, const struct table *t, const struct recount_days *days,
                 struct payload *const *payloads, size_t n, struct err *err)
{
    struct rules_used used = used_by(run, t);

    return annotation_of_recount(&run->ledger, &used, days, payloads, n, err);
}
