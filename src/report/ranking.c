/*
 * Lists: who has most. All are ranked by the server, and the first LIST_MAX come here; of the first
 * of these (--top) also series, clients and versions.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "report_priv.h"

/* A list to be made: its keys as SQL has them, and what its first entries get. */
struct plan {
    struct list       *list;
    const struct view *v;
    const char        *keys[2];
    const char        *where; /* NULL: the view's */
    size_t             n_first; /* parameters before ours */
    const char        *values[4];
    struct pg_array    arrays[2]; /* the keys of the first entries */
    bool               begun;
};

/* ---- the ranking ---- */

static void
rank_sql(struct buf *sql, const struct report *r, const struct table *t, const struct plan *p)
{
    const struct view *v = p->v;
    size_t n_keys = p->list->n_keys;

    buf_text(sql, "SELECT k0::text");
    if (n_keys > 1)
        buf_text(sql, ", k1::text");
    buf_text(sql, ", count(*) FILTER (WHERE now) OVER (), count(*) FILTER (WHERE prior) OVER (), now, before");
    for (size_t m = 0; m < t->n_measures; m++)
        buf_printf(sql, ", s%zu", m);
    buf_printf(sql, " FROM (SELECT %s AS k0", p->keys[0]);
    if (n_keys > 1)
        buf_printf(sql, ", %s AS k1", p->keys[1]);
    for (size_t m = 0; m <= t->n_measures; m++) {
        bool before = m == t->n_measures;

        buf_printf(sql, ", greatest(least(coalesce(sum(%s) FILTER (WHERE %s", v->measures[before ? 0 : m],
                   before ? "NOT " : "");
        view_since(v, sql, t->period.since);
        buf_text(sql, "), 0), 9223372036854775807), -9223372036854775807)::bigint AS ");
        if (before)
            buf_text(sql, "before");
        else
            buf_printf(sql, "s%zu", m);
    }
    buf_text(sql, ", bool_or(");
    view_since(v, sql, t->period.since);
    buf_text(sql, ") AS now, bool_or(NOT ");
    view_since(v, sql, t->period.since);
    buf_text(sql, ") AS prior");
    view_rows(v, r, sql, p->where, (struct period){ t->previous.since, t->period.until });
    buf_printf(sql, " GROUP BY 1%s) AS x ORDER BY now DESC, s0 DESC, k0::text COLLATE \"C\"%s LIMIT %d",
               n_keys > 1 ? ", 2" : "", n_keys > 1 ? ", k1::text COLLATE \"C\"" : "", LIST_MAX);
}

