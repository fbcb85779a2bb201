/*
 * What the command line and lists of files name becomes a list of inputs: files as they are,
 * directories walked in the order of their names. Opens nothing but directories and those lists.
 */
#include "ingest/base.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>

#include "input_priv.h"

#define DEPTH_MAX 64 /* of directories in directories: a loop of bind mounts must end somewhere */

void
source_list_init(struct source_list *list)
{
    *list = (struct source_list){ 0 };
    arena_init(&list->names, SIZE_MAX);
}

void
source_list_release(struct source_list *list)
{
    free(list->at);
    arena_release(&list->names);
    *list = (struct source_list){ 0 };
}

static enum st
add(struct source_list *list, struct source source, struct err *err)
{
    struct slice path = arena_copy(&list->names, slice_of(source.path));

    if (list->n == list->cap) {
        size_t cap = list->cap == 0 ? 64 : list->cap * 2;
        struct source *at = realloc(list->at, cap * sizeof *at);

        if (at == NULL)
            return err_memory(err, "cannot hold the list of inputs");
        list->at = at;
        list->cap = cap;
    }
    if (path.p == NULL)
        return err_memory(err, "cannot hold the list of inputs");
    source.path = path.p;
    list->at[list->n++] = source;
    return ST_OK;
}

/* How a file came to be in the list. */
enum origin { NAMED, LISTED, WALKED };

/* A modification time of the future is young, too. */
static bool
is_too_young(const struct source_list *list, const struct file_id *file)
{
    struct timespec now;

    return list->min_age_s > 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
           file->mtime_ns / 1000000000 > now.tv_sec - list->min_age_s;
}

static enum st
add_file(struct source_list *list, const char *path, const struct stat *st, enum origin origin,
         struct err *err)
{
    struct source source = { .path = path, .walked = origin == WALKED, .file = file_id_of(st) };

    source.too_young = origin != NAMED && is_too_young(list, &source.file);
    return add(list, source, err);
}

static enum st
add_trouble(struct source_list *list, const char *path, bool walked, const char *cause,
            struct err *err)
{
    return add(list,
               (struct source){ .path = path, .walked = walked, .trouble = ST_IO, .cause = cause },
               err);
}

static const char *
words(int error)
{
    const char *text = strerrordesc_np(error);

    return text != NULL ? text : "the system gave an unknown error";
}

static bool
ends_with(const char *name, size_t n, const char *end)
{
    size_t n_end = strlen(end);

    return n >= n_end && memcmp(name + n - n_end, end, n_end) == 0;
}

/*
 * "log.gz.6eF65e6d": what aws-cli writes to until a file is complete. Eight digits alone are more
 * likely the day of a rotated log: should it be half a file after all, then its container tells.
 */
static bool
is_of_aws(const char *name, size_t n)
{
    static const char *const packed[] = { ".gz.", ".zst.", ".bz2.", ".xz." };
    bool any = false;

    if (n < 8)
        return false;
    for (size_t i = n - 8; i < n; i++) {
        if (!isxdigit((unsigned char)name[i]))
            return false;
        any = any || !isdigit((unsigned char)name[i]);
    }
    for (size_t i = 0; any && i < ARRAY_LEN(packed); i++)
        if (ends_with(name, n - 8, packed[i]))
            return true;
    return false;
}

/*
 * Hidden files, and those that somebody is still writing under a temporary name; rclone's end in
 * ".<8 hex>.partial".
 */
static bool
is_left_out(const char *name)
{
    static const char *const ends[] = { ".tmp", ".part", ".partial", "~" };
    size_t n = strlen(name);

    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (ends_with(name, n, ends[i]))
            return true;
    return name[0] == '.' || is_of_aws(name, n);
}

