/*
 * The token that says who submits: from a file, or from the environment. It is a secret: nothing
 * of it is in a message, and the file is to be for its owner alone, as the client key is.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "ingest/run.h"
#include "ingest/token.h"

#include "cli_priv.h"

/* Lives until the program ends, as the options do. A byte more, to see that it is too long. */
static char token[TOKEN_MAX + 1];

static enum st
unusable(const char *path, const char *cause, struct err *err)
{
    sodium_memzero(token, sizeof token);
    err_fail(err, ST_USAGE, "cannot use the token", "%s", cause);
    if (path != NULL)
        snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

static enum st
check_file(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return unusable(path, strerror(errno), err);
    if (!S_ISREG(st.st_mode))
        return unusable(path, "it is not a regular file", err);
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        unusable(path, "it belongs to another user", err);
        err_hint(err, "chown %ld '%s'", (long)geteuid(), path);
        return ST_USAGE;
    }
    if ((st.st_mode & 077) != 0) {
        unusable(path, "others can read or write it", err);
        err_cause(err, "its mode is %04o: others than its owner can use it",
                  (unsigned)(st.st_mode & 07777));
        err_hint(err, "chmod 600 '%s'", path);
        return ST_USAGE;
    }
    return ST_OK;
}

/* One line of characters that one can see; the line feed at its end may be missing. */
static enum st
check_text(const char *path, struct slice text, struct err *err)
{
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    if (text.n > 0 && text.p[text.n - 1] == '\r')
        text.n--;
    if (text.n == 0)
        return unusable(path, "there is none in it", err);
    if (text.n >= TOKEN_MAX)
        return unusable(path, "it is longer than 255 bytes", err);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
            return unusable(path, "it is to be one line, of letters and digits", err);
    memmove(token, text.p, text.n);
    token[text.n] = '\0';
    return ST_OK;
}

static enum st
read_file(const char *path, struct err *err)
{
    /* O_NONBLOCK: a FIFO in its place must not hold us up before check_file refuses it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t n = 0;
    ssize_t got = 0;
    enum st rc;

    if (fd < 0)
        return unusable(path, strerror(errno), err);
    if ((rc = check_file(fd, path, err)) == ST_OK) {
        while (n < sizeof token && (got = read(fd, token + n, sizeof token - n)) > 0)
            n += (size_t)got;
        rc = got < 0 ? unusable(path, strerror(errno), err)
                     : check_text(path, (struct slice){ token, n }, err);
    }
    close(fd);
    return rc;
}

static const char *
from_environment(const char *name)
{
    const char *text = getenv(name);

    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* The command line, then the environment, then the configuration, as for all options. */
enum st
token_read(const struct options *o, struct run_config *c, struct err *err)
{
    const char *path = o->value[OPT_TOKEN_FILE].text, *text = NULL;
    enum st rc;

    if (path == NULL || o->value[OPT_TOKEN_FILE].origin < FROM_COMMAND_LINE) {
        const char *named = from_environment("INGEST_TOKEN_FILE");

        text = named == NULL ? from_environment("INGEST_TOKEN") : NULL;
        path = named != NULL ? named : text != NULL ? NULL : path;
    }
    if (path == NULL && text == NULL)
        return ST_OK;
    rc = path != NULL ? read_file(path, err) : check_text(NULL, slice_of(text), err);
    if (rc == ST_OK)
        c->token = token;
    else if (path == NULL)
        err_hint(err, "it is the one of $INGEST_TOKEN");
    return rc;
}
