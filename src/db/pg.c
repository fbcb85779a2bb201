/*
 * The connection: made so that neither a role's settings nor the environment change what our
 * statements mean. Running statements is pg_run.c, COPY pg_copy.c, errors pg_err.c.
 */
#include "pg_priv.h"

#define SERVER_MIN 130000

/*
 * What the session is pinned to. pg_begin pins again what matters inside a transaction, for poolers
 * that swap sessions.
 */
static const char pins[] =
    "SET DateStyle TO ISO; SET bytea_output TO hex; SET TimeZone TO 'UTC'; SET "
    "standard_conforming_strings TO on; SET array_nulls TO on;"
    "SET statement_timeout TO 0; SET idle_in_transaction_session_timeout TO 0";

/*
 * libpq quotes what it cannot understand. An unescaped '@', '/' or ':' in a URI's password moves a
 * piece of it into the host, the port or the database name, where messages would show it.
 */
bool
pg_conninfo_is_sound(const char *conninfo)
{
    bool uri =
        strncmp(conninfo, "postgres://", 11) == 0 || strncmp(conninfo, "postgresql://", 13) == 0;
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &message);
    bool sound = options != NULL;

    for (PQconninfoOption *o = options; sound && o->keyword != NULL; o++) {
        if (o->val == NULL)
            continue;
        if (strcmp(o->keyword, "port") == 0)
            sound = o->val[strspn(o->val, "0123456789,")] == '\0';
        else if (uri && (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "dbname") == 0))
            sound = strchr(o->val, '@') == NULL;
    }
    PQconninfoFree(options);
    PQfreemem(message);
    return sound;
}

enum { PARAMS_MAX = 16 };

struct params {
    const char *keys[PARAMS_MAX], *values[PARAMS_MAX];
    size_t      n;
};

static void
param(struct params *p, const char *key, const char *value)
{
    assert(p->n < PARAMS_MAX - 1);
    p->keys[p->n] = key;
    p->values[p->n++] = value;
}

/*
 * libpq lets a later keyword win: what the user may choose stands before his conninfo, what he may
 * not stands behind.
 */
static struct params
connect_params(const struct pg *pg)
{
    struct params p = { .n = 0 };

    if (getenv("PGCONNECT_TIMEOUT") == NULL)
        param(&p, "connect_timeout", "10");
    param(&p, "keepalives_idle", "30");
    param(&p, "keepalives_interval", "10");
    param(&p, "keepalives_count", "3");
    param(&p, "tcp_user_timeout", "60000");
    if (pg->conninfo != NULL)
        param(&p, "dbname", pg->conninfo);
    if (pg->dbname[0] != '\0') /* libpq expands the first of that name alone */
        param(&p, "dbname", pg->dbname);
    param(&p, "client_encoding", "UTF8");
    param(&p, "application_name", "ingest");
    if (pg->mode == PG_READ_WRITE)
        param(&p, "target_session_attrs", "read-write");
    return p;
}

