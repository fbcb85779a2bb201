/*
 * `ingest status --doctor`: is all in order that counting rests on? Reads no log. Exit status 0, 1
 * if something is not, 3 if the database could not be looked at; this host is looked at in either
 * case. No secret is printed: of files that hold one, only whose they are.
 */
#include "ingest/base.h"

#include <sodium.h>
#include <sys/stat.h>

#include "ingest/clock.h"
#include "ingest/dataset.h"
#include "ingest/key.h"
#include "ingest/num.h"
#include "ingest/pg.h"
#include "ingest/run.h"

#include "config.h"
#include "findings.h"

struct visit {
    const struct options *o;
    struct findings f;
    uint64_t n_findings;
    char key_path[512]; /* of a client key that can be read; "" if there is none */
};

static void
tell(struct visit *v, enum audit_word word, const char *check, const char *what, const char *why)
{
    v->n_findings += word == AUDIT_FINDING;
    findings_say(&v->f,
                 &(struct audit_line){ .word = word, .check = check, .what = what, .why = why });
}

static void
tell_err(struct visit *v, const char *check, const struct err *err)
{
    char what[sizeof err->what + sizeof err->path + sizeof err->cause + 32];

    snprintf(what, sizeof what, "%s%s%s: %s", err->path, err->path[0] != '\0' ? ": " : "",
             err->what, err->cause);
    tell(v, AUDIT_FINDING, check, what, err->hint[0] != '\0' ? err->hint : NULL);
}

/* ---- files of this host ---- */

static void
tell_key(struct visit *v, const char *path, const struct client_key *key)
{
    char what[700], day[11];

    snprintf(v->key_path, sizeof v->key_path, "%s", path);
    clock_format_day(key->epochs[key->n_epochs - 1].from_day, day);
    if (key->n_epochs == 1)
        snprintf(what, sizeof what, "%s can be read by this user alone", path);
    else
        snprintf(what, sizeof what,
                 "%s can be read by this user alone; of its %zu keys the last holds from %s on",
                 path, key->n_epochs, day);
    tell(v, AUDIT_OK, "client key", what, NULL);
}

static void
check_key(struct visit *v, const struct place *place)
{
    const char *named = v->o->value[OPT_CLIENT_KEY].text;
    struct client_key key;
    char path[512], what[600];
    bool missing = false;
    struct err err;

    if (named != NULL && strcmp(named, "none") == 0) {
        tell(v, AUDIT_NOTE, "client key", "none is used",
             "who has the sketches can try all addresses against them");
        return;
    }
    if (named != NULL)
        snprintf(path, sizeof path, "%s", named);
    else if (place->is_local)
        snprintf(path, sizeof path, "%s/client.key", place->local.dir);
    else if (!config_home_path(path, sizeof path, "client.key"))
        return;
    if (client_key_read(&key, path, &missing, &err) == ST_OK) {
        tell_key(v, path, &key);
    } else if (missing && named == NULL) {
        snprintf(what, sizeof what, "%s is not there", path);
        tell(v, AUDIT_NOTE, "client key", what,
             "the first run that needs it makes it, unless the database was fed under another");
    } else {
        tell_err(v, "client key", &err);
    }
    explicit_bzero(&key, sizeof key);
}

static void
check_token(struct visit *v)
{
    struct run_config config = { 0 };
    struct err err;

    if (token_read(v->o, &config, &err) != ST_OK)
        tell_err(v, "token", &err);
    else if (config.token != NULL)
        tell(v, AUDIT_OK, "token", "there is one, and others cannot read it", NULL);
}

/* Who may write the configuration decides where logs go; who may read it reads a password in it. */
static void
check_config(struct visit *v)
{
    const char *path = v->o->config->path;
    bool has_secret = v->o->value[OPT_DATABASE].origin == FROM_CONFIG &&
                      pg_conninfo_has_password(v->o->value[OPT_DATABASE].text);
    char what[600];
    struct stat st;

    if (path[0] == '\0' || stat(path, &st) != 0)
        return;
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        snprintf(what, sizeof what, "%s belongs to another user", path);
        tell(v, AUDIT_FINDING, "configuration", what, "chown it to this user or to root");
    } else if ((st.st_mode & 022) != 0) {
        snprintf(what, sizeof what, "%s can be written by others (mode %04o)", path,
                 (unsigned)(st.st_mode & 07777));
        tell(v, AUDIT_FINDING, "configuration", what, "chmod go-w");
    } else if (has_secret && (st.st_mode & 044) != 0) {
        snprintf(what, sizeof what, "%s holds a password and can be read by others (mode %04o)",
                 path, (unsigned)(st.st_mode & 07777));
        tell(v, AUDIT_FINDING, "configuration", what,
             "chmod 600, or put the password into ~/.pgpass");
    } else {
        snprintf(what, sizeof what, "%s can be written by its owner alone", path);
        tell(v, AUDIT_OK, "configuration", what, NULL);
    }
}

/* local_enter refuses what is not ours; this is what a chmod has changed since. */
static void
check_local(struct visit *v, const struct place *place)
{
    char what[600];
    struct stat st;

    if (!place->is_local || stat(place->local.data, &st) != 0)
        return;
    snprintf(what, sizeof what, "%s has mode %04o", place->local.data,
             (unsigned)(st.st_mode & 07777));
    if ((st.st_mode & 077) != 0)
        tell(v, AUDIT_FINDING, "private server", what, "chmod 700: inside everybody is trusted");
    else
        tell(v, AUDIT_OK, "private server", what, NULL);
}

