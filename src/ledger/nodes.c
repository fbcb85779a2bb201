/*
 * Who may submit. EIDA's own table of nodes does not keep names apart, so whoever writes into it
 * holds a lock while he looks; ours is served in the same way.
 */
#include "ingest/base.h"

#include <sodium.h>

#include "ledger_priv.h"

#include "ingest/nodes.h"

static const char unknown_hint[] = "`ingest node list` has the names";

/* ---- transactions ---- */

/* Statistics are merged meanwhile: what refers to a node needs no more than its row. */
static enum st
begin_alone(struct pg *pg, const char *what, struct err *err)
{
    enum st rc = pg_begin(pg, err);

    if (rc != ST_OK)
        return rc;
    rc = pg_run(pg, what, "LOCK TABLE nodes IN SHARE ROW EXCLUSIVE MODE", 0, NULL, NULL, err);
    if (rc == ST_DB && strcmp(pg_sqlstate(pg), "42P01") == 0)
        err_hint(err, "nodes are of EIDA's tables: ingest migrate up eida");
    if (rc != ST_OK)
        pg_rollback(pg);
    return rc;
}

static enum st
end(struct pg *pg, enum st rc, struct err *err)
{
    bool unknown;

    if (rc == ST_OK)
        return pg_commit(pg, &unknown, err);
    pg_rollback(pg);
    return rc;
}

/* A statement that gives one row; its first column as a number. */
static enum st
ask(struct pg *pg, const char *what, const char *sql, size_t n, const char *const *values,
    int64_t *out, struct err *err)
{
    struct pg_result *r;
    enum st rc = pg_run(pg, what, sql, n, values, &r, err);

    if (rc != ST_OK)
        return rc;
    *out = pg_rows(r) == 1 ? pg_int(r, 0, 0) : 0;
    pg_free(r);
    return ST_OK;
}

static enum st
has_column(struct pg *pg, const char *what, const char *table, const char *column, bool *out,
           struct err *err)
{
    const char *values[] = { table, column };
    int64_t n = 0;
    enum st rc = ask(pg, what,
                     "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass($1) AND"
                     " attname = $2 AND NOT attisdropped",
                     2, values, &n, err);

    *out = n > 0;
    return rc;
}

/* ---- finding one ---- */

struct id_text {
    char text[24];
};

static enum st
find(struct pg *pg, const char *what, const char *name, struct id_text *id, struct err *err)
{
    struct pg_result *r;
    enum st rc = pg_run(pg, what, "SELECT id FROM nodes WHERE name = $1", 1, &name, &r, err);
    size_t n;

    if (rc != ST_OK)
        return rc;
    if ((n = pg_rows(r)) == 1)
        snprintf(id->text, sizeof id->text, "%" PRId64, pg_int(r, 0, 0));
    pg_free(r);
    if (n == 1)
        return ST_OK;
    if (n == 0) {
        err_fail(err, ST_USAGE, what, "there is no node \"%.100s\"", name);
        err_hint(err, "%s", unknown_hint);
        return ST_USAGE;
    }
    err_fail(err, ST_USAGE, what, "%zu nodes have the name \"%.100s\"", n, name);
    err_hint(err, "this table lets them: give the others names of their own, by their id");
    return ST_USAGE;
}

static enum st
check_free(struct pg *pg, const char *what, const char *name, struct err *err)
{
    int64_t n = 0;
    enum st rc =
        ask(pg, what, "SELECT count(*) FROM nodes WHERE name = $1", 1, &name, &n, err);

    if (rc != ST_OK || n == 0)
        return rc;
    return err_fail(err, ST_USAGE, what, "there is a node \"%.100s\" already", name);
}

static enum st
check_name(const char *what, const char *name, struct err *err)
{
    size_t n = strlen(name);
    bool plain = n > 0 && n < 256 && slice_is_text(slice_of(name));

    for (size_t i = 0; i < n; i++)
        plain = plain && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
    if (plain)
        return ST_OK;
    err_fail(err, ST_USAGE, what, "this is no name: \"%.100s\"", name);
    err_hint(err, "a name is 1 to 255 bytes of UTF-8 without control characters");
    return ST_USAGE;
}

/* ---- adding, changing ---- */

enum st
nodes_add(struct pg *pg, const char *name, const char *contact, int32_t *id, struct err *err)
{
    static const char what[] = "cannot add a node";
    const char *values[] = { name, contact };
    int64_t made = 0;
    enum st rc;

    if ((rc = check_name(what, name, err)) != ST_OK || (rc = begin_alone(pg, what, err)) != ST_OK)
        return rc;
    if ((rc = check_free(pg, what, name, err)) == ST_OK)
        rc = ask(pg, what,
                 "INSERT INTO nodes (name, contact) VALUES ($1, nullif($2, '')) RETURNING id", 2,
                 values, &made, err);
    *id = (int32_t)made;
    return end(pg, rc, err);
}

