/*
 * What the command line names becomes a list of inputs: files as they are, directories walked in
 * the order of their names. Opens nothing but directories.
 */
#include "ingest/base.h"

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

static int64_t
nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct file_id
file_id_of(const struct stat *st)
{
    return (struct file_id){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = st->st_size,
        .mtime_ns = nanoseconds(st->st_mtim),
        .ctime_ns = nanoseconds(st->st_ctim),
    };
}

/* Hidden files, and those that somebody is still writing under a temporary name. */
static bool
is_left_out(const char *name)
{
    size_t n = strlen(name);

    return name[0] == '.' || (n >= 4 && memcmp(name + n - 4, ".tmp", 4) == 0) ||
           (n >= 5 && memcmp(name + n - 5, ".part", 5) == 0);
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
                rc = add(list,
                         (struct source){ .path = child, .walked = true, .file = file_id_of(&st) },
                         err);
            free(child);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

enum st
source_list_add(struct source_list *list, const char *path, struct err *err)
{
    struct stat st;

    if (strcmp(path, "-") == 0)
        return add(list, (struct source){ .path = path, .is_stdin = true }, err);
    if (stat(path, &st) != 0)
        return add_trouble(list, path, false, words(errno), err);
    if (S_ISDIR(st.st_mode))
        return walk(list, path, 0, err);
    if (!S_ISREG(st.st_mode))
        return add_trouble(list, path, false,
                           "it is not a regular file; feed a pipe on standard input", err);
    return add(list, (struct source){ .path = path, .file = file_id_of(&st) }, err);
}
