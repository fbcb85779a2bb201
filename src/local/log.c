/*
 * DIR/server.log: everything that initdb, pg_ctl and the server say goes there, so that none of
 * them needs a pipe to us, and it is where the cause of a failure is looked up. As root it is
 * opened by us and only written by the server.
 */
#include "local_priv.h"

#include <fcntl.h>

#define LOG_BYTES_MAX ((off_t)10 * 1024 * 1024)
#define TAIL_BYTES    8192

int
log_open(const struct local *l, struct err *err)
{
    char path[sizeof l->data + 16];
    int fd;

    snprintf(path, sizeof path, "%s/server.log", l->dir);
    fd = paths_open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
    if (fd < 0)
        err_fail(err, ST_DB, "cannot open the log of the private PostgreSQL", "\"%s\": %s", path,
                 strerror(errno));
    return fd;
}

off_t
log_end(int fd)
{
    off_t end = lseek(fd, 0, SEEK_END);

    return end < 0 ? 0 : end;
}

void
log_trim(int fd)
{
    if (log_end(fd) > LOG_BYTES_MAX && ftruncate(fd, 0) != 0)
        return; /* then it stays long: no reason not to start */
}

/*
 * Where the words begin that say why, in a line like "2024-01-01 00:00:00 UTC [7] FATAL:  lock file
 * ... exists"; NULL: none here.
 */
static const char *
complaint(const char *line)
{
    static const char *const marks[] = { "PANIC:  ", "FATAL:  ", "error: ", "ingest: " };

    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        const char *at = strstr(line, marks[i]);

        if (at != NULL)
            return at + strlen(marks[i]);
    }
    return NULL;
}

static bool
is_pg_ctl_talk(const char *line)
{
    return strncmp(line, "pg_ctl:", 7) == 0 || strncmp(line, "Examine the log", 15) == 0 ||
           strncmp(line, "stopped waiting", 15) == 0;
}

void
log_last_words(int fd, off_t from, char *out, size_t cap)
{
    char tail[TAIL_BYTES + 1], *next;
    const char *best = NULL, *last = "";
    off_t end = log_end(fd);
    ssize_t n;

    if (end - from > TAIL_BYTES)
        from = end - TAIL_BYTES;
    n = pread(fd, tail, TAIL_BYTES, from);
    tail[n < 0 ? 0 : n] = '\0';
    for (char *line = tail; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        for (char *p = line; *p != '\0'; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                *p = ' ';
        if (complaint(line) != NULL)
            best = complaint(line);
        if (*line != '\0' && !is_pg_ctl_talk(line))
            last = line;
    }
    snprintf(out, cap, "%s", best != NULL ? best : last);
}
