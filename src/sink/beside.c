/*
 * What a dataset wants done in the transaction of a merge besides it (dataset.h): its statements,
 * those of them that this database has the tables for, with the names filled in.
 */
#include "sink_priv.h"

static const char *const *
list_of(const struct dataset *d, enum beside kind)
{
    static const char *const none[] = { NULL };
    const char *const *list = kind == BESIDE_BEFORE  ? d->before
                              : kind == BESIDE_AFTER ? d->after
                                                     : d->instead;

    return list != NULL ? list : none;
}

static size_t
length(const char *const *list)
{
    size_t n = 0;

    while (list[n] != NULL)
        n++;
    return n;
}

/* The bit of the first statement of a kind. */
static size_t
first_bit(const struct dataset *d, enum beside kind)
{
    size_t n = 0;

    for (enum beside k = BESIDE_BEFORE; k < kind; k++)
        n += length(list_of(d, k));
    return n;
}

/* ---- conditions ---- */

struct condition {
    bool has; /* or has not */
    char table[64], column[64];
};

/* The condition that *text begins with, which is cut off. */
static bool
take_condition(const char **text, struct condition *out)
{
    struct slice rest = slice_of(*text);
    const char *dot, *end;

    out->has = slice_starts(rest, SLICE("{has:"));
    if (!out->has && !slice_starts(rest, SLICE("{no:")))
        return false;
    rest.p += out->has ? 5 : 4;
    dot = strchr(rest.p, '.');
    end = strchr(rest.p, '}');
    assert(dot != NULL && end != NULL && dot < end);
    snprintf(out->table, sizeof out->table, "%.*s", (int)(dot - rest.p), rest.p);
    snprintf(out->column, sizeof out->column, "%.*s", (int)(end - dot - 1), dot + 1);
    *text = end + 1;
    return true;
}

static enum st
condition_holds(struct pg *pg, const struct target *t, const struct condition *c, bool *holds,
                struct err *err)
{
    static const char sql[] =
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute a"
        " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND NOT a.attisdropped)";
    const char *values[] = { t->schema, c->table, c->column };
    struct pg_result *r = NULL;
    enum st st = pg_run(pg, "cannot look at the tables beside a table", sql, ARRAY_LEN(values),
                        values, &r, err);

    if (st == ST_OK)
        *holds = slice_is(pg_text(r, 0, 0), "t") == c->has;
    pg_free(r);
    return st;
}

static enum st
all_hold(struct pg *pg, const struct target *t, const char *text, bool *hold, struct err *err)
{
    struct condition c;
    enum st st = ST_OK;

    *hold = true;
    while (st == ST_OK && *hold && take_condition(&text, &c))
        st = condition_holds(pg, t, &c, hold, err);
    return st;
}

enum st
beside_look(struct pg *pg, struct target *t, struct err *err)
{
    size_t bit = 0;

    t->statements = 0;
    for (enum beside kind = BESIDE_BEFORE; kind <= BESIDE_INSTEAD; kind++)
        for (const char *const *text = list_of(t->dataset, kind); *text != NULL; text++) {
            bool hold;
            enum st st = all_hold(pg, t, *text, &hold, err);

            if (st != ST_OK)
                return st;
            assert(bit < STATEMENTS_MAX);
            t->statements |= (uint32_t)hold << bit++;
        }
    if (t->dataset->instead == NULL || t->statements != 0)
        return ST_OK;
    target_unusable(t, err);
    err_cause(err, "there is nothing beside it that dataset %s could update", t->dataset->name);
    return ST_DB;
}

/* ---- running them ---- */

static void
fill_in(struct buf *b, const struct target *t, const struct stage *s, const char *text)
{
    struct condition condition;

    while (take_condition(&text, &condition))
        continue;
    while (*text != '\0') {
        struct slice rest = slice_of(text);

        if (slice_starts(rest, SLICE("{schema}"))) {
            pg_ident(NULL, b, t->schema);
            text += strlen("{schema}");
        } else if (slice_starts(rest, SLICE("{table}"))) {
            pg_ident(NULL, b, t->dataset->table);
            text += strlen("{table}");
        } else if (slice_starts(rest, SLICE("{stage}"))) {
            buf_text(b, s->name);
            text += strlen("{stage}");
        } else {
            buf_add(b, text++, 1);
        }
    }
}

enum st
beside_run(struct pg *pg, const struct target *t, const struct stage *s, enum beside kind,
           int64_t *touched, struct err *err)
{
    static const char what[] = "cannot do what goes with a merge";
    const char *const *list = list_of(t->dataset, kind);
    size_t bit = first_bit(t->dataset, kind);
    struct buf sql = { 0 };
    enum st st = ST_OK;

    for (size_t i = 0; list[i] != NULL && st == ST_OK; i++) {
        struct pg_result *r = NULL;

        if ((t->statements >> (bit + i) & 1) == 0)
            continue;
        buf_reset(&sql);
        fill_in(&sql, t, s, list[i]);
        st = buf_str(&sql) == NULL ? err_memory(err, what)
                                   : pg_run(pg, what, sql.p, 0, NULL, &r, err);
        if (st == ST_OK)
            *touched += pg_affected(r);
        pg_free(r);
    }
    buf_release(&sql);
    return st;
}
