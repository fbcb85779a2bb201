/*
 * Writing a backup: tables are found, measured and dumped in one snapshot, which pg_dump shares.
 * What takes its place is whole and on disk: first the manifest, then the dump that it belongs to.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "ingest/temporary.h"

#include "backup_priv.h"

static const char what[] = "cannot write the backup";

static enum st
cannot(const char *path, struct err *err)
{
    err_fail(err, ST_DISK, what, "%s", strerror(errno));
    snprintf(err->path, sizeof err->path, "%.255s", path);
    return ST_DISK;
}

enum st
file_sha256(int fd, const char *path, char out[65], int64_t *n, struct err *err)
{
    enum { PIECE = 1 << 16 };
    crypto_hash_sha256_state state;
    uint8_t digest[crypto_hash_sha256_BYTES], *piece = malloc(PIECE);
    ssize_t got;

    if (piece == NULL)
        return err_memory(err, "cannot read the backup");
    crypto_hash_sha256_init(&state);
    *n = 0;
    while ((got = pread(fd, piece, PIECE, *n)) > 0 || (got < 0 && errno == EINTR)) {
        if (got < 0)
            continue;
        crypto_hash_sha256_update(&state, piece, (size_t)got);
        *n += got;
    }
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(out, 65, digest, sizeof digest);
    free(piece);
    if (got == 0)
        return ST_OK;
    err_fail(err, ST_IO, "cannot read the backup", "%s", strerror(errno));
    snprintf(err->path, sizeof err->path, "%.255s", path);
    return ST_IO;
}

/* ---- the snapshot ---- */

static enum st
open_snapshot(struct pg *pg, struct manifest *m, char snapshot[64], struct err *err)
{
    static const char begin[] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    static const char sql[] = "SELECT pg_export_snapshot(),"
                              " to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24MISS\"Z\"'),"
                              " current_setting('server_version'), current_database()";
    struct pg_result *r = NULL;
    enum st rc = pg_script(pg, what, begin, err);

    if (rc == ST_OK)
        rc = pg_run(pg, what, sql, 0, NULL, &r, err);
    if (rc == ST_OK) {
        snprintf(snapshot, 64, "%s", pg_text(r, 0, 0).p);
        snprintf(m->made_at, sizeof m->made_at, "%s", pg_text(r, 0, 1).p);
        snprintf(m->server, sizeof m->server, "%.*s", (int)strcspn(pg_text(r, 0, 2).p, " "),
                 pg_text(r, 0, 2).p);
        snprintf(m->database, sizeof m->database, "%s", pg_text(r, 0, 3).p);
    }
    pg_free(r);
    return rc;
}

static enum st
measure_all(struct pg *pg, struct manifest *m, const struct backup_job *job, struct err *err)
{
    enum st rc = manifest_pin(pg, err);
    bool there;

    for (size_t i = 0; rc == ST_OK && i < m->n_tables; i++) {
        if (job->signals != NULL && *job->signals > 0)
            return err_fail(err, ST_STOPPED, "stopped", "a signal came");
        rc = manifest_measure(&m->tables[i], pg, &there, err);
    }
    return rc;
}

/* ---- the files ---- */

struct files {
    const char *dir;
    char path[2][TEMPORARY_NAME], temporary[2][TEMPORARY_NAME]; /* of the manifest, of the dump */
    int fd[2];
};
enum { MANIFEST, DUMP };

static enum st
files_open(struct files *f, const char *dir, const char *made_at, struct err *err)
{
    static const char *const suffix[] = { MANIFEST_SUFFIX, DUMP_SUFFIX };

    *f = (struct files){ .dir = dir, .fd = { -1, -1 } };
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return cannot(dir, err);
    old_sweep(dir);
    for (int i = 0; i < 2; i++) {
        snprintf(f->path[i], sizeof f->path[i], "%.4000s/ingest-%.31s%s", dir, made_at, suffix[i]);
        if (access(f->path[i], F_OK) == 0) {
            errno = EEXIST;
            return cannot(f->path[i], err);
        }
        f->fd[i] = temporary_beside(f->path[i], f->temporary[i]);
        if (f->fd[i] < 0)
            return cannot(f->path[i], err);
    }
    return ST_OK;
}

static void
files_close(struct files *f)
{
    for (int i = 0; i < 2; i++) {
        if (f->fd[i] >= 0)
            close(f->fd[i]);
        if (f->temporary[i][0] != '\0')
            unlink(f->temporary[i]);
    }
}

static enum st
write_manifest(struct files *f, const struct manifest *m, struct err *err)
{
    struct buf text = { 0 };
    enum st rc = ST_OK;

    if (!manifest_text(m, &text))
        rc = err_memory(err, what);
    else if (!temporary_write(f->fd[MANIFEST], text.p, text.n))
        rc = cannot(f->path[MANIFEST], err);
    buf_release(&text);
    return rc;
}

