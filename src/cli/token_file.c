/*
 * The token that says who submits: from a file, or from the environment. It is a secret: nothing
 * of it is in a message, and the file is to be for its owner alone, as the client key is.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sodium.h>

#include "ingest/run.h"
#include "ingest/secret.h"
#include "ingest/token.h"
#include "ingest/whole.h"

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
    /* O_NONBLOCK: a FIFO in its place must not hold us up before secret_check refuses it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n;
    enum st rc;

    if (fd < 0)
        return unusable(path, strerror(errno), err);
    if ((rc = secret_check(fd, "cannot use the token", path, err)) == ST_OK) {
        n = whole_read(fd, token, sizeof token);
        rc = n < 0 ? unusable(path, strerror(errno), err)
                   : check_text(path, (struct slice){ token, (size_t)n }, err);
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

/*
 * The token of $INGEST_TOKEN is taken out of the environment, where it could be seen as long as we
 * live, and what we start would inherit it. It is asked for once for each source.
 */
static enum st
read_environment(struct err *err)
{
    char *text = getenv("INGEST_TOKEN");
    enum st rc = ST_OK;

    if (text != NULL && text[0] != '\0') {
        rc = check_text(NULL, slice_of(text), err);
        sodium_memzero(text, strlen(text));
        unsetenv("INGEST_TOKEN");
    } else if (token[0] == '\0') {
        rc = unusable(NULL, "it was no token", err); /* said for the source before */
    }
    if (rc != ST_OK)
        err_hint(err, "it is the one of $INGEST_TOKEN");
    return rc;
}

/* The command line, then the environment and what systemd loaded, then the configuration. */
enum st
token_read(const struct options *o, struct run_config *c, struct err *err)
{
    static bool from_variable;
    char credential[4096];
    const char *path = o->value[OPT_TOKEN_FILE].text;
    enum st rc;

    if (path == NULL || o->value[OPT_TOKEN_FILE].origin < FROM_COMMAND_LINE) {
        const char *named = from_environment("INGEST_TOKEN_FILE");

        from_variable |= named == NULL && from_environment("INGEST_TOKEN") != NULL;
        if (named != NULL)
            path = named;
        else if (from_variable)
            path = NULL;
        else if (secret_credential("token", credential, sizeof credential))
            path = credential;
        if (path == NULL && !from_variable)
            return ST_OK;
    }
    rc = path != NULL ? read_file(path, err) : read_environment(err);
    if (rc == ST_OK)
        c->token = token;
    return rc;
}
