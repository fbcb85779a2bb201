/*
 * pg_dump and pg_restore as children: nothing of ours but three descriptors and the environment
 * that leads to the database.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "backup_priv.h"

/* Looks again every so often: a signal that came just before waiting would go unseen otherwise. */
static int
wait_for(pid_t pid, const volatile sig_atomic_t *signals)
{
    struct timespec pause = { .tv_nsec = 1000000 };
    bool told = false;
    int status;
    pid_t got;

    while ((got = waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
        if (!told && signals != NULL && *signals > 0) {
            kill(pid, SIGTERM);
            told = true;
        }
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 50000000)
            pause.tv_nsec *= 2;
    }
    if (got < 0)
        return 127;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int
start(const struct program *p, const char *path, int said_fd, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    int rc;

    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE); /* which we ignore */
    sigaddset(&usual, SIGXFSZ);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_init(&files);
    if (p->in_fd >= 0)
        posix_spawn_file_actions_adddup2(&files, p->in_fd, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (p->out_fd >= 0)
        posix_spawn_file_actions_adddup2(&files, p->out_fd, STDOUT_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, said_fd, STDERR_FILENO);
    rc = posix_spawn(pid, path, &files, &attributes, p->argv, p->env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

/* The first line that speaks of an error, or the last one that says anything. */
static void
find_words(int fd, char *out, size_t cap)
{
    char text[16384];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    char *line, *save = NULL;

    out[0] = '\0';
    text[n > 0 ? n : 0] = '\0';
    for (line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        if (line[strspn(line, " \t\r")] != '\0')
            snprintf(out, cap, "%s", line);
        if (strstr(line, "error: ") != NULL)
            break;
    }
}

enum st
program_run(struct program *p, int *status, struct err *err)
{
    char path[4200];
    int said_fd = memfd_create("said", MFD_CLOEXEC), rc;
    pid_t pid;

    snprintf(path, sizeof path, "%s/%s", p->job->bin, p->name);
    p->words[0] = '\0';
    if (said_fd < 0)
        return err_fail(err, ST_MEMORY, "cannot start a program", "%s", strerror(errno));
    rc = start(p, path, said_fd, &pid);
    if (rc == 0) {
        *status = wait_for(pid, p->job->signals);
        find_words(said_fd, p->words, sizeof p->words);
    }
    close(said_fd);
    if (rc != 0)
        return err_fail(err, ST_DB, "cannot start a program", "%s: %s", path, strerror(rc));
    if (*status != 0 && p->job->signals != NULL && *p->job->signals > 0)
        return err_fail(err, ST_STOPPED, "stopped", "a signal ended %s", p->name);
    return ST_OK;
}