/* Another one of the same second is not replaced. */
static bool
take_place(struct files *f, int i)
{
    if (renameat2(AT_FDCWD, f->temporary[i], AT_FDCWD, f->path[i], RENAME_NOREPLACE) != 0 &&
        (errno != EINVAL || rename(f->temporary[i], f->path[i]) != 0))
        return false;
    f->temporary[i][0] = '\0';
    return true;
}

static enum st
files_place(struct files *f, struct err *err)
{
    int dir;
    enum st rc = ST_OK;

    for (int i = 0; i < 2; i++)
        if (fsync(f->fd[i]) != 0)
            return cannot(f->path[i], err);
    if (!take_place(f, MANIFEST))
        return cannot(f->path[MANIFEST], err);
    if (!take_place(f, DUMP)) {
        rc = cannot(f->path[DUMP], err);
        unlink(f->path[MANIFEST]);
        return rc;
    }
    dir = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || (fsync(dir) != 0 && errno != EINVAL))
        rc = cannot(f->dir, err);
    if (dir >= 0)
        close(dir);
    return rc;
}

/* ---- pg_dump ---- */

static enum st
run_pg_dump(const struct backup_job *job, struct pg *pg, struct arguments *a, int out_fd,
            struct err *err)
{
    struct program p = {
        .job = job, .name = "pg_dump", .argv = a->text, .in_fd = -1, .out_fd = out_fd
    };
    char **env = pg_environment(pg);
    int status = 0;
    enum st rc;

    p.env = env;
    rc = env == NULL ? err_memory(err, what) : program_run(&p, &status, err);
    pg_environment_free(env);
    if (rc != ST_OK || status == 0)
        return rc;
    err_fail(err, ST_DB, what, "%s",
             p.words[0] != '\0' ? p.words : "pg_dump failed and did not say why");
    if (strstr(p.words, "server version mismatch") != NULL)
        err_hint(err, "pg_dump of %s is older than the server: install a newer postgresql-client",
                 job->bin);
    else if (strstr(p.words, "permission denied") != NULL)
        err_hint(err, "the role needs USAGE on the schemas, and SELECT on the tables and "
                      "sequences, that it backs up");
    return ST_DB;
}

static enum st
dump(const struct backup_job *job, struct pg *pg, struct files *f, struct manifest *m,
     const char *snapshot, struct arguments *selected, struct err *err)
{
    struct arguments a = { 0 };
    enum st rc;

    arguments_add(&a, "pg_dump");
    arguments_add(&a, "--format=custom");
    arguments_add(&a, "--no-password");
    arguments_add(&a, "--lock-wait-timeout=60000");
    arguments_add(&a, "--snapshot=%s", snapshot);
    arguments_add(&a, "--extension=*"); /* with --schema none would come along otherwise */
    for (size_t i = 0; i < selected->n; i++)
        arguments_add(&a, "%s", selected->text[i]);
    rc = a.failed ? err_memory(err, what) : run_pg_dump(job, pg, &a, f->fd[DUMP], err);
    arguments_release(&a);
    if (rc == ST_OK)
        rc = file_sha256(f->fd[DUMP], f->path[DUMP], m->dump_sha256, &m->dump_bytes, err);
    return rc;
}

enum st
backup_write(const struct backup_job *job, struct pg *pg, const char *dir, size_t keep,
             struct backup_made *made, struct err *err)
{
    struct manifest m = { 0 };
    struct arguments selected = { 0 };
    struct files files = { .fd = { -1, -1 } };
    char snapshot[64];
    enum st rc;

    *made = (struct backup_made){ 0 };
    if ((rc = open_snapshot(pg, &m, snapshot, err)) == ST_OK &&
        (rc = tables_find(job, pg, &m, &selected, err)) == ST_OK &&
        (rc = files_open(&files, dir, m.made_at, err)) == ST_OK &&
        (rc = measure_all(pg, &m, job, err)) == ST_OK &&
        (rc = dump(job, pg, &files, &m, snapshot, &selected, err)) == ST_OK &&
        (rc = write_manifest(&files, &m, err)) == ST_OK)
        rc = files_place(&files, err);
    pg_rollback(pg); /* nothing was changed; the snapshot may go */
    files_close(&files);
    if (rc == ST_OK && keep > 0)
        rc = old_remove(dir, m.database, keep, &made->n_removed, err);
    snprintf(made->path, sizeof made->path, "%s", files.path[DUMP]);
    made->n_tables = m.n_tables;
    for (size_t i = 0; i < m.n_tables; i++)
        made->n_rows += m.tables[i].rows;
    arguments_release(&selected);
    manifest_release(&m);
    return rc;
}
