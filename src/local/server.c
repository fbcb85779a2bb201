/*
 * The server itself: made, looked at, started, stopped. Whoever calls holds enter.lock, so nobody
 * else does any of this meanwhile, but for what a killed process of ours has left behind.
 *
 * No path ever goes through pg_ctl's shell: the data directory is given as PGDATA, and the socket
 * directory is "." (the server works in its data directory) or has a name that we made.
 */
#include "local_priv.h"

#include "ingest/clock.h"
#include "ingest/num.h"
#include "ingest/whole.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define START_WAIT_US (INT64_C(600) * 1000000) /* replaying a long WAL takes its time */
#define STARTS_MAX    10

/*
 * Written once, into postgresql.conf, where their owner may change them. Only we connect, from this
 * host.
 */
static const char settings[] =
    "\n# The private server of ingest. Address, port and socket are given at the start "
    "and cannot be changed here.\n"
    "cluster_name = 'ingest'\n"
    "shared_buffers = 64MB\n"
    "maintenance_work_mem = 64MB\n"
    "wal_level = minimal\n"
    "max_wal_senders = 0\n"
    "jit = off\n";

static const char create_database[] = "CREATE DATABASE ingest\n";

/* ---- looking ---- */

static size_t
read_small(const char *path, char *out, size_t cap)
{
    int fd = paths_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    ssize_t n = fd < 0 ? -1 : whole_read(fd, out, cap - 1);

    if (fd >= 0)
        close(fd);
    out[n < 0 ? 0 : n] = '\0';
    return n < 0 ? 0 : (size_t)n;
}

