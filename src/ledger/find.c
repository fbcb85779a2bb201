/*
 * Is it known? The tests of docs/EXACTLY-ONCE.md, cheapest first: the same file, the same stored
 * bytes, the same content. Each asks for many inputs at once, so that a directory of 10,000 known
 * files costs one round trip and not 10,000.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

/*
 * The ledger does not know which container a payload came in. A plain file, which is read up to its
 * last LF, has no checksum and as many bytes as its content; a small one of a container without
 * checksums may look so too, and then a caller is only more careful than it need be.
 */
#define UNTERMINATED "s.size > p.length AND p.integrity = 'unverifiable'"

/* Rows (at, payload, rules_id, dataset, unterminated, partial): out[at - 1] is known. */
static enum st
ask_known(struct ledger *l, struct columns *c, const char *what, const char *sql, struct known *out,
          struct err *err)
{
    struct pg_result *r = NULL;
    enum st rc = columns_run(c, l->pg, what, sql, &r, err);

    for (size_t i = 0; rc == ST_OK && i < pg_rows(r); i++)
        known_from_row(r, i, 1, &out[pg_int(r, i, 0) - 1]);
    pg_free(r);
    columns_release(c);
    return rc;
}

enum st
ledger_find_files(struct ledger *l, const struct ledger_scope *scope,
                  const struct file_id *const *files, size_t n, struct known *out, struct err *err)
{
    static const char sql[] =
        "SELECT f.at, s.payload, p.rules_id, p.dataset, " UNTERMINATED ", p.partial"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
        "       WITH ORDINALITY AS f(device, inode, size, mtime_ns, ctime_ns, at)"
        "  JOIN ingest.sightings s ON s.inode = f.inode AND s.device = f.device AND s.size = f.size"
        "       AND s.mtime_ns = f.mtime_ns AND s.ctime_ns = f.ctime_ns AND s.machine = $6::bytea"
        "  JOIN ingest.payloads p ON p.id = s.payload"
        " WHERE ($7::text IS NULL OR p.dataset = $7) AND p.scope IN (0, $8::integer)"
        " ORDER BY s.payload DESC";
    struct bytea_text machine;
    struct columns c;
    char node[16];

    memset(out, 0, n * sizeof *out);
    if (!l->has_machine || n == 0)
        return ST_OK;
    columns_begin(&c, 5);
    for (size_t i = 0; i < n; i++)
        put_file(&c, 0, files[i]);
    snprintf(node, sizeof node, "%" PRId32, scope->node);
    columns_add_value(&c, bytea_text(&machine, l->machine.b, sizeof l->machine.b));
    columns_add_value(&c, scope->dataset);
    columns_add_value(&c, node);
    return ask_known(l, &c, "cannot ask the ledger for files", sql, out, err);
}

enum st
ledger_find_sizes(struct ledger *l, const struct ledger_scope *scope, const int64_t *sizes,
                  size_t n, struct known_stored **out, size_t *n_out, struct err *err)
{
    static const char sql[] =
        "SELECT DISTINCT s.size, s.stored, s.payload, p.rules_id, p.dataset, " UNTERMINATED ", p.partial"
        "  FROM ingest.sightings s JOIN ingest.payloads p ON p.id = s.payload"
        " WHERE s.size = ANY ($1::bigint[]) AND s.stored IS NOT NULL"
        "   AND ($2::text IS NULL OR p.dataset = $2) AND p.scope IN (0, $3::integer)"
        " ORDER BY s.size, s.payload";
    static const char what[] = "cannot ask the ledger for sizes";
    struct pg_result *r = NULL;
    struct columns c;
    char node[16];
    enum st rc;

    *out = NULL;
    *n_out = 0;
    if (n == 0)
        return ST_OK;
    columns_begin(&c, 1);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&c.at[0], sizes[i]);
    snprintf(node, sizeof node, "%" PRId32, scope->node);
    columns_add_value(&c, scope->dataset);
    columns_add_value(&c, node);
    rc = columns_run(&c, l->pg, what, sql, &r, err);
    columns_release(&c);
    if (rc != ST_OK)
        return rc;
    *out = calloc(pg_rows(r) + 1, sizeof **out);
    if (*out == NULL)
        rc = err_memory(err, what);
    for (size_t i = 0; *out != NULL && i < pg_rows(r); i++) {
        struct known_stored *k = &(*out)[(*n_out)++];

        k->size = pg_int(r, i, 0);
        pg_bytea(r, i, 1, k->stored.b, sizeof k->stored.b);
        known_from_row(r, i, 2, &k->known);
    }
    pg_free(r);
    return rc;
}

enum st
ledger_find_hashes(struct ledger *l, const struct ledger_key *const *keys, size_t n,
                   struct known *out, struct err *err)
{
    static const char sql[] =
        "SELECT k.at, p.id, p.rules_id, p.dataset, false, p.partial"
        "  FROM unnest($1::integer[], $2::text[], $3::bytea[]) WITH ORDINALITY AS k(scope, dataset, hash, at)"
        "  JOIN ingest.payloads p ON p.scope = k.scope AND p.dataset = k.dataset AND p.hash = k.hash";
    struct columns c;

    memset(out, 0, n * sizeof *out);
    if (n == 0)
        return ST_OK;
    columns_begin(&c, 3);
    for (size_t i = 0; i < n; i++) {
        pg_array_int(&c.at[0], keys[i]->scope);
        pg_array_text(&c.at[1], slice_of(keys[i]->dataset));
        pg_array_bytea(&c.at[2], keys[i]->hash.b, sizeof keys[i]->hash.b);
    }
    return ask_known(l, &c, "cannot ask the ledger for payloads", sql, out, err);
}

enum st
ledger_find_contents(struct ledger *l, const struct ledger_scope *scope,
                     const struct identity *const *contents, size_t n, struct known *out,
                     struct err *err)
{
    /* By the head, which has an index of its own. */
    static const char sql[] =
        "SELECT k.at, p.id, p.rules_id, p.dataset, false, p.partial"
        "  FROM unnest($1::bytea[], $2::bytea[]) WITH ORDINALITY AS k(head, hash, at)"
        "  JOIN ingest.payloads p ON p.head = k.head AND p.hash = k.hash"
        " WHERE ($3::text IS NULL OR p.dataset = $3) AND p.scope IN (0, $4::integer)"
        " ORDER BY p.id DESC";
    struct columns c;
    char node[16];

    memset(out, 0, n * sizeof *out);
    if (n == 0)
        return ST_OK;
    columns_begin(&c, 2);
    for (size_t i = 0; i < n; i++) {
        pg_array_bytea(&c.at[0], contents[i]->head.b, sizeof contents[i]->head.b);
        pg_array_bytea(&c.at[1], contents[i]->hash.b, sizeof contents[i]->hash.b);
    }
    snprintf(node, sizeof node, "%" PRId32, scope->node);
    columns_add_value(&c, scope->dataset);
    columns_add_value(&c, node);
    return ask_known(l, &c, "cannot ask the ledger for payloads", sql, out, err);
}