static enum st
update(struct pg *pg, const char *what, const char *name, const char *new_name,
       const char *contact, struct err *err)
{
    struct id_text id;
    const char *values[] = { id.text, new_name, contact };
    bool has_updated;
    enum st rc = find(pg, what, name, &id, err);

    if (rc == ST_OK && new_name != NULL && strcmp(name, new_name) != 0)
        rc = check_free(pg, what, new_name, err);
    if (rc == ST_OK)
        rc = has_column(pg, what, "nodes", "updated_at", &has_updated, err);
    if (rc != ST_OK)
        return rc;
    return pg_run(pg, what,
                  has_updated ? "UPDATE nodes SET name = coalesce($2, name),"
                                " contact = nullif(coalesce($3, contact), ''),"
                                " updated_at = now() WHERE id = $1"
                              : "UPDATE nodes SET name = coalesce($2, name),"
                                " contact = nullif(coalesce($3, contact), '') WHERE id = $1",
                  3, values, NULL, err);
}

enum st
nodes_update(struct pg *pg, const char *name, const char *new_name, const char *contact,
             struct err *err)
{
    static const char what[] = "cannot change a node";
    enum st rc = new_name == NULL ? ST_OK : check_name(what, new_name, err);

    if (rc != ST_OK || (rc = begin_alone(pg, what, err)) != ST_OK)
        return rc;
    return end(pg, update(pg, what, name, new_name, contact, err), err);
}

/* ---- removing ---- */

/* Appends `words` to the list where the query, which is asked for the node's id, finds a row. */
static enum st
add_referrer(struct pg *pg, const char *what, const char *table, const char *sql, const char *id,
             const char *words, struct buf *list, struct err *err)
{
    int64_t there = 0, found = 0;
    enum st rc = ask(pg, what, "SELECT (to_regclass($1) IS NOT NULL)::int", 1, &table, &there, err);

    if (rc == ST_OK && there != 0)
        rc = ask(pg, what, sql, 1, &id, &found, err);
    if (rc == ST_OK && found != 0)
        buf_printf(list, "%s%s", list->n > 0 ? ", " : "", words);
    return rc;
}

static enum st
check_unused(struct pg *pg, const char *what, const char *name, const char *id, struct err *err)
{
#define ANY(from) "SELECT EXISTS (SELECT 1 FROM " from ")::int"
    static const struct {
        const char *table, *sql, *words;
    } all[] = {
        { "dataselect_stats", ANY("dataselect_stats WHERE node_id = $1"), "statistics" },
        { "payloads", ANY("payloads WHERE node_id = $1"), "payloads" },
        { "networks", ANY("networks WHERE node_id = $1"), "networks" },
        { "ingest.payloads", ANY("ingest.payloads WHERE scope = $1"), "the ledger" },
        { "tokens", ANY("tokens WHERE node_id = $1 AND valid_until > now()"), "a valid token" },
    };
#undef ANY
    struct buf list = { 0 };
    enum st rc = ST_OK;

    for (size_t i = 0; i < ARRAY_LEN(all) && rc == ST_OK; i++)
        rc = add_referrer(pg, what, all[i].table, all[i].sql, id, all[i].words, &list, err);
    if (rc == ST_OK && list.failed)
        rc = err_memory(err, what);
    if (rc == ST_OK && list.n > 0) {
        rc = err_fail(err, ST_USAGE, what, "these refer to \"%.80s\": %s", name, buf_str(&list));
        err_hint(err, "a token is taken back by `ingest token revoke ID`; what was counted stays "
                      "with who delivered it");
    }
    buf_release(&list);
    return rc;
}

static enum st
remove_one(struct pg *pg, const char *what, const char *name, struct err *err)
{
    struct id_text id;
    const char *values[] = { id.text };
    enum st rc = find(pg, what, name, &id, err);

    if (rc != ST_OK || (rc = check_unused(pg, what, name, id.text, err)) != ST_OK)
        return rc;
    rc = pg_run(pg, what, "DELETE FROM tokens WHERE node_id = $1", 1, values, NULL, err);
    if (rc != ST_OK)
        return rc;
    return pg_run(pg, what, "DELETE FROM nodes WHERE id = $1", 1, values, NULL, err);
}

enum st
nodes_remove(struct pg *pg, const char *name, struct err *err)
{
    static const char what[] = "cannot remove a node";
    enum st rc = begin_alone(pg, what, err);

    return rc == ST_OK ? end(pg, remove_one(pg, what, name, err), err) : rc;
}

