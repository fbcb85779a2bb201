/*
 * Which files may go: those whose content is committed, all of it, and which are still what was
 * read. Said once, at the end, because a batch that is not committed yet is nothing.
 */
#include "ingest/base.h"

#include "pipeline_priv.h"

bool
done_is_whole(const struct sighting *seen, const struct source *source, uint64_t unterminated)
{
    return seen->is_file && !seen->young && unterminated == 0 &&
           memcmp(&seen->file, &source->file, sizeof seen->file) == 0;
}

static bool
may_go(const struct item *item)
{
    bool there = item->fate == FATE_COUNTED ||
                 ((item->fate == FATE_KNOWN || item->fate == FATE_KNOWN_OTHERWISE) &&
                  item->out_since == 0); /* it may be wanted again */

    return there && item->whole && input_is_unchanged(item->source);
}

static int
by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum st
done_list(const struct run *run, struct buf *out, struct err *err)
{
    const char **paths = calloc(run->n_items + 1, sizeof *paths);
    size_t n = 0;

    if (paths == NULL)
        return err_memory(err, "cannot list what is done");
    for (size_t i = 0; i < run->n_items; i++)
        if (may_go(&run->items[i]))
            paths[n++] = run->items[i].source->path;
    qsort(paths, n, sizeof *paths, by_path);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(paths[i - 1], paths[i]) != 0) /* named twice: once */
            buf_add(out, paths[i], strlen(paths[i]) + 1);
    free(paths);
    return out->failed ? err_memory(err, "cannot list what is done") : ST_OK;
}
