/*
 * What a run leaves beside the database: the list of files that may go, and the rejected lines.
 * Whoever deletes by a list must never find an old one: it is gone before the run begins.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "ingest/run.h"
#include "ingest/temporary.h"

#include "cli_priv.h"

static enum st
cannot(const char *path, enum st code, const char *cause, struct err *err)
{
    err_fail(err, code, "cannot write the list of what is done", "%s", cause);
    snprintf(err->path, sizeof err->path, "%s", path);
    return code;
}

/*
 * Of "--done logs/x*" the shell makes the first log the list, which would be deleted. A list is
 * empty, or ends in NUL and does not begin like something compressed.
 */
static bool
is_list(const char *path)
{
    static const struct slice others[] = { SLICE("\x1f\x8b"), SLICE("\x28\xb5\x2f\xfd"),
                                           SLICE("\xfd" "7zXZ"), SLICE("BZh91AY&SY") };
    FILE *file = fopen(path, "re");
    char head[16];
    struct slice beginning = { head, 0 };
    int last = '\0';

    if (file == NULL)
        return errno == ENOENT;
    beginning.n = fread(head, 1, sizeof head, file);
    if (beginning.n > 0)
        last = fseek(file, -1, SEEK_END) == 0 ? getc(file) : EOF;
    fclose(file);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (slice_starts(beginning, others[i]))
            return false;
    return last == '\0';
}

/* The list of the run before may be the list of what is read now: it must be read first. */
static bool
is_read(const struct stat *st, const char *files_from)
{
    struct stat list;

    return files_from != NULL && stat(files_from, &list) == 0 && list.st_dev == st->st_dev &&
           list.st_ino == st->st_ino;
}

static enum st
open_done(struct keep *k, const struct options *o, const struct run_config *c, struct err *err)
{
    struct stat st;
    bool is_there = stat(k->done_path, &st) == 0;

    if (c->sink != RUN_TO_DATABASE)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--done lists what is in the database, and nothing is written into one");
    if (is_there && !S_ISREG(st.st_mode))
        return cannot(k->done_path, ST_USAGE,
                      "there is something of that name that is no regular file", err);
    if (is_there && is_read(&st, o->value[OPT_FILES_FROM].text))
        return cannot(k->done_path, ST_USAGE, "it is the list of --files-from", err);
    if (!is_list(k->done_path)) {
        cannot(k->done_path, ST_USAGE, "there is a file of that name, and it is no such list", err);
        err_hint(err, "a log would be lost; name another file, or remove this one yourself");
        return ST_USAGE;
    }
    if (unlink(k->done_path) != 0 && errno != ENOENT)
        return cannot(k->done_path, ST_USAGE, strerror(errno), err);
    k->fd = temporary_beside(k->done_path, k->temporary);
    if (k->fd < 0)
        return cannot(k->done_path, ST_USAGE, strerror(errno), err);
    k->done = calloc(1, sizeof *k->done);
    return k->done != NULL ? ST_OK : err_memory(err, "cannot list what is done");
}

enum st
keep_open(struct keep *k, const struct options *o, struct run_config *c, struct err *err)
{
    const char *rejects = o->value[OPT_REJECTS].text;
    enum st rc;

    *k = (struct keep){ .done_path = o->value[OPT_DONE].text, .fd = -1 };
    if (k->done_path != NULL && (rc = open_done(k, o, c, err)) != ST_OK)
        return rc;
    if (rejects != NULL) {
        k->rejects = rejects_open(rejects, option_is_on(o, OPT_REJECTS_RAW), err);
        if (k->rejects == NULL)
            return err->code;
    }
    k->writes = c->sink == RUN_TO_DATABASE;
    c->done = k->done;
    c->rejects = k->rejects;
    return ST_OK;
}

/* After a crash of the machine there is the whole list, or none. */
static enum st
write_done(struct keep *k, struct err *err)
{
    if (!temporary_write(k->fd, k->done->p, k->done->n) || fsync(k->fd) != 0 ||
        rename(k->temporary, k->done_path) != 0)
        return cannot(k->done_path, ST_DISK, strerror(errno), err);
    k->temporary[0] = '\0';
    return ST_OK;
}

enum st
keep_close(struct keep *k, bool ran, enum st rc, struct err *err)
{
    struct err mine;
    enum st st;

    if (ran && k->done != NULL && (st = write_done(k, &mine)) != ST_OK && rc == ST_OK) {
        *err = mine;
        rc = st;
    }
    /* What stands in a database is not read again: its rejects are kept whatever came later. */
    if ((st = rejects_close(k->rejects, ran && (rc == ST_OK || k->writes), &mine)) != ST_OK &&
        rc == ST_OK) {
        *err = mine;
        rc = st;
    }
    if (k->fd >= 0) {
        close(k->fd);
        if (k->temporary[0] != '\0')
            unlink(k->temporary);
    }
    if (k->done != NULL)
        buf_release(k->done);
    free(k->done);
    *k = (struct keep){ .fd = -1 };
    return rc;
}