static bool
says_any(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

/*
 * Does an SQLSTATE of the text say that another try may help? It is told as libpq does when it is
 * asked to be verbose: "FATAL:  57P03: the database system is starting up", one for each host.
 */
static bool
state_retries(const char *text, bool *any)
{
    *any = false;
    for (const char *p = text; (p = strstr(p, ":  ")) != NULL; p++) {
        char state[6] = "";

        snprintf(state, sizeof state, "%s", p + 3);
        if (strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5 || p[8] != ':')
            continue;
        *any = true;
        if (pg_state_retries(state))
            return true;
    }
    return false;
}

/*
 * A login that fails will fail again; a server that is full, starting or stopping, or that ended
 * the session while it began, may not. One that is not there at all is worth waiting for only if it
 * was there before.
 */
static enum st
connect_failed(struct pg *pg, struct err *err)
{
    static const char what[] = "cannot connect to the database";
    static const char *const passing[] = { "too many", "connection slots", "terminating connection",
                                           "closed the connection" };
    const char *text = pg->conn == NULL ? "the system gave no memory" : PQerrorMessage(pg->conn);
    char cause[sizeof err->cause];
    char *line;
    bool answered, again = state_retries(text, &answered);

    if (!answered && pg_lacks_memory(pg))
        return err_memory(err, what);
    again = again || says_any(text, passing, ARRAY_LEN(passing)) ||
            (!answered && pg->was_connected);
    err_set(err, again ? ST_DB_RETRY : ST_DB, what);
    snprintf(cause, sizeof cause, "%s", text);
    if ((line = strstr(cause, "\nLOCATION:")) != NULL)
        *line = '\0'; /* of the server's source, which is no help */
    pg_clean(err->cause, sizeof err->cause, cause);
    if (strstr(text, "session is read-only") != NULL)
        err_hint(
            err,
            "it is a standby, or default_transaction_read_only is on for the role or the database");
    return err->code;
}

static enum st
check_server(struct pg *pg, struct err *err)
{
    static const char what[] = "cannot use this database";
    const char *server = PQparameterStatus(pg->conn, "server_encoding");
    const char *client = PQparameterStatus(pg->conn, "client_encoding");
    int version = PQserverVersion(pg->conn);
    char shown[41] = "";

    if (version < SERVER_MIN) {
        err_fail(err, ST_DB, what, "the server is PostgreSQL %d; 13 is the oldest that will do",
                 version / 10000);
        return ST_DB;
    }
    if (server == NULL || strcmp(server, "UTF8") != 0) {
        pg_clean(shown, sizeof shown, server == NULL ? "unknown" : server);
        err_fail(err, ST_DB, what, "its encoding is %s, not UTF8", shown);
        err_hint(err, "createdb --encoding UTF8 --template template0 NAME");
        return ST_DB;
    }
    if (client == NULL || strcmp(client, "UTF8") != 0) {
        pg_clean(shown, sizeof shown, client == NULL ? "unknown" : client);
        return err_fail(err, ST_DB, what,
                        "the session's encoding is %s though UTF8 was asked for", shown);
    }
    return ST_OK;
}

static void
describe(struct pg *pg)
{
    const struct {
        const char *label, *value;
    } parts[] = {
        { "host=", PQhost(pg->conn) }, { " port=", PQport(pg->conn) },
        { " dbname=", PQdb(pg->conn) }, { " user=", PQuser(pg->conn) },
    };

    pg->where[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        pg_clean(pg->where, sizeof pg->where, parts[i].label);
        pg_clean(pg->where, sizeof pg->where, parts[i].value == NULL ? "" : parts[i].value);
    }
}

static enum st
set_lock_wait(struct pg *pg, struct err *err)
{
    char sql[64];

    snprintf(sql, sizeof sql, "SET lock_timeout TO %" PRId64, pg->lock_wait_ms);
    return pg_script(pg, "cannot prepare the session", sql, err);
}

enum st
pg_set_lock_wait(struct pg *pg, int64_t wait_us, struct err *err)
{
    pg->lock_wait_ms = wait_us < 1000 ? 1 : wait_us / 1000; /* 0 would be to wait for ever */
    if (pg->lock_wait_ms > INT32_MAX)
        pg->lock_wait_ms = INT32_MAX; /* 24 days, which is what the server takes */
    return set_lock_wait(pg, err);
}

static enum st
connect_now(struct pg *pg, struct err *err)
{
    struct params p = connect_params(pg);
    enum st st;

    pg->copying = false;
    /*
     * libpq would write what a server says before we are connected to standard error, as it came.
     * So the connection is only begun, gets our ear, and is begun again: PQreset waits as
     * PQconnectdb does, host by host, each for its connect_timeout, which PQconnectPoll cannot.
     */
    pg->conn = PQconnectStartParams(p.keys, p.values, 1);
    if (pg->conn != NULL) {
        PQsetNoticeProcessor(pg->conn, pg_notice, pg);
        PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);
        PQreset(pg->conn);
    }
    if (PQstatus(pg->conn) != CONNECTION_OK)
        return connect_failed(pg, err);
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    describe(pg);
    pg->was_connected = true;
    st = check_server(pg, err);
    if (st == ST_OK)
        st = pg_script(pg, "cannot prepare the session", pins, err);
    if (st == ST_OK && pg->lock_wait_ms > 0)
        st = set_lock_wait(pg, err);
    if (st == ST_OK && pg->mode == PG_READ_ONLY)
        st = pg_script(pg, "cannot prepare the session", "SET default_transaction_read_only TO on",
                       err);
    return st;
}

