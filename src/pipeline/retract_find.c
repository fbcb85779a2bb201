/*
 * Which payloads are to be taken out, or to come again: by the content of files, whatever their
 * names and their compression, or by a hash. Nothing is parsed.
 */
#include "ingest/base.h"

#include "ingest/retracting.h"

#include "pipeline_priv.h"

static enum st
look_for_signals(const struct run_config *c, struct err *err)
{
    if (c->signals == NULL || *c->signals == 0)
        return ST_OK;
    return err_fail(err, ST_STOPPED, "stopped", "a signal came; nothing was changed");
}

/* The hash of all whole lines of an input. */
static enum st
hash_of(const struct run_config *c, const struct ledger *l, struct decoder_room *room,
        const struct source *source, struct digest *hash, struct err *err)
{
    struct input_options options = { .room = room,
                                     .salvage = c->salvage,
                                     .require_integrity = c->require_integrity };
    char *window = malloc(LINES_WINDOW);
    struct input_result result;
    struct input *in = NULL;
    size_t n;
    enum st rc;

    if (window == NULL)
        return err_memory(err, "cannot read input");
    if (source->trouble != ST_OK)
        rc = err_fail(err, source->trouble, "cannot read input", "%s", source->cause);
    else if ((rc = input_open(&in, source, &l->secret, &options, err)) == ST_OK)
        while ((rc = input_read(in, window, LINES_WINDOW, &n, err)) == ST_OK) {
            input_identify(in, window, n);
            if ((rc = look_for_signals(c, err)) != ST_OK)
                break;
        }
    if (rc == ST_EOF) {
        input_result(in, &result);
        *hash = result.identity.hash;
        rc = ST_OK;
    }
    if (in != NULL)
        input_close(in);
    free(window);
    return rc;
}

static enum st
same_kind(const struct retractable *of, size_t i, struct err *err)
{
    if (strcmp(of[i].dataset, of[0].dataset) == 0 && of[i].scope == of[0].scope)
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot count these payloads again",
             "they were counted for several datasets, %s and %s", of[0].dataset, of[i].dataset);
    err_hint(err, "say --dataset NAME, or one after the other");
    return ST_USAGE;
}

enum st
retracting_find(const struct run_config *c, const struct source *sources, size_t n,
                enum retract_act act, struct retractable *out, struct err *err)
{
    struct decoder_room room;
    struct ledger_scope scope;
    struct pg *pg = NULL;
    struct ledger l;
    struct digest hash;
    enum st rc;

    decoder_room_init(&room, c->memory_bytes);
    rc = ledger_enter(c, PG_READ_ONLY, &pg, &l, &scope, err);
    if (rc == ST_OK)
        rc = retract_rights(&l, err);
    for (size_t i = 0; i < n && rc == ST_OK; i++) {
        if ((rc = hash_of(c, &l, &room, &sources[i], &hash, err)) == ST_OK &&
            (rc = retract_find(&l, &scope, &hash, act, &out[i], err)) == ST_OK)
            rc = same_kind(out, i, err);
        if (rc != ST_OK && rc != ST_DB && rc != ST_DB_RETRY)
            snprintf(err->path, sizeof err->path, "%s", sources[i].path);
    }
    pg_close(pg);
    decoder_room_release(&room);
    return rc == ST_DB_RETRY ? ST_DB : rc;
}

enum st
retracting_find_hash(const struct run_config *c, const struct digest *hash, struct retractable *out,
                     struct err *err)
{
    struct ledger_scope scope;
    struct pg *pg = NULL;
    struct ledger l;
    enum st rc = ledger_enter(c, PG_READ_ONLY, &pg, &l, &scope, err);

    if (rc == ST_OK && (rc = retract_rights(&l, err)) == ST_OK)
        rc = retract_find(&l, &scope, hash, RETRACT_OUT, out, err);
    pg_close(pg);
    return rc == ST_DB_RETRY ? ST_DB : rc;
}
