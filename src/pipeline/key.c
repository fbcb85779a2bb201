/*
 * `ingest key`: keys begin and end, in the file and in the database at once. What the file loses
 * nobody can make again, so a key that begins is in the file before the database relies on it, and
 * one that ends is noted in the database before the file forgets it.
 */
#include "ingest/base.h"

#include "ingest/key.h"

#include "epochs.h"
#include "pipeline_priv.h"

#include <sodium.h>
#include <sys/stat.h>

/* A table of the database that is fed under the file. */
struct fed {
    char              at_table[KEY_TABLE];
    struct target     target;
    bool              gone;    /* there is no such table any more */
    bool              unwritten;
    enum key_fit      fit;
    struct key_epochs epochs;
};

struct hand {
    struct ledger ledger;
    struct fed   *fed;
    size_t        n_fed, n_others; /* others are fed under other keys */
    bool          again;           /* the file has the key that begins, and a table has not */
};

static void
hand_release(struct hand *h)
{
    free(h->fed);
    h->fed = NULL;
}

/* ---- which tables ---- */

static enum st
find_target(struct pg *pg, struct fed *f, struct err *err)
{
    const char *dot = strrchr(f->at_table, '.');
    const struct dataset *dataset = NULL;
    char schema[KEY_TABLE];
    enum st rc;

    f->gone = true;
    for (size_t i = 0; dot != NULL && datasets[i] != NULL; i++)
        if (strcmp(datasets[i]->table, dot + 1) == 0 && datasets[i]->clients == CLIENT_KEYED &&
            datasets[i]->uniques != NULL)
            dataset = datasets[i];
    if (dataset == NULL)
        return ST_OK;
    snprintf(schema, sizeof schema, "%.*s", (int)(dot - f->at_table), f->at_table);
    rc = target_find_in(pg, dataset, schema, &f->target, err);
    f->gone = (rc == ST_DB && f->target.missing) ||
              (rc == ST_OK && strcmp(f->target.schema, schema) != 0);
    return f->gone ? ST_OK : rc;
}

static enum st
lacks(const struct client_key *file, const struct fed *f, size_t at, const char *what,
      struct err *err)
{
    char day[11];

    clock_format_day(f->epochs.at[at].from_day, day);
    err_fail(err, ST_USAGE, what, "%s lacks the key that table %s has from %s on", file->path,
             f->at_table, day);
    err_hint(err, "copy the key file from the host where `ingest key add` was typed");
    return ST_USAGE;
}

static int
by_oid(const void *a, const void *b)
{
    const struct fed *x = a, *y = b;

    return (x->target.oid > y->target.oid) - (x->target.oid < y->target.oid);
}

static enum st
look_at(struct hand *h, const struct client_key *file, const char *name, const char *what,
        struct err *err)
{
    struct fed *f = &h->fed[h->n_fed];
    size_t at;
    enum st rc;

    *f = (struct fed){ .gone = true };
    snprintf(f->at_table, sizeof f->at_table, "%s", name);
    if ((rc = epochs_find(&h->ledger, name, &f->epochs, &f->unwritten, err)) != ST_OK)
        return rc;
    f->fit = key_compare(file, &f->epochs, &at);
    if (f->fit == KEY_FILE_LACKS)
        return lacks(file, f, at, what, err);
    if (f->fit == KEY_DIFFERS) {
        h->n_others++;
        return ST_OK;
    }
    h->n_fed++;
    return find_target(h->ledger.pg, f, err);
}

/* In the transaction: the tables that are fed under the file, locked, so that nobody counts into them. */
static enum st
gather(struct hand *h, const struct client_key *file, const char *what, struct err *err)
{
    struct buf names = { 0 };
    const char *name;
    size_t n;
    enum st rc = epochs_tables(&h->ledger, &names, &n, err);

    if (rc == ST_OK && (h->fed = calloc(n + 1, sizeof *h->fed)) == NULL)
        rc = err_memory(err, what);
    name = names.p;
    for (size_t i = 0; rc == ST_OK && i < n; i++, name += strlen(name) + 1)
        rc = look_at(h, file, name, what, err);
    buf_release(&names);
    if (rc != ST_OK)
        return rc;
    if (h->n_fed == 0 && h->n_others > 0) {
        err_fail(err, ST_USAGE, what, "no table of this database is fed under the key in %s",
                 file->path);
        err_hint(err, "name the file of the key that is: --client-key FILE");
        return ST_USAGE;
    }
    qsort(h->fed, h->n_fed, sizeof *h->fed, by_oid); /* as batches do, so that nobody waits in a circle */
    for (size_t i = 0; rc == ST_OK && i < h->n_fed; i++)
        if (!h->fed[i].gone)
            rc = sink_lock(h->ledger.pg, &h->fed[i].target, err);
    return rc;
}

static enum st
begin(struct hand *h, struct pg *pg, const struct client_key *file, const char *what,
      struct err *err)
{
    enum st rc;

