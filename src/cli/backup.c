/*
 * `ingest backup DIR` and `ingest backup --check FILE`.
 */
#include "ingest/base.h"

#include "ingest/backup.h"
#include "ingest/dataset.h"
#include "ingest/num.h"
#include "ingest/pg.h"

#include "cli_priv.h"

enum { TABLES_MAX = 32 };

/* Tables of live systems carry no mark: the datasets', and where EIDA notes what it counted. */
static size_t
wanted_tables(struct backup_table *out)
{
    size_t n = 0;

    for (size_t i = 0; datasets[i] != NULL && n < TABLES_MAX - 1; i++)
        out[n++] = (struct backup_table){ datasets[i]->schema, datasets[i]->table };
    out[n++] = (struct backup_table){ NULL, "payloads" };
    return n;
}

static bool
talks(const struct options *o)
{
    return !option_is_on(o, OPT_QUIET) &&
           (option_is_on(o, OPT_VERBOSE) || isatty(STDERR_FILENO) == 1);
}

/* ---- writing ---- */

static enum st
make(const struct options *o, const struct backup_job *job, struct pg *pg, struct err *err)
{
    struct backup_made made;
    int64_t keep = 0;
    enum st rc;

    if (o->value[OPT_KEEP].text != NULL &&
        (!num_u63(slice_of(o->value[OPT_KEEP].text), &keep) || keep < 1))
        return options_bad_value(o, OPT_KEEP, "how many backups stay, at least 1", err);
    rc = backup_write(job, pg, o->arguments[1], (size_t)keep, &made, err);
    if (rc != ST_OK)
        return rc;
    if (!option_is_on(o, OPT_QUIET))
        say_line(stdout, made.path);
    if (talks(o) && !style_is_text())
        say_note("%zu tables, %" PRId64 " rows; %zu older backups removed", made.n_tables,
                 made.n_rows, made.n_removed);
    else if (talks(o))
        fprintf(stderr, "backup   %zu tables, %" PRId64 " rows; %zu older ones removed\n",
                made.n_tables, made.n_rows, made.n_removed);
    return ST_OK;
}

/* ---- checking ---- */

static void
tell_difference(const char *table, int64_t before, int64_t after)
{
    struct err err;

    if (after < 0)
        err_set(&err, ST_CORRUPT, "had %" PRId64 " rows, and is not restored", before);
    else if (after != before)
        err_set(&err, ST_CORRUPT, "had %" PRId64 " rows, and %" PRId64 " are restored", before, after);
    else
        err_set(&err, ST_CORRUPT, "has %" PRId64 " rows as before, and not the same", before);
    snprintf(err.path, sizeof err.path, "%s", table);
    say_error(&err);
}

static void
on_table(void *ctx, const char *schema, const char *table, int64_t before, int64_t after, bool same)
{
    const struct options *o = ctx;
    char name[2 * 64];

    snprintf(name, sizeof name, "%.63s.%.63s", schema, table);
    if (!same)
        tell_difference(name, before, after);
    else if (option_is_on(o, OPT_VERBOSE) && !style_is_text())
        say_note("%s: the same %" PRId64 " rows", name, before);
    else if (option_is_on(o, OPT_VERBOSE)) {
        fputs("same     ", stderr);
        say_text(stderr, name, strlen(name));
        fprintf(stderr, ": %" PRId64 " rows\n", before);
    }
}

/* "--check FILE" and "--check=FILE". */
static const char *
checked_file(const struct options *o)
{
    const char *path = o->value[OPT_CHECK].text;

    if (path != NULL && path[0] == '\0')
        path = o->n_arguments > 1 ? o->arguments[1] : NULL;
    return path;
}

static enum st
check(const struct options *o, const struct backup_job *job, struct pg *pg, bool *different,
      struct err *err)
{
    const char *path = checked_file(o);
    struct backup_checked checked;
    struct options for_table = *o;
    enum st rc = backup_check(job, pg, path, on_table, &for_table, &checked, err);

    if (checked.words[0] != '\0')
        say_note("%s", checked.words);
    if (rc != ST_OK)
        return rc;
    *different = checked.n_different > 0;
    if (option_is_on(o, OPT_QUIET))
        return ST_OK;
    say_text(stdout, path, strlen(path));
    printf(": %zu tables, %" PRId64 " rows", checked.n_tables, checked.n_rows);
    if (*different)
        printf(", %zu tables different\n", checked.n_different);
    else
        puts(", restored the same");
    return ST_OK;
}

/* ---- both ---- */

static enum st
read_words(const struct options *o, struct err *err)
{
    bool checks = o->value[OPT_CHECK].text != NULL;
    bool behind = checks && o->value[OPT_CHECK].text[0] != '\0';

    if (o->n_arguments == (behind ? 1 : 2))
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot read the command line",
             checks && o->n_arguments < 2 ? "the option \"--check\" wants a value"
             : checks             ? "--check FILE is no backup into a directory"
             : o->n_arguments < 2 ? "a directory is missing"
                                  : "one directory is enough");
    err_hint(err, "ingest backup DIR [--keep N]; ingest backup --check FILE");
    return ST_USAGE;
}

/* To check, any server will do: without one that is named the private one. */
static enum st
open_place(const struct options *o, struct place *place, struct err *err)
{
    struct options local = *o;
    bool checks = o->value[OPT_CHECK].text != NULL;
    enum st rc = place_open(place, o, !checks, err);

    if (rc != ST_OK || place->use)
        return rc;
    if (!checks)
        return place_missing(err);
    if ((rc = options_set(&local, OPT_LOCAL, "true", FROM_COMMAND_LINE, err)) != ST_OK)
        return rc;
    return place_open(place, &local, false, err);
}

static enum st
run(const struct options *o, const struct place *place, bool *different, struct err *err)
{
    bool checks = o->value[OPT_CHECK].text != NULL;
    struct backup_table tables[TABLES_MAX];
    char bin[400];
    struct backup_job job = { .bin = bin, .tables = tables, .signals = &signals_seen };
    struct pg *pg;
    enum st rc;

    job.n_tables = wanted_tables(tables);
    if ((rc = local_client_programs(bin, sizeof bin, err)) != ST_OK)
        return rc;
    pg = pg_connect(place->conninfo, checks ? PG_READ_WRITE : PG_READ_ONLY, err);
    if (pg == NULL)
        return err->code;
    rc = checks ? check(o, &job, pg, different, err) : make(o, &job, pg, err);
    pg_close(pg);
    return rc;
}

int
cli_backup(const struct options *o)
{
    struct place place = { .local.users_fd = -1 };
    bool different = false;
    struct err err;
    enum st rc;

    signals_catch();
    if ((rc = read_words(o, &err)) == ST_OK && (rc = open_place(o, &place, &err)) == ST_OK)
        rc = run(o, &place, &different, &err);
    place_close(&place);
    if (rc != ST_OK) {
        say_error(&err);
        return exit_status_of(rc, (int)signals_last);
    }
    return different ? EXIT_REFUSED : 0;
}
