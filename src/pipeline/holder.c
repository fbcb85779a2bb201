/*
 * Who holds a lock that did not come: the sentence that an operator needs at night. Asked once the
 * waiting is over, over the same connection; whoever has let go meanwhile is not found.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

/*
 * Another session of this database that holds what we ask for: our advisory locks, or a lock on a
 * table of ours that excludes writers; else any transaction that has written to one, whose row we
 * may have waited for. The oldest; of a payload that another run counts just now, that one. A role
 * that may not look at others' sessions sees little of them.
 */
static const char sql[] =
    "SELECT a.pid, a.application_name, a.usename, a.state, host(a.client_addr), "
    "extract(epoch FROM clock_timestamp() - a.xact_start)::bigint "
    "FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid() AND "
    "(l.locktype = 'advisory' AND l.classid IN (" PG_LOCK_TABLE ", " PG_LOCK_HEAD ") OR "
    "l.locktype = 'relation' AND l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND "
    "(l.relation = ANY ($1::oid[]) OR l.relation IN (SELECT oid FROM pg_class "
    "WHERE relnamespace = to_regnamespace('ingest')))) "
    "ORDER BY $2::boolean AND l.relation IS DISTINCT FROM to_regclass('ingest.payloads'), "
    "l.mode = 'RowExclusiveLock', a.xact_start, a.pid LIMIT 1";

static enum st
ask(struct run *run, bool of_claim, struct pg_result **out, struct err *err)
{
    struct pg_array tables = { 0 };
    const char *values[2] = { NULL, of_claim ? "true" : "false" };
    enum st rc = ST_MEMORY;

    pg_array_begin(&tables);
    for (size_t i = 0; i < run->n_tables; i++)
        if (run->tables[i].ready && run->config->sink == RUN_TO_DATABASE)
            pg_array_int(&tables, run->tables[i].target.oid);
    if ((values[0] = pg_array_end(&tables)) != NULL)
        rc = pg_run(run->pg, "cannot see who holds the lock", sql, 2, values, out, err);
    pg_array_release(&tables);
    return rc;
}

static void
describe(const struct pg_result *r, struct err *err)
{
    struct slice name = pg_text(r, 0, 1), user = pg_text(r, 0, 2), state = pg_text(r, 0, 3);
    struct slice host = pg_text(r, 0, 4);
    char since[40] = "", cause[sizeof err->cause];

    if (!pg_is_null(r, 0, 5))
        snprintf(since, sizeof since, ", in its transaction for %" PRId64 " s", pg_int(r, 0, 5));
    snprintf(cause, sizeof cause, "%s", err->cause);
    err_cause(
        err, "%.90s; process %" PRId64 " of the server holds it: %.40s%suser %.40s%s%.40s%s%.20s%s",
        cause, pg_int(r, 0, 0), name.n > 0 ? name.p : "", name.n > 0 ? ", " : "",
        user.n > 0 ? user.p : "?", host.n > 0 ? ", from " : "", host.n > 0 ? host.p : "",
        state.n > 0 ? ", " : "", state.n > 0 ? state.p : "", since);
    err_hint(err,
             "nothing of this batch was counted: let that end and run again, or wait longer by "
             "--lock-wait; to end it, in psql: SELECT pg_terminate_backend(%" PRId64 ")",
             pg_int(r, 0, 0));
}

void
holder_tell(struct run *run, struct err *err)
{
    struct pg_result *r = NULL;
    struct err ignored;

    if ((err->code != ST_DB && err->code != ST_DB_RETRY) || run->pg == NULL ||
        strncmp(err->cause, "55P03", 5) != 0)
        return;
    pg_rollback(run->pg); /* of what has failed; it is over already, or nothing to do */
    if (ask(run, strcmp(err->what, LEDGER_CLAIM) == 0, &r, &ignored) == ST_OK && pg_rows(r) > 0)
        describe(r, err);
    else
        err_hint(
            err,
            "nothing of this batch was counted; whoever held the lock has let go: run it again, or "
            "wait longer by --lock-wait");
    pg_free(r);
}
