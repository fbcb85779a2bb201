/*
 * Files in: many a statement, each once however often it is put in.
 */
#include "queue_priv.h"

/* A statement's worth: some hundred kB of names at most times. */
#define PUSH_ROWS 1000

/*
 * The order of the files is that of queue_time. The key is a digest because an index holds no 12
 * kB, which a name may be once it is escaped. Sorted by it, so that two who put in the same files
 * do not wait for each other in a circle.
 */
static const char insert[] =
    "INSERT INTO %t (id, queue, job, status, queue_time, unique_key, retry)"
    " SELECT gen_random_uuid(), $1::text,"
    "   jsonb_build_object('file', f.uri, 'walked', f.walked), 'new',"
    "   %now - ($4 - f.at) * interval '1 microsecond',"
    "   $1::text || ' ' || encode(sha256(convert_to(f.uri, 'UTF8')), 'hex'), $5"
    " FROM unnest($2::text[], $3::boolean[]) WITH ORDINALITY AS f(uri, walked, at)"
    " ORDER BY 6 ON CONFLICT DO NOTHING";

static enum st
push_some(struct queue *q, const struct queue_file *files, size_t n, uint64_t *n_new,
          struct err *err)
{
    static const char what[] = "cannot put files into the queue";
    struct pg_array uris, walked;
    struct buf uri = { 0 };
    char rows[24], retries[24];
    const char *values[] = { q->name, NULL, NULL, rows, retries };
    struct pg_result *r = NULL;
    enum st rc = ST_OK;
    bool ok = true;

    pg_array_begin(&uris);
    pg_array_begin(&walked);
    for (size_t i = 0; i < n; i++) {
        buf_reset(&uri);
        ok = file_uri_write(&uri, files[i].path) && ok;
        pg_array_text(&uris, (struct slice){ uri.p, uri.n });
        pg_array_text(&walked, files[i].walked ? SLICE("t") : SLICE("f"));
    }
    snprintf(rows, sizeof rows, "%zu", n);
    snprintf(retries, sizeof retries, "%d", QUEUE_RETRIES);
    values[1] = pg_array_end(&uris);
    values[2] = pg_array_end(&walked);
    if (!ok || values[1] == NULL || values[2] == NULL)
        rc = err_memory(err, what);
    else
        rc = queue_ask(q, what, insert, ARRAY_LEN(values), values, &r, err);
    if (rc == ST_OK)
        *n_new += (uint64_t)pg_affected(r);
    pg_free(r);
    buf_release(&uri);
    pg_array_release(&uris);
    pg_array_release(&walked);
    return rc;
}

enum st
queue_push(struct queue *q, const struct queue_file *files, size_t n, uint64_t *n_new,
           struct err *err)
{
    enum st rc = ST_OK;

    *n_new = 0;
    for (size_t at = 0; at < n && rc == ST_OK; at += PUSH_ROWS)
        rc = push_some(q, files + at, n - at < PUSH_ROWS ? n - at : PUSH_ROWS, n_new, err);
    return rc;
}
