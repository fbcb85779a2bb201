/*
 * Statements, their rows, and the transaction around them.
 */
#include "ingest/num.h"
#include "pg_priv.h"

static enum st
check_ready(struct pg *pg, const char *what, struct err *err)
{
    assert(!pg->copying);
    return pg_is_alive(pg) ? ST_OK : pg_failed(pg, NULL, what, NULL, err);
}

enum st
pg_stopped(struct err *err)
{
    return err_fail(err, ST_STOPPED, "stopped",
                    "a second signal came while the database was waited for");
}

/* Takes `res`: an error is told and cleared, anything else is handed on. */
static enum st
settle(struct pg *pg, PGresult *res, const char *what, const char *sql, struct pg_result **out,
       struct err *err)
{
    ExecStatusType status = PQresultStatus(res);
    enum st st;

    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        if (out != NULL)
            *out = (struct pg_result *)res;
        else
            PQclear(res);
        return ST_OK;
    }
    if (pg->cancelled)
        st = pg_stopped(err);
    else if (status == PGRES_FATAL_ERROR || res == NULL)
        st = pg_failed(pg, res, what, sql, err);
    else
        st = err_fail(err, ST_BUG, what, "the statement answers with %s", PQresStatus(status));
    PQclear(res);
    return st;
}

enum st
pg_run(struct pg *pg, const char *what, const char *sql, size_t n, const char *const *values,
       struct pg_result **out, struct err *err)
{
    enum st st = check_ready(pg, what, err);

    if (out != NULL)
        *out = NULL;
    if (st != ST_OK)
        return st;
    assert(n <= 64);
    return settle(pg, pg_exec_params(pg, sql, n, values), what, sql, out, err);
}

enum st
pg_script(struct pg *pg, const char *what, const char *sql, struct err *err)
{
    enum st st = check_ready(pg, what, err);

    return st == ST_OK ? settle(pg, pg_exec(pg, sql), what, sql, NULL, err) : st;
}

size_t
pg_rows(const struct pg_result *r)
{
    return (size_t)PQntuples((const PGresult *)r);
}

bool
pg_is_null(const struct pg_result *r, size_t row, size_t col)
{
    return PQgetisnull((const PGresult *)r, (int)row, (int)col) != 0;
}

struct slice
pg_text(const struct pg_result *r, size_t row, size_t col)
{
    const PGresult *res = (const PGresult *)r;

    if (pg_is_null(r, row, col))
        return (struct slice){ NULL, 0 };
    return (struct slice){ PQgetvalue(res, (int)row, (int)col),
                           (size_t)PQgetlength(res, (int)row, (int)col) };
}

int64_t
pg_int(const struct pg_result *r, size_t row, size_t col)
{
    struct slice s = pg_text(r, row, col);
    char *end;
    long long v;

    if (s.n == 0)
        return 0;
    errno = 0;
    v = strtoll(s.p, &end, 10);
    return errno == 0 && *end == '\0' ? (int64_t)v : 0;
}

size_t
pg_bytea(const struct pg_result *r, size_t row, size_t col, void *out, size_t cap)
{
    struct slice s = pg_text(r, row, col);
    uint8_t *to = out;

    if (s.n < 2 || s.p[0] != '\\' || s.p[1] != 'x' || s.n % 2 != 0 || (s.n - 2) / 2 > cap)
        return SIZE_MAX;
    for (size_t i = 2; i < s.n; i += 2) {
        int high = num_hex_digit(s.p[i]), low = num_hex_digit(s.p[i + 1]);

        if (high < 0 || low < 0)
            return SIZE_MAX;
        *to++ = (uint8_t)(high << 4 | low);
    }
    return (s.n - 2) / 2;
}

