/*
 * Rows on their way into a statement: an array parameter for each column, which the statement
 * unfolds with unnest. One round trip, and one statement, for any number of rows.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

void
columns_begin(struct columns *c, size_t n)
{
    assert(n <= COLUMNS_MAX);
    *c = (struct columns){ .n = n };
    for (size_t i = 0; i < n; i++)
        pg_array_begin(&c->at[i]);
}

void
columns_add_value(struct columns *c, const char *value)
{
    assert(c->n + c->n_more < COLUMNS_MAX);
    c->values[c->n + c->n_more++] = value;
}

enum st
columns_run(struct columns *c, struct pg *pg, const char *what, const char *sql,
            struct pg_result **out, struct err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        c->values[i] = pg_array_end(&c->at[i]);
        if (c->values[i] == NULL)
            return err_memory(err, what);
    }
    return pg_run(pg, what, sql, c->n + c->n_more, c->values, out, err);
}

void
columns_release(struct columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        pg_array_release(&c->at[i]);
}

/* ---- what several statements send ---- */

void
put_file(struct columns *c, size_t at, const struct file_id *file)
{
    pg_array_int(&c->at[at], (int64_t)file->device);
    pg_array_int(&c->at[at + 1], (int64_t)file->inode);
    pg_array_int(&c->at[at + 2], file->size);
    pg_array_int(&c->at[at + 3], file->mtime_ns);
    pg_array_int(&c->at[at + 4], file->ctime_ns);
}

/*
 * Of a very long path the end: a row of an index has no room for more, and the path proves nothing.
 */
#define PATH_STORED_MAX 1024

static void
put_path(struct pg_array *a, const char *path)
{
    size_t n = strlen(path), cut = n > PATH_STORED_MAX ? n - PATH_STORED_MAX : 0;

    pg_array_bytea(a, path + cut, n - cut);
}

static void
put_int(struct pg_array *a, bool known, int64_t v)
{
    if (known)
        pg_array_int(a, v);
    else
        pg_array_null(a);
}

static void
put_digest(struct pg_array *a, bool known, const struct digest *d)
{
    if (known)
        pg_array_bytea(a, d->b, sizeof d->b);
    else
        pg_array_null(a);
}

void
put_sighting(const struct ledger *l, struct columns *c, size_t at, const struct sighting *s)
{
    bool file = s->is_file && l->has_machine, times = file && !s->young;

    put_path(&c->at[at], s->path);
    put_int(&c->at[at + 1], s->is_file, s->file.size);
    put_digest(&c->at[at + 2], s->is_file, &s->stored);
    put_int(&c->at[at + 3], file, (int64_t)s->file.device);
    put_int(&c->at[at + 4], file, (int64_t)s->file.inode);
    put_int(&c->at[at + 5], times, s->file.mtime_ns);
    put_int(&c->at[at + 6], times, s->file.ctime_ns);
    put_digest(&c->at[at + 7], l->has_machine, &l->machine);
}
