/*
 * What paths are looked up in where they do not tell by themselves: read from the tables of the
 * system that serves them, once a run, when the first input needs it.
 */
#include "ingest/base.h"

#include "catalogs.h"
#include "pipeline_priv.h"

/* The schema that is looked in first: that of the set which makes such tables. */
static const char *const schemas[CATALOG_KINDS] = {
    [CATALOG_DISTS] = "zeco",
    [CATALOG_ARTIFACTS] = "buildsrs",
};

/* Of datasets that hold any ecosystem's downloads, those of Zeco alone are looked up. */
static bool
has_catalog(const struct run_config *c, const struct dataset *dataset)
{
    const char *ecosystem = c->rules->pack->ecosystem;

    if (dataset->catalog == CATALOG_NONE)
        return false;
    return !dataset->has_ecosystem || (ecosystem != NULL && strcmp(ecosystem, "zeco") == 0);
}

bool
catalogs_want(const struct run_config *c, const struct dataset *dataset)
{
    return has_catalog(c, dataset) && (dataset->has_ecosystem || c->dataset == dataset);
}

static void
say_size(struct run *run, const struct table *t)
{
    const struct catalog *c = t->catalog;
    char line[200];

    if (run->config->choice == NULL)
        return;
    snprintf(line, sizeof line,
             "%s: %zu entries to look paths up in, %zu left out as malformed, %.1f MB",
             t->dataset->table, catalog_n(c), catalog_n_skipped(c),
             (double)catalog_held_bytes(c) / 1e6);
    run->config->choice(run->config->ctx, line);
}

/* A dry run does without where others would fail: it shows what stands in the paths. */
enum st
catalogs_ready(struct run *run, struct table *t, struct err *err)
{
    enum catalog_kind kind = t->dataset->catalog;
    bool writes = run_writes(run), must = run->config->sink != RUN_DRY;
    enum st rc;

    t->catalog = NULL;
    if (run->pg == NULL || !has_catalog(run->config, t->dataset))
        return ST_OK;
    if (writes && (rc = ledger_can_park(&run->ledger, err)) != ST_OK)
        return rc;
    if (run->catalogs[kind] == NULL) {
        rc = catalog_load(&run->catalogs[kind], kind, run->pg, schemas[kind], err);
        if (rc != ST_OK)
            return rc == ST_DB && !must ? ST_OK : rc;
    }
    t->catalog = run->catalogs[kind];
    say_size(run, t);
    return ST_OK;
}

void
catalogs_release(struct run *run)
{
    for (size_t i = 0; i < CATALOG_KINDS; i++)
        catalog_free(run->catalogs[i]);
}
