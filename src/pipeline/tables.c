/*
 * A dataset's table in this database: where it is, whose node, which ecosystem. Its client keys are
 * looked up in epochs.c.
 * Looked up when the first input needs it, because only the input tells which dataset it feeds.
 */
#include "ingest/base.h"

#include "adopt.h"
#include "belt.h"
#include "catalogs.h"
#include "epochs.h"
#include "pipeline_priv.h"
#include "recount.h"
#include "replace.h"
#include "retract.h"
#include "shadow.h"
#include "verify.h"

enum st
tables_init(struct run *run, struct err *err)
{
    const struct rules *rules = run->config->rules;
    enum st rc = plain_rules_init(&run->plain_rules, run->config, err);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; datasets[i] != NULL && i < DATASETS_MAX; i++) {
        const struct dataset *d = datasets[i];

        run->tables[run->n_tables++] = (struct table){
            .dataset = d,
            .rules = d->has_ecosystem ? rules : &run->plain_rules,
            .shape = shape_of(d),
            .first_day = INT32_MAX,
            .last_day = INT32_MIN,
        };
        if (run_writes(run) && catalogs_want(run->config, d))
            run->may_park = true;
    }
    return ST_OK;
}

void
tables_release(struct run *run)
{
    rules_release(&run->plain_rules);
}

void
setting_key(char out[200], const char *what, const struct table *t)
{
    snprintf(out, 200, "%s:%s.%s", what, t->target.schema, t->dataset->table);
}

/* ---- node and ecosystem ---- */

/* A dry run does without tables and nodes. */
static bool
needs_table(const struct run *run)
{
    return run_writes(run) || run->config->sink == RUN_VERIFY;
}

static enum st
find_node(struct run *run, struct table *t, struct err *err)
{
    const char *name = run->config->node;
    enum st rc;

    if (!t->dataset->has_node || run->pg == NULL)
        return ST_OK;
    if (run->config->token != NULL) {
        t->node_id = t->target.node_id = run->scope.node;
        return ST_OK;
    }
    if (name == NULL && needs_table(run) && !t->target.ours) {
        err_fail(err, ST_USAGE, "cannot count for a node",
                 "table \"%s\" belongs to another system, which names its nodes",
                 t->dataset->table);
        err_hint(err, "say --node NAME, or name a token (--token-file FILE)");
        return ST_USAGE;
    }
    rc = ledger_node(&run->ledger, name == NULL ? "local" : name, &t->node_id, err);
    if (rc == ST_OK && t->node_id == 0 && needs_table(run)) {
        err_fail(err, ST_USAGE, "cannot count for a node",
                 "there is no node \"%s\" in table \"nodes\"", name == NULL ? "local" : name);
        rc = ST_USAGE;
    }
    t->target.node_id = t->node_id;
    return rc;
}

static enum st
find_ecosystem(struct run *run, struct table *t, struct err *err)
{
    const char *named = run->config->rules_named ? run->config->rules->pack->ecosystem : NULL;
    uint8_t value[SETTING_MAX];
    char key[200];
    size_t n = 0;
    enum st rc;

    if (!t->dataset->has_ecosystem)
        return ST_OK;
    setting_key(key, "ecosystem", t);
    if (run->pg != NULL && (rc = ledger_setting(&run->ledger, key, value, &n, err)) != ST_OK)
        return rc;
    if (n > 0)
        snprintf(t->ecosystem, sizeof t->ecosystem, "%.*s", (int)n, (const char *)value);
    if (n > 0 && named != NULL && strcmp(named, t->ecosystem) != 0) {
        err_fail(err, ST_USAGE, "cannot count with these rules",
                 "table \"%s\" holds downloads of %s, --rules %s counts those of %s",
                 t->dataset->table, t->ecosystem, run->config->rules->pack->name, named);
        err_hint(err, "a table holds one ecosystem: use another database or schema");
        return ST_USAGE;
    }
    if (n == 0 && named != NULL)
        snprintf(t->ecosystem, sizeof t->ecosystem, "%s", named);
    t->fixed = n > 0 || named != NULL;
    return shadow_ecosystem(run, t, n > 0, err);
}

/* By --dataset, by a format that feeds it, or by rules for what it holds. */
static bool
was_asked_for(const struct run_config *c, const struct dataset *dataset)
{
    return c->dataset == dataset || (c->rules_named && dataset->has_ecosystem);
}

