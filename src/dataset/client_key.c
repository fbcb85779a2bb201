/*
 * The keys that clients are hashed under, each from a day on, and the file that keeps them: read
 * strictly. Every host that feeds a database needs the same file, so a wrong one must never pass for
 * a right one. Files are made and changed in client_key_file.c.
 *
 *   # from day, key; of a key that is destroyed its id
 *   1970-01-01 dropped 89abcdef01234567
 *   2026-01-01 fedcba9876543210fedcba9876543210
 */
#include "ingest/clock.h"
#include "ingest/dataset.h"
#include "ingest/num.h"
#include "ingest/secret.h"
#include "dataset_priv.h"

#include <fcntl.h>
#include <sodium.h>

#define FILE_BYTES_MAX (64 * KIB)

/* ---- the key in memory ---- */

static void
set_id(struct client_epoch *epoch)
{
    static const char text[] = "ingest client key id";

    crypto_shorthash(epoch->id, (const uint8_t *)text, sizeof text - 1, epoch->key);
}

void
client_key_none(struct client_key *key)
{
    *key = (struct client_key){ .none = true,
                                .epochs[0].id = { 'n', 'o', 'k', 'e', 'y' },
                                .n_epochs = 1 };
}

void
client_key_throwaway(struct client_key *key)
{
    *key = (struct client_key){ .n_epochs = 1 };
    randombytes_buf(key->epochs[0].key, sizeof key->epochs[0].key);
    set_id(&key->epochs[0]);
}

bool
client_key_is_dropped(const struct client_key *key, int32_t day)
{
    return key->epochs[client_key_at(key, day)].dropped;
}

bool
client_key_any_dropped(const struct client_key *key)
{
    bool any = false;

    for (size_t i = 0; i < key->n_epochs; i++)
        any = any || key->epochs[i].dropped;
    return any;
}

/*
 * Nothing may be hashed under it, and whoever counts looks for that (pipeline/epochs.c). Should it
 * happen all the same, nobody can tell which client it was.
 */
void
client_key_forget(struct client_key *key, size_t epoch)
{
    key->epochs[epoch].dropped = true;
    randombytes_buf(key->epochs[epoch].key, sizeof key->epochs[epoch].key);
}

bool
client_key_fits(const struct client_key *key, const struct dataset *d)
{
    if (d->bucket != BUCKET_MONTH)
        return true;
    for (size_t i = 1; i < key->n_epochs; i++)
        if (clock_month(key->epochs[i].from_day) != key->epochs[i].from_day)
            return false;
    return true;
}

/* ---- reading ---- */

static bool
read_hex(struct slice s, uint8_t *out, size_t n)
{
    if (s.n != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
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

bool
client_key_line_is_empty(struct slice line)
{
    size_t at = 0;

    while (at < line.n && is_blank(line.p[at]))
        at++;
    return at == line.n || line.p[0] == '#';
}

bool
client_key_next_line(struct slice *text, struct slice *line)
{
    const char *lf = text->n == 0 ? NULL : memchr(text->p, '\n', text->n);
    size_t n = lf != NULL ? (size_t)(lf - text->p) : text->n;

    if (text->n == 0)
        return false;
    *line = (struct slice){ text->p, n };
    n += lf != NULL;
    text->p += n;
    text->n -= n;
    return true;
}

/* What stands behind the day. What was dropped may have blanks behind it: it lies where a key was. */
static const char *
read_key(struct client_epoch *epoch, struct slice rest)
{
    static const char word[] = "dropped";

    if (!slice_starts(rest, SLICE(word))) {
        if (!read_hex(rest, epoch->key, sizeof epoch->key))
            return "behind the day there are not exactly 32 hex digits";
        set_id(epoch);
        return NULL;
    }
    rest.p += sizeof word - 1;
    rest.n -= sizeof word - 1;
    while (rest.n > 0 && is_blank(rest.p[rest.n - 1]))
        rest.n--;
    if (rest.n == 0 || rest.p[0] != ' ' ||
        !read_hex((struct slice){ rest.p + 1, rest.n - 1 }, epoch->id, sizeof epoch->id))
        return "behind \"dropped\" there are not exactly 16 hex digits, the id of the key";
    epoch->dropped = true;
    return NULL;
}

/* One line into the next epoch. NULL, or what is wrong with it, in words that hold no key. */
static const char *
read_line(struct client_key *key, struct slice line)
{
    struct client_epoch *epoch = &key->epochs[key->n_epochs];
    const char *defect;
    size_t at = 10;
    int32_t day;

    if (client_key_line_is_empty(line))
        return NULL;
    if (line.n < 11 || !is_blank(line.p[10]) ||
        !clock_parse_day((struct slice){ line.p, 10 }, &day))
        return "the line does not start with a day and a blank";
    while (at < line.n && is_blank(line.p[at]))
        at++;
    if (key->n_epochs == ARRAY_LEN(key->epochs))
        return "there are more than 64 keys";
    if ((defect = read_key(epoch, (struct slice){ line.p + at, line.n - at })) != NULL)
        return defect;
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
    struct slice line;

    while (client_key_next_line(&text, &line)) {
        const char *defect = read_line(key, line);

        line_no++;
        if (defect == NULL)
            continue;
        unusable(path, err, defect);
        err->line_no = line_no;
        err_hint(err, "a line is FROM-DAY and 32 hex digits, like \"1970-01-01 0123...\", "
                      "or a comment that starts with #");
        return ST_USAGE;
    }
    if (key->n_epochs > 0 && !key->epochs[key->n_epochs - 1].dropped)
        return ST_OK;
    unusable(path, err, key->n_epochs == 0 ? "the file holds no key" : "its last key is dropped");
    err_hint(err, "copy the file from the host that made it");
    return ST_USAGE;
}

enum st
client_key_parse(struct client_key *key, struct slice text, const char *path, struct err *err)
{
    enum st st;

    *key = (struct client_key){ 0 };
    st = read_lines(key, text, path, err);
    if (st != ST_OK) {
        sodium_memzero(key, sizeof *key);
        return st;
    }
    for (size_t i = 0; i < key->n_epochs; i++)
        if (key->epochs[i].dropped)
            client_key_forget(key, i);
    snprintf(key->path, sizeof key->path, "%s", path);
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
client_key_read_file(struct client_key *key, int fd, const char *path, char **text, size_t *n_text,
                     struct err *err)
{
    enum st st = secret_check(fd, "cannot use the client key", path, err);
    char *room;
    size_t n;

    *key = (struct client_key){ 0 };
    if (st != ST_OK)
        return st;
    if ((room = malloc(FILE_BYTES_MAX + 1)) == NULL)
        return err_memory(err, "cannot read the client key");
    if ((st = read_all(fd, room, &n, path, err)) == ST_OK)
        st = client_key_parse(key, (struct slice){ room, n }, path, err);
    if (st == ST_OK && text != NULL) {
        *text = room;
        *n_text = n;
        return ST_OK;
    }
    sodium_memzero(room, n);
    free(room);
    return st;
}

enum st
client_key_read(struct client_key *key, const char *path, bool *missing, struct err *err)
{
    /* O_NONBLOCK: a FIFO in its place must not hold us up before secret_check refuses it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum st st;

    *missing = fd < 0 && errno == ENOENT;
    *key = (struct client_key){ 0 };
    if (fd < 0)
        return unusable(path, err, strerror(errno));
    st = client_key_read_file(key, fd, path, NULL, NULL, err);
    close(fd);
    return st;
}
