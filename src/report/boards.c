/*
 * 7TV's leaderboards as `ingest leaderboard` left them in emote_scores, beside emote_stats.
 */
#include "ingest/base.h"

#include "report_priv.h"

static enum st
find_scores(struct table *t, struct pg *pg, bool *may, struct err *err)
{
    static const char sql[] =
        "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = $1 AND c.relname = 'emote_scores' AND c.relkind IN ('r', 'p')"
        " AND has_table_privilege(c.oid, 'SELECT')";
    const char *values[] = { t->target.schema };
    struct pg_result *found = NULL;
    enum st rc = pg_run(pg, REPORT_WHAT, sql, 1, values, &found, err);

    *may = rc == ST_OK && pg_rows(found) > 0;
    pg_free(found);
    return rc;
}

static void
from_scores(struct buf *sql, const struct table *t)
{
    buf_text(sql, " FROM ");
    pg_ident(NULL, sql, t->target.schema);
    buf_text(sql, ".emote_scores");
}

/* Ties and what is on a list are as in the lists of `ingest leaderboard`. */
static enum st
read_list(struct report *r, struct table *t, struct pg *pg, size_t list, struct err *err)
{
    const char *name = board_names[list];
    struct boards *boards = t->boards;
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    enum st rc;

    buf_printf(&sql, "SELECT uuid_send(emote_id), %s", name);
    from_scores(&sql, t);
    if (list >= BOARD_TRENDING_DAY)
        buf_printf(&sql, " WHERE %s > 0", name);
    buf_printf(&sql, " ORDER BY %s DESC, emote_id DESC LIMIT %zu", name, r->top);
    rc = view_ask(pg, &sql, 0, NULL, &found, err);
    if (rc == ST_OK)
        boards->lists[list] = report_alloc(r, pg_rows(found), sizeof *boards->lists[list]);
    for (size_t i = 0; rc == ST_OK && !r->failed && i < pg_rows(found); i++) {
        struct board_entry *e = &boards->lists[list][boards->n[list]];
        uint8_t id[16];

        if (pg_bytea(found, i, 0, id, sizeof id) != sizeof id)
            continue;
        board_ulid(id, e->id);
        e->score = (int32_t)pg_int(found, i, 1);
        boards->n[list]++;
    }
    pg_free(found);
    buf_release(&sql);
    return rc;
}

enum st
table_boards(struct report *r, struct table *t, struct pg *pg, struct err *err)
{
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    bool may;
    enum st rc;

    if (strcmp(t->target.dataset->name, "emote_stats") != 0)
        return ST_OK;
    if ((rc = find_scores(t, pg, &may, err)) != ST_OK || !may)
        return rc;
    buf_text(&sql, "SELECT to_char(max(updated_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')");
    from_scores(&sql, t);
    rc = view_ask(pg, &sql, 0, NULL, &found, err);
    if (rc == ST_OK && !pg_is_null(found, 0, 0)) {
        t->boards = report_alloc(r, 1, sizeof *t->boards);
        if (t->boards != NULL)
            snprintf(t->boards->updated_at, sizeof t->boards->updated_at, "%s",
                     pg_text(found, 0, 0).p);
    }
    for (size_t i = 0; rc == ST_OK && t->boards != NULL && i < BOARD_LISTS; i++)
        rc = read_list(r, t, pg, i, err);
    pg_free(found);
    buf_release(&sql);
    return rc == ST_OK && r->failed ? err_memory(err, REPORT_WHAT) : rc;
}
