/*
 * One read(2) may give less than was asked for, or be interrupted before it gives anything.
 */
#include "ingest/whole.h"

/* `offset` NULL: from where the descriptor stands. */
static ssize_t
whole(int fd, char *to, size_t n, const off_t *offset)
{
    size_t has = 0;

    while (has < n) {
        ssize_t got = offset == NULL ? read(fd, to + has, n - has)
                                     : pread(fd, to + has, n - has, *offset + (off_t)has);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        has += (size_t)got;
    }
    return (ssize_t)has;
}

ssize_t
whole_read(int fd, void *p, size_t n)
{
    return whole(fd, p, n, NULL);
}

ssize_t
whole_pread(int fd, void *p, size_t n, off_t offset)
{
    return whole(fd, p, n, &offset);
}
