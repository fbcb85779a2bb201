/*
 * `ingest explain --row TABLE KEY...`: the payloads behind a number. The ledger knows what each has
 * on a day; how much of that is in this very row, the files tell.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/input.h"

#include "explain_priv.h"
#include "explain_row.h"
#include "row_text.h"

static const char what[] = "cannot explain this row";

/* ---- the question ---- */

/* Options of other questions, and of counting. */
static enum st
check_options(const struct options *o, struct err *err)
{
    static const enum option_id others[] = { OPT_URL,    OPT_SINCE, OPT_UNTIL,   OPT_DATASET,
                                             OPT_DONE,   OPT_REJECTS, OPT_REPLACE, OPT_OUTPUT,
                                             OPT_TO,     OPT_DRY_RUN };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i]].origin == FROM_COMMAND_LINE)
            return err_fail(err, ST_USAGE, what, "--%s has nothing to say beside --row",
                            option_defs[others[i]].name);
    return ST_OK;
}

static enum st
find_dataset(const char *word, const struct dataset **out, struct err *err)
{
    *out = dataset_by_name(word);
    for (size_t i = 0; *out == NULL && datasets[i] != NULL; i++)
        if (strcmp(datasets[i]->table, word) == 0)
            *out = datasets[i];
    if (*out == NULL) {
        err_fail(err, ST_USAGE, what, "there is no table \"%s\" that is counted into", word);
        hint_dataset(word, err);
        return ST_USAGE;
    }
    if ((*out)->keeps_latest || (*out)->instead != NULL)
        return err_fail(err, ST_USAGE, what,
                        "\"%s\" keeps the last time of each: no payloads add up to it", word);
    return ST_OK;
}

static enum st
configure(struct answer *a, const struct options *o, struct err *err)
{
    struct run_config *c = &a->counting.config;
    enum st rc;

    if ((rc = check_options(o, err)) != ST_OK ||
        (rc = counting_prepare(&a->counting, o, err)) != ST_OK)
        return rc;
    c->sink = RUN_VERIFY;
    c->verdict = NULL;
    c->deadline_us = 0;
    if ((rc = counting_read(&a->counting, o, err)) != ST_OK)
        return rc;
    c->token = NULL; /* nobody submits anything: --node says whose row */
    return find_dataset(o->value[OPT_ROW].text, &c->dataset, err);
}

/* ---- where it is ---- */

static enum st
find_node(struct answer *a, struct err *err)
{
    const char *name = a->counting.config.node == NULL ? "local" : a->counting.config.node;
    enum st rc;

    if (!a->target.dataset->has_node)
        return ST_OK;
    rc = ledger_node(&a->ledger, name, &a->target.node_id, err);
    if (rc == ST_OK && a->target.node_id == 0)
        rc = err_fail(err, ST_USAGE, what, "there is no node \"%s\" in table \"nodes\"", name);
    return rc;
}

/* The table as a run with these options would find it. */
static enum st
find_table(struct answer *a, struct err *err)
{
    const struct run_config *c = &a->counting.config;
    bool by_pack = c->rules_named && c->dataset->has_ecosystem;
    enum st rc = target_find_in(a->pg, c->dataset, by_pack ? c->rules->pack->ecosystem : NULL,
                                &a->target, err);

    if (rc != ST_OK)
        return rc;
    snprintf(a->at_table, sizeof a->at_table, "%s.%s", a->target.schema, a->target.dataset->table);
    return find_node(a, err);
}

/* The month of a day, where the table has no days. */
static int32_t
bucket_end(const struct dataset *d, int32_t day)
{
    return d->bucket == BUCKET_MONTH ? clock_month(day + 31) : day + 1;
}

static const char *
first_text(const struct dataset *d, struct slice key)
{
    const uint8_t *at = (const uint8_t *)key.p;

    for (size_t i = 0; i < d->n_keys; i++)
        switch (d->keys[i].kind) {
        case COLUMN_TEXT:
            return key_get_text(&at).p;
        case COLUMN_DAY:
            key_get_day(&at);
            break;
        case COLUMN_UUID:
            key_get_uuid(&at);
            break;
        case COLUMN_INT:
            key_get_int(&at);
            break;
        }
    return NULL;
}

static enum st
read_key(struct answer *a, const struct options *o, struct err *err)
{
    const struct dataset *d = a->target.dataset;
    int32_t day;
    enum st rc = row_key_read(d, o->arguments + 1, o->n_arguments - 1, a->key_bytes, &a->key.n,
                              &day, err);

    if (rc != ST_OK)
        return rc;
    a->key.p = (const char *)a->key_bytes;
    a->days = (struct behind_days){ .dataset = d->name,
                                    .scope = d->has_node ? a->target.node_id : 0,
                                    .since = day,
                                    .until = bucket_end(d, day),
                                    .at_table = a->at_table,
                                    .name = first_text(d, a->key) };
    for (size_t i = 1 + d->n_keys; i < o->n_arguments && rc == ST_OK; i++)
        rc = source_list_add(&a->inputs, o->arguments[i], err);
    return rc;
}

