/*
 * What killed backups left goes with the next one.
 *
 * --keep: which backups may go. Only what is named as ingest names them and has a manifest that
 * says the same database: another database's backups may stand in the same directory.
 */
#include "ingest/base.h"

#include <dirent.h>

#include "ingest/temporary.h"

#include "backup_priv.h"

/* The stem of "ingest-2026-11-21T234500Z" and the suffix: digits where digits are. */
static bool
is_named(const char *name, const char *suffix, char stem[STEM_BYTES])
{
    static const char pattern[] = "ingest-9999-99-99T999999Z";
    size_t n = sizeof pattern - 1;

    if (strlen(name) <= n || strcmp(name + n, suffix) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (pattern[i] == '9' ? name[i] < '0' || name[i] > '9' : name[i] != pattern[i])
            return false;
    memcpy(stem, name, STEM_BYTES - 1);
    stem[STEM_BYTES - 1] = '\0';
    return true;
}

/* ---- leftovers ---- */

/*
 * `base` is what it would have become. A manifest takes its place before its dump does: of one that
 * was killed between, it stands alone.
 */
static bool
is_leftover(void *dir, const char *base)
{
    char stem[STEM_BYTES], path[2][4400];

    if (is_named(base, MANIFEST_SUFFIX, stem))
        return true;
    if (!is_named(base, DUMP_SUFFIX, stem))
        return false;
    snprintf(path[0], sizeof path[0], "%.4200s/%s" DUMP_SUFFIX, (const char *)dir, stem);
    snprintf(path[1], sizeof path[1], "%.4200s/%s" MANIFEST_SUFFIX, (const char *)dir, stem);
    if (access(path[0], F_OK) != 0 && errno == ENOENT)
        (void)unlink(path[1]);
    return true;
}

void
old_sweep(const char *dir)
{
    char own[TEMPORARY_NAME];

    snprintf(own, sizeof own, "%s", dir);
    temporary_sweep(dir, is_leftover, own);
}

/* ---- --keep ---- */

static bool
is_of(const char *dir, const char *stem, const char *database)
{
    struct manifest m;
    struct err ignored;
    char path[4400];
    bool same;

    snprintf(path, sizeof path, "%.4200s/%s" MANIFEST_SUFFIX, dir, stem);
    same = manifest_read(&m, path, &ignored) == ST_OK && strcmp(m.database, database) == 0;
    manifest_release(&m);
    return same;
}

static int
newest_first(const void *a, const void *b)
{
    return strcmp(b, a);
}

/* The dump first: a manifest alone misleads nobody. */
static enum st
remove_one(const char *dir, const char *stem, struct err *err)
{
    static const char *const suffix[] = { DUMP_SUFFIX, MANIFEST_SUFFIX };
    char path[4400];

    for (size_t i = 0; i < ARRAY_LEN(suffix); i++) {
        snprintf(path, sizeof path, "%.4200s/%s%s", dir, stem, suffix[i]);
        if (unlink(path) != 0 && errno != ENOENT) {
            err_fail(err, ST_DISK, "cannot remove an old backup", "%s", strerror(errno));
            snprintf(err->path, sizeof err->path, "%.255s", path);
            return ST_DISK;
        }
    }
    return ST_OK;
}

enum st
old_remove(const char *dir, const char *database, size_t keep, size_t *n_removed, struct err *err)
{
    char(*stems)[STEM_BYTES] = NULL, (*more)[STEM_BYTES], stem[STEM_BYTES];
    size_t n = 0, cap = 0;
    DIR *d = opendir(dir);
    struct dirent *entry;
    enum st rc = ST_OK;

    if (d == NULL)
        return err_fail(err, ST_DISK, "cannot look for old backups", "%s", strerror(errno));
    while (rc == ST_OK && (entry = readdir(d)) != NULL) {
        if (!is_named(entry->d_name, DUMP_SUFFIX, stem) || !is_of(dir, stem, database))
            continue;
        if (n == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            more = reallocarray(stems, cap, sizeof *stems);
            if (more == NULL) {
                rc = err_memory(err, "cannot list old backups");
                break;
            }
            stems = more;
        }
        memcpy(stems[n++], stem, sizeof stem);
    }
    closedir(d);
    if (n > 0)
        qsort(stems, n, sizeof *stems, newest_first);
    for (size_t i = keep; rc == ST_OK && i < n; i++) {
        rc = remove_one(dir, stems[i], err);
        *n_removed += rc == ST_OK;
    }
    free(stems);
    return rc;
}