static int
wanted(const struct dirent *entry)
{
    return !is_left_out(entry->d_name);
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum st
walk(struct source_list *list, const char *path, int depth, struct err *err)
{
    size_t n_path = strlen(path);
    struct dirent **entries;
    enum st rc = ST_OK;
    int n;

    if (depth > DEPTH_MAX)
        return add_trouble(list, path, true, "directories are nested too deeply", err);
    n = scandir(path, &entries, wanted, by_bytes);
    if (n < 0)
        return add_trouble(list, path, depth > 0, words(errno), err);
    for (int i = 0; i < n; i++) {
        size_t cap = n_path + strlen(entries[i]->d_name) + 2;
        char *child = rc == ST_OK ? malloc(cap) : NULL;
        struct stat st;

        if (rc == ST_OK && child == NULL)
            rc = err_memory(err, "cannot hold the list of inputs");
        if (child != NULL) {
            bool slash = n_path > 0 && path[n_path - 1] == '/';

            snprintf(child, cap, "%s%s%s", path, slash ? "" : "/", entries[i]->d_name);
            if (lstat(child, &st) != 0)
                rc = add_trouble(list, child, true, words(errno), err);
            else if (S_ISDIR(st.st_mode))
                rc = walk(list, child, depth + 1, err);
            else if (S_ISLNK(st.st_mode) && stat(child, &st) != 0)
                rc = add_trouble(list, child, true, words(errno), err);
            else if (S_ISREG(st.st_mode)) /* a link to a directory is not followed: it may lead in a
                                             circle */
                rc = add_file(list, child, &st, WALKED, err);
            free(child);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static enum st
add_path(struct source_list *list, const char *path, enum origin origin, struct err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return add_trouble(list, path, false, words(errno), err);
    if (S_ISDIR(st.st_mode))
        return walk(list, path, 0, err);
    if (!S_ISREG(st.st_mode))
        return add_trouble(list, path, false,
                           "it is not a regular file; feed a pipe on standard input", err);
    return add_file(list, path, &st, origin, err);
}

enum st
source_list_add(struct source_list *list, const char *path, struct err *err)
{
    if (strcmp(path, "-") == 0)
        return add(list, (struct source){ .path = path, .is_stdin = true }, err);
    return add_path(list, path, NAMED, err);
}

/* ---- lists of names ---- */

enum st
source_list_add_listed(struct source_list *list, const char *path, struct err *err)
{
    return add_path(list, strcmp(path, "-") == 0 ? "./-" : path, LISTED, err);
}

#define NAME_MAX_BYTES 4095 /* PATH_MAX of Linux without its NUL */

static enum st
bad_list(const char *list_path, const char *cause, const char *hint, struct err *err)
{
    err_fail(err, ST_USAGE, "cannot read the list of files", "%s", cause);
    snprintf(err->path, sizeof err->path, "%s", list_path);
    if (hint != NULL)
        err_hint(err, "%s", hint);
    return ST_USAGE;
}

/* "-" is a file's name here: whoever lists files lists no standard input. */
static enum st
add_name(struct source_list *list, char *name, size_t n, struct err *err)
{
    if (n == 0)
        return ST_OK;
    name[n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES] = '\0';
    if (n > NAME_MAX_BYTES)
        return add_trouble(list, name, false, "the name is longer than 4,095 bytes", err);
    return source_list_add_listed(list, name, err);
}

static enum st
read_list(struct source_list *list, FILE *file, const char *list_path, char end, struct err *err)
{
    char name[NAME_MAX_BYTES + 1];
    enum st rc = ST_OK;
    size_t n = 0;
    int c;

    while (rc == ST_OK && (c = getc_unlocked(file)) != EOF) {
        if (c == end) {
            rc = add_name(list, name, n, err);
            n = 0;
        } else if (c == '\0') {
            return bad_list(list_path, "there is a NUL byte in it", "names that end in NUL: say -0",
                            err);
        } else {
            if (n < NAME_MAX_BYTES)
                name[n] = (char)c;
            n++;
        }
    }
    if (rc == ST_OK && ferror(file))
        return bad_list(list_path, strerror(errno), NULL, err);
    return rc == ST_OK ? add_name(list, name, n, err) : rc;
}

enum st
source_list_add_from(struct source_list *list, const char *list_path, char end, struct err *err)
{
    bool is_stdin = strcmp(list_path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(list_path, "re");
    enum st rc;

    if (file == NULL)
        return bad_list(list_path, strerror(errno), NULL, err);
    rc = read_list(list, file, list_path, end, err);
    if (!is_stdin)
        fclose(file);
    return rc;
}