/* A UUID as 7TV writes it. */
static struct slice
key_shown(struct report *r, const struct plan *p, struct slice text)
{
    uint8_t id[16];
    char ulid[27];
    size_t n = 0;

    if (strcmp(p->v->key_type, "uuid") != 0)
        return report_copy(r, text);
    for (size_t i = 0; i + 1 < text.n && n < sizeof id;) {
        int high = num_hex_digit(text.p[i]), low = num_hex_digit(text.p[i + 1]);

        if (high < 0 || low < 0) { /* a dash between two bytes */
            i++;
            continue;
        }
        id[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    if (n < sizeof id)
        return report_copy(r, text);
    board_ulid(id, ulid);
    return report_copy(r, slice_of(ulid));
}

static void
take_rank(struct report *r, const struct table *t, struct plan *p, const struct pg_result *found)
{
    struct list *list = p->list;
    size_t n_keys = list->n_keys, rows = pg_rows(found);

    list->entries = report_alloc(r, rows, sizeof *list->entries);
    if (rows > 0) {
        list->total = pg_int(found, 0, n_keys);
        list->total_before = pg_int(found, 0, n_keys + 1);
    }
    for (size_t row = 0; !r->failed && row < rows; row++) {
        struct entry *e = &list->entries[list->n];

        if (pg_text(found, row, 0).n == 0) {
            list->unnamed = slice_is(pg_text(found, row, n_keys + 2), "t");
            list->unnamed_before = pg_int(found, row, n_keys + 3) != 0;
        }
        if (!slice_is(pg_text(found, row, n_keys + 2), "t"))
            continue; /* from here on they are of the previous period alone */
        for (size_t k = 0; k < n_keys; k++)
            e->keys[k] = key_shown(r, p, pg_text(found, row, k));
        e->before = pg_int(found, row, n_keys + 3);
        for (size_t m = 0; m < t->n_measures; m++)
            e->sums[m] = pg_int(found, row, n_keys + 4 + m);
        list->n++;
    }
    list->n_rich = list->n < r->top ? list->n : r->top;
}

/* What all of them have, less what those have that stand in the list. */
static enum st
sum_others(struct report *r, const struct table *t, struct plan *p, struct pg *pg, struct err *err)
{
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    enum st rc = ST_OK;

    if ((size_t)p->list->total <= p->list->n)
        return ST_OK;
    buf_text(&sql, "SELECT ");
    for (size_t m = 0; m < t->n_measures; m++) {
        buf_text(&sql, m > 0 ? ", " : "");
        view_sum(&sql, p->v->measures[m]);
    }
    view_rows(p->v, r, &sql, p->where, t->period);
    rc = view_ask(pg, &sql, p->n_first, p->values, &found, err);
    for (size_t m = 0; rc == ST_OK && m < t->n_measures; m++) {
        p->list->others[m] = pg_int(found, 0, m);
        for (size_t i = 0; i < p->list->n; i++)
            (void)num_add(&p->list->others[m], -p->list->entries[i].sums[m]);
    }
    pg_free(found);
    buf_release(&sql);
    return rc;
}

static enum st
rank(struct report *r, const struct table *t, struct plan *p, struct pg *pg, struct err *err)
{
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    enum st rc;

    rank_sql(&sql, r, t, p);
    rc = view_ask(pg, &sql, p->n_first, p->values, &found, err);
    buf_release(&sql);
    if (rc == ST_OK) {
        take_rank(r, t, p, found);
        for (size_t k = 0; k < p->list->n_keys; k++) {
            pg_array_begin(&p->arrays[k]);
            for (size_t i = 0; i < p->list->n_rich; i++)
                pg_array_text(&p->arrays[k], pg_text(found, i, k));
            p->values[p->n_first + k] = pg_array_end(&p->arrays[k]);
            if (p->values[p->n_first + k] == NULL)
                r->failed = true;
        }
        p->begun = true;
    }
    pg_free(found);
    if (r->failed)
        return err_memory(err, REPORT_WHAT);
    return rc == ST_OK ? sum_others(r, t, p, pg, err) : rc;
}

/* ---- of the first ones ---- */

/*
 * Rows of the first entries, with the place of each in the list. One key is compared with an array,
 * for which an index serves.
 */
static void
first_sql(struct buf *sql, const struct report *r, const struct table *t, const struct plan *p,
          const char *select, const char *where)
{
    size_t at = p->n_first + 1;
    const char *type = p->v->key_type;

    if (p->list->n_keys == 1) {
        buf_printf(sql, "SELECT array_position($%zu::%s[], (%s)::%s) AS at, %s", at, type,
                   p->keys[0], type, select);
        view_rows(p->v, r, sql, where, t->period);
        buf_printf(sql, " AND %s = ANY ($%zu::%s[])", p->keys[0], at, type);
    } else {
        buf_printf(sql, "SELECT w.at, %s%s JOIN unnest($%zu::text[], $%zu::text[]) WITH ORDINALITY"
                        " AS w(k0, k1, at) ON w.k0 = %s AND w.k1 = %s WHERE %s AND ",
                   select, p->v->from.p, at, at + 1, p->keys[0], p->keys[1],
                   where == NULL ? p->v->where : where);
        view_since(p->v, sql, t->period.since);
        buf_text(sql, " AND NOT ");
        view_since(p->v, sql, t->period.until);
    }
}

static size_t
n_values(const struct plan *p)
{
    return p->n_first + p->list->n_keys;
}

/* "19722:12,19723:7", days since 1970 and their figures. */
static void
take_days(const struct table *t, int64_t *series, const char *text)
{
    while (*text != '\0') {
        char *end;
        long long day = strtoll(text, &end, 10), v = *end == ':' ? strtoll(end + 1, &end, 10) : 0;
        int64_t step = step_of(t, (int32_t)day) - (int64_t)t->n_before;

        if (step >= 0 && series[step] != NO_FIGURE)
            series[step] += v;
        text = end + (*end == ',');
        if (*end != ',' && *end != '\0')
            return;
    }
}

static enum st
add_series(struct report *r, const struct table *t, struct plan *p, struct pg *pg, struct err *err)
{
    const int64_t *all = t->series[0] + t->n_before;
    struct pg_result *found = NULL;
    struct buf sql = { 0 }, select = { 0 };
    enum st rc;

    for (size_t i = 0; i < p->list->n_rich; i++) {
        int64_t *series = p->list->entries[i].series = report_alloc(r, t->n_steps, sizeof *series);

        for (size_t s = 0; series != NULL && s < t->n_steps; s++)
            series[s] = all[s] == NO_FIGURE ? NO_FIGURE : 0;
    }
    buf_printf(&select, "%s - date '1970-01-01' AS d, ", p->v->day);
    view_sum(&select, p->v->measures[0]);
    buf_text(&select, " AS v");
    buf_text(&sql, "SELECT at, string_agg(d || ':' || v, ',') FROM (");
    if (r->failed || buf_str(&select) == NULL) {
        rc = err_memory(err, REPORT_WHAT);
    } else {
        first_sql(&sql, r, t, p, select.p, p->where);
        buf_text(&sql, " GROUP BY 1, 2) AS x GROUP BY at");
        rc = view_ask(pg, &sql, n_values(p), p->values, &found, err);
    }
    for (size_t row = 0; rc == ST_OK && row < pg_rows(found); row++) {
        int64_t at = pg_int(found, row, 0);

        if (at >= 1 && (size_t)at <= p->list->n_rich)
            take_days(t, p->list->entries[at - 1].series, pg_text(found, row, 1).p);
    }
    p->list->has_series = rc == ST_OK;
    pg_free(found);
    buf_release(&select);
    buf_release(&sql);
    return rc;
}

static enum st
add_clients(struct report *r, struct table *t, struct plan *p, struct pg *pg, struct err *err)
{
    struct buf sql = { 0 }, select = { 0 };
    enum st rc = ST_OK;

    p->list->has_clients = t->keeps_clients;
    if (p->v->sketch == NULL)
        return ST_OK;
    pg_ident(NULL, &select, t->target.hll_schema);
    buf_printf(&select, ".hll_union_agg(%s)", p->v->sketch);
    if (buf_str(&select) != NULL)
        first_sql(&sql, r, t, p, select.p, p->where);
    buf_text(&sql, " GROUP BY 1");
    rc = select.failed || buf_str(&sql) == NULL
             ? err_memory(err, REPORT_WHAT)
             : clients_of_entries(r, t, p->list, pg, sql.p, n_values(p), p->values, err);
    if (rc == ST_OK)
        rc = entries_correct(t, p->list, pg, err);
    buf_release(&select);
    buf_release(&sql);
    return rc;
}

/* ---- versions ---- */

static void
versions_sql(struct buf *sql, const struct report *r, const struct table *t, const struct plan *p)
{
    const struct view *v = p->v;
    struct buf select = { 0 };

    buf_printf(&select, "%s::text AS version, %s::text AS auth, ", v->version,
               v->auth == NULL ? "NULL" : v->auth);
    view_sum(&select, v->measures[0]);
    buf_text(&select, " AS s0, ");
    view_sum(&select, t->has_bytes ? v->measures[1] : "0");
    buf_text(&select, " AS s1");
    buf_text(sql, "SELECT at, version, auth, s0, s1, n, least(everything, 9223372036854775807)::bigint FROM"
                  " (SELECT x.*, row_number() OVER (PARTITION BY at ORDER BY s0 DESC,"
                  " version COLLATE \"C\", auth COLLATE \"C\") AS place,"
                  " count(*) OVER (PARTITION BY at) AS n, sum(s0) OVER (PARTITION BY at) AS everything FROM (");
    if (buf_str(&select) == NULL)
        sql->failed = true;
    else
        first_sql(sql, r, t, p, select.p, v->versions_where);
    buf_printf(sql, " GROUP BY 1, 2, 3) AS x) AS y WHERE place <= %d ORDER BY at, place",
               VERSIONS_MAX);
    buf_release(&select);
}

static void
take_version(struct report *r, const struct table *t, struct entry *e, const struct pg_result *found,
             size_t row)
{
    struct version *v;

    if (e->versions == NULL) {
        e->versions = report_alloc(r, VERSIONS_MAX, sizeof *e->versions);
        e->n_more = pg_int(found, row, 5);
        e->more = pg_int(found, row, 6);
    }
    if (e->versions == NULL || e->n_versions == VERSIONS_MAX)
        return;
    v = &e->versions[e->n_versions++];
    v->version = report_copy(r, pg_text(found, row, 1));
    v->auth = report_copy(r, pg_text(found, row, 2));
    v->sums[0] = pg_int(found, row, 3);
    v->sums[1] = t->has_bytes ? pg_int(found, row, 4) : 0;
    e->n_more--;
    e->more -= v->sums[0];
}

static enum st
add_versions(struct report *r, const struct table *t, struct plan *p, struct pg *pg,
             struct err *err)
{
    struct pg_result *found = NULL;
    struct buf sql = { 0 };
    enum st rc;

    versions_sql(&sql, r, t, p);
    rc = view_ask(pg, &sql, n_values(p), p->values, &found, err);
    for (size_t row = 0; rc == ST_OK && row < pg_rows(found); row++) {
        int64_t at = pg_int(found, row, 0);

        if (at >= 1 && (size_t)at <= p->list->n_rich)
            take_version(r, t, &p->list->entries[at - 1], found, row);
    }
    p->list->has_versions = rc == ST_OK;
    pg_free(found);
    buf_release(&sql);
    return rc;
}

/* ---- all lists of a table ---- */

#define NETWORK "coalesce(t.network, '')::text"

static const struct {
    const char *of, *keys[2], *sql[2];
    const char *where;
    bool series;
} lists_of_requests[LISTS_MAX] = {
    { "network", { "network" }, { NETWORK }, "t.network <> ''", true },
    { "station", { "network", "station" }, { NETWORK, "coalesce(t.station, '')::text" },
      "t.network <> ''", false },
    { "country", { "country" }, { "coalesce(t.country, '')::text" }, NULL, false },
    { "node", { "node" }, { NULL }, NULL, false },
};

static enum st
make_list(struct report *r, struct table *t, struct plan *p, bool series, bool versions,
          struct pg *pg, struct err *err)
{
    enum st rc;

    p->n_first = view_values(r, p->values);
    rc = rank(r, t, p, pg, err);
    if (rc == ST_OK && series)
        rc = add_series(r, t, p, pg, err);
    if (rc == ST_OK)
        rc = add_clients(r, t, p, pg, err);
    if (rc == ST_OK && versions)
        rc = add_versions(r, t, p, pg, err);
    for (size_t k = 0; p->begun && k < p->list->n_keys; k++)
        pg_array_release(&p->arrays[k]);
    return rc == ST_OK && r->failed ? err_memory(err, REPORT_WHAT) : rc;
}

enum st
table_lists(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err)
{
    const char *of = t->keeps_clients ? "name" : "emote";
    enum st rc = ST_OK;

    if (!t->monthly) {
        struct plan p = { .list = &t->lists[t->n_lists++], .v = v, .keys = { v->key } };

        *p.list = (struct list){ .of = of, .keys = { of }, .n_keys = 1 };
        return make_list(r, t, &p, true, v->version != NULL, pg, err);
    }
    for (size_t i = 0; rc == ST_OK && i < LISTS_MAX; i++) {
        struct plan p = { .list = &t->lists[t->n_lists++],
                          .v = v,
                          .keys = { lists_of_requests[i].sql[0], lists_of_requests[i].sql[1] },
                          .where = lists_of_requests[i].where };

        if (p.keys[0] == NULL)
            p.keys[0] = v->key;
        *p.list = (struct list){ .of = lists_of_requests[i].of,
                                 .keys = { lists_of_requests[i].keys[0],
                                           lists_of_requests[i].keys[1] },
                                 .n_keys = lists_of_requests[i].keys[1] == NULL ? 1 : 2 };
        rc = make_list(r, t, &p, lists_of_requests[i].series, false, pg, err);
    }
    return rc;
}
