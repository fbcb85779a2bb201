/*
 * Values that cannot be: negative ones where nothing takes away, ones at the end of their type, a
 * number of requests that is not that of successes and failures.
 */
#include "ingest/base.h"

#include "audit_priv.h"

static bool
is_narrow(const struct target *t, size_t sum)
{
    return (t->narrow >> (KEY_COLS_MAX + sum) & 1) != 0;
}

/* Rows of the table that `condition` is true of, with `value` shown as theirs. */
static void
sql_of_suspects(struct buf *b, const struct target *t, const char *value)
{
    buf_text(b, "SELECT NULL, NULL, ");
    sql_of_key(b, t);
    buf_text(b, ", NULL, t.");
    pg_ident(NULL, b, value);
    buf_text(b, "::text FROM ");
    sql_of_table(b, t);
    buf_text(b, " AS t WHERE t.");
    pg_ident(NULL, b, value);
}

static enum st
check_sum(struct audit *a, const struct target *t, size_t i, int64_t *n_all, struct err *err)
{
    char table[TABLE_NAME], negative[128], saturated[128];
    struct buf b = { 0 };
    int64_t n = 0;
    enum st rc = ST_OK;

    name_of_table(t, table);
    snprintf(negative, sizeof negative, "%s is negative", t->dataset->sums[i]);
    snprintf(saturated, sizeof saturated, "%s is at the end of its range", t->dataset->sums[i]);
    if (!t->dataset->signed_sums) {
        sql_of_suspects(&b, t, t->dataset->sums[i]);
        buf_text(&b, " < 0");
        rc = audit_ask(
            a,
            &(struct question){ "values", table, negative,
                                "nothing that is counted takes away: the row was changed by hand",
                                AUDIT_FINDING },
            &b, &n, err);
        *n_all += n;
    }
    if (rc == ST_OK) {
        sql_of_suspects(&b, t, t->dataset->sums[i]);
        buf_text(&b, is_narrow(t, i) ? " = 2147483647" : " = 9223372036854775807");
        rc = audit_ask(
            a,
            &(struct question){ "values", table, saturated,
                                "a sum stops at 2^63-1: how much more was counted is not known",
                                AUDIT_FINDING },
            &b, &n, err);
        *n_all += n;
    }
    buf_release(&b);
    return rc;
}

/* A payload's sums are whatever its sender says. */
static enum st
check_outcomes(struct audit *a, const struct target *t, int64_t *n_all, struct err *err)
{
    char table[TABLE_NAME];
    struct buf b = { 0 };
    int64_t n;
    enum st rc;

    sql_of_suspects(&b, t, "nb_reqs");
    buf_text(&b, " <> t.nb_successful_reqs::numeric + t.nb_failed_reqs");
    rc = audit_ask(a,
                   &(struct question){ "values", name_of_table(t, table),
                                       "nb_reqs is not the sum of those that succeeded and failed",
                                       "the row was changed by hand", AUDIT_FINDING },
                   &b, &n, err);
    *n_all += n;
    buf_release(&b);
    return rc;
}

enum st
values_check(struct audit *a, const struct book *book, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < book->n_tables && !book->dataset->keeps_latest; i++) {
        const struct target *t = &book->tables[i];
        char table[TABLE_NAME];
        int64_t n_all = 0;

        for (size_t s = 0; rc == ST_OK && s < t->dataset->n_sums; s++)
            if (t->has_sum[s])
                rc = check_sum(a, t, s, &n_all, err);
        if (rc == ST_OK && t->dataset->has_node && t->ours && !book->given)
            rc = check_outcomes(a, t, &n_all, err);
        if (rc == ST_OK && n_all == 0)
            audit_well(a, "values", name_of_table(t, table), "no negative and no saturated number");
    }
    return rc;
}
