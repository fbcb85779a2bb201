/*
 * The doctor's visit to a server: who it is, how it is reached, its clock, its disk; and then what
 * stands in files of their own.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "audit_priv.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>

#define ROOM_MIN      (1024 * MIB)
#define POOLER_WAIT_S 5

const char doctor_what[] = "cannot look at this database";

void
doctor_tell(struct audit *a, enum audit_word word, const char *check, const char *why,
            const char *what, ...)
{
    char text[600];
    va_list args;

    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    audit_tell(a, &(struct audit_line){ .word = word, .check = check, .what = text, .why = why },
               1);
}

/* ---- who it is ---- */

enum {
    SERVER_VERSION,
    SERVER_ENCODING,
    SERVER_STANDBY,
    SERVER_PID,
    SERVER_SIZE,
    SERVER_DIR,
    SERVER_NAME
};

/* Where its files are is told to superusers and pg_read_all_settings alone. */
static const char server_sql[] =
    "SELECT current_setting('server_version'), current_setting('server_encoding'), pg_is_in_recovery(),"
    " pg_backend_pid(), pg_database_size(current_database()),"
    " CASE WHEN pg_has_role('pg_read_all_settings', 'MEMBER') THEN current_setting('data_directory') END,"
    " current_database()";

static void
tell_server(struct audit *a, const struct pg_result *r)
{
    char size[32];

    doctor_tell(a, AUDIT_OK, "server", NULL,
                "PostgreSQL %.60s, encoding %s, database %.63s of %s MiB",
                pg_text(r, 0, SERVER_VERSION).p, pg_text(r, 0, SERVER_ENCODING).p,
                pg_text(r, 0, SERVER_NAME).p,
                num_grouped((uint64_t)(pg_int(r, 0, SERVER_SIZE) >> 20), size));
    if (slice_is(pg_text(r, 0, SERVER_STANDBY), "t"))
        doctor_tell(a, AUDIT_FINDING, "server", "name the primary, or promote this one",
                    "it is a standby, or recovers: nothing can be counted into it");
}

/* Of a server on this host; elsewhere nobody tells. */
static void
tell_room(struct audit *a, const struct pg_result *r)
{
    struct statvfs v;
    char mib[32];
    uint64_t free_bytes;

    if (pg_is_null(r, 0, SERVER_DIR) || pg_channel(a->pg) != PG_SOCKET ||
        statvfs(pg_text(r, 0, SERVER_DIR).p, &v) != 0)
        return;
    free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    doctor_tell(a, free_bytes < ROOM_MIN ? AUDIT_FINDING : AUDIT_OK, "disk",
                free_bytes < ROOM_MIN ? "make room: a server without any stops" : NULL,
                "the server's files have %s MiB of room", num_grouped(free_bytes >> 20, mib));
}

/* ---- what is in between ---- */

static void
tell_channel(struct audit *a)
{
    static const char plain[] = "all of it can be read on the way, tokens too: sslmode=verify-full";

    switch (pg_channel(a->pg)) {
    case PG_SOCKET:
        doctor_tell(a, AUDIT_OK, "connection", NULL, "a socket of this host");
        break;
    case PG_ENCRYPTED:
        doctor_tell(a, AUDIT_OK, "connection", NULL, "encrypted");
        break;
    case PG_PLAIN_LOOPBACK:
        doctor_tell(a, AUDIT_NOTE, "connection", NULL, "not encrypted, within this host");
        break;
    case PG_PLAIN:
        doctor_tell(a, AUDIT_FINDING, "connection", plain, "over the network without encryption");
        break;
    }
}

static enum st
ask_pid(struct pg *pg, int64_t *pid, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, doctor_what, "SELECT pg_backend_pid()", 0, NULL, &r, err);

    *pid = rc == ST_OK ? pg_int(r, 0, 0) : 0;
    pg_free(r);
    return rc;
}

/*
 * If a pooler lends servers by the transaction, another client that holds the one we had last makes
 * it lend us another. Both sessions are the probe's own: it may be ended in the middle.
 */
enum lends { BY_SESSION, BY_TRANSACTION, NOT_TOLD };

