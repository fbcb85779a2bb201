/*
 * The list of datasets, and what their picks have in common. Stands between rules/ and rollup/; the
 * datasets themselves are in dataset_<name>.c.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

const struct dataset *const datasets[] = {
#define DATASET(name) &dataset_##name,
#include "datasets.def"
#undef DATASET
    NULL,
};

const struct dataset *
dataset_by_name(const char *name)
{
    for (const struct dataset *const *d = datasets; *d != NULL; d++)
        if (strcmp((*d)->name, name) == 0)
            return *d;
    return NULL;
}

bool
dataset_takes(const struct dataset *d, const char *fed)
{
    return strcmp(d->name, fed) == 0 || (d->of_requests && strcmp(fed, "stats") == 0);
}

/* ---- keys ---- */

/* Bytes are at least as many as code points, so short texts need no counting. */
static bool
is_too_long(struct slice s, size_t chars_max)
{
    return s.n > chars_max && slice_chars(s) > chars_max;
}

/* What the other kinds take in a key (hit.h). */
static const size_t key_bytes[] = { [COLUMN_DAY] = 4, [COLUMN_UUID] = 16, [COLUMN_INT] = 8 };

enum reason
key_check(const struct dataset *d, const struct slice *texts)
{
    size_t bytes = 0;
    bool too_long = false;

    for (size_t i = 0; i < d->n_keys; i++) {
        const struct key_column *column = &d->keys[i];

        if (column->kind != COLUMN_TEXT) {
            bytes += key_bytes[column->kind];
            continue;
        }
        /* Whatever else is wrong with the key. */
        if (!slice_is_short_ascii(*texts) && !slice_is_text(*texts))
            return REJECT_ENCODING;
        too_long |= is_too_long(*texts, column->chars_max);
        bytes += texts++->n + 2;
    }
    return too_long || bytes > KEY_BYTES_MAX ? REJECT_KEY_TOO_LONG : KEEP;
}

/* ---- pickers ---- */

enum st
picker_init(struct picker *p, const struct dataset *d, const struct rules *rules,
            const struct client_key *key, struct err *err)
{
    *p = (struct picker){ .dataset = d, .rules = rules, .clients = key,
                          .last_month = { DAY_NONE, DAY_NONE } };
    p->scratch = malloc(LINE_BYTES_MAX + 1 + KEY_BYTES_MAX);
    if (p->scratch == NULL)
        return err_memory(err, "cannot hold a path");
    p->key = (uint8_t *)p->scratch + LINE_BYTES_MAX + 1;
    return ST_OK;
}

void
picker_release(struct picker *p)
{
    if (p == NULL)
        return;
    free(p->scratch);
    p->scratch = NULL;
}

void
picker_set_ecosystem(struct picker *p, const char *ecosystem)
{
    snprintf(p->ecosystem, sizeof p->ecosystem, "%s", ecosystem);
    p->last_ecosystem = NULL;
}