    if ((rc = ledger_open(&h->ledger, pg, false, err)) != ST_OK ||
        (rc = epochs_rights(&h->ledger, err)) != ST_OK || (rc = pg_begin(pg, err)) != ST_OK)
        return rc;
    return gather(h, file, what, err);
}

static enum st
commit(struct pg *pg, struct err *err)
{
    bool unknown;
    enum st rc = pg_commit(pg, &unknown, err);

    if (unknown)
        err_hint(err, "say it again: what is done already stays as it is");
    return rc;
}

/* ---- a key begins ---- */

static const char what_add[] = "cannot begin a client key";

static enum st
not_behind(const struct client_key *file, struct err *err)
{
    char day[11];

    clock_format_day(file->epochs[file->n_epochs - 1].from_day, day);
    err_fail(err, ST_USAGE, what_add, "the last one in %s begins on %s", file->path, day);
    err_hint(err, "a key begins behind all others");
    return ST_USAGE;
}

static bool
is_last_day(const struct client_key *file, int32_t day)
{
    return file->n_epochs > 1 && file->epochs[file->n_epochs - 1].from_day == day;
}

static enum st
check_day(const struct client_key *file, int32_t from_day, bool has_database, struct err *err)
{
    if (has_database && is_last_day(file, from_day))
        return ST_OK; /* the database says whether it was begun, and not ended */
    if (file->n_epochs == CLIENT_EPOCHS_MAX)
        return err_fail(err, ST_USAGE, what_add, "%s holds %d keys, and there is room for no more",
                        file->path, CLIENT_EPOCHS_MAX);
    return from_day > file->epochs[file->n_epochs - 1].from_day ? ST_OK : not_behind(file, err);
}

/* Killed, or without an answer, behind the file and before the database: it is said again. */
static enum st
check_again(const struct hand *h, const struct client_key *file, struct err *err)
{
    for (size_t i = 0; i < h->n_fed; i++)
        if (h->fed[i].fit == KEY_FILE_HAS_MORE)
            return ST_OK;
    return not_behind(file, err);
}

/* Sketches of one day are of one key. */
static enum st
check_free(struct hand *h, const struct client_key *file, struct err *err)
{
    char day[11];
    int32_t last;

    for (size_t i = 0; i < h->n_fed; i++) {
        struct fed *f = &h->fed[i];
        size_t known = f->fit == KEY_FIRST_IS_LAST ? file->n_epochs - !h->again : f->epochs.n;
        enum st rc;

        if (f->gone || known == file->n_epochs)
            continue;
        rc = epochs_free_from(&h->ledger, &f->target, file->epochs[known].from_day, &last, err);
        if (rc != ST_OK)
            return rc;
        if (last == DAY_NONE)
            continue;
        clock_format_day(last, day);
        err_fail(err, ST_USAGE, what_add,
                 "table %s counts clients up to %s already, under the key before it", f->at_table,
                 day);
        clock_format_day(last + 1, day);
        if (last < DAY_MAX)
            err_hint(err, "the first day that is possible is %s", day);
        else
            err_hint(err, "no day is behind that one: take it out with `ingest retract`");
        return ST_USAGE;
    }
    return ST_OK;
}

static enum st
write_down(struct hand *h, const struct client_key *file, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < h->n_fed; i++) {
        const struct fed *f = &h->fed[i];

        if (f->fit == KEY_FIRST_IS_LAST)
            rc = epochs_rewrite_first(&h->ledger, f->at_table, file, err);
        else
            rc = epochs_write(&h->ledger, f->at_table, file, f->unwritten ? 0 : f->epochs.n, err);
    }
    return rc;
}

static enum st
add_both(struct pg *pg, struct client_key_edit *e, int32_t from_day, size_t *n_tables,
         struct err *err)
{
    struct hand h = { .again = is_last_day(&e->key, from_day) };
    enum st rc = begin(&h, pg, &e->key, what_add, err);

    if (rc == ST_OK)
        rc = h.again ? check_again(&h, &e->key, err) : client_key_edit_add(e, from_day, err);
    if (rc == ST_OK && (rc = check_free(&h, &e->key, err)) == ST_OK &&
        (rc = write_down(&h, &e->key, err)) == ST_OK &&
        (h.again || (rc = client_key_edit_save(e, err)) == ST_OK))
        rc = commit(pg, err);
    else
        pg_rollback(pg);
    *n_tables = h.n_fed;
    hand_release(&h);
    return rc;
}

static bool
is_missing(const char *path)
{
    struct stat s;

    return lstat(path, &s) != 0 && errno == ENOENT;
}

/*
 * Before a switch nothing was ever counted, and there is no file: it begins as the first run would
 * have begun it. Where the database knows of keys, a new file would be the wrong one.
 */
