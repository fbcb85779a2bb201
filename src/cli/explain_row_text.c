/*
 * `ingest explain --row` for people. Keys, paths and names are of logs and of other programs: all of
 * them go through say_text.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/num.h"

#include "explain_row.h"
#include "row_text.h"

#define NO_KEY "\\x6e6f6b6579000000" /* client_key_none() */

static void
say_day(const struct answer *a)
{
    char day[11];

    clock_format_day(a->days.since, day);
    day[a->target.dataset->bucket == BUCKET_MONTH ? 7 : 10] = '\0';
    fputs(day, stdout);
}

static void
say_sums(const struct answer *a, const struct measures *m)
{
    const struct target *t = &a->target;
    const char *comma = " ";

    for (size_t i = 0; i < t->dataset->n_sums; i++)
        if (t->has_sum[i]) {
            printf("%s%s %" PRId64, comma, t->dataset->sums[i], m->sums[i]);
            comma = ", ";
        }
    if (m->has_clients)
        printf("%s%s %.0f", comma, t->dataset->uniques, m->clients);
}

/* ---- the row ---- */

static void
say_epochs(const struct answer *a)
{
    const struct pg_result *r = a->behind.epochs;

    for (size_t i = 0; r != NULL && a->target.has_sketch && i < pg_rows(r); i++) {
        fputs(i == 0 ? "  key       " : ", and ", stdout);
        printf("%.8s", strcmp(column_text(r, i, EPOCH_KEY_ID), NO_KEY) == 0
                           ? "none"
                           : column_text(r, i, EPOCH_KEY_ID) + 2);
        if (!pg_is_null(r, i, EPOCH_FROM))
            printf(" from %s on", column_text(r, i, EPOCH_FROM));
        if (!pg_is_null(r, i, EPOCH_DROPPED_AT))
            printf(", destroyed %s", column_text(r, i, EPOCH_DROPPED_AT));
        if (i + 1 == pg_rows(r))
            puts(i > 0 ? ": their clients cannot be compared" : "");
    }
}

static void
say_row(const struct answer *a)
{
    struct buf key = { 0 };

    printf("%s ", a->target.dataset->table);
    row_key_text(&key, a->target.dataset, a->key);
    if (!key.failed)
        say_text(stdout, key.p, key.n);
    buf_release(&key);
    if (a->n_rows == 0) {
        puts(": there is no such row");
        return;
    }
    putchar(':');
    say_sums(a, &a->row);
    putchar('\n');
    if (a->n_rows > 1)
        printf("  doubled   the table has %zu rows of this key; this is one of them\n", a->n_rows);
    if (a->row.has_clients)
        printf("  %-9s %s\n", a->target.dataset->uniques,
               a->behind.upper_bound ? "an upper bound: those of what was retracted are in it "
                                       "still, until the day is counted again"
                                     : "an estimate");
    say_epochs(a);
}

/* ---- payloads ---- */

static void
say_rules(const struct answer *a, size_t i)
{
    const char *id = column_text(a->behind.payloads, i, BEHIND_RULES_ID) + 2;
    struct buf now = { 0 };

    buf_hex(&now, a->rules_now.b, sizeof a->rules_now.b);
    if (buf_str(&now) != NULL) {
        printf("  rules     %.8s", id);
        if (!pg_is_null(a->behind.payloads, i, BEHIND_PACK)) {
            fputs(" of pack ", stdout);
            say_text(stdout, pg_text(a->behind.payloads, i, BEHIND_PACK).p,
                     pg_text(a->behind.payloads, i, BEHIND_PACK).n);
        }
        puts(strcmp(id, now.p) == 0 ? ", those of now" : ", other than those of now");
    }
    buf_release(&now);
}

static void
say_path(const struct pg_result *r, size_t at)
{
    char path[SIGHTING_PATH_MAX];

    if (sighting_path(r, at, path))
        say_text(stdout, path, strlen(path));
    else
        fputs("(a path that cannot be named)", stdout);
}

static void
say_sightings(const struct answer *a, size_t at, size_t n)
{
    const struct pg_result *r = a->behind.sightings;

    for (size_t i = at; i < at + n; i++) {
        fputs("  file      ", stdout);
        say_path(r, i);
        printf(": %s\n", sighting_look(r, i).about);
    }
    if (n > 0 && pg_int(r, at, SIGHTING_MORE) > (int64_t)n)
        printf("  file      and in %" PRId64 " more places\n",
               pg_int(r, at, SIGHTING_MORE) - (int64_t)n);
}