enum st
nodes_list(struct pg *pg, struct pg_result **out, struct err *err)
{
    enum st rc = pg_run(pg, "cannot list nodes",
                        "SELECT id, name, contact,"
                        " to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                        " (SELECT count(*) FROM tokens WHERE node_id = nodes.id AND"
                        " now() BETWEEN valid_from AND valid_until) FROM nodes ORDER BY name, id",
                        0, NULL, out, err);

    if (rc == ST_DB && strcmp(pg_sqlstate(pg), "42P01") == 0)
        err_hint(err, "nodes are of EIDA's tables: ingest migrate up eida");
    return rc;
}

/* ---- tokens ---- */

static void
make_token(char out[TOKEN_CHARS + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < TOKEN_CHARS; i++)
        out[i] = letters[randombytes_uniform(sizeof letters - 1)];
    out[TOKEN_CHARS] = '\0';
}

static enum st
insert_token(struct pg *pg, const char *what, const char *node_id, const char *from,
             const char *until, struct token_new *out, struct err *err)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    struct bytea_text text;
    const char *values[] = { node_id, out->token, from, until };
    struct pg_result *r;
    bool good;
    enum st rc;

    crypto_hash_sha256(digest, (const unsigned char *)out->token, TOKEN_CHARS);
    if (!out->in_clear)
        values[1] = bytea_text(&text, digest, sizeof digest);
#define INSERT(column, type)                                                                  \
    "INSERT INTO tokens (node_id, " column ", valid_from, valid_until)"                       \
    " VALUES ($1, $2::" type ", coalesce($3::timestamptz, now()),"                            \
    " coalesce($4::timestamptz, '2050-06-06'))"                                               \
    " RETURNING id, valid_until > greatest(valid_from, now())"
    rc = pg_run(pg, what, out->in_clear ? INSERT("value", "varchar") : INSERT("digest", "bytea"),
                4, values, &r, err);
#undef INSERT
    if (rc != ST_OK)
        return rc;
    out->id = (int32_t)pg_int(r, 0, 0);
    good = slice_is(pg_text(r, 0, 1), "t");
    pg_free(r);
    if (good)
        return ST_OK;
    err_fail(err, ST_USAGE, what, "it would never be valid");
    err_hint(err, "--valid-until is to be a day to come, behind --valid-from");
    return ST_USAGE;
}

enum st
tokens_add(struct pg *pg, const char *node, const char *from, const char *until,
           struct token_new *out, struct err *err)
{
    static const char what[] = "cannot add a token";
    struct id_text id;
    bool ours = false;
    enum st rc = begin_alone(pg, what, err);

    *out = (struct token_new){ 0 };
    if (rc != ST_OK)
        return rc;
    if ((rc = find(pg, what, node, &id, err)) == ST_OK &&
        (rc = has_column(pg, what, "tokens", "digest", &ours, err)) == ST_OK) {
        out->in_clear = !ours;
        make_token(out->token);
        rc = insert_token(pg, what, id.text, from, until, out, err);
    }
    return end(pg, rc, err);
}

enum st
tokens_revoke(struct pg *pg, int32_t id, struct err *err)
{
    static const char what[] = "cannot revoke a token";
    struct id_text text;
    const char *values[] = { text.text };
    struct pg_result *r;
    bool has_updated, found;
    enum st rc = has_column(pg, what, "tokens", "updated_at", &has_updated, err);

    if (rc != ST_OK)
        return rc;
    snprintf(text.text, sizeof text.text, "%" PRId32, id);
    rc = pg_run(pg, what,
                has_updated ? "UPDATE tokens SET valid_until = least(valid_until, now()),"
                              " updated_at = now() WHERE id = $1"
                            : "UPDATE tokens SET valid_until = least(valid_until, now())"
                              " WHERE id = $1",
                1, values, &r, err);
    if (rc != ST_OK)
        return rc;
    found = pg_affected(r) == 1;
    pg_free(r);
    if (found)
        return ST_OK;
    err_fail(err, ST_USAGE, what, "there is no token with id %" PRId32, id);
    err_hint(err, "`ingest token list` has the ids");
    return ST_USAGE;
}

enum st
tokens_list(struct pg *pg, const char *node, struct pg_result **out, struct err *err)
{
    static const char what[] = "cannot list tokens";
    struct id_text id;
    enum st rc = node == NULL ? ST_OK : find(pg, what, node, &id, err);
    const char *values[] = { node == NULL ? NULL : id.text };

    if (rc != ST_OK)
        return rc;
    rc = pg_run(pg, what,
                "SELECT t.id, n.name, to_char(t.valid_from, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                " to_char(t.valid_until, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
                " CASE WHEN now() > t.valid_until THEN 'expired'"
                "      WHEN now() < t.valid_from THEN 'not yet' ELSE 'valid' END,"
                " to_char(t.created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                " FROM tokens t LEFT JOIN nodes n ON n.id = t.node_id"
                " WHERE $1::int IS NULL OR t.node_id = $1::int ORDER BY n.name, n.id, t.id",
                1, values, out, err);
    if (rc == ST_DB && strcmp(pg_sqlstate(pg), "42P01") == 0)
        err_hint(err, "tokens are of EIDA's tables: ingest migrate up eida");
    return rc;
}
