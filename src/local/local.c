/*
 * Entering and leaving the private PostgreSQL. Two locks tell who may do what, and both vanish with
 * the process that holds them, however it ends:
 *
 *   enter.lock  exclusive, for as long as the server is made, started or stopped: one at a time
 *   users.lock  shared, for as long as it is used. Who leaves tries to make it exclusive: that
 * works for the last one, who stops the server. A user killed by SIGKILL leaves the server running,
 * and the next one to leave stops it
 */
#include "local_priv.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Opens DIR/name and locks it as `how`. -1 with errno; EINTR when a signal came while waiting. */
static int
lock_open(const struct local *l, const char *name, int how)
{
    char path[sizeof l->data + 16];
    int fd, saved;

    snprintf(path, sizeof path, "%s/%s", l->dir, name);
    fd = paths_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, how) != 0) {
        saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static enum st
lock_failed(const struct local *l, const char *name, struct err *err)
{
    static const char what[] = "cannot enter the private PostgreSQL";

    if (errno == EINTR)
        return err_fail(err, ST_STOPPED, what,
                        "a signal came while another process was starting or stopping it");
    return err_fail(err, ST_DB, what, "\"%s/%s\": %s", l->dir, name, strerror(errno));
}

/*
 * Every setting that libpq would else take from the environment and that could lead elsewhere is
 * pinned.
 */
static enum st
connection(struct local *l, const struct who *who, struct err *err)
{
    char dir[SOCKET_PATH_MAX], path[SOCKET_PATH_MAX + 32], quoted[2 * SOCKET_PATH_MAX];
    size_t n = 0;

    paths_socket_dir(l, who, dir, sizeof dir);
    snprintf(path, sizeof path, "%s" SOCKET_NAME, dir);
    if (access(path, F_OK) != 0) {
        err_fail(err, ST_DB, "cannot use the private PostgreSQL",
                 "it runs, but has no socket \"%s\": %s", path, strerror(errno));
        err_hint(err,
                 "something else than ingest has started it; stop that: %s/pg_ctl stop -D \"%s\"",
                 l->bin, l->data);
        return err->code;
    }
    for (const char *p = dir; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            quoted[n++] = '\\';
        quoted[n++] = *p;
    }
    quoted[n] = '\0';
    snprintf(l->conninfo, sizeof l->conninfo,
             "host='%s' hostaddr='' port=%d user=postgres dbname=ingest requirepeer='' "
             "sslmode=disable gssencmode=disable channel_binding=disable",
             quoted, SOCKET_PORT);
    return ST_OK;
}

static enum st
not_a_database(const struct local *l, struct err *err)
{
    err_fail(err, ST_DB, "cannot use the private database",
             "\"%s\" is there, but has no PG_VERSION that can be read", l->data);
    err_hint(err, "move it away, and a new one is made in its place");
    return err->code;
}

/* What has to be done under enter.lock, which `enter_fd` holds. */
static enum st
enter_locked(struct local *l, const struct who *who, int enter_fd, int log_fd, struct err *err)
{
    struct server server = { .local = l, .who = who, .log_fd = log_fd };
    int major = server_data_major(l);
    enum st rc;

    if (major < 0)
        return not_a_database(l, err);
    l->users_fd = lock_open(l, "users.lock", LOCK_SH);
    if (l->users_fd < 0)
        return lock_failed(l, "users.lock", err);
    rc = programs_find(l, PROGRAMS_PLACE, getenv("PATH"), major, err);
    if (rc == ST_OK)
        rc = server_make(&server, enter_fd, err);
    if (rc == ST_OK)
        rc = paths_make_socket_dir(l, who, err);
    if (rc == ST_OK)
        rc = server_start(&server, err);
    if (rc == ST_OK)
        rc = connection(l, who, err);
    if (rc != ST_OK) {
        close(l->users_fd);
        l->users_fd = -1;
    }
    return rc;
}

enum st
local_enter(struct local *l, struct err *err)
{
    int enter_fd, log_fd;
    struct who who;
    enum st rc;

    *l = (struct local){ .users_fd = -1 };
    if ((rc = who_find(&who, err)) != ST_OK || (rc = paths_find(l, err)) != ST_OK ||
        (rc = paths_make(l, &who, err)) != ST_OK)
        return rc;
    enter_fd = lock_open(l, "enter.lock", LOCK_EX);
    if (enter_fd < 0)
        return lock_failed(l, "enter.lock", err);
    log_fd = log_open(l, err);
    if (log_fd < 0) {
        rc = err->code;
        goto unlock;
    }
    rc = enter_locked(l, &who, enter_fd, log_fd, err);
    close(log_fd);
unlock:
    close(enter_fd);
    return rc;
}

/* Leaving must not fail for a signal: the process is on its way out, and the server would stay. */
static int
lock_stubbornly(const struct local *l)
{
    int fd;

    do
        fd = lock_open(l, "enter.lock", LOCK_EX);
    while (fd < 0 && errno == EINTR);
    return fd;
}

void
local_leave(struct local *l)
{
    struct err ignored;
    struct who who;
    int enter_fd, log_fd;

    if (l->users_fd < 0)
        return;
    enter_fd = lock_stubbornly(l);
    /*
     * Turning a shared lock into an exclusive one lets go of it first, so either we are the last or
     * we have left.
     */
    if (enter_fd >= 0 && flock(l->users_fd, LOCK_EX | LOCK_NB) == 0 &&
        who_find(&who, &ignored) == ST_OK) {
        log_fd = log_open(l, &ignored);
        if (log_fd >= 0) {
            server_stop(&(struct server){ .local = l, .who = &who, .log_fd = log_fd }, enter_fd);
            close(log_fd);
        }
    }
    close(l->users_fd);
    l->users_fd = -1;
    if (enter_fd >= 0)
        close(enter_fd);
}