static enum st
make_first(struct pg *pg, const char *path, struct err *err)
{
    struct ledger ledger = { 0 };
    struct client_key key;
    struct buf names = { 0 };
    size_t n = 0;
    enum st rc;

    if (pg == NULL || !is_missing(path))
        return ST_OK; /* what else may be wrong with it is said by who opens it */
    if ((rc = ledger_open(&ledger, pg, false, err)) == ST_OK &&
        (rc = epochs_rights(&ledger, err)) == ST_OK)
        rc = epochs_tables(&ledger, &names, &n, err);
    if (rc == ST_OK && n > 0) {
        rc = err_fail(err, ST_USAGE, what_add,
                      "there is no client key in %s, and table %s is fed under one", path, names.p);
        err_hint(err, "copy the key file from the host that counts into it");
    }
    buf_release(&names);
    if (rc != ST_OK)
        return rc;
    rc = client_key_make(&key, path, err);
    sodium_memzero(&key, sizeof key);
    if (rc != ST_OK && !is_missing(path)) { /* a run has made it a moment ago */
        *err = (struct err){ 0 };
        rc = ST_OK;
    }
    return rc;
}

enum st
key_add(struct pg *pg, const char *path, int32_t from_day, size_t *n_tables, struct err *err)
{
    struct client_key_edit e = { .fd = -1 };
    enum st rc = make_first(pg, path, err);

    *n_tables = 0;
    if (rc != ST_OK)
        return rc;
    rc = client_key_edit_open(&e, path, err);
    if (rc == ST_OK && (rc = check_day(&e.key, from_day, pg != NULL, err)) == ST_OK) {
        if (pg != NULL)
            rc = add_both(pg, &e, from_day, n_tables, err);
        else if ((rc = client_key_edit_add(&e, from_day, err)) == ST_OK)
            rc = client_key_edit_save(&e, err);
    }
    client_key_edit_release(&e);
    return rc;
}

/* ---- keys end ---- */

static const char what_drop[] = "cannot destroy client keys";

/* Without the key of today nothing of today can be counted. */
static enum st
check_past(int32_t before, struct err *err)
{
    int32_t today = (int32_t)(time(NULL) / 86400);
    char day[11];

    if (before <= today)
        return ST_OK;
    clock_format_day(before, day);
    err_fail(err, ST_USAGE, what_drop, "%s is yet to come, and until then the key before it counts",
             day);
    err_hint(err, "say it on that day, or later: logs of the days before it should have been counted");
    return ST_USAGE;
}

/* How many epochs there are before the one that begins on this day. */
static enum st
find_before(const struct client_key *file, int32_t before, size_t *n, struct err *err)
{
    struct buf days = { 0 };
    char day[11];

    for (*n = 1; *n < file->n_epochs; ++*n) {
        if (file->epochs[*n].from_day == before)
            return ST_OK;
        clock_format_day(file->epochs[*n].from_day, day);
        buf_printf(&days, "%s%s", *n > 1 ? ", " : "", day);
    }
    clock_format_day(before, day);
    if (file->n_epochs == 1) {
        err_fail(err, ST_USAGE, what_drop, "%s holds one key, and that is in use", file->path);
        err_hint(err, "`ingest key add --from DAY` begins another");
    } else {
        err_fail(err, ST_USAGE, what_drop, "no key in %s begins on %s", file->path, day);
        err_hint(err, "keys begin on %s", buf_str(&days) == NULL ? "other days" : days.p);
    }
    buf_release(&days);
    return ST_USAGE;
}

static enum st
note_dropped(struct pg *pg, const struct client_key *file, int32_t before, struct err *err)
{
    struct hand h = { 0 };
    enum st rc = begin(&h, pg, file, what_drop, err);

    for (size_t i = 0; rc == ST_OK && i < h.n_fed; i++) {
        if (h.fed[i].fit == KEY_FITS && !h.fed[i].unwritten) {
            rc = epochs_drop(&h.ledger, h.fed[i].at_table, before, err);
            continue;
        }
        rc = err_fail(err, ST_USAGE, what_drop, "table %s does not know of all keys in %s yet",
                      h.fed[i].at_table, file->path);
        err_hint(err, "the next run that counts into it notes them");
    }
    if (rc == ST_OK)
        rc = commit(pg, err);
    else
        pg_rollback(pg);
    hand_release(&h);
    return rc;
}

enum st
key_drop(struct pg *pg, const char *path, int32_t before, size_t *n, struct err *err)
{
    struct client_key_edit e;
    size_t n_before;
    enum st rc = client_key_edit_open(&e, path, err);

    *n = 0;
    if (rc == ST_OK && (rc = find_before(&e.key, before, &n_before, err)) == ST_OK &&
        (rc = check_past(before, err)) == ST_OK) {
        for (size_t i = 0; i < n_before; i++)
            *n += !e.key.epochs[i].dropped;
        if (pg != NULL)
            rc = note_dropped(pg, &e.key, before, err);
        if (rc == ST_OK && (rc = client_key_edit_drop(&e, n_before, err)) == ST_OK)
            rc = client_key_edit_save(&e, err);
    }
    client_key_edit_release(&e);
    return rc;
}
