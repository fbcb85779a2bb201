/*
 * Key files are made, once, and changed: a key more, or one less. Whoever reads such a file meanwhile
 * finds all of the old one or all of the new one, and nobody but its owner ever sees a part of it.
 */
#include "ingest/clock.h"
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>

/* ---- making ---- */

static enum st
cannot_make(const char *path, struct err *err)
{
    int why = errno;

    err_fail(err, ST_USAGE, "cannot make the client key", "%s", strerror(why));
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

/* Makes what is missing of the directories above `path`; `path` is written to in between. */
static bool
make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        bool made;

        *slash = '\0';
        made = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static bool
write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, text, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text += put;
        n -= (size_t)put;
    }
    return true;
}

/* Makes a new name durable. Some file systems cannot, and that is no reason to fail. */
static void
sync_directory(char *path)
{
    char *slash = strrchr(path, '/');
    int fd;

    if (slash != NULL)
        *slash = '\0';
    fd = open(slash == NULL ? "." : slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (slash != NULL)
        *slash = '/';
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* A whole file, before it gets its name. `owner`: whose it is to be; NULL: ours. */
static bool
fill(int fd, const char *text, size_t n, const struct stat *owner)
{
    return fchmod(fd, 0600) == 0 &&
           (owner == NULL || fchown(fd, owner->st_uid, owner->st_gid) == 0) &&
           write_all(fd, text, n) && fsync(fd) == 0;
}

/*
 * link(2) fails where the name is taken, and nobody sees half a key. A file without a name leaves
 * none if this is killed; not every file system has such.
 */
static bool
link_unnamed(const char *path, char *temporary, const char *text, size_t n)
{
    char *slash = strrchr(temporary, '/');
    char name[40];
    bool ok;
    int fd, why;

    if (slash != NULL)
        *slash = '\0';
    fd = open(slash == NULL ? "." : slash == temporary ? "/" : temporary,
              O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (slash != NULL)
        *slash = '/';
    if (fd < 0)
        return false;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ok = fill(fd, text, n, NULL) &&
         linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
    why = errno;
    close(fd);
    errno = why;
    return ok;
}

static bool
write_new(const char *path, char *temporary, const char *text, size_t n)
{
    int fd, why;
    bool ok;

    if (link_unnamed(path, temporary, text, n))
        return true;
    if (errno == EEXIST || (fd = mkostemp(temporary, O_CLOEXEC)) < 0)
        return false;
    ok = fill(fd, text, n, NULL);
    ok = close(fd) == 0 && ok && link(temporary, path) == 0;
    why = errno;
    unlink(temporary);
    errno = why;
    return ok;
}

/* What a change that was killed has left holds keys: they do not outlive the next change. */
static void
wipe(const char *temporary)
{
    static const char zeros[4096];
    int fd = open(temporary, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
        st.st_uid == geteuid())
        for (off_t at = 0; at < st.st_size && write_all(fd, zeros, sizeof zeros);
             at += (off_t)sizeof zeros)
            (void)fdatasync(fd);
    if (fd >= 0)
        close(fd);
    unlink(temporary);
}

/* Under the lock: nobody else has this temporary name. */
static bool
write_over(const char *path, const char *temporary, const char *text, size_t n,
           const struct stat *owner)
{
    int fd, why;
    bool ok;

    wipe(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    ok = fill(fd, text, n, owner);
    if (close(fd) == 0 && ok && rename(temporary, path) == 0)
        return true;
    why = errno;
    wipe(temporary);
    errno = why;
    return false;
}

/* The caller frees it. */
static char *
name_beside(const char *path, const char *suffix)
{
    size_t n = strlen(path) + strlen(suffix) + 1;
    char *name = malloc(n);

    if (name != NULL)
        snprintf(name, n, "%s%s", path, suffix);
    return name;
}

/* "DAY 32-hex-digits\n" of a new epoch. */
#define LINE_BYTES 44

static void
write_line(char out[LINE_BYTES + 1], int32_t from_day)
{
    struct client_key fresh;
    char day[11];

    client_key_throwaway(&fresh);
    clock_format_day(from_day, day);
    snprintf(out, LINE_BYTES + 1, "%s ", day);
    sodium_bin2hex(out + 11, 33, fresh.epochs[0].key, sizeof fresh.epochs[0].key);
    out[LINE_BYTES - 1] = '\n';
    out[LINE_BYTES] = '\0';
    sodium_memzero(&fresh, sizeof fresh);
}

enum st
client_key_make(struct client_key *key, const char *path, struct err *err)
{
    char text[LINE_BYTES + 1], *temporary = name_beside(path, ".XXXXXX"); /* for mkstemp(3) */
    enum st st;

    if (temporary == NULL)
        return err_memory(err, "cannot make the client key");
    write_line(text, 0);
    if (!make_directories(temporary) || !write_new(path, temporary, text, LINE_BYTES)) {
        st = cannot_make(path, err);
        sodium_memzero(key, sizeof *key);
    } else {
        sync_directory(temporary);
        st = client_key_parse(key, (struct slice){ text, LINE_BYTES }, path, err);
    }
    sodium_memzero(text, sizeof text);
    free(temporary);
    return st;
}

/* ---- changing ---- */

static enum st
cannot_change(const char *path, const char *cause, struct err *err)
{
    err_fail(err, ST_USAGE, "cannot change the client key", "%s", cause);
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

/* The file that the name leads to, and nobody else's lock on it. */
static enum st
open_locked(struct client_key_edit *e, const char *path, struct err *err)
{
    struct stat held, named;

    for (int i = 0; i < 100; i++) {
        e->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
        if (e->fd < 0 && errno == ELOOP)
            return cannot_change(path, "it is a symbolic link: name the file itself", err);
        if (e->fd < 0 || flock(e->fd, LOCK_EX) != 0)
            return cannot_change(path, strerror(errno), err);
        /* Who had the lock before may have put another file there. */
        if (fstat(e->fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
            held.st_ino == named.st_ino)
            return ST_OK;
        close(e->fd);
        e->fd = -1;
    }
    return cannot_change(path, "others go on changing it", err);
}

enum st
client_key_edit_open(struct client_key_edit *e, const char *path, struct err *err)
{
    enum st st;

    *e = (struct client_key_edit){ .fd = -1 };
    if ((st = open_locked(e, path, err)) == ST_OK)
        st = client_key_read_file(&e->key, e->fd, path, &e->text, &e->n, err);
    if (st == ST_OK && strlen(path) >= sizeof e->key.path)
        st = cannot_change(path, "its name is too long", err);
    return st;
}

enum st
client_key_edit_add(struct client_key_edit *e, int32_t from_day, struct err *err)
{
    bool open_end = e->n > 0 && e->text[e->n - 1] != '\n';
    size_t n = e->n + open_end;
    char *text = malloc(n + LINE_BYTES + 1);
    char path[sizeof e->key.path];
    enum st st;

    if (text == NULL)
        return err_memory(err, "cannot add a client key");
    memcpy(text, e->text, e->n);
    if (open_end)
        text[e->n] = '\n';
    write_line(text + n, from_day);
    sodium_memzero(e->text, e->n);
    free(e->text);
    e->text = text;
    e->n = n + LINE_BYTES;
    memcpy(path, e->key.path, sizeof path);
    st = client_key_parse(&e->key, (struct slice){ e->text, e->n }, path, err);
    if (st != ST_OK)
        cannot_change(path, "there are 64 keys already, or the day is not behind the last one's",
                      err);
    return st;
}

enum st
client_key_edit_drop(struct client_key_edit *e, size_t n, struct err *err)
{
    struct slice rest = { e->text, e->n }, line;
    char path[sizeof e->key.path], id[17], told[32];
    size_t at = 0;

    assert(n < e->key.n_epochs);
    while (at < n && client_key_next_line(&rest, &line)) {
        char *behind = e->text + (line.p - e->text) + 10;
        size_t room = line.n - 10;

        if (client_key_line_is_empty(line))
            continue;
        sodium_bin2hex(id, sizeof id, e->key.epochs[at].id, sizeof e->key.epochs[at].id);
        snprintf(told, sizeof told, " dropped %s", id);
        if (!e->key.epochs[at++].dropped) { /* as long as it was: it is written over the old one */
            memset(behind, ' ', room);
            memcpy(behind, told, strlen(told));
        }
    }
    e->overwrite = true;
    memcpy(path, e->key.path, sizeof path);
    return client_key_parse(&e->key, (struct slice){ e->text, e->n }, path, err);
}

/* The file that has lost its name, and whatever other names it has. */
static bool
overwrite(const struct client_key_edit *e)
{
    return lseek(e->fd, 0, SEEK_SET) == 0 && write_all(e->fd, e->text, e->n) &&
           fsync(e->fd) == 0;
}

enum st
client_key_edit_save(struct client_key_edit *e, struct err *err)
{
    const char *path = e->key.path;
    char *temporary = name_beside(path, ".unfinished");
    struct stat owner;
    enum st st = ST_OK;

    if (temporary == NULL)
        return err_memory(err, "cannot change the client key");
    if (fstat(e->fd, &owner) != 0 || !write_over(path, temporary, e->text, e->n, &owner)) {
        st = cannot_change(path, strerror(errno), err);
    } else {
        sync_directory(temporary);
        if (e->overwrite && !overwrite(e))
            st = cannot_change(path, "the old file could not be overwritten", err);
    }
    free(temporary);
    return st;
}

void
client_key_edit_release(struct client_key_edit *e)
{
    if (e->text != NULL)
        sodium_memzero(e->text, e->n);
    free(e->text);
    if (e->fd >= 0)
        close(e->fd);
    sodium_memzero(e, sizeof *e);
    e->fd = -1;
}