static enum st
find(struct answer *a, const struct options *o, struct err *err)
{
    enum st rc;

    if ((a->pg = pg_connect(a->counting.config.conninfo, PG_READ_ONLY, err)) == NULL)
        return err->code;
    if ((rc = ledger_open(&a->ledger, a->pg, true, err)) == ST_OK &&
        (rc = find_table(a, err)) == ST_OK && (rc = read_key(a, o, err)) == ST_OK)
        rc = run_rules_id(&a->counting.config, a->target.dataset, &a->rules_now, err);
    return rc;
}

/* ---- the answer ---- */

/* Of each payload the place where it was seen last, if it may be there still: reading it proves it. */
static enum st
add_seen(struct answer *a, int64_t id, size_t *at, struct err *err)
{
    const struct pg_result *r = a->behind.sightings;
    char path[SIGHTING_PATH_MAX];
    size_t n;

    *at = sightings_of(r, *at, id, &n);
    for (size_t i = *at; i < *at + n; i++) {
        const char *state = sighting_look(r, i).state;

        if ((strcmp(state, "unchanged") == 0 || strcmp(state, "same size") == 0) &&
            sighting_path(r, i, path))
            return source_list_add_listed(&a->inputs, path, err);
    }
    return ST_OK;
}

static enum st
add_all_seen(struct answer *a, struct err *err)
{
    enum st rc = behind_read(&a->behind, &a->ledger, &a->days, err);
    int64_t id = 0;
    size_t at = 0;

    for (size_t i = 0; rc == ST_OK && i < pg_rows(a->behind.payloads); i++) {
        if (pg_int(a->behind.payloads, i, BEHIND_ID) == id)
            continue; /* a month with days of several states */
        id = pg_int(a->behind.payloads, i, BEHIND_ID);
        rc = add_seen(a, id, &at, err);
    }
    behind_release(&a->behind);
    return rc == ST_DB_RETRY ? (err->code = ST_DB) : rc;
}

/* The files, of these days alone; under the rules of now, which days are none of. */
static enum st
read_files(struct answer *a, struct err *err)
{
    struct run_config *c = &a->counting.config;
    enum st rc;

    if (a->inputs.n == 0)
        return ST_OK;
    if ((a->given = calloc(a->inputs.n, sizeof *a->given)) == NULL)
        return err_memory(err, what);
    a->n_given = a->inputs.n;
    a->counting.rules.since = a->days.since;
    a->counting.rules.until = a->days.until;
    c->part = parts_take;
    c->part_key = a->key;
    if ((rc = fence_inputs(&a->counting, &a->inputs, err)) != ST_OK)
        return rc;
    return run(c, &a->inputs, &a->counting.summary, err);
}

static enum st
take_row(void *ctx, const struct row *row, struct err *err)
{
    struct answer *a = ctx;

    (void)err;
    if (a->n_rows++ == 0)
        measure(a, &a->row, row);
    return ST_OK;
}

/* All of one moment. */
static enum st
ask(struct answer *a, struct err *err)
{
    enum st rc = pg_script(a->pg, what, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);

    if (rc != ST_OK)
        return rc;
    if ((rc = sink_find_row(a->pg, &a->target, a->key, take_row, a, err)) == ST_OK &&
        (rc = behind_read(&a->behind, &a->ledger, &a->days, err)) == ST_OK)
        rc = parts_settle(a, err);
    pg_rollback(a->pg);
    return rc == ST_DB_RETRY ? (err->code = ST_DB) : rc;
}

static enum st
answer(struct answer *a, const struct options *o, struct err *err)
{
    enum st rc;

    if ((a->sketch = malloc(sizeof *a->sketch)) == NULL)
        return err_memory(err, what);
    if ((rc = configure(a, o, err)) != ST_OK || (rc = counting_enter(&a->counting, err)) != ST_OK ||
        (rc = find(a, o, err)) != ST_OK ||
        (option_is_on(o, OPT_READ) && (rc = add_all_seen(a, err)) != ST_OK) ||
        (rc = read_files(a, err)) != ST_OK || (rc = ask(a, err)) != ST_OK)
        return rc;
    progress_clear();
    (option_is_on(o, OPT_JSON) ? explain_row_json : explain_row_text)(a);
    return fflush(stdout) != 0 || ferror(stdout)
               ? err_fail(err, ST_DISK, "cannot write to standard output", "%s", strerror(errno))
               : ST_OK;
}

int
explain_row(const struct options *o)
{
    struct answer *a = calloc(1, sizeof *a);
    struct err err = { 0 };
    int status = EXIT_OURS;
    enum st rc;

    if (a == NULL) {
        err_memory(&err, what);
        say_error(&err);
        return EXIT_OURS;
    }
    a->counting.keep.fd = a->counting.place.local.users_fd = -1;
    signals_catch();
    source_list_init(&a->inputs);
    rc = answer(a, o, &err);
    if (rc != ST_OK) {
        fflush(stdout);
        say_error(&err);
        status = exit_status_of(rc, (int)signals_last);
    } else {
        status = a->n_rows == 0 || a->counting.summary.files.refused > 0 ? EXIT_REFUSED : 0;
    }
    behind_release(&a->behind);
    pg_close(a->pg);
    source_list_release(&a->inputs);
    counting_release(&a->counting);
    free(a->given);
    free(a->sketch);
    free(a);
    return status;
}
