/*
 * Temporary files that never have a name, or lose it at once where the system cannot do that.
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