/* ---- this host's key and the database ---- */

static void
on_key(void *ctx, const struct key_line *line)
{
    struct visit *v = ctx;
    char what[900], day[16] = "the beginning";

    if (line->from_day != DAY_NONE)
        clock_format_day(line->from_day, day);
    if (line->dropped && line->held) {
        snprintf(what, sizeof what, "%s still holds the key from %s on, which is destroyed",
                 v->key_path, day);
        tell(v, AUDIT_FINDING, "client key", what,
             "copy the file from the host where `ingest key drop` was typed, or type it here");
    } else if (!line->in_file) {
        snprintf(what, sizeof what, "%s has not the key from %s on of %.200s", v->key_path, day,
                 line->tables);
        tell(v, AUDIT_FINDING, "client key", what,
             "copy the file from the host that has it: here these tables cannot be counted into");
    } else if (!line->in_database && line->from_day != DAY_NONE) {
        snprintf(what, sizeof what, "the database does not know of the key from %s on in %s", day,
                 v->key_path);
        tell(v, AUDIT_NOTE, "client key", what, "the next run notes it");
    }
}

/* A ledger that nobody can count with any more, as its secret is lost or another one. */
static enum st
check_secret(struct visit *v, struct pg *pg, bool *good, struct err *err)
{
    struct pg_result *r = NULL;
    struct ledger ledger;
    enum st rc = pg_run(pg, "cannot look at the ledger",
                        "SELECT to_regclass('ingest.payloads') IS NOT NULL"
                        " AND coalesce(has_table_privilege(to_regclass('ingest.settings'), 'SELECT'), true)",
                        0, NULL, &r, err);

    *good = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    if (!*good)
        return rc;
    rc = ledger_open(&ledger, pg, true, err);
    sodium_memzero(&ledger.secret, sizeof ledger.secret);
    *good = rc == ST_OK;
    if (rc == ST_OK)
        tell(v, AUDIT_OK, "ledger", "its secret is that of its payloads", NULL);
    else if (rc == ST_DB)
        tell_err(v, "ledger", err);
    return rc == ST_DB ? ST_OK : rc;
}

static enum st
check_epochs(struct visit *v, struct pg *pg, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc;

    if (v->key_path[0] == '\0')
        return ST_OK;
    rc = pg_run(pg, "cannot look for the epochs of client keys",
                "SELECT to_regclass('ingest.key_epochs') IS NOT NULL", 0, NULL, &r, err);
    if (rc == ST_OK && slice_is(pg_text(r, 0, 0), "t"))
        rc = key_list(pg, v->key_path, on_key, v, err);
    pg_free(r);
    if (rc != ST_DB) /* what cannot be looked at here is a finding, and the others go on */
        return rc;
    tell_err(v, "client key", err);
    return ST_OK;
}

/* ---- the visit ---- */

static enum st
visit_server(struct visit *v, const struct place *place, struct err *err)
{
    struct pg *pg;
    bool good = false;
    enum st rc;

    if (!place->use)
        return place_missing(err);
    pg = pg_connect(place->conninfo, PG_READ_ONLY, err);
    rc = pg == NULL ? err->code : doctor_server(pg, findings_say, &v->f, &v->n_findings, err);
    if (rc == ST_OK && (rc = check_secret(v, pg, &good, err)) == ST_OK && good)
        rc = check_epochs(v, pg, err);
    pg_close(pg);
    return rc;
}

static enum st
visit(struct visit *v, struct err *err)
{
    struct place place = { .local.users_fd = -1 };
    enum st rc;

    if (v->o->n_arguments > 1)
        return err_fail(err, ST_USAGE, "cannot run `ingest status --doctor`",
                        "it takes no words; it is about this host and the database that is named");
    rc = place_open(&place, v->o, false, err);
    if (rc == ST_USAGE) {
        place_close(&place);
        return rc;
    }
    check_config(v);
    check_key(v, &place);
    check_token(v);
    check_local(v, &place);
    doctor_host(NULL, findings_say, &v->f, &v->n_findings);
    if (rc == ST_OK)
        rc = visit_server(v, &place, err);
    place_close(&place);
    return rc;
}

int
cli_doctor(const struct options *o)
{
    struct visit v = { .o = o };
    struct err err = { 0 };
    char number[32];
    enum st rc = findings_begin(&v.f, o, &err);

    if (rc == ST_OK)
        rc = visit(&v, &err);
    if (rc == ST_DB || rc == ST_DB_RETRY)
        tell_err(&v, "database", &err);
    findings_end(&v.f, v.n_findings, rc != ST_MEMORY);
    if (rc != ST_OK && (v.f.json || (rc != ST_DB && rc != ST_DB_RETRY)))
        say_error(&err);
    if (!v.f.json && v.n_findings > 0)
        printf("%s finding%s\n", num_grouped(v.n_findings, number), v.n_findings == 1 ? "" : "s");
    if (rc != ST_OK)
        return exit_status_of(rc, 0);
    return v.n_findings == 0 ? 0 : EXIT_REFUSED;
}
