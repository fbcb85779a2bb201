/*
 * The sandbox of a run: what is granted goes into the kernel's ruleset at once, so that a hundred thousand inputs need no
 * list here.
 */
#include "sandbox_priv.h"

#include <fcntl.h>
#include <sys/stat.h>

struct sandbox {
    int version; /* of Landlock; 0: none */
    int ruleset; /* -1: none */
    int why;     /* errno, if there is none */
};

enum st
sandbox_new(struct sandbox **out, struct err *err)
{
    struct sandbox *s = *out = calloc(1, sizeof *s);

    if (s == NULL)
        return err_memory(err, "cannot prepare the sandbox");
    s->ruleset = -1;
    s->version = landlock_version();
    if (s->version > 0)
        s->ruleset = landlock_new(s->version);
    if (s->ruleset < 0)
        s->why = errno;
    return ST_OK;
}

void
sandbox_free(struct sandbox *s)
{
    if (s != NULL && s->ruleset >= 0)
        close(s->ruleset);
    free(s);
}

enum st
sandbox_allow(struct sandbox *s, enum sandbox_right right, const char *path, struct err *err)
{
    struct stat st;
    bool granted;
    int fd;

    if (s->ruleset < 0)
        return ST_OK;
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return ST_OK;
    granted = fstat(fd, &st) != 0 ||
              landlock_allow(s->ruleset, s->version, right, fd, S_ISDIR(st.st_mode)) ||
              errno != ENOMEM; /* what has no place in the tree of files (a pipe) is not fenced */
    close(fd);
    return granted ? ST_OK : err_memory(err, "cannot prepare the sandbox");
}

enum st
sandbox_allow_beside(struct sandbox *s, enum sandbox_right right, const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char dir[PATH_MAX];

    if (slash == NULL)
        return sandbox_allow(s, right, ".", err);
    if ((size_t)snprintf(dir, sizeof dir, "%.*s", (int)(slash + 1 - path), path) >= sizeof dir)
        return ST_OK; /* no such file can be there */
    return sandbox_allow(s, right, dir, err);
}

static void
enter_files(const struct sandbox *s, struct sandbox_report *r)
{
    int why = s->why;

    r->files_fenced = s->ruleset >= 0 && landlock_enter(s->ruleset);
    if (r->files_fenced) {
        snprintf(r->files, sizeof r->files, "files by Landlock (version %d)", s->version);
        return;
    }
    if (s->ruleset >= 0)
        why = errno;
    if (why == ENOSYS)
        snprintf(r->files, sizeof r->files, "this kernel has no Landlock");
    else if (why == EOPNOTSUPP)
        snprintf(r->files, sizeof r->files, "Landlock is switched off in this kernel");
    else
        snprintf(r->files, sizeof r->files, "the kernel refuses Landlock: %s", strerror(why));
}

void
sandbox_enter(struct sandbox *s, enum sandbox_network network, struct sandbox_report *report)
{
    const char *why;

    *report = (struct sandbox_report){ .files_fenced = false };
    enter_files(s, report); /* first: behind the other fence there are no system calls for it */
    why = calls_fence(network);
    report->calls_fenced = why == NULL;
    snprintf(report->calls, sizeof report->calls, "%s",
             why == NULL ? "system calls by seccomp" : why);
}