/* docs/RULES.md: the table of a pack is looked for in the schema of its ecosystem's name first. */
static const char *
schema_of_rules(const struct run_config *c, const struct dataset *dataset)
{
    return c->rules_named && dataset->has_ecosystem ? c->rules->pack->ecosystem : NULL;
}

/* Who has published what stands in no path: rows by auth come of a look into Zeco's tables alone. */
static enum st
check_kind(const struct run *run, const struct table *t, struct err *err)
{
    if (dataset_by_name(t->dataset->name)->variant != t->dataset ||
        catalogs_want(run->config, t->dataset))
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot count with these rules",
             "table \"%s\".\"%s\" has a column \"%s\", which is Zeco's: other rules cannot fill it",
             t->target.schema, t->dataset->table,
             dataset_by_name(t->dataset->name)->variant_column);
    err_hint(err, "say --rules zeco, or use another database or schema");
    return ST_USAGE;
}

/* The table as it is here; it may be of another kind than the dataset describes. */
static enum st
look_for_target(struct run *run, struct table *t, struct err *err)
{
    enum st rc = target_find_in(run->pg, t->dataset, schema_of_rules(run->config, t->dataset),
                                &t->target, err);

    if (rc == ST_OK) {
        t->dataset = t->target.dataset;
        t->shape = shape_of(t->dataset);
    }
    return rc;
}

/*
 * A table that is asked for and missing is a mistake in the setup. Where only a look into a log told
 * that it would feed one, that log cannot be counted, and those beside it can.
 */
static enum st
find_target(struct run *run, struct table *t, struct err *err)
{
    enum st rc = look_for_target(run, t, err);

    if (rc != ST_DB || !t->target.missing || was_asked_for(run->config, t->dataset))
        return rc;
    snprintf(err->what, sizeof err->what,
             "cannot count this input: it feeds dataset %s, and table \"%s\" is missing",
             t->dataset->name, t->dataset->table);
    return err->code = ST_NO_TABLE;
}

static enum st
make_ready(struct run *run, struct table *t, struct err *err)
{
    enum st rc = replace_check_dataset(run, t->dataset, err);

    if (rc != ST_OK || (rc = verify_check_dataset(run, t->dataset, err)) != ST_OK)
        return rc;
    if (needs_table(run)) {
        if ((rc = find_target(run, t, err)) != ST_OK)
            return rc;
        t->shape.sketch = t->target.has_sketch;
        if ((rc = retract_check(run, t, err)) != ST_OK ||
            (rc = recount_check(run, t, err)) != ST_OK || (rc = adopt_check(run, err)) != ST_OK)
            return rc;
    } else if (run->pg != NULL && look_for_target(run, t, err) != ST_OK) {
        t->target.schema[0] = '\0'; /* a dry run counts without a table too */
    }
    t->target.replaces = run->config->replace;
    if (t->dataset->has_node && t->target.schema[0] != '\0' && run_asks_ledger(run) &&
        (rc = sent_look(run->pg, t->target.schema, run->config->replace, &t->sent, err)) != ST_OK)
        return rc;
    if ((rc = check_kind(run, t, err)) != ST_OK)
        return rc;
    if ((rc = find_node(run, t, err)) != ST_OK || (rc = find_ecosystem(run, t, err)) != ST_OK)
        return rc;
    if (t->shape.sketch && t->dataset->clients == CLIENT_KEYED)
        rc = epochs_check(run, t, err);
    else if (t->dataset->clients == CLIENT_KEYED && !run->clients_ready)
        client_key_none(&run->clients); /* clients are hashed all the same, and nobody keeps it */
    if (rc == ST_OK)
        rc = catalogs_ready(run, t, err);
    t->ready = rc == ST_OK;
    return rc;
}

enum st
table_ready(struct run *run, const struct dataset *dataset, struct table **out, struct err *err)
{
    enum st rc = ST_OK;

    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->n_tables; i++)
        if (strcmp(run->tables[i].dataset->name, dataset->name) == 0) /* a variant keeps the name */
            *out = &run->tables[i];
    if (!(*out)->ready)
        rc = RUN_TRY_AGAIN(run, make_ready(run, *out, err), err);
    pthread_mutex_unlock(&run->lock);
    return rc;
}
