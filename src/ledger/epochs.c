/*
 * From which day on the clients of which table are hashed under which key. Written by the first run
 * that knows of a key and by `ingest key`; read before anything is hashed.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/key.h"

#include "ledger_priv.h"

static const char what[] = "cannot look for the epochs of client keys";
static const char what_write[] = "cannot note the epochs of client keys";

enum st
epochs_rights(struct ledger *l, struct err *err)
{
    return rights_for(l, what, "key_epochs",
                      "key_epochs SELECT, key_epochs INSERT, key_epochs UPDATE", err);
}

enum st
epochs_read(struct ledger *l, const char *at_table, struct key_epochs *out, struct err *err)
{
    static const char sql[] =
        "SELECT CASE WHEN from_day > '-infinity' THEN from_day - date '1970-01-01' END, key_id,"
        " dropped_at IS NOT NULL FROM ingest.key_epochs WHERE at_table = $1 ORDER BY from_day";
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what, sql, 1, &at_table, &r, err);

    out->n = 0;
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++) {
        struct key_epoch *e = &out->at[out->n];

        if (out->n == ARRAY_LEN(out->at)) {
            rc = err_fail(err, ST_DB, what, "table %s has more than %d of them", at_table,
                          CLIENT_EPOCHS_MAX);
            break;
        }
        e->from_day = pg_is_null(r, i, 0) ? DAY_NONE : (int32_t)pg_int(r, i, 0);
        pg_bytea(r, i, 1, e->id, sizeof e->id);
        e->dropped = slice_is(pg_text(r, i, 2), "t");
        out->n++;
    }
    pg_free(r);
    return rc;
}

/* A program that knows no epochs has noted the one key of a table among the settings. */
static enum st
read_setting(struct ledger *l, const char *at_table, struct key_epochs *out, struct err *err)
{
    char key[KEY_TABLE + 8];
    uint8_t id[SETTING_MAX];
    size_t n;
    enum st rc;

    snprintf(key, sizeof key, "key_id:%s", at_table);
    rc = ledger_setting(l, key, id, &n, err);
    if (rc == ST_OK && n == sizeof out->at[0].id) {
        out->at[0] = (struct key_epoch){ .from_day = DAY_NONE };
        memcpy(out->at[0].id, id, n);
        out->n = 1;
    }
    return rc;
}

enum st
epochs_find(struct ledger *l, const char *at_table, struct key_epochs *out, bool *unwritten,
            struct err *err)
{
    enum st rc = ST_OK;

    out->n = 0;
    if (l->keeps_epochs)
        rc = epochs_read(l, at_table, out, err);
    *unwritten = rc == ST_OK && out->n == 0;
    return *unwritten ? read_setting(l, at_table, out, err) : rc;
}

enum st
epochs_tables(struct ledger *l, struct buf *out, size_t *n, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what,
                        "SELECT at_table FROM ingest.key_epochs"
                        " UNION SELECT substr(key, length('key_id:') + 1) FROM ingest.settings"
                        " WHERE starts_with(key, 'key_id:') ORDER BY 1",
                        0, NULL, &r, err);

    *n = 0;
    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++) {
        struct slice name = pg_text(r, i, 0);

        if (name.n >= KEY_TABLE) /* names of the server's are shorter: nobody's table */
            continue;
        if (!buf_add(out, name.p, name.n) || !buf_add(out, "", 1))
            rc = err_memory(err, what);
        ++*n;
    }
    pg_free(r);
    return rc;
}

/* As a date of the server's; the first one is of all days before the next. */
static const char *
day_text(const struct client_key *key, size_t at, char out[11])
{
    if (at == 0)
        return "-infinity";
    clock_format_day(key->epochs[at].from_day, out);
    return out;
}

enum st
epochs_write(struct ledger *l, const char *at_table, const struct client_key *key, size_t first,
             struct err *err)
{
    static const char sql[] =
        "INSERT INTO ingest.key_epochs (at_table, from_day, key_id, dropped_at)"
        " VALUES ($1, $2::date, $3::bytea, CASE WHEN $4::boolean THEN now() END)"
        " ON CONFLICT DO NOTHING";
    enum st rc = ST_OK;

    for (size_t i = first; rc == ST_OK && i < key->n_epochs; i++) {
        struct bytea_text id;
        char day[11];
        const char *values[] = { at_table, day_text(key, i, day),
                                 bytea_text(&id, key->epochs[i].id, sizeof key->epochs[i].id),
                                 key->epochs[i].dropped ? "t" : "f" };

        rc = pg_run(l->pg, what_write, sql, ARRAY_LEN(values), values, NULL, err);
    }
    return rc;
}

enum st
epochs_rewrite_first(struct ledger *l, const char *at_table, const struct client_key *key,
                     struct err *err)
{
    struct bytea_text id;
    const char *values[] = { at_table,
                             bytea_text(&id, key->epochs[0].id, sizeof key->epochs[0].id) };
    enum st rc = pg_run(l->pg, what_write,
                        "UPDATE ingest.key_epochs SET key_id = $2::bytea"
                        " WHERE at_table = $1 AND from_day = '-infinity'",
                        ARRAY_LEN(values), values, NULL, err);

    return rc == ST_OK ? epochs_write(l, at_table, key, 0, err) : rc;
}

enum st
epochs_drop(struct ledger *l, const char *at_table, int32_t before, struct err *err)
{
    char day[11];
    const char *values[] = { at_table, day };

    clock_format_day(before, day);
    return pg_run(l->pg, what_write,
                  "UPDATE ingest.key_epochs SET dropped_at = now()"
                  " WHERE at_table = $1 AND from_day < $2::date AND dropped_at IS NULL",
                  ARRAY_LEN(values), values, NULL, err);
}

enum st
epochs_begun(struct ledger *l, const char *at_table, int32_t behind, int32_t last, bool *begun,
             struct err *err)
{
    char from[11], to[11];
    const char *values[] = { at_table, behind == DAY_NONE ? "-infinity" : from, to };
    struct pg_result *r = NULL;
    enum st rc;

    if (behind != DAY_NONE)
        clock_format_day(behind, from);
    clock_format_day(last, to);
    rc = pg_run(l->pg, what,
                "SELECT EXISTS (SELECT FROM ingest.key_epochs"
                " WHERE at_table = $1 AND from_day > $2::date AND from_day <= $3::date)",
                ARRAY_LEN(values), values, &r, err);
    *begun = rc == ST_OK && slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    return rc;
}

enum st
epochs_last_parked(struct ledger *l, const char *dataset, int32_t from, int32_t *last,
                   struct err *err)
{
    char day[11];
    const char *values[] = { dataset, day };
    struct pg_result *r = NULL;
    bool may;
    enum st rc = pg_run(
        l->pg, what,
        "SELECT coalesce(has_table_privilege(to_regclass('ingest.unresolved'), 'SELECT'), false)",
        0, NULL, &r, err);

    *last = DAY_NONE;
    if (rc != ST_OK)
        return rc;
    may = slice_is(pg_text(r, 0, 0), "t");
    pg_free(r);
    if (!may) /* a role that can park can read */
        return ST_OK;
    clock_format_day(from, day);
    rc = pg_run(l->pg, what,
                "SELECT max(day) - date '1970-01-01' FROM ingest.unresolved WHERE dataset = $1"
                " AND day >= $2::date AND healed_at IS NULL AND clients IS NOT NULL",
                ARRAY_LEN(values), values, &r, err);
    if (rc == ST_OK && !pg_is_null(r, 0, 0))
        *last = (int32_t)pg_int(r, 0, 0);
    pg_free(r);
    return rc;
}