static struct pg *
connect_new(const char *conninfo, const char *dbname, enum pg_mode mode, struct err *err)
{
    struct pg *pg;

    errno = 0;
    if (conninfo != NULL && !pg_conninfo_is_sound(conninfo)) {
        if (errno == ENOMEM) {
            err_memory(err, "cannot read the address of the database");
            return NULL;
        }
        err_fail(err, ST_USAGE, "cannot read the address of the database",
                 "it is neither a URI nor keyword=value text as libpq reads them");
        err_hint(err, "postgresql://USER@HOST:PORT/DATABASE; in a password '@' is %%40, '/' is "
                      "%%2F, ':' is %%3A");
        return NULL;
    }
    pg = calloc(1, sizeof *pg);
    if (pg != NULL && conninfo != NULL)
        pg->conninfo = strdup(conninfo);
    if (pg == NULL || (conninfo != NULL && pg->conninfo == NULL)) {
        err_memory(err, "cannot connect to the database");
        pg_close(pg);
        return NULL;
    }
    pg->mode = mode;
    snprintf(pg->dbname, sizeof pg->dbname, "%s", dbname);
    if (connect_now(pg, err) != ST_OK) {
        pg_close(pg);
        return NULL;
    }
    return pg;
}

struct pg *
pg_connect(const char *conninfo, enum pg_mode mode, struct err *err)
{
    return connect_new(conninfo, "", mode, err);
}

struct pg *
pg_connect_beside(const struct pg *pg, const char *dbname, enum pg_mode mode, struct err *err)
{
    return connect_new(pg->conninfo, dbname, mode, err);
}

void
pg_close(struct pg *pg)
{
    if (pg == NULL)
        return;
    PQfinish(pg->conn);
    if (pg->conninfo != NULL)
        explicit_bzero(pg->conninfo, strlen(pg->conninfo));
    free(pg->conninfo);
    free(pg);
}

enum st
pg_reconnect(struct pg *pg, struct err *err)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    enum st st = connect_now(pg, err);

    if (st != ST_OK) {
        PQfinish(pg->conn);
        pg->conn = NULL;
    }
    return st;
}

bool
pg_is_alive(const struct pg *pg)
{
    return PQstatus(pg->conn) == CONNECTION_OK;
}

const char *
pg_where(const struct pg *pg)
{
    return pg->where;
}

int
pg_backend_pid(const struct pg *pg)
{
    return PQbackendPID(pg->conn);
}

const char *
pg_sqlstate(const struct pg *pg)
{
    return pg->sqlstate;
}

uint64_t
pg_notices(const struct pg *pg, const char **last)
{
    if (last != NULL)
        *last = pg->last_notice;
    return pg->n_notices;
}

/*
 * Written by hand because PQescapeIdentifier fails on a lost connection; in UTF8 the quote is the
 * only byte that matters.
 */
void
pg_ident(struct pg *pg, struct buf *b, const char *name)
{
    (void)pg;
    buf_text(b, "\"");
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_text(b, "\"");
        buf_add(b, name, 1);
    }
    buf_text(b, "\"");
}
