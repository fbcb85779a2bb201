/*
 * Running a PostgreSQL program: as whom, with which environment, and with nothing of ours in its
 * hands. A server that inherits a descriptor of cron's pipe makes cron wait for ever; one that
 * stays in our process group dies of the user's Ctrl-C.
 */
#include "local_priv.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define ENV_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* In the child: only calls that are allowed between fork and exec. */
static void __attribute__((noreturn))
give_up(const char *act, const char *object)
{
    const char *why = strerrordesc_np(errno);
    const char *const parts[] = { "ingest: ", act, " \"", object, "\": ", why ? why : "?", "\n" };

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            break;
    _exit(127);
}

static void
close_all_on_exec(void)
{
    long max = sysconf(_SC_OPEN_MAX);

    if (close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    if (max < 0 || max > 65536) /* before Linux 5.11: one by one, as far as is sensible */
        max = 65536;
    for (int fd = 3; fd < (int)max; fd++) {
        int flags = fcntl(fd, F_GETFD);

        if (flags >= 0)
            (void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    }
}

static void
default_signals(void)
{
    sigset_t none;

    for (int n = 1; n < NSIG; n++)
        (void)signal(n, SIG_DFL); /* what was ignored would stay ignored; KILL and STOP just fail */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn))
become(const struct child *c, int in_fd, const char *const argv[], char *const env[])
{
    const struct who *who = c->who;

    if (dup2(in_fd, 0) < 0 || dup2(c->out_fd, 1) < 0 || dup2(c->out_fd, 2) < 0)
        _exit(127);
    default_signals();
    (void)setsid();
    (void)umask(0077);
    close_all_on_exec();
    if (c->keep_fd >= 0)
        (void)fcntl(c->keep_fd, F_SETFD, 0);
    if (who->drop && (setgroups((size_t)who->n_groups, who->groups) != 0 ||
                      setgid(who->gid) != 0 || setuid(who->uid) != 0))
        give_up("cannot become the user who runs", argv[0]);
    /* Said here it is plainer than what initdb makes of it. */
    if (c->data != NULL && chdir(c->data) != 0)
        give_up(who->drop ? "the user postgres cannot enter" : "cannot enter", c->data);
    if (chdir("/") != 0)
        give_up("cannot enter", "/");
    execve(argv[0], (char *const *)(uintptr_t)argv, env);
    give_up("cannot run", argv[0]);
}

/* The few lines of `text`, ready to be read: they fit into a pipe's buffer. */
static int
input_open(const char *text)
{
    int fds[2], high;
    size_t n;

    if (text == NULL)
        return paths_open("/dev/null", O_RDONLY, 0);
    n = strlen(text);
    assert(n < 4096);
    if (pipe2(fds, O_CLOEXEC) != 0)
        return -1;
    high = fcntl(fds[0], F_DUPFD_CLOEXEC, 3);
    if (write(fds[1], text, n) != (ssize_t)n && high >= 0) {
        close(high);
        high = -1;
    }
    close(fds[0]);
    close(fds[1]);
    return high;
}

static int
wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 127;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
child_run(const struct child *c, const char *const argv[])
{
    char pgdata[sizeof "PGDATA=" + sizeof ((struct local *)0)->data], libraries[4096] = "";
    char locale[] = "LC_ALL=C", path[] = ENV_PATH;
    char *env[5] = { locale, path };
    size_t n_env = 2;
    const char *l = getenv("LD_LIBRARY_PATH"); /* a PostgreSQL built by hand may need it */
    struct sigaction wanted = { .sa_handler = SIG_DFL }, saved;
    int in_fd, status = 127;
    pid_t pid;

    if (c->data != NULL) {
        snprintf(pgdata, sizeof pgdata, "PGDATA=%s", c->data);
        env[n_env++] = pgdata;
    }
    if (l != NULL && strlen(l) < sizeof libraries - 32) {
        snprintf(libraries, sizeof libraries, "LD_LIBRARY_PATH=%s", l);
        env[n_env++] = libraries;
    }
    in_fd = input_open(c->input);
    if (in_fd < 0)
        return 127;
    /* Who started us may have it ignored: then no status would be left to wait for. */
    sigaction(SIGCHLD, &wanted, &saved);
    pid = fork();
    if (pid == 0)
        become(c, in_fd, argv, env);
    if (pid > 0)
        status = wait_for(pid);
    sigaction(SIGCHLD, &saved, NULL);
    close(in_fd);
    return status;
}