static void
say_payload(const struct answer *a, size_t i)
{
    const struct pg_result *r = a->behind.payloads;

    printf("payload %" PRId64 ": %s, count %" PRId64 ", bytes %" PRId64 ", from %" PRId64
           " line%s of ",
           pg_int(r, i, BEHIND_ID), column_text(r, i, BEHIND_STATE), pg_int(r, i, BEHIND_COUNT),
           pg_int(r, i, BEHIND_BYTES), pg_int(r, i, BEHIND_LINES),
           pg_int(r, i, BEHIND_LINES) == 1 ? "" : "s");
    say_day(a);
    printf("\n  format    ");
    say_line(stdout, column_text(r, i, BEHIND_FORMAT));
    if (!pg_is_null(r, i, BEHIND_SOURCE)) {
        fputs("  source    ", stdout);
        say_line(stdout, column_text(r, i, BEHIND_SOURCE));
    }
    say_rules(a, i);
    printf("  counted   %s\n", column_text(r, i, BEHIND_COUNTED_AT));
    if (slice_is(pg_text(r, i, BEHIND_PARTIAL), "t"))
        puts("  salvaged  from an input that was cut short");
    if (!pg_is_null(r, i, BEHIND_EXTENDS))
        printf("  extends   payload %" PRId64 "\n", pg_int(r, i, BEHIND_EXTENDS));
    if (pg_int(r, i, BEHIND_RECOUNTS) > 0)
        printf("  recounted %s%s\n", column_text(r, i, BEHIND_RECOUNTED),
               pg_int(r, i, BEHIND_RECOUNTS) > 1 ? ", and before" : "");
    if (!pg_is_null(r, i, BEHIND_RETRACTED))
        printf("  retracted %s\n", column_text(r, i, BEHIND_RETRACTED));
}

static void
say_payloads(const struct answer *a)
{
    const struct pg_result *r = a->behind.payloads;
    size_t at = 0, n;

    for (size_t i = 0; i < pg_rows(r); i++) {
        int64_t id = pg_int(r, i, BEHIND_ID);

        say_payload(a, i);
        if (i + 1 < pg_rows(r) && pg_int(r, i + 1, BEHIND_ID) == id)
            continue; /* a month with days of several states */
        at = sightings_of(a->behind.sightings, at, id, &n);
        say_sightings(a, at, n);
    }
}

/* ---- what it comes to ---- */

/* What counts, of all rows of the day. */
static void
say_together(const struct answer *a)
{
    const struct pg_result *r = a->behind.payloads;
    int64_t count = 0, bytes = 0;
    size_t n = 0;

    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!slice_is(pg_text(r, i, BEHIND_STATE), "counted") &&
            !slice_is(pg_text(r, i, BEHIND_STATE), "adopted"))
            continue;
        n++;
        num_add(&count, pg_int(r, i, BEHIND_COUNT));
        num_add(&bytes, pg_int(r, i, BEHIND_BYTES));
    }
    if (a->behind.has_opening) {
        printf("opening: count %" PRId64 ", bytes %" PRId64 " of ", a->behind.opening_count,
               a->behind.opening_bytes);
        say_day(a);
        puts(" were in the table when others' inputs were adopted");
    }
    if (pg_rows(r) == 0) {
        fputs("no payload of the ledger has anything on ", stdout);
        say_day(a);
        puts(a->n_rows == 0 ? ""
                            : ": nothing that ingest counted stands behind this row, but what "
                              "another program wrote, or an older ledger knew");
        return;
    }
    fputs("together: ", stdout);
    printf("count %" PRId64 ", bytes %" PRId64 " of ", count, bytes);
    say_day(a);
    printf(", in all rows of %s; the ledger knows days, not rows%s\n", a->target.dataset->table,
           a->n_given == 0 ? ": name files behind the day to see what of it is in this one" : "");
}

static void
say_given(const struct answer *a, size_t i)
{
    const struct file_part *g = &a->given[i];

    fputs("file ", stdout);
    say_text(stdout, a->inputs.at[i].path, strlen(a->inputs.at[i].path));
    if (!g->told) {
        puts(": not read, or the same payload as another one");
        return;
    }
    putchar(':');
    if (g->has_row)
        say_sums(a, &g->part);
    else
        fputs(" nothing", stdout);
    printf(" of this row, of count %" PRId64 " of ", g->day_count);
    say_day(a);
    if (g->id == 0)
        puts("; was never counted, or has changed since");
    else
        printf(g->adds ? "; payload %" PRId64 "\n"
                       : "; payload %" PRId64 ", which counts for nothing there, or is in another "
                         "file\n",
               g->id);
}

static void
say_rest(const struct answer *a)
{
    struct measures rest = a->row;

    rest.has_clients = false;
    for (size_t i = 0; i < a->target.dataset->n_sums; i++)
        rest.sums[i] -= a->parts.sums[i];
    fputs("files:", stdout);
    say_sums(a, &a->parts);
    fputs(" of this row; of others:", stdout);
    say_sums(a, &rest);
    putchar('\n');
}

void
explain_row_text(const struct answer *a)
{
    say_row(a);
    say_payloads(a);
    say_together(a);
    for (size_t i = 0; i < a->n_given; i++)
        say_given(a, i);
    if (a->n_given > 0)
        say_rest(a);
}
