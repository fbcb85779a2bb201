/*
 * The lists as files. All seven are written and on disk before the first takes its place; should a
 * place then refuse, the files that were exchanged go back.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "ingest/board.h"
#include "ingest/temporary.h"

static const char what[] = "cannot write the leaderboards";

struct board_files {
    char path[BOARD_LISTS][TEMPORARY_NAME];
    char temporary[BOARD_LISTS][TEMPORARY_NAME]; /* "": none */
    int fd[BOARD_LISTS];                         /* of these; open, they are not swept away */
    bool is_new[BOARD_LISTS];                    /* there was none in its place */
    char dir[TEMPORARY_NAME];
};

static enum st
cannot(const char *path, const char *cause, struct err *err)
{
    err_fail(err, ST_DISK, what, "%s", cause);
    snprintf(err->path, sizeof err->path, "%.255s", path);
    return ST_DISK;
}

/* ---- one list ---- */

void
board_ulid(const uint8_t id[16], char out[27])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    unsigned __int128 v = 0;

    for (size_t i = 0; i < 16; i++)
        v = v << 8 | id[i];
    out[26] = '\0';
    for (size_t i = 26; i > 0; i--, v >>= 5)
        out[i - 1] = digits[(unsigned)v & 31];
}

static bool
list_json(struct buf *out, const struct board *b, size_t list)
{
    char ulid[27];

    buf_text(out, "[");
    for (size_t i = 0; i < b->n_ids[list]; i++) {
        board_ulid(b->ids[list][i], ulid);
        buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", ulid);
    }
    buf_text(out, "]\n");
    return buf_str(out) != NULL;
}

static enum st
write_list(struct board_files *f, const struct board *b, size_t list, mode_t mode, struct err *err)
{
    struct buf text = { 0 };
    enum st rc = ST_OK;
    int fd;

    if (!list_json(&text, b, list)) {
        buf_release(&text);
        return err_memory(err, what);
    }
    fd = f->fd[list] = temporary_beside(f->path[list], f->temporary[list]);
    if (fd < 0 || fchmod(fd, mode) != 0 || !temporary_write(fd, text.p, text.n) || fsync(fd) != 0)
        rc = cannot(f->path[list], strerror(errno), err);
    buf_release(&text);
    return rc;
}

/* ---- all seven ---- */

/* What a killed one left beside the lists. */
static bool
is_list(void *ctx, const char *base)
{
    char name[64];

    (void)ctx;
    for (size_t i = 0; i < BOARD_LISTS; i++) {
        snprintf(name, sizeof name, "%s.json", board_names[i]);
        if (strcmp(base, name) == 0)
            return true;
    }
    return false;
}

/* A directory in a place would let some lists be renamed and then refuse. */
static enum st
look_at_places(const struct board_files *f, struct err *err)
{
    struct stat st;

    for (size_t i = 0; i < BOARD_LISTS; i++)
        if (lstat(f->path[i], &st) == 0 && S_ISDIR(st.st_mode))
            return cannot(f->path[i], "there is a directory of that name", err);
    return ST_OK;
}

static enum st
make_dir(const char *dir, struct err *err)
{
    struct stat st;

    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return cannot(dir, strerror(errno), err);
    if (stat(dir, &st) != 0)
        return cannot(dir, strerror(errno), err);
    return S_ISDIR(st.st_mode) ? ST_OK : cannot(dir, "it is no directory", err);
}

struct board_files *
board_files_write(const struct board *b, const char *dir, struct err *err)
{
    struct board_files *f = calloc(1, sizeof *f);
    mode_t mask = umask(0);
    enum st rc;

    umask(mask);
    if (f == NULL) {
        err_memory(err, what);
        return NULL;
    }
    for (size_t i = 0; i < BOARD_LISTS; i++)
        f->fd[i] = -1;
    rc = make_dir(dir, err);
    snprintf(f->dir, sizeof f->dir, "%s", dir);
    for (size_t i = 0; i < BOARD_LISTS; i++)
        if (snprintf(f->path[i], sizeof f->path[i], "%s/%s.json", dir, board_names[i]) >=
            (int)sizeof f->path[i] - 16)
            rc = cannot(dir, strerror(ENAMETOOLONG), err);
    if (rc == ST_OK)
        rc = look_at_places(f, err);
    if (rc == ST_OK)
        temporary_sweep(dir, is_list, NULL);
    for (size_t i = 0; rc == ST_OK && i < BOARD_LISTS; i++)
        rc = write_list(f, b, i, 0666 & ~mask, err);
    if (rc == ST_OK)
        return f;
    board_files_drop(f);
    return NULL;
}

/* Exchanged, so that the old one can go back; else moved. */
static bool
put(struct board_files *f, size_t i)
{
    if (renameat2(AT_FDCWD, f->temporary[i], AT_FDCWD, f->path[i], RENAME_EXCHANGE) == 0)
        return true;
    f->is_new[i] = errno == ENOENT;
    if (rename(f->temporary[i], f->path[i]) != 0)
        return false;
    f->temporary[i][0] = '\0';
    return true;
}

static void
put_back(struct board_files *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (f->temporary[i][0] != '\0')
            (void)renameat2(AT_FDCWD, f->temporary[i], AT_FDCWD, f->path[i], RENAME_EXCHANGE);
        else if (f->is_new[i])
            (void)unlink(f->path[i]);
}

enum st
board_files_place(struct board_files *f, struct err *err)
{
    enum st rc = ST_OK;
    int fd;

    for (size_t i = 0; rc == ST_OK && i < BOARD_LISTS; i++)
        if (!put(f, i)) {
            rc = cannot(f->path[i], strerror(errno), err);
            put_back(f, i);
        }
    fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        if (fsync(fd) != 0 && rc == ST_OK && errno != EINVAL)
            rc = cannot(f->dir, strerror(errno), err);
        close(fd);
    }
    board_files_drop(f);
    return rc;
}

void
board_files_drop(struct board_files *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < BOARD_LISTS; i++) {
        if (f->temporary[i][0] != '\0')
            unlink(f->temporary[i]);
        if (f->fd[i] >= 0)
            close(f->fd[i]);
    }
    free(f);
}
