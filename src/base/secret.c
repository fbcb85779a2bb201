/*
 * What is asked of a file before it is believed to hold a secret.
 */
#include "ingest/secret.h"

#include <sys/stat.h>

static const char *
credentials(void)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    return dir != NULL && dir[0] == '/' ? dir : NULL;
}

static bool
is_credential(const char *path)
{
    const char *dir = credentials();
    size_t n = dir == NULL ? 0 : strlen(dir);

    return dir != NULL && strncmp(path, dir, n) == 0 && path[n] == '/' &&
           strchr(path + n + 1, '/') == NULL;
}

/* The command to type, where the shell takes the name for one word. */
static void
hint_command(struct err *err, const char *command, const char *path)
{
    if (strchr(path, '\'') == NULL)
        err_hint(err, "%s '%s'", command, path);
    else
        err_hint(err, "%s, of that file", command);
}

static enum st
refuse(const char *what, const char *path, const char *cause, struct err *err)
{
    err_fail(err, ST_USAGE, what, "%s", cause);
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

enum st
secret_check(int fd, const char *what, const char *path, struct err *err)
{
    struct stat st;
    mode_t others = is_credential(path) ? 037 : 077;
    char command[32];

    if (fstat(fd, &st) != 0)
        return refuse(what, path, strerror(errno), err);
    if (!S_ISREG(st.st_mode))
        return refuse(what, path, "it is not a regular file", err);
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        refuse(what, path, "it belongs to another user", err);
        snprintf(command, sizeof command, "chown %ld", (long)geteuid());
        hint_command(err, command, path);
        return ST_USAGE;
    }
    if ((st.st_mode & others) != 0) {
        refuse(what, path, "others can read or write it", err);
        err_cause(err, "its mode is %04o: others than its owner can use it",
                  (unsigned)(st.st_mode & 07777));
        hint_command(err, "chmod 600", path);
        return ST_USAGE;
    }
    return ST_OK;
}

bool
secret_credential(const char *name, char *out, size_t cap)
{
    const char *dir = credentials();

    return dir != NULL && snprintf(out, cap, "%s/%s", dir, name) < (int)cap &&
           access(out, F_OK) == 0;
}
