/*
 * Whose token is it, and is it valid now? Asked before a run reads anything, and again in the
 * transaction that adds its rows.
 */
#include "ingest/base.h"

#include <sodium.h>

#include "ledger_priv.h"

#include "ingest/token.h"

static const char what[] = "cannot count with this token";

/*
 * The digest alone is sent: a statement may end up in the server's log. EIDA's own table has no
 * column `digest` and ours has: as JSON a row is asked for either.
 */
static const char find[] =
    "SELECT n.id, n.name, now() BETWEEN t.valid_from AND t.valid_until AS valid,"
    " now() < t.valid_from, to_char(t.valid_from, 'YYYY-MM-DD HH24:MI:SS'),"
    " to_char(t.valid_until, 'YYYY-MM-DD HH24:MI:SS')"
    " FROM tokens t JOIN nodes n ON n.id = t.node_id"
    " WHERE coalesce((to_jsonb(t) ->> 'digest')::bytea, sha256(convert_to(t.value, 'UTF8')))"
    " = $1::bytea ORDER BY valid DESC, t.valid_until DESC, n.id";

static enum st
not_valid(const struct pg_result *r, struct err *err)
{
    if (pg_rows(r) == 0)
        err_fail(err, ST_DB, what, "no node has it");
    else if (slice_is(pg_text(r, 0, 3), "t"))
        err_fail(err, ST_DB, what, "it is valid from %s UTC on, not yet", pg_text(r, 0, 4).p);
    else
        err_fail(err, ST_DB, what, "it was valid until %s UTC", pg_text(r, 0, 5).p);
    err_hint(err, "ask who runs the database for another: ingest token add NODE");
    return ST_DB;
}

/* Rows of valid tokens come first. EIDA's table lets two nodes have the same one. */
static enum st
read_node(const struct pg_result *r, const char *node, struct token_node *out, struct err *err)
{
    if (pg_rows(r) == 0 || !slice_is(pg_text(r, 0, 2), "t"))
        return not_valid(r, err);
    for (size_t i = 1; i < pg_rows(r) && slice_is(pg_text(r, i, 2), "t"); i++)
        if (pg_int(r, i, 0) != pg_int(r, 0, 0))
            return err_fail(err, ST_DB, what, "both \"%.80s\" and \"%.80s\" have it",
                            pg_text(r, 0, 1).p, pg_text(r, i, 1).p);
    out->id = (int32_t)pg_int(r, 0, 0);
    snprintf(out->name, sizeof out->name, "%s",
             pg_is_null(r, 0, 1) ? "" : pg_text(r, 0, 1).p);
    if (node == NULL || strcmp(node, out->name) == 0)
        return ST_OK;
    return err_fail(err, ST_USAGE, what, "it belongs to node \"%.80s\", not to \"%.80s\"",
                    out->name, node);
}

enum st
token_check(struct pg *pg, const char *token, const char *node, struct token_node *out,
            struct err *err)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    struct bytea_text text;
    const char *values[1];
    struct pg_result *r;
    enum st rc;

    crypto_hash_sha256(digest, (const unsigned char *)token, strlen(token));
    values[0] = bytea_text(&text, digest, sizeof digest);
    rc = pg_run(pg, what, find, 1, values, &r, err);
    if (rc == ST_DB && strcmp(pg_sqlstate(pg), "42P01") == 0)
        err_hint(err, "tokens are of EIDA's tables: ingest migrate up eida");
    if (rc != ST_OK)
        return rc;
    rc = read_node(r, node, out, err);
    pg_free(r);
    return rc;
}
