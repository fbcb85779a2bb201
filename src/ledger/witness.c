/*
 * Is this the secret that the ledger's payloads were digested under? Restored without its settings,
 * or beside those of another ledger, it would know no log again, and count every one a second time.
 * So each payload has a witness of the secret with it.
 *
 *   the first 8 bytes of SHA-256("ingest: witness of the block secret" || the secret)
 */
#include "ingest/base.h"

#include <sodium.h>

#include "ledger_priv.h"

static const char what[] = "cannot use the ledger";
static const char way_out[] =
    "restore schema ingest as a whole, from one backup; is the secret lost for ever: docs/KEYS.md, "
    "\"The ledger's secret\"";

void
witness_of(const void *secret, size_t n, uint8_t out[WITNESS_BYTES])
{
    static const char words[] = "ingest: witness of the block secret";
    crypto_hash_sha256_state state;
    uint8_t digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)words, sizeof words - 1);
    crypto_hash_sha256_update(&state, secret, n);
    crypto_hash_sha256_final(&state, digest);
    memcpy(out, digest, WITNESS_BYTES);
}

enum st
witness_of_less(struct ledger *l, struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what,
                        "SELECT to_regclass('ingest.payloads') IS NOT NULL"
                        " AND to_regclass('ingest.settings') IS NULL",
                        0, NULL, &r, err);

    if (rc == ST_OK && slice_is(pg_text(r, 0, 0), "t")) {
        rc = err_fail(err, ST_DB, what,
                      "it has lost the table ingest.settings, and with it the secret that its "
                      "payloads were digested under");
        err_hint(err, "%s", way_out);
    }
    pg_free(r);
    return rc;
}

/* Of the oldest payload and of the youngest. An older ledger has no such column, an older program leaves it empty. */
static const char sql[] =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = 'ingest.payloads'::regclass"
    "  AND attname = 'witness' AND NOT attisdropped),"
    " coalesce(has_table_privilege(to_regclass('ingest.key_epochs')::oid, 'SELECT'), false),"
    " EXISTS (SELECT FROM ingest.payloads),"
    " (SELECT (to_jsonb(p) ->> 'witness')::bytea FROM ingest.payloads p ORDER BY id LIMIT 1),"
    " (SELECT (to_jsonb(p) ->> 'witness')::bytea FROM ingest.payloads p ORDER BY id DESC LIMIT 1)";

static bool
speaks_against(const struct pg_result *r, size_t col, const uint8_t witness[WITNESS_BYTES])
{
    uint8_t there[WITNESS_BYTES];

    if (pg_is_null(r, 0, col))
        return false;
    return pg_bytea(r, 0, col, there, sizeof there) != sizeof there ||
           memcmp(there, witness, sizeof there) != 0;
}

enum st
witness_ask(struct ledger *l, const void *secret, size_t n, struct err *err)
{
    uint8_t witness[WITNESS_BYTES];
    struct pg_result *r = NULL;
    enum st rc = pg_run(l->pg, what, sql, 0, NULL, &r, err);

    if (rc != ST_OK)
        return rc;
    l->has_witness = slice_is(pg_text(r, 0, 0), "t");
    l->keeps_epochs = slice_is(pg_text(r, 0, 1), "t");
    witness_of(secret, n, witness);
    if (n == 0 && slice_is(pg_text(r, 0, 2), "t")) {
        rc = err_fail(err, ST_DB, what,
                      "it has payloads, and not the secret that they were digested under "
                      "(block_secret in ingest.settings): every log would count as new");
        err_hint(err, "%s", way_out);
    } else if (n > 0 && (speaks_against(r, 3, witness) || speaks_against(r, 4, witness))) {
        rc = err_fail(err, ST_DB, what,
                      "its payloads were digested under another secret than block_secret in "
                      "ingest.settings: every log would count as new");
        err_hint(err, "%s", way_out);
    }
    pg_free(r);
    return rc;
}
