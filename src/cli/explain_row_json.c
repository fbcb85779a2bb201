/*
 * `ingest explain --row --json`: one object. Texts are JSON strings whatever bytes they were
 * (say_json).
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "explain_row.h"

static void
put_sums(const struct answer *a, const struct measures *m)
{
    const struct target *t = &a->target;
    const char *comma = "{";

    for (size_t i = 0; i < t->dataset->n_sums; i++)
        if (t->has_sum[i]) {
            printf("%s\"%s\":%" PRId64, comma, t->dataset->sums[i], m->sums[i]);
            comma = ",";
        }
    if (m->has_clients)
        printf(",\"%s_estimate\":%.1f", t->dataset->uniques, m->clients);
    putchar('}');
}

/* A text column, or null. */
static void
put_column(const char *name, const struct pg_result *r, size_t row, size_t col)
{
    printf(",\"%s\":", name);
    if (pg_is_null(r, row, col))
        fputs("null", stdout);
    else
        say_json(stdout, pg_text(r, row, col).p, pg_text(r, row, col).n);
}

static void
put_row(const struct answer *a)
{
    struct buf key = { 0 };

    putchar('{');
    sink_key_json(&key, a->target.dataset, a->counting.config.node, a->key);
    if (!key.failed)
        fwrite(key.p, 1, key.n, stdout);
    buf_release(&key);
    fputs(",\"row\":", stdout);
    if (a->n_rows == 0)
        fputs("null", stdout);
    else
        put_sums(a, &a->row);
    printf(",\"rows\":%zu", a->n_rows);
    if (a->row.has_clients)
        printf(",\"%s_are\":\"%s\"", a->target.dataset->uniques,
               a->behind.upper_bound ? "upper bound" : "estimate");
}

static void
put_epochs(const struct pg_result *r)
{
    fputs(",\"client_keys\":[", stdout);
    for (size_t i = 0; r != NULL && i < pg_rows(r); i++) {
        printf("%s{\"key_id\":\"%s\"", i == 0 ? "" : ",", column_text(r, i, EPOCH_KEY_ID) + 2);
        put_column("from", r, i, EPOCH_FROM);
        put_column("destroyed_at", r, i, EPOCH_DROPPED_AT);
        putchar('}');
    }
    putchar(']');
}

static void
put_sightings(const struct pg_result *r, size_t at, size_t n)
{
    char path[SIGHTING_PATH_MAX];

    fputs(",\"sightings\":[", stdout);
    for (size_t i = at; i < at + n; i++) {
        struct place_seen seen = sighting_look(r, i);

        printf("%s{\"path\":", i == at ? "" : ",");
        if (sighting_path(r, i, path))
            say_json(stdout, path, strlen(path));
        else
            fputs("null", stdout);
        printf(",\"host\":\"%s\",\"state\":\"%s\"", seen.host, seen.state);
        put_column("seen_at", r, i, SIGHTING_SEEN_AT);
        putchar('}');
    }
    printf("],\"places\":%" PRId64, n == 0 ? 0 : pg_int(r, at, SIGHTING_MORE));
}

static void
put_payload(const struct pg_result *r, size_t i, const char *now)
{
    const char *rules_id = column_text(r, i, BEHIND_RULES_ID) + 2;

    printf("{\"payload\":%" PRId64 ",\"state\":\"%s\",\"lines\":%" PRId64 ",\"count\":%" PRId64
           ",\"bytes\":%" PRId64 ",\"rules_id\":\"%s\",\"rules_are_of_now\":%s",
           pg_int(r, i, BEHIND_ID), column_text(r, i, BEHIND_STATE), pg_int(r, i, BEHIND_LINES),
           pg_int(r, i, BEHIND_COUNT), pg_int(r, i, BEHIND_BYTES), rules_id,
           strcmp(rules_id, now) == 0 ? "true" : "false");
    put_column("pack", r, i, BEHIND_PACK);
    put_column("format", r, i, BEHIND_FORMAT);
    put_column("source", r, i, BEHIND_SOURCE);
    put_column("counted_at", r, i, BEHIND_COUNTED_AT);
    printf(",\"salvaged\":%s,\"extends\":%s,\"recounts\":%" PRId64,
           slice_is(pg_text(r, i, BEHIND_PARTIAL), "t") ? "true" : "false",
           pg_is_null(r, i, BEHIND_EXTENDS) ? "null" : column_text(r, i, BEHIND_EXTENDS),
           pg_int(r, i, BEHIND_RECOUNTS));
    put_column("recounted_at", r, i, BEHIND_RECOUNTED);
    put_column("retracted_at", r, i, BEHIND_RETRACTED);
}

static void
put_payloads(const struct answer *a)
{
    const struct pg_result *r = a->behind.payloads;
    struct buf now = { 0 };
    size_t at = 0, n;

    buf_hex(&now, a->rules_now.b, sizeof a->rules_now.b);
    fputs(",\"payloads\":[", stdout);
    for (size_t i = 0; buf_str(&now) != NULL && i < pg_rows(r); i++) {
        fputs(i == 0 ? "" : ",", stdout);
        put_payload(r, i, now.p);
        at = sightings_of(a->behind.sightings, at, pg_int(r, i, BEHIND_ID), &n);
        put_sightings(a->behind.sightings, at, n);
        putchar('}');
    }
    putchar(']');
    buf_release(&now);
}

static void
put_files(const struct answer *a)
{
    struct measures rest = a->row;

    fputs(",\"files\":[", stdout);
    for (size_t i = 0; i < a->n_given; i++) {
        const struct file_part *g = &a->given[i];

        printf("%s{\"file\":", i == 0 ? "" : ",");
        say_json(stdout, a->inputs.at[i].path, strlen(a->inputs.at[i].path));
        fputs(",\"payload\":", stdout);
        if (g->id == 0)
            fputs("null", stdout);
        else
            printf("%" PRId64, g->id);
        fputs(",\"row\":", stdout);
        if (g->has_row)
            put_sums(a, &g->part);
        else
            fputs("null", stdout);
        printf(",\"of_day\":%" PRId64 ",\"read\":%s,\"adds\":%s}", g->day_count,
               g->told ? "true" : "false", g->adds ? "true" : "false");
    }
    rest.has_clients = false;
    for (size_t i = 0; i < a->target.dataset->n_sums; i++)
        rest.sums[i] -= a->parts.sums[i];
    fputs("],\"of_files\":", stdout);
    put_sums(a, &a->parts);
    fputs(",\"of_others\":", stdout);
    put_sums(a, &rest);
}

void
explain_row_json(const struct answer *a)
{
    put_row(a);
    put_epochs(a->behind.epochs);
    if (a->behind.has_opening)
        printf(",\"opening\":{\"count\":%" PRId64 ",\"bytes\":%" PRId64 "}",
               a->behind.opening_count, a->behind.opening_bytes);
    else
        fputs(",\"opening\":null", stdout);
    put_payloads(a);
    if (a->n_given > 0)
        put_files(a);
    puts("}");
}
