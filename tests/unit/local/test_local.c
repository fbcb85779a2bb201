/*
 * The private PostgreSQL with a real one: made, shared, stopped, and found again after every kind
 * of death. Each user of the server is a process of its own here, since that is what locks and
 * signals are about. As root the cases run as root (the server as postgres) and some again as
 * nobody.
 */
#include "local_priv.h"

#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define NOBODY 65534

static char base[] = "/tmp/ingest local-XXXXXX"; /* with a blank, as homes may have */

/* ---- tools ---- */

typedef int (*role)(const void *arg);

static pid_t
spawn(role play, const void *arg)
{
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed case leaves nobody behind */
        alarm(120);
        _exit(play(arg));
    }
    return pid;
}

static int
outcome(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void
tell(const struct err *err)
{
    fprintf(stderr, "  %s: %s (%s)\n", err->what, err->cause, err->hint);
}

/* A fresh directory under base for one case, made the data home. */
static const char *
data_home(const char *name)
{
    static char path[700];

    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(setenv("XDG_DATA_HOME", path, 1), 0);
    return path;
}

/* What psql answers, its newline cut; false when it fails. */
static bool
query(const struct local *l, const char *sql, char *out, size_t cap)
{
    int fds[2], status;
    size_t n = 0;
    ssize_t got;
    pid_t pid;

    if (pipe(fds) != 0 || (pid = fork()) < 0)
        return false;
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execl(l->psql, "psql", "-XAtq", "-d", l->conninfo, "-c", sql, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    while (n < cap - 1 && (got = read(fds[0], out + n, cap - 1 - n)) > 0)
        n += (size_t)got;
    close(fds[0]);
    out[n] = '\0';
    if (n > 0 && out[n - 1] == '\n')
        out[n - 1] = '\0';
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static enum server_state
state_now(void)
{
    struct local l = { .users_fd = -1 };
    struct err err;

    assert_int_equal(paths_find(&l, &err), ST_OK);
    return server_look(&l);
}

static pid_t
postmaster(void)
{
    struct local l = { .users_fd = -1 };
    char path[600], text[64] = "";
    struct err err;
    int fd;

    assert_int_equal(paths_find(&l, &err), ST_OK);
    snprintf(path, sizeof path, "%s/postmaster.pid", l.data);
    fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    return (pid_t)strtol(text, NULL, 10);
}

/* ---- roles ---- */

/* Enters, asks `sql` (which must answer `answer`), leaves. */
struct visit {
    const char *sql, *answer;
    int         ready_fd; /* told when inside, if >= 0 */
    int         go_fd;    /* waits for its end before it leaves, if >= 0 */
};

static int
visitor(const void *arg)
{
    const struct visit *v = arg;
    struct local l;
    struct err err;
    char out[256], c;

    if (local_enter(&l, &err) != ST_OK) {
        tell(&err);
        return 1;
    }
    if (!query(&l, v->sql, out, sizeof out) || strcmp(out, v->answer) != 0) {
        fprintf(stderr, "  got \"%s\"\n", out);
        local_leave(&l);
        return 2;
    }
    if (v->ready_fd >= 0 && write(v->ready_fd, "x", 1) != 1)
        return 3;
    if (v->go_fd >= 0 && read(v->go_fd, &c, 1) < 0)
        return 4;
    local_leave(&l);
    local_leave(&l); /* twice does no harm */
    return l.users_fd == -1 ? 0 : 5;
}

static const struct visit hello = { "select current_user, current_database()", "postgres|ingest", -1, -1 };

static int
hostile_surroundings(const void *arg)
{
    char gone[] = "/tmp/ingest-gone-XXXXXX", out[64];
    struct local l;
    struct err err;
    int rc = 0;

    clearenv();
    setenv("XDG_DATA_HOME", arg, 1);
    setenv("PGDATA", "/nowhere", 1);
    setenv("PGHOSTADDR", "127.0.0.1", 1);
    setenv("PGPORT", "1", 1);
    setenv("PGDATABASE", "nowhere", 1);
    setenv("PGUSER", "nobody", 1);
    setenv("PGSSLMODE", "require", 1);
    setenv("PGREQUIREPEER", "someone", 1);
    setenv("LC_ALL", "xx_XX.broken", 1);
    setenv("TZ", "America/St_Johns", 1);
    umask(0);
    if (mkdtemp(gone) == NULL || chdir(gone) != 0 || rmdir(gone) != 0)
        return 100;
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    /* Not 2: the sanitizers want it; 0 and 1 show the same. */
    close(0);
    close(1);
    if (local_enter(&l, &err) != ST_OK) {
        tell(&err);
        return 1;
    }
    signal(SIGCHLD, SIG_DFL);
    if (l.users_fd < 3)
        rc = 2;
    open("/dev/null", O_RDWR);
    open("/dev/null", O_RDWR);
    if (!query(&l, hello.sql, out, sizeof out) || strcmp(out, hello.answer) != 0)
        rc = 3;
    local_leave(&l);
    return rc;
}

static int
as_nobody(const void *arg)
{
    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 100;
    unsetenv("HOME");
    return visitor(arg);
}

/* Enters and expects to fail; prints the story into the file descriptor that arg points to. */
static int
refused(const void *arg)
{
    int fd = *(const int *)arg;
    struct local l;
    struct err err;
    enum st rc = local_enter(&l, &err);

    if (rc == ST_OK)
        local_leave(&l);
    else
        dprintf(fd, "%s: %s (%s)", err.what, err.cause, err.hint);
    return (int)rc;
}

static int
refused_nobody(const void *arg)
{
    if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
        return 100;
    return refused(arg);
}

static void
expect_refusal(role play, const char *const words[])
{
    int fds[2];
    char story[1024];
    ssize_t n;

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(outcome(spawn(play, &fds[1])), ST_DB);
    close(fds[1]);
    n = read(fds[0], story, sizeof story - 1);
    close(fds[0]);
    assert_true(n > 0);
    story[n] = '\0';
    for (; *words != NULL; words++)
        if (strstr(story, *words) == NULL)
            fail_msg("\"%s\" is not in: %s", *words, story);
}

/* ---- life ---- */

static void
made_used_kept(void **state)
{
    struct visit write_it = { "create table t as select 7 as a; select a from t", "7", -1, -1 };
    struct visit read_it = { "select a from t", "7", -1, -1 };
    struct visit encoding = { "select pg_encoding_to_char(encoding), datcollate from pg_database where datname = 'ingest'",
                              "UTF8|C", -1, -1 };
    struct visit closed = { "select current_setting('listen_addresses') || current_setting('fsync')", "on", -1, -1 };
    char path[800];
    struct stat st;
    const char *home;

    (void)state;
    home = data_home("plain");
    assert_int_equal(outcome(spawn(visitor, &write_it)), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
    assert_int_equal(outcome(spawn(visitor, &read_it)), 0);
    assert_int_equal(outcome(spawn(visitor, &encoding)), 0);
    assert_int_equal(outcome(spawn(visitor, &closed)), 0);
    snprintf(path, sizeof path, "%s/ingest", home);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, geteuid() == 0 ? 0710 : 0700);
    snprintf(path, sizeof path, "%s/ingest/postgres", home);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_true(st.st_uid != 0);
}

static void
surroundings_of_cron(void **state)
{
    (void)state;
    assert_int_equal(outcome(spawn(hostile_surroundings, getenv("XDG_DATA_HOME"))), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
}

static void
last_user_stops(void **state)
{
    int ready[2], go_a[2], go_b[2];
    struct visit a = hello, b = hello;
    pid_t pid_a, pid_b;
    char c;

    (void)state;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(go_a, O_CLOEXEC), 0);
    assert_int_equal(pipe2(go_b, O_CLOEXEC), 0);
    a.ready_fd = b.ready_fd = ready[1];
    a.go_fd = go_a[0];
    b.go_fd = go_b[0];
    pid_a = spawn(visitor, &a);
    pid_b = spawn(visitor, &b);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(write(go_a[1], "x", 1), 1);
    assert_int_equal(outcome(pid_a), 0);
    assert_int_equal(state_now(), SERVER_READY);
    assert_int_equal(write(go_b[1], "x", 1), 1);
    assert_int_equal(outcome(pid_b), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go_a[i]);
        close(go_b[i]);
    }
}

/*
 * A user that stays inside, in a process group of its own, with a pipe in its hands that we hold
 * the other end of.
 */
static int lodger_fd = -1;

static int
lodger(const void *arg)
{
    struct local l;
    struct err err;

    (void)arg;
    setpgid(0, 0);
    if (local_enter(&l, &err) != ST_OK)
        return 1;
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (write(lodger_fd, "x", 1) != 1)
        return 2;
    for (;;)
        pause();
}

static pid_t
take_in_lodger(int *pipe_fd)
{
    int fds[2];
    pid_t pid;
    char c;

    assert_int_equal(pipe(fds), 0); /* no close-on-exec: this is what cron hands down */
    lodger_fd = fds[1];
    pid = spawn(lodger, NULL);
    close(fds[1]);
    assert_int_equal(read(fds[0], &c, 1), 1);
    *pipe_fd = fds[0];
    return pid;
}

static void
killed_user_hands_over(void **state)
{
    int pipe_fd;
    pid_t pid = take_in_lodger(&pipe_fd);
    char c;

    (void)state;
    kill(-pid, SIGINT); /* what Ctrl-C and a closed terminal send: to all of the foreground */
    kill(-pid, SIGHUP);
    usleep(200000);
    assert_int_equal(state_now(), SERVER_READY);
    kill(pid, SIGKILL);
    assert_int_equal(outcome(pid), 1000 + SIGKILL);
    assert_int_equal(state_now(), SERVER_READY);
    assert_int_equal(read(pipe_fd, &c, 1), 0); /* the server holds nothing that it was not given */
    close(pipe_fd);
    assert_int_equal(outcome(spawn(visitor, &hello)), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
}

static void
crashed_server_starts_again(void **state)
{
    int pipe_fd;
    pid_t pid = take_in_lodger(&pipe_fd), server;

    (void)state;
    server = postmaster();
    assert_int_equal(kill(server, SIGKILL), 0);
    while (state_now() == SERVER_READY) /* a busy machine takes its time to kill */
        usleep(1000);
    assert_int_equal(outcome(spawn(visitor, &hello)), 0); /* joins while the lodger still is registered */
    assert_int_equal(state_now(), SERVER_READY);
    kill(pid, SIGKILL);
    outcome(pid);
    close(pipe_fd);
    assert_int_equal(outcome(spawn(visitor, &hello)), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
}

/* Of the server's own user: PostgreSQL itself would take it for the server. */
static int
sleeper(const void *arg)
{
    struct who who;
    struct err err;

    (void)arg;
    if (who_find(&who, &err) != ST_OK || (who.drop && setuid(who.uid) != 0))
        return 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing the user has cleared it */
    for (;;)
        pause();
}

static void
number_of_another_process(void **state)
{
    char path[800], text[200];
    pid_t other;
    int fd, n;

    (void)state;
    other = spawn(sleeper, NULL);
    usleep(100000); /* until it is the server's user */
    snprintf(path, sizeof path, "%s/ingest/postgres/postmaster.pid", getenv("XDG_DATA_HOME"));
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    n = snprintf(text, sizeof text, "%d\n/nowhere\n1700000000\n5432\n.\n\n  1 1\nready   \n", (int)other);
    assert_int_equal(write(fd, text, (size_t)n), n);
    close(fd);
    assert_int_equal(state_now(), SERVER_STALE);
    assert_int_equal(outcome(spawn(visitor, &hello)), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
    kill(other, SIGKILL);
    outcome(other);
}

static void
eight_at_once(void **state)
{
    pid_t pids[8];
    int bad = 0;

    (void)state;
    data_home("eight");
    for (size_t i = 0; i < ARRAY_LEN(pids); i++)
        pids[i] = spawn(visitor, &hello);
    for (size_t i = 0; i < ARRAY_LEN(pids); i++)
        bad += outcome(pids[i]) != 0;
    assert_int_equal(bad, 0);
    assert_int_equal(state_now(), SERVER_DOWN);
}

static void
killed_while_making(void **state)
{
    static const useconds_t after_us[] = { 30000, 300000, 700000 };
    char path[800];

    (void)state;
    snprintf(path, sizeof path, "%s/ingest/postgres.new", data_home("killed"));
    for (size_t i = 0; i < ARRAY_LEN(after_us); i++) {
        pid_t pid = spawn(visitor, &hello);

        usleep(after_us[i]);
        kill(pid, SIGKILL);
        outcome(pid);
    }
    assert_int_equal(outcome(spawn(visitor, &hello)), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
}

static void
long_and_odd_path(void **state)
{
    char path[900], name[230], dir[SOCKET_PATH_MAX];
    struct local l = { .users_fd = -1 };
    struct who who;
    struct stat st;
    struct err err;
    struct visit v = hello;

    (void)state;
    snprintf(name, sizeof name, "it's \"$HOME\" `x` \\ %%s %0200d", 7);
    data_home(name);
    assert_int_equal(paths_find(&l, &err), ST_OK);
    assert_int_equal(who_find(&who, &err), ST_OK);
    paths_socket_dir(&l, &who, dir, sizeof dir);
    assert_string_not_equal(dir, l.data);

    /* Somebody was here first: a link, then a directory that is open to all. */
    assert_int_equal(symlink("/tmp", dir), 0);
    expect_refusal(refused, (const char *const[]){ "socket", dir, "not a directory of ours", NULL });
    assert_int_equal(unlink(dir), 0);
    assert_int_equal(mkdir(dir, 0777), 0);
    assert_int_equal(chmod(dir, 0777), 0);
    expect_refusal(refused, (const char *const[]){ "not a directory of ours", NULL });
    assert_int_equal(rmdir(dir), 0);

    assert_int_equal(outcome(spawn(visitor, &v)), 0);
    assert_int_equal(lstat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(st.st_uid, who.uid);
    assert_int_equal(outcome(spawn(visitor, &v)), 0); /* and with the directory that is there already */
    assert_int_equal(state_now(), SERVER_DOWN);
    assert_int_equal(rmdir(dir), 0);

    memset(path, 'x', 500);
    path[0] = '/';
    path[500] = '\0';
    setenv("XDG_DATA_HOME", path, 1);
    expect_refusal(refused, (const char *const[]){ "would have 507 bytes", "XDG_DATA_HOME", NULL });
}

static void
short_and_odd_path(void **state)
{
    (void)state;
    data_home("a'b\\ c$d\"e");
    assert_int_equal(outcome(spawn(visitor, &hello)), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
}

static void
without_rights(void **state)
{
    const char *home;
    char path[800];

    (void)state;
    if (geteuid() != 0)
        skip();
    home = data_home("nobody");
    expect_refusal(refused_nobody, (const char *const[]){ "Permission denied", "XDG_DATA_HOME", NULL });
    assert_int_equal(chown(home, NOBODY, NOBODY), 0);
    assert_int_equal(outcome(spawn(as_nobody, &hello)), 0);
    assert_int_equal(state_now(), SERVER_DOWN);
    /* Root does not take over what belongs to another. */
    expect_refusal(refused, (const char *const[]){ "belongs to another user", NULL });

    home = data_home("locked");
    assert_int_equal(chmod(home, 0700), 0);
    snprintf(path, sizeof path, "%s/ingest/postgres.new", home);
    expect_refusal(refused, (const char *const[]){ "user postgres cannot enter", "Permission denied", NULL });
    assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- what goes wrong ---- */

static void
put(const char *name, const char *text, int flags)
{
    char path[800];
    int fd;

    snprintf(path, sizeof path, "%s/ingest/postgres/%s", getenv("XDG_DATA_HOME"), name);
    fd = open(path, O_WRONLY | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void
does_not_start(void **state)
{
    (void)state;
    put("postgresql.conf", "shared_buffers = 'plenty'\n", O_APPEND);
    expect_refusal(refused, (const char *const[]){ "cannot start", "configuration file", "contains errors", "server.log", NULL });
    put("postgresql.conf", "shared_buffers = 64MB\n", O_APPEND);
    assert_int_equal(outcome(spawn(visitor, &hello)), 0); /* mended, it starts */
}

static void
of_another_major(void **state)
{
    (void)state;
    put("PG_VERSION", "13\n", O_TRUNC);
    expect_refusal(refused, (const char *const[]){ "PostgreSQL 13 made", "only PostgreSQL", "postgresql-13-hll", "dump", NULL });
    put("PG_VERSION", "x\n", O_TRUNC);
    expect_refusal(refused, (const char *const[]){ "PG_VERSION", "move it away", NULL });
}

/* ---- ---- */

static int
open_base(void **state)
{
    (void)state;
    return mkdtemp(base) == NULL || chmod(base, 0755) != 0;
}

static int
close_base(void **state)
{
    char command[200];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", base);
    return system(command);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_used_kept), /* the next ones go on with its data */
        cmocka_unit_test(surroundings_of_cron),
        cmocka_unit_test(last_user_stops),
        cmocka_unit_test(killed_user_hands_over),
        cmocka_unit_test(crashed_server_starts_again),
        cmocka_unit_test(number_of_another_process),
        cmocka_unit_test(does_not_start),
        cmocka_unit_test(of_another_major),
        cmocka_unit_test(eight_at_once),
        cmocka_unit_test(killed_while_making),
        cmocka_unit_test(short_and_odd_path),
        cmocka_unit_test(long_and_odd_path),
        cmocka_unit_test(without_rights),
    };

    return cmocka_run_group_tests(tests, open_base, close_base);
}
