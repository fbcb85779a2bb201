/*
 * Opening the ledger: is it there, what is its secret, which host is this; and the small settings
 * in it.
 */
#include "ingest/base.h"

#include <fcntl.h>

#include "ingest/whole.h"
#include "ledger_priv.h"

const char *
bytea_text(struct bytea_text *t, const void *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    char *to = t->text;

    assert(n <= SETTING_MAX);
    *to++ = '\\';
    *to++ = 'x';
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[p[i] >> 4];
        *to++ = digits[p[i] & 15];
    }
    *to = '\0';
    return t->text;
}

void
known_from_row(const struct pg_result *r, size_t row, size_t col, struct known *out)
{
    *out = (struct known){ .id = pg_int(r, row, col) };
    pg_bytea(r, row, col + 1, out->rules_id.b, sizeof out->rules_id.b);
    snprintf(out->dataset, sizeof out->dataset, "%s", pg_text(r, row, col + 2).p);
    out->unterminated = slice_is(pg_text(r, row, col + 3), "t");
    out->partial = slice_is(pg_text(r, row, col + 4), "t");
}

/* machine-id(5): 32 hex digits. Hosts without one (some containers) cannot use test 1. */
static void
find_machine(struct ledger *l)
{
    char id[33] = "";
    int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        fd = open("/var/lib/dbus/machine-id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    n = whole_read(fd, id, 32);
    close(fd);
    l->has_machine = n == 32 && strspn(id, "0123456789abcdef") == 32;
    if (l->has_machine)
        l->machine = hash_keyed(&l->secret, id, 32);
}

enum st
ledger_setting(struct ledger *l, const char *key, void *value, size_t *n, struct err *err)
{
    struct pg_result *r;
    enum st rc;

    *n = 0;
    rc = pg_run(l->pg, "cannot read the ledger's settings",
                "SELECT value FROM ingest.settings WHERE key = $1", 1, &key, &r, err);
    if (rc != ST_OK)
        return rc;
    if (pg_rows(r) == 1) {
        *n = pg_bytea(r, 0, 0, value, SETTING_MAX);
        if (*n == SIZE_MAX)
            rc = err_fail(err, ST_DB, "cannot read the ledger's settings",
                          "the value of %s is damaged", key);
    }
    pg_free(r);
    return rc;
}

enum st
ledger_setting_claim(struct ledger *l, const char *key, void *value, size_t *n, struct err *err)
{
    struct bytea_text text;
    const char *values[] = { key, bytea_text(&text, value, *n) };
    enum st rc;

    rc = pg_run(
        l->pg, "cannot write the ledger's settings",
        "INSERT INTO ingest.settings (key, value) VALUES ($1, $2::bytea) ON CONFLICT DO NOTHING", 2,
        values, NULL, err);
    if (rc != ST_OK)
        return rc;
    return ledger_setting(l, key, value, n, err);
}

static enum st
find_secret(struct ledger *l, struct err *err)
{
    uint8_t value[SETTING_MAX];
    size_t n;
    enum st rc = ledger_setting(l, "block_secret", value, &n, err);

    if (rc == ST_OK)
        rc = witness_ask(l, value, n, err);
    if (rc == ST_OK && n == 0) {
        hash_secret_random(&l->secret);
        n = HASH_SECRET_BYTES;
        memcpy(value, l->secret.b, n);
        if (!l->read_only)
            rc = ledger_setting_claim(l, "block_secret", value, &n, err);
    }
    if (rc != ST_OK)
        return rc;
    if (n != HASH_SECRET_BYTES)
        return err_fail(err, ST_DB, "cannot read the ledger's settings",
                        "block_secret has %zu bytes, not %d", n, HASH_SECRET_BYTES);
    memcpy(l->secret.b, value, n);
    return ST_OK;
}

/* Most ledgers have none that stays out: then nobody asks again. An older one keeps none. */
static enum st
find_retracted(struct ledger *l, struct err *err)
{
    static const char what[] = "cannot look for the ledger";
    static const char may[] =
        "SELECT has_table_privilege(to_regclass('ingest.retractions'), 'SELECT')";
    static const char sql[] = "SELECT count(*), count(undone_at) FROM ingest.retractions";
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what, may, 0, NULL, &r, err);

    l->retracts = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    if (!l->retracts)
        return rc;
    if ((rc = pg_run(l->pg, what, sql, 0, NULL, &r, err)) == ST_OK) {
        l->n_gone = pg_int(r, 0, 0);
        l->n_come = pg_int(r, 0, 1);
        l->any_out = l->n_gone > l->n_come;
    }
    pg_free(r);
    return rc;
}

enum st
ledger_open(struct ledger *l, struct pg *pg, bool read_only, struct err *err)
{
    struct pg_result *r;
    bool there;
    enum st rc;

    *l = (struct ledger){ .pg = pg, .read_only = read_only };
    rc = pg_run(
        pg, "cannot look for the ledger",
        "SELECT to_regclass('ingest.payloads') IS NOT NULL AND to_regclass('ingest.settings') IS NOT NULL,"
        " coalesce(has_table_privilege(to_regclass('ingest.refusals'), 'SELECT'), false),"
        " coalesce(has_table_privilege(to_regclass('ingest.runs'), 'INSERT'), false),"
        " coalesce(has_table_privilege(s, 'SELECT') AND has_table_privilege(s, 'INSERT')"
        "          AND has_table_privilege(s, 'UPDATE'), false),"
        " coalesce(has_function_privilege(notify, 'EXECUTE')"
        "          AND has_function_privilege(usage, 'EXECUTE'), false),"
        " coalesce(has_table_privilege(to_regclass('ingest.annotations'), 'INSERT')"
        "          AND has_table_privilege(used, 'SELECT') AND has_table_privilege(used, 'INSERT')"
        "          AND has_table_privilege(used, 'UPDATE'), false)"
        " FROM (SELECT to_regclass('ingest.sources')::oid AS s,"
        "  to_regclass('ingest.rules_used')::oid AS used,"
        "  to_regprocedure('pg_catalog.pg_notify(text,text)')::oid AS notify,"
        "  to_regprocedure('pg_catalog.pg_notification_queue_usage()')::oid AS usage) x",
        0, NULL, &r, err);
    if (rc != ST_OK)
        return rc;
    there = slice_is(pg_text(r, 0, 0), "t");
    l->remembers = slice_is(pg_text(r, 0, 1), "t");
    l->notes_runs = slice_is(pg_text(r, 0, 2), "t");
    l->keeps_sources = slice_is(pg_text(r, 0, 3), "t");
    l->notifies = slice_is(pg_text(r, 0, 4), "t");
    l->annotates = slice_is(pg_text(r, 0, 5), "t");
    pg_free(r);
    if (!there && (rc = witness_of_less(l, err)) != ST_OK)
        return rc;
    if (!there) {
        err_fail(err, ST_DB, "cannot count into this database", "it has no ledger (schema ingest)");
        err_hint(err, "make it once: ingest migrate up -d ...");
        return ST_DB;
    }
    if ((!read_only && (rc = ledger_rights(l, err)) != ST_OK) ||
        (rc = find_secret(l, err)) != ST_OK ||
        (rc = find_retracted(l, err)) != ST_OK)
        return rc;
    find_machine(l);
    return ST_OK;
}