static enum lends
probe_pooler(const struct pg *pg, const char *dbname)
{
    int64_t first = 0, taken = 0, then = 0;
    struct err err;
    struct pg *one = pg_connect_beside(pg, dbname, PG_READ_ONLY, &err);
    struct pg *other = one == NULL ? NULL : pg_connect_beside(pg, dbname, PG_READ_ONLY, &err);

    if (other == NULL || ask_pid(one, &first, &err) != ST_OK || pg_begin(other, &err) != ST_OK ||
        ask_pid(other, &taken, &err) != ST_OK || ask_pid(one, &then, &err) != ST_OK)
        return NOT_TOLD;
    return taken == first || then != first ? BY_TRANSACTION : BY_SESSION;
}

/* A pooler without a free server lets its clients wait, for minutes: a process can be ended. */
static enum lends
ask_pooler(const struct pg *pg, const char *dbname)
{
    const struct timespec pause = { .tv_nsec = 10000000 };
    int status = 0;
    pid_t ended = 0, child = fork();

    if (child < 0)
        return NOT_TOLD;
    if (child == 0)
        _exit((int)probe_pooler(pg, dbname));
    for (int i = 0; i < 100 * POOLER_WAIT_S && ended == 0; i++) {
        nanosleep(&pause, NULL);
        ended = waitpid(child, &status, WNOHANG);
    }
    if (ended == 0) {
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
    }
    return ended == child && WIFEXITED(status) && WEXITSTATUS(status) <= NOT_TOLD
               ? (enum lends)WEXITSTATUS(status)
               : NOT_TOLD;
}

/* A pooler has process ids of its own. */
static void
check_pooler(struct audit *a, const struct pg_result *server)
{
    if (pg_int(server, 0, SERVER_PID) == pg_backend_pid(a->pg))
        return;
    switch (ask_pooler(a->pg, pg_text(server, 0, SERVER_NAME).p)) {
    case BY_SESSION:
        doctor_tell(a, AUDIT_OK, "connection", NULL, "a pooler lends servers by the session");
        break;
    case BY_TRANSACTION:
        doctor_tell(a, AUDIT_NOTE, "connection",
                    "counting works; `ingest work` hears of new jobs late",
                    "a pooler lends servers by the transaction");
        break;
    case NOT_TOLD:
        doctor_tell(a, AUDIT_NOTE, "connection",
                    "its pool is small or in use, and runs wait for one another: default_pool_size",
                    "a pooler had no two more servers to lend within %d s", POOLER_WAIT_S);
        break;
    }
}

/* ---- its clock ---- */

static int64_t
now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static enum st
check_clock(struct audit *a, struct err *err)
{
    static const char sql[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    struct pg_result *r = NULL;
    int64_t before = now_us(), after, off = 0;
    enum st rc = pg_run(a->pg, doctor_what, sql, 0, NULL, &r, err);

    after = now_us();
    if (rc == ST_OK) { /* the answer is of some moment in between */
        int64_t server = pg_int(r, 0, 0);

        off = server < before ? before - server : server > after ? server - after : 0;
        off /= 1000;
    }
    pg_free(r);
    if (rc != ST_OK)
        return rc;
    if (off > 2000)
        doctor_tell(a, off > 300000 ? AUDIT_FINDING : AUDIT_NOTE, "clock",
                    "set both by NTP: when tokens hold and what is late depend on them",
                    "the clocks of this host and of the server are %" PRId64 ".%" PRId64 " s apart",
                    off / 1000, off % 1000 / 100);
    else
        doctor_tell(a, AUDIT_OK, "clock", NULL, "host and server agree within 2 s");
    return ST_OK;
}

/* ---- all of it ---- */

static enum st
visit(struct audit *a, const struct pg_result *server, struct err *err)
{
    bool standby = slice_is(pg_text(server, 0, SERVER_STANDBY), "t");
    enum st rc;

    tell_server(a, server);
    tell_room(a, server);
    tell_channel(a);
    check_pooler(a, server);
    if ((rc = doctor_settings(a, err)) != ST_OK || (rc = check_clock(a, err)) != ST_OK ||
        (rc = doctor_hll(a, err)) != ST_OK || (rc = doctor_migrations(a, err)) != ST_OK)
        return rc;
    return doctor_rights(a, standby, err);
}

enum st
doctor_server(struct pg *pg, audit_say *say, void *ctx, uint64_t *n_findings, struct err *err)
{
    struct audit a = { .pg = pg, .say = say, .ctx = ctx };
    struct pg_result *r = NULL;
    enum st rc = pg_run(pg, doctor_what, server_sql, 0, NULL, &r, err);

    if (rc == ST_OK)
        rc = visit(&a, r, err);
    pg_free(r);
    *n_findings += a.n_findings;
    return rc;
}
