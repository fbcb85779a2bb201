/*
 * What a backup holds, table by table. As a file:
 *
 *     ingest backup          1
 *     made                   2026-11-21T234500Z
 *     ingest                 0.1.0
 *     server                 15.8
 *     database               stats
 *     dump                   BYTES    SHA-256
 *     table                  ROWS     SUM     SUM     SCHEMA     NAME        one for each
 *
 * The fields are divided by tabs, and a line feed ends each line.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "ingest/num.h"

#include "backup_priv.h"

#define FILE_BYTES_MAX (64 * MIB) /* lines of a quarter of a million tables */

static const char what_read[] = "cannot read the manifest";

/* ---- tables ---- */

static bool
has_controls(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

enum st
manifest_add(struct manifest *m, struct slice schema, struct slice name, struct err *err)
{
    static const char what[] = "cannot list the tables";
    struct manifest_table *t;

    if (has_controls(schema) || has_controls(name))
        return err_fail(err, ST_DB, "cannot back up this table",
                        "its name or that of its schema holds control characters");
    if (m->n_tables == m->cap) {
        size_t cap = m->cap == 0 ? 32 : m->cap * 2;
        struct manifest_table *more = reallocarray(m->tables, cap, sizeof *more);

        if (more == NULL)
            return err_memory(err, what);
        m->tables = more;
        m->cap = cap;
    }
    t = &m->tables[m->n_tables++];
    *t = (struct manifest_table){ .schema = strndup(schema.p, schema.n),
                                  .name = strndup(name.p, name.n) };
    return t->schema != NULL && t->name != NULL ? ST_OK : err_memory(err, what);
}

void
manifest_release(struct manifest *m)
{
    for (size_t i = 0; i < m->n_tables; i++) {
        free(m->tables[i].schema);
        free(m->tables[i].name);
    }
    free(m->tables);
    *m = (struct manifest){ 0 };
}

/* ---- from a database ---- */

enum st
manifest_pin(struct pg *pg, struct err *err)
{
    return pg_script(pg, "cannot prepare the backup",
                     "SET LOCAL search_path TO pg_catalog; SET LOCAL DateStyle TO ISO;"
                     "SET LOCAL IntervalStyle TO postgres; SET LOCAL TimeZone TO 'UTC';"
                     "SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO hex;"
                     "SET LOCAL row_security TO off; SET LOCAL lock_timeout TO '60s'",
                     err);
}

/*
 * Two sums of hashes of each row's text: rows have no order. 128 bits against chance and damage,
 * not against somebody who would have it so.
 */
enum st
manifest_measure(struct manifest_table *t, struct pg *pg, bool *there, struct err *err)
{
    static const char what[] = "cannot compare a table";
    struct pg_result *r = NULL;
    struct buf sql = { 0 };
    const char *values[] = { t->schema, t->name };
    enum st rc;

    rc = pg_run(pg, what,
                "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')",
                2, values, &r, err);
    *there = rc == ST_OK && pg_rows(r) == 1;
    pg_free(r);
    r = NULL;
    if (!*there)
        return rc;
    buf_text(&sql, "SELECT count(*), coalesce(sum(hashtextextended(line, 0)), 0),"
                   " coalesce(sum(hashtextextended(line, 1)), 0)"
                   " FROM (SELECT ingest_row::text COLLATE \"C\" AS line FROM ");
    pg_ident(pg, &sql, t->schema);
    buf_text(&sql, ".");
    pg_ident(pg, &sql, t->name);
    buf_text(&sql, " AS ingest_row OFFSET 0) AS lines");
    rc = buf_str(&sql) == NULL ? err_memory(err, what) : pg_run(pg, what, sql.p, 0, NULL, &r, err);
    if (rc == ST_OK) {
        t->rows = pg_int(r, 0, 0);
        for (size_t i = 0; i < 2; i++)
            snprintf(t->sums[i], sizeof t->sums[i], "%s", pg_text(r, 0, 1 + i).p);
    }
    pg_free(r);
    buf_release(&sql);
    return rc;
}

/* ---- as text ---- */

bool
manifest_text(const struct manifest *m, struct buf *out)
{
    buf_printf(out, "ingest backup\t1\nmade\t%s\ningest\t%s\nserver\t%s\ndatabase\t%s\n",
               m->made_at, INGEST_VERSION, m->server, m->database);
    buf_printf(out, "dump\t%" PRId64 "\t%s\n", m->dump_bytes, m->dump_sha256);
    for (size_t i = 0; i < m->n_tables; i++) {
        const struct manifest_table *t = &m->tables[i];

        buf_printf(out, "table\t%" PRId64 "\t%s\t%s\t%s\t%s\n", t->rows, t->sums[0], t->sums[1],
                   t->schema, t->name);
    }
    return buf_str(out) != NULL;
}

enum { FIELDS_MAX = 6 };

/* Cuts at tabs, in place; the last field takes the rest. */
static size_t
cut(struct slice line, struct slice fields[FIELDS_MAX])
{
    size_t n = 0;

    while (n < FIELDS_MAX) {
        const char *tab = n + 1 < FIELDS_MAX ? memchr(line.p, '\t', line.n) : NULL;

        fields[n++] = (struct slice){ line.p, tab == NULL ? line.n : (size_t)(tab - line.p) };
        if (tab == NULL)
            break;
        line.n -= (size_t)(tab + 1 - line.p);
        line.p = tab + 1;
    }
    return n;
}

static bool
keep(char *out, size_t cap, struct slice s)
{
    if (s.n >= cap || has_controls(s))
        return false;
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

static bool
read_table(struct manifest *m, const struct slice f[FIELDS_MAX], struct err *err)
{
    struct manifest_table *t;

    if (f[4].n == 0 || f[5].n == 0 || manifest_add(m, f[4], f[5], err) != ST_OK)
        return false;
    t = &m->tables[m->n_tables - 1];
    return num_u63(f[1], &t->rows) && keep(t->sums[0], sizeof t->sums[0], f[2]) &&
           keep(t->sums[1], sizeof t->sums[1], f[3]);
}

/* Lines of other words are a later version's. */
static bool
read_line(struct manifest *m, uint64_t line_no, struct slice line, struct err *err)
{
    struct slice f[FIELDS_MAX];
    size_t n = cut(line, f);

    if (line_no == 1)
        return n == 2 && slice_is(f[0], "ingest backup") && slice_is(f[1], "1");
    if (slice_is(f[0], "made"))
        return n == 2 && keep(m->made_at, sizeof m->made_at, f[1]);
    if (slice_is(f[0], "server"))
        return n == 2 && keep(m->server, sizeof m->server, f[1]);
    if (slice_is(f[0], "database"))
        return n == 2 && keep(m->database, sizeof m->database, f[1]);
    if (slice_is(f[0], "dump"))
        return n == 3 && num_u63(f[1], &m->dump_bytes) && f[2].n == 64 &&
               keep(m->dump_sha256, sizeof m->dump_sha256, f[2]);
    if (slice_is(f[0], "table"))
        return n == 6 && read_table(m, f, err);
    return true;
}

/* A FIFO would be waited for, and a device has no end. */
static FILE *
open_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    FILE *file = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        err_fail(err, ST_IO, what_read, "%s", strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err_fail(err, ST_IO, what_read, "it is no regular file");
    else if ((size_t)st.st_size > FILE_BYTES_MAX)
        err_fail(err, ST_CORRUPT, what_read, "it has more bytes than any that ingest writes");
    else if ((file = fdopen(fd, "r")) == NULL)
        err_memory(err, what_read);
    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

enum st
manifest_read(struct manifest *m, const char *path, struct err *err)
{
    FILE *file = open_file(path, err);
    char *text = NULL;
    size_t cap = 0;
    uint64_t line_no = 0;
    ssize_t n;
    enum st rc = ST_OK;

    *m = (struct manifest){ 0 };
    if (file == NULL) {
        rc = err->code;
    } else {
        err->code = ST_OK;
        while (rc == ST_OK && line_no < 1000000 && (n = getline(&text, &cap, file)) > 0) {
            struct slice line = { text, (size_t)n - (text[n - 1] == '\n') };

            if (!read_line(m, ++line_no, line, err) && (rc = err->code) != ST_MEMORY)
                rc = err_fail(err, ST_CORRUPT, what_read, "this line is not as ingest writes it");
        }
        if (rc == ST_OK && (line_no == 0 || m->dump_sha256[0] == '\0'))
            rc = err_fail(err, ST_CORRUPT, what_read, "it ends too early");
        fclose(file);
    }
    free(text);
    if (rc != ST_OK && rc != ST_MEMORY) {
        snprintf(err->path, sizeof err->path, "%.255s", path);
        err->line_no = rc == ST_CORRUPT ? line_no : 0;
    }
    return rc;
}
