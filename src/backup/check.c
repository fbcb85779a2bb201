/*
 * Is a backup any good? It is restored into a database of its own, and each table measured as it
 * was when it was dumped.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "backup_priv.h"

static const char what[] = "cannot check the backup";

struct check {
    const struct backup_job *job;
    struct pg *pg; /* the server's */
    const char *path;
    int fd;
    struct manifest manifest; /* what it should hold */
    char database[SPARE_NAME];
};

/* ---- the file ---- */

static enum st
fail_at(const struct check *c, enum st code, const char *cause, struct err *err)
{
    err_fail(err, code, what, "%s", cause);
    snprintf(err->path, sizeof err->path, "%.255s", c->path);
    return code;
}

static enum st
read_beside(struct check *c, struct err *err)
{
    size_t n = strlen(c->path);
    char path[4400];

    if (n < sizeof DUMP_SUFFIX || strcmp(c->path + n - strlen(DUMP_SUFFIX), DUMP_SUFFIX) != 0) {
        fail_at(c, ST_IO, "its name does not end in \"" DUMP_SUFFIX "\"", err);
        err_hint(err, "name the dump; its manifest stands beside it");
        return ST_IO;
    }
    snprintf(path, sizeof path, "%.*s" MANIFEST_SUFFIX, (int)(n - strlen(DUMP_SUFFIX)), c->path);
    return manifest_read(&c->manifest, path, err);
}

static enum st
look_at_file(struct check *c, struct err *err)
{
    char sha256[65];
    struct stat st;
    int64_t n;
    enum st rc;

    c->fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (c->fd < 0 || fstat(c->fd, &st) != 0)
        return fail_at(c, ST_IO, strerror(errno), err);
    if (!S_ISREG(st.st_mode))
        return fail_at(c, ST_IO, "it is no regular file", err);
    if ((rc = file_sha256(c->fd, c->path, sha256, &n, err)) != ST_OK)
        return rc;
    if (n == c->manifest.dump_bytes && strcmp(sha256, c->manifest.dump_sha256) == 0)
        return ST_OK;
    fail_at(c, ST_CORRUPT, "it is not the file that was written: its SHA-256 is another", err);
    err_hint(err, "its manifest says %" PRId64 " bytes, and here are %" PRId64,
             c->manifest.dump_bytes, n);
    return ST_CORRUPT;
}

/* ---- restoring ---- */

/*
 * Roles of the server it came from need not be here. What it complains about is told, but only the
 * tables decide: a dump of a part of a database may name functions that nobody needs.
 */
static enum st
restore(struct check *c, struct backup_checked *checked, struct err *err)
{
    struct program p = { .job = c->job, .name = "pg_restore", .in_fd = c->fd, .out_fd = -1 };
    char **env = pg_environment(c->pg);
    struct arguments a = { 0 };
    int status = 0;
    enum st rc;

    arguments_add(&a, "pg_restore");
    arguments_add(&a, "--no-owner");
    arguments_add(&a, "--no-acl");
    arguments_add(&a, "--no-tablespaces");
    arguments_add(&a, "--no-password");
    arguments_add(&a, "--clean"); /* the schema public is there already */
    arguments_add(&a, "--if-exists");
    arguments_add(&a, "--dbname=%s", c->database);
    p.argv = a.text;
    p.env = env;
    if (env == NULL || a.failed)
        rc = err_memory(err, what);
    else if (lseek(c->fd, 0, SEEK_SET) != 0)
        rc = fail_at(c, ST_IO, strerror(errno), err);
    else
        rc = program_run(&p, &status, err);
    if (rc == ST_OK && status != 0)
        snprintf(checked->words, sizeof checked->words, "%s",
                 p.words[0] != '\0' ? p.words : "pg_restore failed and did not say why");
    pg_environment_free(env);
    arguments_release(&a);
    return rc;
}

/* ---- comparing ---- */

static enum st
compare_table(const struct manifest_table *was, struct pg *pg, backup_found *found, void *ctx,
              struct backup_checked *checked, struct err *err)
{
    struct manifest_table is = { .schema = was->schema, .name = was->name };
    bool there, same;
    enum st rc = manifest_measure(&is, pg, &there, err);

    if (rc != ST_OK)
        return rc;
    same = there && is.rows == was->rows && strcmp(is.sums[0], was->sums[0]) == 0 &&
           strcmp(is.sums[1], was->sums[1]) == 0;
    checked->n_tables++;
    checked->n_rows += was->rows;
    checked->n_different += !same;
    found(ctx, was->schema, was->name, was->rows, there ? is.rows : -1, same);
    return ST_OK;
}

static enum st
compare(struct check *c, backup_found *found, void *ctx, struct backup_checked *checked,
        struct err *err)
{
    struct pg *pg = pg_connect_beside(c->pg, c->database, PG_READ_ONLY, err);
    enum st rc;

    if (pg == NULL)
        return err->code;
    if ((rc = pg_begin(pg, err)) == ST_OK)
        rc = manifest_pin(pg, err);
    for (size_t i = 0; rc == ST_OK && i < c->manifest.n_tables; i++) {
        if (c->job->signals != NULL && *c->job->signals > 0)
            rc = err_fail(err, ST_STOPPED, "stopped", "a signal came");
        else
            rc = compare_table(&c->manifest.tables[i], pg, found, ctx, checked, err);
    }
    pg_close(pg);
    return rc;
}

enum st
backup_check(const struct backup_job *job, struct pg *pg, const char *path, backup_found *found,
             void *ctx, struct backup_checked *checked, struct err *err)
{
    struct check c = { .job = job, .pg = pg, .path = path, .fd = -1 };
    enum st rc;

    *checked = (struct backup_checked){ 0 };
    if ((rc = read_beside(&c, err)) == ST_OK && (rc = look_at_file(&c, err)) == ST_OK &&
        (rc = spare_make(pg, c.database, err)) == ST_OK) {
        if ((rc = restore(&c, checked, err)) == ST_OK)
            rc = compare(&c, found, ctx, checked, err);
        spare_drop(pg, c.database);
    }
    if (c.fd >= 0)
        close(c.fd);
    manifest_release(&c.manifest);
    return rc;
}
