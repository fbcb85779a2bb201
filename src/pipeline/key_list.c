/*
 * `ingest key list`: the keys of the file beside those that the tables of the database are fed under.
 */
#include "ingest/base.h"

#include "ingest/key.h"

#include "pipeline_priv.h"

struct listing {
    struct key_line *lines;
    struct buf      *tables; /* of each line */
    size_t           n;
};

static struct key_line *
line_of(struct listing *l, int32_t from_day, const uint8_t id[8])
{
    struct key_line *line;

    for (size_t i = 0; i < l->n; i++)
        if (l->lines[i].from_day == from_day && memcmp(l->lines[i].id, id, 8) == 0)
            return &l->lines[i];
    line = &l->lines[l->n++];
    *line = (struct key_line){ .from_day = from_day };
    memcpy(line->id, id, 8);
    return line;
}

static void
list_file(struct listing *l, const struct client_key *file)
{
    for (size_t i = 0; i < file->n_epochs; i++) {
        const struct client_epoch *e = &file->epochs[i];
        struct key_line *line = line_of(l, i == 0 ? DAY_NONE : e->from_day, e->id);

        line->in_file = true;
        line->held = !e->dropped;
        line->dropped = e->dropped;
    }
}

static enum st
list_table(struct listing *l, struct ledger *ledger, const char *name, struct err *err)
{
    struct key_epochs epochs;
    bool unwritten;
    enum st rc = epochs_find(ledger, name, &epochs, &unwritten, err);

    for (size_t i = 0; rc == ST_OK && i < epochs.n; i++) {
        struct key_line *line = line_of(l, epochs.at[i].from_day, epochs.at[i].id);
        struct buf *tables = &l->tables[line - l->lines];

        line->in_database = true;
        line->dropped = line->dropped || epochs.at[i].dropped;
        buf_printf(tables, "%s%s", tables->n > 0 ? ", " : "", name);
    }
    return rc;
}

static int
by_day(const void *a, const void *b)
{
    const struct key_line *x = a, *y = b;

    if (x->from_day != y->from_day)
        return x->from_day < y->from_day ? -1 : 1;
    return memcmp(x->id, y->id, sizeof x->id);
}

static enum st
list_all(struct listing *l, const struct client_key *file, struct ledger *ledger,
         const struct buf *names, size_t n, struct err *err)
{
    size_t room = CLIENT_EPOCHS_MAX * (n + 1);
    const char *name = names->p;
    enum st rc = ST_OK;

    l->lines = calloc(room, sizeof *l->lines);
    l->tables = calloc(room, sizeof *l->tables);
    if (l->lines == NULL || l->tables == NULL)
        return err_memory(err, "cannot list client keys");
    list_file(l, file);
    for (size_t i = 0; rc == ST_OK && i < n; i++, name += strlen(name) + 1)
        rc = list_table(l, ledger, name, err);
    for (size_t i = 0; rc == ST_OK && i < l->n; i++) {
        l->lines[i].tables = buf_str(&l->tables[i]) == NULL ? NULL : l->tables[i].p;
        if (l->lines[i].tables == NULL)
            rc = err_memory(err, "cannot list client keys");
    }
    qsort(l->lines, l->n, sizeof *l->lines, by_day);
    return rc;
}

static enum st
open_listing(struct pg *pg, struct ledger *ledger, struct buf *names, size_t *n, struct err *err)
{
    enum st rc = ledger_open(ledger, pg, true, err);

    if (rc != ST_OK)
        return rc;
    return ledger->keeps_epochs ? epochs_tables(ledger, names, n, err) : epochs_rights(ledger, err);
}

enum st
key_list(struct pg *pg, const char *path, key_told *told, void *ctx, struct err *err)
{
    struct client_key file;
    struct ledger ledger = { 0 };
    struct listing l = { 0 };
    struct buf names = { 0 };
    bool missing;
    size_t n = 0;
    enum st rc = client_key_read(&file, path, &missing, err);

    if (missing && pg != NULL)
        rc = ST_OK;
    if (rc == ST_OK && pg != NULL)
        rc = open_listing(pg, &ledger, &names, &n, err);
    if (rc == ST_OK)
        rc = list_all(&l, &file, &ledger, &names, n, err);
    for (size_t i = 0; rc == ST_OK && i < l.n; i++)
        told(ctx, &l.lines[i]);
    for (size_t i = 0; l.tables != NULL && i < l.n; i++)
        buf_release(&l.tables[i]);
    free(l.tables);
    free(l.lines);
    buf_release(&names);
    explicit_bzero(&file, sizeof file);
    return rc;
}
