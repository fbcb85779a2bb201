/*
 * The key that clients are hashed under, and the file that keeps it: read strictly, made once.
 * Every host that feeds a database needs the same file, so a wrong one must never pass for a right
 * one.
 *
 *   # from day, key
 *   1970-01-01 0123456789abcdef0123456789abcdef
 *   2026-01-01 fedcba9876543210fedcba9876543210
 */
#include "ingest/clock.h"
#include "ingest/dataset.h"
#include "ingest/num.h"
#include "ingest/secret.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX (64 * KIB)

/* ---- the key in memory ---- */

static void
set_id(struct client_key *key)
{
    static const char text[] = "ingest client key id";

    crypto_shorthash(key->id, (const uint8_t *)text, sizeof text - 1,
                     key->epochs[key->n_epochs - 1].key);
}

void
client_key_none(struct client_key *key)
{
    *key = (struct client_key){ .none = true, .id = { 'n', 'o', 'k', 'e', 'y' } };
}

void
client_key_throwaway(struct client_key *key)
{
    *key = (struct client_key){ .n_epochs = 1 };
    randombytes_buf(key->epochs[0].key, sizeof key->epochs[0].key);
    set_id(key);
}

/* ---- reading ---- */

static bool
read_hex(struct slice s, uint8_t out[16])
{
    if (s.n != 32)
        return false;
    for (size_t i = 0; i < 16; i++) {
        int high = num_hex_digit(s.p[2 * i]), low = num_hex_digit(s.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* One line into the next epoch. NULL, or what is wrong with it, in words that hold no key. */
static const char *
read_line(struct client_key *key, struct slice line)
{
    size_t at = 0;
    int32_t day;

    while (at < line.n && is_blank(line.p[at]))
        at++;
    if (at == line.n || line.p[0] == '#')
        return NULL;
    if (line.n < 11 || !is_blank(line.p[10]) ||
        !clock_parse_day((struct slice){ line.p, 10 }, &day))
        return "the line does not start with a day and a blank";
    for (at = 10; at < line.n && is_blank(line.p[at]);)
        at++;
    if (key->n_epochs == ARRAY_LEN(key->epochs))
        return "there are more than 64 keys";
    if (!read_hex((struct slice){ line.p + at, line.n - at }, key->epochs[key->n_epochs].key))
        return "behind the day there are not exactly 32 hex digits";
    if (key->n_epochs > 0 && day <= key->epochs[key->n_epochs - 1].from_day)
        return "its day is not behind the day of the line before";
    key->epochs[key->n_epochs++].from_day = day;
    return NULL;
}

static enum st
unusable(const char *path, struct err *err, const char *cause)
{
    err_fail(err, ST_USAGE, "cannot use the client key", "%s", cause);
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

static enum st
read_lines(struct client_key *key, struct slice text, const char *path, struct err *err)
{
    uint64_t line_no = 0;

    while (text.n > 0) {
        const char *lf = memchr(text.p, '\n', text.n);
        size_t n = lf != NULL ? (size_t)(lf - text.p) : text.n;
        const char *defect = read_line(key, (struct slice){ text.p, n });

        line_no++;
        if (defect != NULL) {
            unusable(path, err, defect);
            err->line_no = line_no;
            err_hint(err, "a line is FROM-DAY and 32 hex digits, like \"1970-01-01 0123...\", "
                          "or a comment that starts with #");
            return ST_USAGE;
        }
        n += lf != NULL;
        text.p += n;
        text.n -= n;
    }
    if (key->n_epochs == 0) {
        unusable(path, err, "the file holds no key");
        err_hint(err, "copy the file from the host that made it");
        return ST_USAGE;
    }
    return ST_OK;
}

static enum st
read_all(int fd, char *buf, size_t *n, const char *path, struct err *err)
{
    *n = 0;
    for (;;) {
        ssize_t got = read(fd, buf + *n, FILE_BYTES_MAX + 1 - *n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return unusable(path, err, strerror(errno));
        if (got == 0)
            return ST_OK;
        *n += (size_t)got;
        if (*n > FILE_BYTES_MAX)
            return unusable(path, err, "it is larger than 64 KiB");
    }
}

enum st
client_key_read(struct client_key *key, const char *path, bool *missing, struct err *err)
{
    /* O_NONBLOCK: a FIFO in its place must not hold us up before secret_check refuses it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text = NULL;
    size_t n = 0;
    enum st st;

    *missing = fd < 0 && errno == ENOENT;
    *key = (struct client_key){ 0 };
    if (fd < 0)
        return unusable(path, err, strerror(errno));
    if ((st = secret_check(fd, "cannot use the client key", path, err)) != ST_OK)
        goto close;
    if ((text = malloc(FILE_BYTES_MAX + 1)) == NULL) {
        st = err_memory(err, "cannot read the client key");
        goto close;
    }
    if ((st = read_all(fd, text, &n, path, err)) == ST_OK)
        st = read_lines(key, (struct slice){ text, n }, path, err);
    sodium_memzero(text, n);
    free(text);
    if (st == ST_OK) {
        set_id(key);
        snprintf(key->path, sizeof key->path, "%s", path);
    } else {
        sodium_memzero(key, sizeof *key);
    }
close:
    close(fd);
    return st;
}

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

/*
 * A whole file under another name, then link(2): it fails where the name is taken, and nobody sees
 * half a key.
 */
static bool
write_file(const char *path, char *temporary, const char *text, size_t n)
{
    int fd = mkostemp(temporary, O_CLOEXEC), why;
    bool ok;

    if (fd < 0)
        return false;
    ok = fchmod(fd, 0600) == 0 && write_all(fd, text, n) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && link(temporary, path) == 0;
    why = errno;
    unlink(temporary);
    errno = why;
    return ok;
}

enum st
client_key_make(struct client_key *key, const char *path, struct err *err)
{
    static const char suffix[] = ".XXXXXX";
    size_t n_temporary = strlen(path) + sizeof suffix, n = 11;
    char text[64] = "1970-01-01 ";
    char *temporary = malloc(n_temporary);
    enum st st = ST_OK;

    if (temporary == NULL)
        return err_memory(err, "cannot make the client key");
    snprintf(temporary, n_temporary, "%s%s", path, suffix);
    client_key_throwaway(key);
    sodium_bin2hex(text + n, sizeof text - n, key->epochs[0].key, sizeof key->epochs[0].key);
    n += 32;
    text[n++] = '\n';
    if (!make_directories(temporary) || !write_file(path, temporary, text, n))
        st = cannot_make(path, err);
    else
        sync_directory(temporary);
    sodium_memzero(text, sizeof text);
    free(temporary);
    if (st == ST_OK)
        snprintf(key->path, sizeof key->path, "%s", path);
    else
        sodium_memzero(key, sizeof *key);
    return st;
}
