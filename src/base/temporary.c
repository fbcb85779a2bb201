/*
 * Temporary files: those that never have a name, or lose it at once where the system cannot do
 * that; and those that will take another's place.
 */
#include "ingest/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

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

/* False: a sweep was quicker. Where the file system has no locks there is no sweep either. */
static bool
hold(int fd)
{
    struct stat st;

    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return false;
    return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

int
temporary_beside(const char *path, char name[TEMPORARY_NAME])
{
    enum { TRIES = 16 };
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    int fd = -1;

    for (int i = 0; i < TRIES; i++) {
        if (snprintf(name, TEMPORARY_NAME, "%.*s.%s.XXXXXX", (int)(base - path), path, base) >=
            TEMPORARY_NAME) {
            errno = ENAMETOOLONG;
            break;
        }
        if ((fd = mkostemp(name, O_CLOEXEC)) < 0 || hold(fd))
            break;
        close(fd);
        (void)unlink(name);
        fd = -1;
        errno = EAGAIN;
    }
    if (fd < 0)
        name[0] = '\0';
    return fd;
}

/* ---- leftovers ---- */

/* ".BASE.XXXXXX" */
static bool
base_of(const char *name, char *base, size_t cap)
{
    enum { TAIL = 7 };
    size_t n = strlen(name);

    if (name[0] != '.' || n < 1 + 1 + TAIL || n - 1 - TAIL >= cap || name[n - TAIL] != '.')
        return false;
    for (size_t i = n - TAIL + 1; i < n; i++)
        if (!((name[i] >= '0' && name[i] <= '9') || (name[i] >= 'A' && name[i] <= 'Z') ||
              (name[i] >= 'a' && name[i] <= 'z')))
            return false;
    memcpy(base, name + 1, n - 1 - TAIL);
    base[n - 1 - TAIL] = '\0';
    return true;
}

/* A regular file that nobody holds; locked from here on. Written to: some locks want that. */
static int
open_stale(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

void
temporary_sweep(const char *dir, bool (*is_ours)(void *ctx, const char *base), void *ctx)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char base[sizeof entry->d_name];

    if (d == NULL)
        return;
    while ((entry = readdir(d)) != NULL) {
        int fd = base_of(entry->d_name, base, sizeof base) ? open_stale(dirfd(d), entry->d_name)
                                                           : -1;

        if (fd < 0)
            continue;
        if (is_ours(ctx, base))
            (void)unlinkat(dirfd(d), entry->d_name, 0);
        close(fd);
    }
    closedir(d);
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
