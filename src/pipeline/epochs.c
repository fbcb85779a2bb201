/*
 * Under which keys the clients of a table are hashed, and that all who feed it use the same: from the
 * key file, the ledger's settings and its epochs. docs/KEYS.md.
 */
#include "ingest/base.h"

#include "ingest/key.h"

#include "epochs.h"
#include "pipeline_priv.h"

static enum st
key_differs(const struct run *run, const struct table *t, bool missing, const uint8_t *made,
            size_t n_made, struct err *err)
{
    err_set(err, ST_USAGE, "cannot count clients into table \"%s\"", t->dataset->table);
    if (missing)
        err_cause(err, "its sketches were made under a client key, and there is none in %s",
                  run->config->client_key);
    else if (run->clients.none)
        err_cause(err, "its sketches were made under a client key, not with --client-key none");
    else
        err_cause(err, "its sketches were made under another client key than that in %s",
                  run->clients.path);
    if (n_made > 0)
        err_hint(err, "every host that feeds a database needs the same file; it was made as %.*s",
                 (int)n_made, (const char *)made);
    else
        err_hint(err, "use the key that fed this table first (--client-key)");
    return ST_USAGE;
}

static const char *
name_of(const struct table *t, char out[KEY_TABLE])
{
    snprintf(out, KEY_TABLE, "%s.%s", t->target.schema, t->dataset->table);
    return out;
}

/* The same first key, and not the same life. */
static enum st
lacks_epoch(const struct run *run, const struct table *t, const struct key_epoch *lacking,
            struct err *err)
{
    char day[11];

    clock_format_day(lacking->from_day, day);
    err_set(err, ST_USAGE, "cannot count clients into table \"%s\"", t->dataset->table);
    err_cause(err, "from %s on they are hashed under a key that is not in %s", day,
              run->clients.path);
    err_hint(err, "copy the key file from the host where `ingest key add` was typed");
    return ST_USAGE;
}

/* HOST:PATH, so that another host's refusal can say where to look. */
static size_t
where_made(const struct run *run, uint8_t out[SETTING_MAX])
{
    char host[65] = "";
    int n;

    if (gethostname(host, sizeof host - 1) != 0)
        snprintf(host, sizeof host, "localhost");
    n = snprintf((char *)out, SETTING_MAX, "%s:%s", host,
                 run->clients.none ? "(none)" : run->clients.path);
    return n < 0 ? 0 : n >= SETTING_MAX ? SETTING_MAX - 1 : (size_t)n;
}

/* Reads the key file, or decides what to do without one. `stored`: the database has a key_id. */
static enum st
load_key(struct run *run, bool stored, bool *missing, bool *made, struct err *err)
{
    const struct run_config *c = run->config;
    enum st rc;

    *missing = *made = false;
    if (run->clients_ready)
        return ST_OK;
    if (c->client_key_none) {
        client_key_none(&run->clients);
        run->clients_ready = true;
        return ST_OK;
    }
    rc = client_key_read(&run->clients, c->client_key, missing, err);
    if (rc != ST_OK && !*missing)
        return rc;
    if (*missing && (c->sink == RUN_TO_TEXT ||
                     ((c->sink == RUN_VERIFY || run_corrects(run)) && !stored))) {
        err_fail(err, ST_USAGE, "cannot make sketches of clients", "there is no client key in %s",
                 c->client_key);
        err_hint(
            err,
            "say --client-key none, or name the file of the database that these rows are compared with");
        return ST_USAGE;
    }
    if (*missing && stored)
        return ST_OK; /* the caller says what is wrong */
    if (*missing && c->sink == RUN_DRY) {
        client_key_throwaway(&run->clients);
        *missing = false;
    } else if (*missing) {
        rc = client_key_make(&run->clients, c->client_key, err);
        if (rc != ST_OK) /* another run of this host may have made it a moment ago */
            rc = client_key_read(&run->clients, c->client_key, missing, err);
        if (rc != ST_OK)
            return rc;
        *missing = false;
        *made = true;
    }
    run->clients_ready = true;
    return ST_OK;
}

/* What the database knows of a table's keys. */
struct stored {
    uint8_t id[SETTING_MAX], where[SETTING_MAX];
    size_t  n_id, n_where;    /* 0: clients were never counted into it */
    struct key_epochs epochs;
    bool    unwritten;        /* that it has of the settings */
};

static enum st
read_stored(struct run *run, const struct table *t, struct stored *s, struct err *err)
{
    char key[200], at_table[KEY_TABLE];
    enum st rc;

    setting_key(key, "key_id", t);
    if ((rc = ledger_setting(&run->ledger, key, s->id, &s->n_id, err)) != ST_OK)
        return rc;
    setting_key(key, "key_made", t);
    if ((rc = ledger_setting(&run->ledger, key, s->where, &s->n_where, err)) != ST_OK)
        return rc;
    return epochs_find(&run->ledger, name_of(t, at_table), &s->epochs, &s->unwritten, err);
}

