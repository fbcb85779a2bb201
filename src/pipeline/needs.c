/*
 * What a dataset needs of the rules, and of the rollup that adds its hits up: the same for
 * counting, for explaining and for the library.
 */
#include "ingest/base.h"

#include "belt.h"

/*
 * Datasets without routes take from the rules only the days, the countries, the networks and
 * pict-rs's operations.
 */
enum st
plain_rules_init(struct rules *plain, const struct run_config *c, struct err *err)
{
    const struct rules *rules = c->rules;
    struct rule_pack pack = *rule_pack_by_name(NULL);
    enum st rc;

    pack.country_file = rules->pack->country_file;
    pack.media_filters = rules->pack->media_filters;
    if (c->sink == RUN_RECOUNT) /* its days are none of the rules */
        rc = rules_init(plain, &pack, NULL, 0, DAY_NONE, DAY_NONE, err);
    else
        rc = rules_init(plain, &pack, NULL, 0, rules->since, rules->until, err);
    if (rc != ST_OK)
        return rc;
    plain->since = rules->since;
    plain->until = rules->until;
    rules_extend(plain, c->networks);
    return ST_OK;
}

struct rollup_shape
shape_of(const struct dataset *d)
{
    return (struct rollup_shape){
        .n_sums = d->n_sums,
        .sketch = d->uniques != NULL,
        .latest = d->keeps_latest,
        .group = d->group,
        .total = d->total,
    };
}

enum st
run_rules_id(const struct run_config *config, const struct dataset *dataset, struct digest *out,
             struct err *err)
{
    struct rules plain = { 0 };
    enum st rc = ST_OK;

    if (dataset->has_ecosystem) {
        *out = config->rules->id;
        return ST_OK;
    }
    if ((rc = plain_rules_init(&plain, config, err)) == ST_OK)
        *out = plain.id;
    rules_release(&plain);
    return rc;
}