int64_t
pg_affected(const struct pg_result *r)
{
    /* PQcmdTuples takes no const, though it changes nothing. */
    union {
        const struct pg_result *in;
        PGresult *out;
    } u = { .in = r };
    const char *text = PQcmdTuples(u.out);

    return *text == '\0' ? 0 : (int64_t)strtoll(text, NULL, 10);
}

void
pg_free(struct pg_result *r)
{
    PQclear((PGresult *)r);
}

/* ---- transactions ---- */

/*
 * row_security off: a policy that would hide rows makes the merge fail, instead of doubling them.
 */
#define LOCALS                                                                                     \
    "SET LOCAL synchronous_commit TO on; SET LOCAL jit TO off; SET LOCAL row_security TO off;"     \
    "SET LOCAL statement_timeout TO 0;"                                                            \
    "SET LOCAL idle_in_transaction_session_timeout TO 0; SET LOCAL client_encoding TO 'UTF8';"     \
    "SET LOCAL bytea_output TO hex; SET LOCAL DateStyle TO ISO; SET LOCAL TimeZone TO 'UTC';"      \
    "SET LOCAL standard_conforming_strings TO on; SET LOCAL array_nulls TO on;"

#define LOCK_WAIT_MS 60000

enum st
pg_begin(struct pg *pg, struct err *err)
{
    static const char what[] = "cannot open a transaction";
    char sql[1024];
    enum st st;

    snprintf(sql, sizeof sql,
             "BEGIN ISOLATION LEVEL READ COMMITTED %s;" LOCALS "SET LOCAL lock_timeout TO %" PRId64,
             pg->mode == PG_READ_ONLY ? "READ ONLY" : "READ WRITE",
             pg->lock_wait_ms > 0 ? pg->lock_wait_ms : LOCK_WAIT_MS);
    st = pg_script(pg, what, sql, err);
    if (st == ST_OK && PQserverVersion(pg->conn) >= 170000)
        st = pg_script(pg, what, "SET LOCAL transaction_timeout TO 0", err);
    if (st != ST_OK)
        pg_rollback(pg);
    if (st != ST_OK && strstr(err->cause, "statement pooling mode") != NULL) {
        /* PgBouncer's words; it hangs up then, and would again. */
        err->code = st = ST_DB;
        err_hint(err, "pool_mode must be transaction or session: what is counted is counted in one "
                      "transaction");
    }
    return st;
}

enum st
pg_commit(struct pg *pg, bool *unknown, struct err *err)
{
    static const char what[] = "cannot commit";
    enum st st = check_ready(pg, what, err);
    PGresult *res;

    *unknown = false;
    if (st != ST_OK)
        return st;
    res = PQexec(pg->conn, "COMMIT");
    if (PQresultStatus(res) == PGRES_COMMAND_OK) {
        /* A failed transaction is rolled back, and that is no error to the server. */
        if (strcmp(PQcmdStatus(res), "COMMIT") != 0) {
            char tag[41] = "";

            pg_clean(tag, sizeof tag, PQcmdStatus(res));
            st = err_fail(err, ST_DB, what, "the server answered %s: an earlier statement failed",
                          tag);
        }
    } else {
        const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
        bool plain = severity != NULL && strcmp(severity, "ERROR") == 0;

        /*
         * Only an ordinary ERROR says that nothing was kept: a backend may be ended between its
         * commit and its answer.
         */
        *unknown = !(plain && pg_is_alive(pg));
        st = pg_failed(pg, res, what, NULL, err);
    }
    PQclear(res);
    return st;
}

void
pg_rollback(struct pg *pg)
{
    if (pg->copying)
        pg_copy_abort(pg, "rolled back");
    if (pg_is_alive(pg) && PQtransactionStatus(pg->conn) != PQTRANS_IDLE) {
        PGresult *res = PQexec(pg->conn, "ROLLBACK");

        if (PQresultStatus(res) != PGRES_COMMAND_OK)
            pg_give_up(pg); /* whose answer would be next, if it is still to come? */
        PQclear(res);
    }
}