/*
 * The first INSERT decides. Which key it is and where that was made stand there together, or not at
 * all.
 */
static enum st
claim_key(struct run *run, const struct table *t, struct err *err)
{
    uint8_t id[SETTING_MAX], where[SETTING_MAX];
    size_t n_id = sizeof run->clients.epochs[0].id, n_where = where_made(run, where);
    char key[200], key_where[200];
    bool unknown; /* asked again, it is there or it is not */
    enum st rc = pg_begin(run->pg, err);

    setting_key(key, "key_id", t);
    setting_key(key_where, "key_made", t);
    memcpy(id, run->clients.epochs[0].id, n_id);
    if (rc == ST_OK && (rc = ledger_setting_claim(&run->ledger, key, id, &n_id, err)) == ST_OK &&
        (rc = ledger_setting_claim(&run->ledger, key_where, where, &n_where, err)) == ST_OK)
        return pg_commit(run->pg, &unknown, err);
    pg_rollback(run->pg);
    return rc;
}

/* ---- the epochs behind the first ---- */

enum key_fit
key_compare(const struct client_key *file, const struct key_epochs *database, size_t *at)
{
    const struct client_epoch *last = &file->epochs[file->n_epochs - 1];
    size_t n = file->n_epochs < database->n ? file->n_epochs : database->n;

    for (*at = 0; *at < n; ++*at)
        if (memcmp(file->epochs[*at].id, database->at[*at].id, sizeof last->id) != 0 ||
            (*at > 0 && file->epochs[*at].from_day != database->at[*at].from_day))
            break;
    if (*at == 0 && database->n == 1 && file->n_epochs > 1 &&
        memcmp(last->id, database->at[0].id, sizeof last->id) == 0)
        return KEY_FIRST_IS_LAST;
    if (*at < n)
        return KEY_DIFFERS;
    return *at < database->n ? KEY_FILE_LACKS : *at < file->n_epochs ? KEY_FILE_HAS_MORE : KEY_FITS;
}

static enum st
counted_already(const struct run *run, const struct table *t, int32_t from, int32_t last,
                struct err *err)
{
    char begins[11], counted[11];

    clock_format_day(from, begins);
    clock_format_day(last, counted);
    err_set(err, ST_USAGE, "cannot count clients into table \"%s\"", t->dataset->table);
    err_cause(err,
              "in %s a key begins on %s, and up to %s they are counted already, under the one before",
              run->clients.path, begins, counted);
    err_hint(err, "let it begin behind that day; `ingest key add` looks for that");
    return ST_USAGE;
}

enum st
epochs_free_from(struct ledger *l, const struct target *t, int32_t from, int32_t *last,
                 struct err *err)
{
    int32_t parked;
    enum st rc = sink_last_day(l->pg, t, from, last, err);

    if (rc == ST_OK && (rc = epochs_last_parked(l, t->dataset->name, from, &parked, err)) == ST_OK &&
        parked > *last)
        *last = parked;
    return rc;
}

/* Under the table's lock: whoever counts into it has committed, or will find what is noted here. */
static enum st
note_epochs(struct run *run, const struct table *t, enum key_fit fit, struct err *err)
{
    struct ledger *l = &run->ledger;
    const struct client_key *file = &run->clients;
    const struct client_key first = { .epochs[0] = file->epochs[0], .n_epochs = 1 };
    struct key_epochs now;
    char at_table[KEY_TABLE];
    int32_t last = DAY_NONE;
    size_t at;
    enum st rc;

    name_of(t, at_table);
    if ((rc = sink_lock(run->pg, &t->target, err)) != ST_OK)
        return rc;
    if (fit == KEY_FIRST_IS_LAST)
        return epochs_rewrite_first(l, at_table, file, err);
    if ((rc = epochs_read(l, at_table, &now, err)) != ST_OK ||
        key_compare(file, &now, &at) != KEY_FILE_HAS_MORE)
        return rc; /* another run was faster: what it has noted is looked at again */
    if (at == 0)
        return epochs_write(l, at_table, &first, 0, err);
    if ((rc = epochs_free_from(l, &t->target, file->epochs[at].from_day, &last, err)) != ST_OK)
        return rc;
    return last != DAY_NONE ? counted_already(run, t, file->epochs[at].from_day, last, err)
                            : epochs_write(l, at_table, file, at, err);
}

