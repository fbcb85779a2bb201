/*
 * Is it known? The tests of docs/EXACTLY-ONCE.md, cheapest first: the same file, the same stored bytes, the
 * same content. Each asks for many inputs at once, so that a directory of 10,000 known files costs
 * one round trip and not 10,000.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

static void
begin_all(struct pg_array *arrays, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pg_array_begin(&arrays[i]);
}

static void
release_all(struct pg_array *arrays, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pg_array_release(&arrays[i]);
}

/* false: no memory. */
static bool
end_all(struct pg_array *arrays, size_t n, const char **values)
{
    bool ok = true;

    for (size_t i = 0; i < n; i++) {
        values[i] = pg_array_end(&arrays[i]);
        ok = ok && values[i] != NULL;
    }
    return ok;
}

enum st
ledger_find_files(struct ledger *l, const struct ledger_scope *scope,
                  const struct file_id *const *files, size_t n, struct known *out, struct err *err)
{
    static const char sql[] =
        "SELECT f.at, s.payload, p.rules_id, p.dataset"
        "  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"
        "       WITH ORDINALITY AS f(device, inode, size, mtime_ns, ctime_ns, at)"
        "  JOIN ingest.sightings s ON s.inode = f.inode AND s.device = f.device AND s.size = f.size"
        "       AND s.mtime_ns = f.mtime_ns AND s.ctime_ns = f.ctime_ns AND s.machine = $6::bytea"
        "  JOIN ingest.payloads p ON p.id = s.payload"
        " WHERE ($7::text IS NULL OR p.dataset = $7) AND p.scope IN (0, $8::integer)"
        " ORDER BY s.payload DESC";
    struct pg_array arrays[5];
    struct bytea_text machine;
    struct pg_result *r;
    const char *values[8];
    char node[16];
    enum st rc;

    memset(out, 0, n * sizeof *out);
    if (!l->has_machine || n == 0)
        return ST_OK;
    begin_all(arrays, 5);
    for (size_t i = 0; i < n; i++) {
        pg_array_int(&arrays[0], (int64_t)files[i]->device);
        pg_array_int(&arrays[1], (int64_t)files[i]->inode);
        pg_array_int(&arrays[2], files[i]->size);
        pg_array_int(&arrays[3], files[i]->mtime_ns);
        pg_array_int(&arrays[4], files[i]->ctime_ns);
    }
    if (!end_all(arrays, 5, values)) {
        rc = err_memory(err, "cannot ask the ledger for files");
        goto release;
    }
    snprintf(node, sizeof node, "%" PRId32, scope->node);
    values[5] = bytea_text(&machine, l->machine.b, sizeof l->machine.b);
    values[6] = scope->dataset;
    values[7] = node;
    rc = pg_run(l->pg, "cannot ask the ledger for files", sql, 8, values, &r, err);
    if (rc != ST_OK)
        goto release;
    for (size_t i = 0; i < pg_rows(r); i++)
        known_from_row(r, i, 1, &out[pg_int(r, i, 0) - 1]);
    pg_free(r);
release:
    release_all(arrays, 5);
    return rc;
}

enum st
ledger_find_sizes(struct ledger *l, const struct ledger_scope *scope, const int64_t *sizes,
                  size_t n, struct known_stored **out, size_t *n_out, struct err *err)
{
    static const char sql[] =
        "SELECT DISTINCT s.size, s.stored, s.payload, p.rules_id, p.dataset"
        "  FROM ingest.sightings s JOIN ingest.payloads p ON p.id = s.payload"
        " WHERE s.size = ANY ($1::bigint[]) AND s.stored IS NOT NULL"
        "   AND ($2::text IS NULL OR p.dataset = $2) AND p.scope IN (0, $3::integer)"
        " ORDER BY s.size, s.payload";
    struct pg_array array;
    struct pg_result *r;
    const char *values[3];
    char node[16];
    enum st rc;

    *out = NULL;
    *n_out = 0;
    if (n == 0)
        return ST_OK;
    pg_array_begin(&array);
    for (size_t i = 0; i < n; i++)
        pg_array_int(&array, sizes[i]);
    snprintf(node, sizeof node, "%" PRId32, scope->node);
    values[1] = scope->dataset;
    values[2] = node;
    if (!end_all(&array, 1, values)) {
        rc = err_memory(err, "cannot ask the ledger for sizes");
        goto release;
    }
    rc = pg_run(l->pg, "cannot ask the ledger for sizes", sql, 3, values, &r, err);
    if (rc != ST_OK)
        goto release;
    *out = calloc(pg_rows(r) + 1, sizeof **out);
    if (*out == NULL)
        rc = err_memory(err, "cannot ask the ledger for sizes");
    for (size_t i = 0; *out != NULL && i < pg_rows(r); i++) {
        struct known_stored *k = &(*out)[(*n_out)++];

        k->size = pg_int(r, i, 0);
        pg_bytea(r, i, 1, k->stored.b, sizeof k->stored.b);
        known_from_row(r, i, 2, &k->known);
    }
    pg_free(r);
release:
    pg_array_release(&array);
    return rc;
}

enum st
ledger_find_hashes(struct ledger *l, const struct ledger_key *const *keys, size_t n,
                   struct known *out, struct err *err)
{
    static const char sql[] =
        "SELECT k.at, p.id, p.rules_id, p.dataset"
        "  FROM unnest($1::integer[], $2::text[], $3::bytea[]) WITH ORDINALITY AS k(scope, dataset, hash, at)"
        "  JOIN ingest.payloads p ON p.scope = k.scope AND p.dataset = k.dataset AND p.hash = k.hash";
    struct pg_array arrays[3];
    struct pg_result *r;
    const char *values[3];
    enum st rc;

    memset(out, 0, n * sizeof *out);
    if (n == 0)
        return ST_OK;
    begin_all(arrays, 3);
    for (size_t i = 0; i < n; i++) {
        pg_array_int(&arrays[0], keys[i]->scope);
        pg_array_text(&arrays[1], slice_of(keys[i]->dataset));
        pg_array_bytea(&arrays[2], keys[i]->hash.b, sizeof keys[i]->hash.b);
    }
    if (!end_all(arrays, 3, values)) {
        rc = err_memory(err, "cannot ask the ledger for payloads");
        goto release;
    }
    rc = pg_run(l->pg, "cannot ask the ledger for payloads", sql, 3, values, &r, err);
    if (rc != ST_OK)
        goto release;
    for (size_t i = 0; i < pg_rows(r); i++)
        known_from_row(r, i, 1, &out[pg_int(r, i, 0) - 1]);
    pg_free(r);
release:
    release_all(arrays, 3);
    return rc;
}
