/*
 * Temporary files: those that never have a name, or lose it at once where the system cannot do
 * that; and those that will take another's place.
 */
#include "ingest/base.h"

#include <fcntl.h>

#include "ingest/temporary.h"

int
temporary_open(const char *dir)
{
    char path[PATH_MAX];
    int fd = open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    /* A file system, or a kernel, without O_TMPFILE. */
    if (snprintf(path, sizeof path, "%s/ingest.XXXXXX", dir) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int
temporary_beside(const char *path, char name[TEMPORARY_NAME])
{
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    int fd = -1;

    if (snprintf(name, TEMPORARY_NAME, "%.*s.%s.XXXXXX", (int)(base - path), path, base) >=
        TEMPORARY_NAME)
        errno = ENAMETOOLONG;
    else
        fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        name[0] = '\0';
    return fd;
}

bool
temporary_write(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}