static enum st
note(struct run *run, const struct table *t, enum key_fit fit, struct err *err)
{
    bool unknown; /* asked again, it is there or it is not */
    enum st rc = epochs_rights(&run->ledger, err);

    if (rc != ST_OK) /* without the right the settings say it, too */
        return rc == ST_DB && fit == KEY_FITS ? ST_OK : rc;
    if ((rc = pg_begin(run->pg, err)) != ST_OK)
        return rc;
    if ((rc = note_epochs(run, t, fit, err)) == ST_OK)
        return pg_commit(run->pg, &unknown, err);
    pg_rollback(run->pg);
    return rc;
}

/* Nothing is hashed under a key that was destroyed, though this host may still have it. */
static void
forget_dropped(struct client_key *file, const struct key_epochs *database)
{
    for (size_t i = 0; i < database->n && i < file->n_epochs; i++)
        if (database->at[i].dropped && !file->epochs[i].dropped)
            client_key_forget(file, i);
}

/* --diff looks, and leaves no trace. */
static bool
notes(const struct run *run)
{
    const struct retracting *r = run->config->retracting;

    return run_writes(run) && (r == NULL || !r->show);
}

static enum st
check_epochs(struct run *run, const struct table *t, struct stored *s, bool made, struct err *err)
{
    enum key_fit fit = KEY_FITS;
    enum st rc = ST_OK;
    size_t at;

    for (int i = 0; i < 3; i++) { /* the first epoch, those behind it, and nothing more to note */
        fit = key_compare(&run->clients, &s->epochs, &at);
        if (fit == KEY_DIFFERS && made) /* lost the race against another host: ours has keyed nothing */
            unlink(run->config->client_key);
        if (fit == KEY_DIFFERS)
            return key_differs(run, t, false, s->where, s->n_where, err);
        if (fit == KEY_FILE_LACKS)
            return lacks_epoch(run, t, &s->epochs.at[at], err);
        if ((fit == KEY_FITS && !s->unwritten) || !notes(run))
            break;
        if ((rc = note(run, t, fit, err)) != ST_OK || fit == KEY_FITS ||
            (rc = read_stored(run, t, s, err)) != ST_OK)
            return rc;
    }
    forget_dropped(&run->clients, &s->epochs);
    return ST_OK;
}

/*
 * A ledger without epochs, or of which this role may not know: its one key is that of all days, and
 * the last one's where a file had several all the same.
 */
static enum st
check_one(struct run *run, const struct table *t, const struct stored *s, bool made,
          struct err *err)
{
    const struct client_key *file = &run->clients;
    const struct client_epoch *first = &file->epochs[0], *last = &file->epochs[file->n_epochs - 1];
    enum st rc;

    if (s->n_id == sizeof last->id && memcmp(s->id, last->id, sizeof last->id) == 0)
        return ST_OK;
    if (s->n_id == sizeof first->id && memcmp(s->id, first->id, sizeof first->id) == 0 &&
        (rc = epochs_rights(&run->ledger, err)) != ST_OK)
        return rc;
    if (made)
        unlink(run->config->client_key);
    return key_differs(run, t, false, s->where, s->n_where, err);
}

/* A table by months has one sketch for all of a month. */
static enum st
check_months(const struct run *run, const struct table *t, struct err *err)
{
    if (client_key_fits(&run->clients, t->dataset))
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot count clients under this key",
             "table \"%s\" has a row a month, and in %s a key begins within one",
             t->dataset->table, run->clients.path);
    err_hint(err, "keys of such tables begin on the first of a month");
    return ST_USAGE;
}

enum st
epochs_check(struct run *run, struct table *t, struct err *err)
{
    struct stored s = { .n_id = 0 };
    bool known, missing, made, throwaway;
    enum st rc;

    if (run->pg != NULL && (rc = read_stored(run, t, &s, err)) != ST_OK)
        return rc;
    known = s.n_id > 0 || s.epochs.n > 0;
    if ((rc = load_key(run, known, &missing, &made, err)) != ST_OK)
        return rc;
    if (missing)
        return key_differs(run, t, true, s.where, s.n_where, err);
    if ((rc = check_months(run, t, err)) != ST_OK)
        return rc;
    throwaway = !run->clients.none && run->clients.path[0] == '\0';
    if (run->pg == NULL || throwaway)
        return ST_OK;
    if (!known && run->config->sink == RUN_TO_DATABASE &&
        ((rc = claim_key(run, t, err)) != ST_OK || (rc = read_stored(run, t, &s, err)) != ST_OK))
        return rc;
    if (s.n_id == 0 && s.epochs.n == 0)
        return ST_OK;
    if (s.epochs.n == 0) /* what stands there is no fingerprint */
        return key_differs(run, t, false, s.where, s.n_where, err);
    return run->ledger.keeps_epochs ? check_epochs(run, t, &s, made, err)
                                    : check_one(run, t, &s, made, err);
}
