/*
 * Rows to a file: whole or not at all.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "counting.h"

/*
 * mkostemp(3) makes files for their owner alone; a result has the mode that open(2) would give it,
 * or had before. Of somebody else's file, which he may have put there for that, it takes over no
 * right that open(2) would not give.
 */
static void
set_mode(int fd, const struct stat *before)
{
    mode_t mask = umask(0), mode = 0666 & ~mask;

    umask(mask);
    if (before != NULL && before->st_uid == geteuid())
        mode = before->st_mode & 0777;
    else if (before != NULL)
        mode &= before->st_mode;
    (void)fchmod(fd, mode);
}

enum st
output_open(struct output *out, const char *path, struct err *err)
{
    struct stat st;
    bool there;
    int fd;

    *out = (struct output){ .path = path };
    if (path == NULL)
        return ST_OK;
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        return ST_OK;
    }
    there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        out->file = fopen(path, "we"); /* a device or a FIFO: nothing to replace */
    } else if ((size_t)snprintf(out->temporary, sizeof out->temporary, "%s.XXXXXX", path) <
               sizeof out->temporary) {
        fd = mkostemp(out->temporary, O_CLOEXEC);
        if (fd >= 0)
            set_mode(fd, there ? &st : NULL);
        out->file = fd < 0 ? NULL : fdopen(fd, "w");
        if (fd >= 0 && out->file == NULL) {
            int why = errno;

            close(fd);
            (void)unlink(out->temporary);
            errno = why;
        }
    } else {
        errno = ENAMETOOLONG;
    }
    if (out->file != NULL)
        return ST_OK;
    err_fail(err, errno == ENOMEM ? ST_MEMORY : ST_USAGE, "cannot write the output", "%s",
             strerror(errno));
    snprintf(err->path, sizeof err->path, "%s", path);
    return err->code;
}

enum st
output_close(struct output *out, enum st rc, struct err *err)
{
    bool bad;

    if (out->file == NULL)
        return rc;
    bad = fflush(out->file) != 0 || ferror(out->file);
    if (out->file != stdout)
        bad = fclose(out->file) != 0 || bad;
    if (bad && rc == ST_OK)
        rc = err_fail(err, ST_DISK, "cannot write the output", "%s", strerror(errno));
    if (bad && rc == ST_DISK)
        snprintf(err->path, sizeof err->path, "%s", out->path);
    if (out->temporary[0] == '\0')
        return rc;
    if (rc == ST_OK && rename(out->temporary, out->path) != 0) {
        rc = err_fail(err, ST_DISK, "cannot write the output", "%s", strerror(errno));
        snprintf(err->path, sizeof err->path, "%s", out->path);
    }
    if (rc != ST_OK)
        unlink(out->temporary);
    return rc;
}