static bool
is_empty_or_absent(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool empty = true;

    if (dir == NULL)
        return errno == ENOENT;
    while ((entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            empty = false;
    closedir(dir);
    return empty;
}

int
server_data_major(const struct local *l)
{
    char path[sizeof l->data + 16], text[16];
    int64_t major;
    size_t n;

    snprintf(path, sizeof path, "%s/PG_VERSION", l->data);
    n = read_small(path, text, sizeof text);
    if (n > 0 && text[n - 1] == '\n')
        n--;
    if (num_u63((struct slice){ text, n }, &major) && major > 0 && major < 1000)
        return (int)major;
    return n == 0 && is_empty_or_absent(l->data) ? 0 : -1;
}

static void
pid_file(const struct local *l, char *out, size_t cap)
{
    snprintf(out, cap, "%s/postmaster.pid", l->data);
}

/* Line `n`, from 1, of postmaster.pid's text; NULL: it has fewer. */
static const char *
nth_line(const char *text, int n)
{
    while (--n > 0 && text != NULL) {
        text = strchr(text, '\n');
        if (text != NULL)
            text++;
    }
    return text;
}

/*
 * Is the living process `pid` the server of this data directory? After a reboot, or in the next
 * container, the number is easily somebody else's, or a zombie's; PostgreSQL takes its word for it
 * and refuses to start. A postmaster works in its data directory.
 */
static bool
is_postmaster(const struct local *l, pid_t pid)
{
    char cwd[64];
    struct stat a, b;

    snprintf(cwd, sizeof cwd, "/proc/%ld/cwd", (long)pid);
    if (stat(cwd, &a) != 0)
        return errno == EACCES || access("/proc/self", F_OK) != 0; /* no way to know: believe it */
    return stat(l->data, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

enum server_state
server_look(const struct local *l)
{
    char path[sizeof l->data + 32], text[1024];
    const char *status;
    long pid;

    pid_file(l, path, sizeof path);
    if (read_small(path, text, sizeof text) == 0)
        return SERVER_DOWN;
    pid = strtol(text, NULL, 10);
    if (pid < 0)
        pid = -pid; /* a postgres --single */
    if (pid == 0 || pid > INT_MAX || kill((pid_t)pid, 0) != 0)
        return SERVER_DOWN;
    if (!is_postmaster(l, (pid_t)pid))
        return SERVER_STALE;
    status = nth_line(text, 8);
    return status != NULL && strncmp(status, "ready", 5) == 0 ? SERVER_READY : SERVER_BUSY;
}

/* ---- making ---- */

static int
run(const struct server *s, const char *data, const char *input, int keep_fd,
    const char *const argv[])
{
    struct child c = {
        .who = s->who, .data = data, .input = input, .out_fd = s->log_fd, .keep_fd = keep_fd,
    };

    return child_run(&c, argv);
}

static enum st
failed(const struct server *s, off_t from, const char *what, struct err *err)
{
    char words[sizeof err->cause];

    log_last_words(s->log_fd, from, words, sizeof words);
    err_fail(err, ST_DB, what, "%s", words[0] != '\0' ? words : "it did not say why");
    err_hint(err, "\"%s/server.log\" has all that was said", s->local->dir);
    return err->code;
}

/*
 * What belongs to the server's user is removed as that user: as root we might follow a link that it
 * put there.
 */
static enum st
remove_tree(const struct server *s, const char *path, int lock_fd, struct err *err)
{
    const char *const argv[] = { "/bin/rm", "-rf", "--", path, NULL };

    if (access(path, F_OK) != 0 || rmdir(path) == 0)
        return ST_OK;
    run(s, NULL, NULL, lock_fd, argv);
    if (rmdir(path) != 0 && errno != ENOENT)
        return err_fail(err, ST_DB, "cannot remove a half-made database", "\"%s\": %s", path,
                        strerror(errno));
    return ST_OK;
}

static enum st
fill(const struct server *s, const char *data, int lock_fd, struct err *err)
{
    static const char what[] = "cannot make the private database";
    char initdb[512], postgres[512], conf[sizeof s->local->data + 32];
    const char *const make[] = {
        initdb, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust", NULL,
    };
    const char *const single[] = {
        postgres, "--single", "-c", "exit_on_error=true", "postgres", NULL,
    };
    off_t from = log_end(s->log_fd);
    int fd;

    snprintf(initdb, sizeof initdb, "%s/initdb", s->local->bin);
    snprintf(postgres, sizeof postgres, "%s/postgres", s->local->bin);
    snprintf(conf, sizeof conf, "%s/postgresql.conf", data);
    if (run(s, data, NULL, lock_fd, make) != 0)
        return failed(s, from, what, err);
    fd = paths_open(conf, O_WRONLY | O_APPEND | O_NOFOLLOW, 0);
    if (fd < 0 || write(fd, settings, strlen(settings)) != (ssize_t)strlen(settings) ||
        fsync(fd) != 0) {
        err_fail(err, ST_DB, what, "\"%s\": %s", conf, strerror(errno));
        if (fd >= 0)
            close(fd);
        return err->code;
    }
    close(fd);
    from = log_end(s->log_fd);
    if (run(s, data, create_database, lock_fd, single) != 0)
        return failed(s, from, what, err);
    return ST_OK;
}

static bool
sync_dir(const char *path)
{
    int fd = paths_open(path, O_RDONLY | O_DIRECTORY, 0);
    bool good = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

/*
 * It is made beside its place and moved there at the end, so that what stands there is whole,
 * whenever we are killed.
 */
enum st
server_make(const struct server *s, int lock_fd, struct err *err)
{
    static const char what[] = "cannot make the private database";
    const struct local *l = s->local;
    char fresh[sizeof l->data + 8];
    struct err ignored;
    enum st rc;

    snprintf(fresh, sizeof fresh, "%s.new", l->data);
    rc = remove_tree(s, fresh, lock_fd, err);
    if (rc != ST_OK || server_data_major(l) != 0)
        return rc;
    if (mkdir(fresh, 0700) != 0 || chmod(fresh, 0700) != 0 ||
        (s->who->drop && lchown(fresh, s->who->uid, s->who->gid) != 0)) {
        rc = err_fail(err, ST_DB, what, "\"%s\": %s", fresh, strerror(errno));
        goto remove;
    }
    rc = fill(s, fresh, lock_fd, err);
    if (rc != ST_OK)
        goto remove;
    if (rename(fresh, l->data) != 0 || !sync_dir(l->dir)) {
        rc = err_fail(err, ST_DB, what, "\"%s\": %s", l->data, strerror(errno));
        goto remove;
    }
    return ST_OK;

remove:
    (void)remove_tree(s, fresh, lock_fd, &ignored);
    return rc;
}

/* ---- starting and stopping ---- */

/*
 * Terse, because the details of an error have the row that did not fit, as it is: keys whose bytes
 * strangers chose, for whoever looks at server.log on a terminal. Our own messages escape them.
 */
static int
run_start(const struct server *s)
{
    char pg_ctl[512], socket_dir[SOCKET_PATH_MAX], options[512];
    const char *const argv[] = { pg_ctl, "start", "-w", "-s", "-t", "60", "-o", options, NULL };

    paths_socket_dir(s->local, s->who, socket_dir, sizeof socket_dir);
    snprintf(pg_ctl, sizeof pg_ctl, "%s/pg_ctl", s->local->bin);
    snprintf(options, sizeof options,
             "-p %d -c listen_addresses= -c unix_socket_directories=%s "
             "-c unix_socket_permissions=0700 -c log_destination=stderr -c logging_collector=off "
             "-c log_error_verbosity=terse",
             SOCKET_PORT, strcmp(socket_dir, s->local->data) == 0 ? "." : socket_dir);
    return run(s, s->local->data, NULL, -1, argv);
}

/*
 * Backends of a killed postmaster may live a moment longer and hold its memory; and a killed
 * process of ours may have a start under way that we did not see yet. Both pass.
 */
static bool
may_pass(const struct server *s, off_t from)
{
    char words[256];

    log_last_words(s->log_fd, from, words, sizeof words);
    return strstr(words, "still in use") != NULL || strstr(words, "already exists") != NULL;
}

static bool
nap(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    return nanosleep(&t, NULL) == 0;
}

enum st
server_start(const struct server *s, struct err *err)
{
    static const char what[] = "cannot start the private PostgreSQL";
    int64_t deadline = clock_monotonic_us() + START_WAIT_US;
    char pid_path[sizeof s->local->data + 32];
    int n_starts = 0;

    pid_file(s->local, pid_path, sizeof pid_path);
    while (clock_monotonic_us() < deadline) {
        enum server_state state = server_look(s->local);
        off_t from;

        if (state == SERVER_READY)
            return ST_OK;
        if (state == SERVER_BUSY) {
            if (!nap(50))
                return err_fail(err, ST_STOPPED, what, "a signal came while it was starting");
            continue;
        }
        if (state == SERVER_STALE && unlink(pid_path) != 0)
            return err_fail(err, ST_DB, what,
                            "\"%s\" is left from a crash and cannot be removed: %s", pid_path,
                            strerror(errno));
        if (n_starts == 0)
            log_trim(s->log_fd);
        from = log_end(s->log_fd);
        if (run_start(s) != 0 && server_look(s->local) == SERVER_DOWN) {
            if (++n_starts == STARTS_MAX || !may_pass(s, from))
                return failed(s, from, what, err);
            (void)nap(300);
        }
    }
    return err_fail(err, ST_DB, what,
                    "after %d minutes it still is not ready; its log is \"%s/server.log\"",
                    (int)(START_WAIT_US / 60000000), s->local->dir);
}

void
server_stop(const struct server *s, int lock_fd)
{
    char pg_ctl[512];
    const char *const argv[] = { pg_ctl, "stop", "-m", "fast", "-w", "-s", "-t", "60", NULL };

    snprintf(pg_ctl, sizeof pg_ctl, "%s/pg_ctl", s->local->bin);
    (void)run(s, s->local->data, NULL, lock_fd, argv);
}
