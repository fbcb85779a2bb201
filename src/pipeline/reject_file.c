/*
 * The file of --rejects. It holds what strangers sent, so it is its owner's alone; and it is there
 * as a whole or not at all, so that nobody reads half of it.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include "ingest/rejects.h"
#include "ingest/temporary.h"

struct rejects {
    const char *path;
    char        temporary[TEMPORARY_NAME]; /* "": none */
    char        dir[4100];
    gzFile      file;
    int         fd;
    bool        raw;
    bool        broken; /* a write failed: what is there may end in half a line */
};

static enum st
cannot(const struct rejects *r, enum st code, const char *cause, struct err *err)
{
    err_fail(err, code, "cannot write the rejected lines", "%s", cause);
    snprintf(err->path, sizeof err->path, "%s", r->path);
    return code;
}

static bool
ends_in_gz(const char *path)
{
    size_t n = strlen(path);

    return n > 3 && memcmp(path + n - 3, ".gz", 3) == 0;
}

/* What a run may replace: nothing, an empty file, or rejected lines of before. Not a log. */
static bool
may_replace(const char *path)
{
    static const char begin[] = "{\"file\":";
    char head[sizeof begin - 1];
    gzFile file = gzopen(path, "rbe"); /* what is not gzipped is read as it is */
    int n;

    if (file == NULL)
        return errno == ENOENT;
    n = gzread(file, head, sizeof head);
    gzclose(file);
    return n == 0 || (n == (int)sizeof head && memcmp(head, begin, sizeof head) == 0);
}

static enum st
open_file(struct rejects *r, struct err *err)
{
    const char *slash = strrchr(r->path, '/');
    struct stat st;
    int copy;

    if (stat(r->path, &st) == 0 && !S_ISREG(st.st_mode))
        return cannot(r, ST_USAGE, "there is something of that name that is no regular file", err);
    if (!may_replace(r->path)) {
        cannot(r, ST_USAGE, "there is a file of that name, and it holds no rejected lines", err);
        err_hint(err, "a log would be lost; name another file, or remove this one yourself");
        return ST_USAGE;
    }
    snprintf(r->dir, sizeof r->dir, "%.*s", slash == NULL ? 1 : (int)(slash + 1 - r->path),
             slash == NULL ? "." : r->path);
    r->fd = temporary_beside(r->path, r->temporary);
    if (r->fd < 0)
        return cannot(r, ST_USAGE, strerror(errno), err);
    copy = fcntl(r->fd, F_DUPFD_CLOEXEC, 0);
    r->file = copy < 0 ? NULL : gzdopen(copy, ends_in_gz(r->path) ? "wb6" : "wbT"); /* T: as it is */
    if (r->file != NULL)
        return ST_OK;
    if (copy >= 0)
        close(copy);
    return err_memory(err, "cannot write the rejected lines");
}

struct rejects *
rejects_open(const char *path, bool raw, struct err *err)
{
    struct rejects *r = calloc(1, sizeof *r);
    struct err ignored;

    if (r == NULL) {
        err_memory(err, "cannot write the rejected lines");
        return NULL;
    }
    r->path = path;
    r->raw = raw;
    r->fd = -1;
    if (open_file(r, err) == ST_OK)
        return r;
    rejects_close(r, false, &ignored);
    return NULL;
}

bool
rejects_is_raw(const struct rejects *r)
{
    return r->raw;
}

const char *
rejects_dir(const struct rejects *r)
{
    return r->dir;
}

/* gzerror(3): zlib's own words, unless the system has some. */
static const char *
why(gzFile file)
{
    int code;
    const char *text = gzerror(file, &code);

    return code == Z_ERRNO || text[0] == '\0' ? strerror(errno) : text;
}

enum st
rejects_add(struct rejects *r, const void *bytes, size_t n, struct err *err)
{
    errno = 0;
    if (gzfwrite(bytes, 1, n, r->file) == n)
        return ST_OK;
    r->broken = true;
    return cannot(r, ST_DISK, why(r->file), err);
}

enum st
rejects_close(struct rejects *r, bool keep, struct err *err)
{
    enum st rc = ST_OK;

    if (r == NULL)
        return ST_OK;
    keep = keep && !r->broken;
    errno = 0;
    if (r->file != NULL && gzclose(r->file) != Z_OK && keep)
        rc = cannot(r, ST_DISK, errno != 0 ? strerror(errno) : "a write failed", err);
    if (keep && rc == ST_OK && (fsync(r->fd) != 0 || rename(r->temporary, r->path) != 0))
        rc = cannot(r, ST_DISK, strerror(errno), err);
    if ((!keep || rc != ST_OK) && r->temporary[0] != '\0')
        unlink(r->temporary);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
    return rc;
}
