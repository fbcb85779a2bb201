/*
 * `ingest status` for people. Without -v it is to fit a screen, so of what there is much of it shows
 * the newest, and says how much it leaves out.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "status_priv.h"

static const char *
grouped(int64_t v, char out[32])
{
    return num_grouped(v < 0 ? 0 : (uint64_t)v, out);
}

static const char *
plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void
say_field(const struct pg_result *r, size_t row, size_t col)
{
    struct slice text = pg_text(r, row, col);

    say_text(stdout, text.p, text.n);
}

static void
text_payloads(const struct pg_result *r)
{
    char payloads[32], lines[32], counted[32];

    puts("counted");
    if (pg_rows(r) == 0)
        puts("  nothing yet");
    for (size_t i = 0; i < pg_rows(r); i++) {
        fputs("  ", stdout);
        say_field(r, i, 0);
        printf(": %s payload%s, %s lines, %s counted", grouped(pg_int(r, i, 1), payloads),
               plural(pg_int(r, i, 1)), grouped(pg_int(r, i, 2), lines),
               grouped(pg_int(r, i, 3), counted));
        if (!pg_is_null(r, i, 4)) {
            fputs("\n    days ", stdout);
            say_field(r, i, 4);
            fputs(" to ", stdout);
            say_field(r, i, 5);
        }
        fputs(pg_is_null(r, i, 4) ? "\n    last counted " : ", last counted ", stdout);
        say_field(r, i, 6);
        puts(" UTC");
    }
}

static void
text_refused(const struct pg_result *r)
{
    char open[32], accepted[32];

    printf("refused\n  %s open, %s accepted\n", grouped(pg_int(r, 0, 0), open),
           grouped(pg_int(r, 0, 1), accepted));
    if (pg_int(r, 0, 0) > 0)
        puts("  a run over them names each; `ingest accept FILE` closes one for good");
}

static void
text_examples(const struct pg_result *r, struct slice dataset)
{
    char hits[32];

    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!slice_eq(pg_text(r, i, 0), dataset))
            continue;
        printf("    %12s  ", grouped(pg_int(r, i, 2), hits));
        say_field(r, i, 1);
        fputc('\n', stdout);
    }
}

static void
text_unresolved(const struct standing *s)
{
    const struct pg_result *r = s->unresolved;
    char hits[32], paths[32], healed[32];

    puts("waiting for a key");
    if (pg_rows(r) == 0)
        puts("  nothing");
    for (size_t i = 0; i < pg_rows(r); i++) {
        fputs("  ", stdout);
        say_field(r, i, 0);
        printf(": %s hit%s of %s path%s", grouped(pg_int(r, i, 1), hits),
               plural(pg_int(r, i, 1)), grouped(pg_int(r, i, 2), paths), plural(pg_int(r, i, 2)));
        if (!pg_is_null(r, i, 3)) {
            fputs(", the oldest of ", stdout);
            say_field(r, i, 3);
        }
        printf("; %s found theirs\n", grouped(pg_int(r, i, 4), healed));
        text_examples(s->examples, pg_text(r, i, 0));
    }
}

static void
text_jobs(const struct pg_result *r, struct slice queue)
{
    for (size_t i = 0; i < pg_rows(r); i++) {
        int64_t tries = pg_int(r, i, 3);

        if (!slice_eq(pg_text(r, i, 0), queue))
            continue;
        fputs("    ", stdout);
        say_field(r, i, 2);
        printf(", %" PRId64 " %s left  ", tries, tries == 1 ? "try" : "tries");
        if (pg_is_null(r, i, 1))
            fputs("(names no file)", stdout);
        else
            say_field(r, i, 1);
        fputc('\n', stdout);
    }
}

static void
text_queues(const struct status *status)
{
    const struct queue_standing *s = &status->queue;
    static const char *const words[] = { "waiting", "resting until another try", "with workers",
                                         "with workers that died" };
    char number[32];
    bool any = false;

    puts("queue");
    for (size_t i = 0; i < pg_rows(s->queues); i++) {
        const char *before = ": ";

        if (!status_shows_queue(status, i))
            continue;
        any = true;
        fputs("  ", stdout);
        say_field(s->queues, i, 0);
        for (size_t w = 0; w < ARRAY_LEN(words); w++) {
            int64_t n = pg_int(s->queues, i, w + 1);

            if (n == 0)
                continue;
            printf("%s%s %s", before, grouped(n, number), words[w]);
            before = ", ";
        }
        fputc('\n', stdout);
        text_jobs(s->jobs, pg_text(s->queues, i, 0));
    }
    if (!any)
        puts("  empty");
}

/* ---- sources that are late ---- */

/* In the unit that a person would use. */
static const char *
duration(int64_t seconds, char out[48])
{
    static const struct {
        int64_t     seconds;
        const char *name;
    } units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
    size_t unit = 0;
    int64_t n;

    /* "36 hours" says more than "1 day" */
    while (unit + 1 < ARRAY_LEN(units) && seconds < 2 * units[unit].seconds &&
           seconds % units[unit].seconds != 0)
        unit++;
    while (unit + 1 < ARRAY_LEN(units) && seconds < units[unit].seconds)
        unit++;
    n = seconds / units[unit].seconds;
    snprintf(out, 48, "%" PRId64 " %s%s", n, units[unit].name, plural(n));
    return out;
}

static void
text_late(const struct standing *s)
{
    const struct pg_result *r = s->expected;
    char expected[48], since[48];

    if (s->n_late > 0)
        puts("late");
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!slice_is(pg_text(r, i, 4), "t"))
            continue;
        fputs("  ", stdout);
        say_field(r, i, 0);
        printf(": a payload is expected every %s, ", duration(pg_int(r, i, 1), expected));
        if (pg_is_null(r, i, 2)) {
            puts("and none has ever come");
            continue;
        }
        printf("the last was counted %s ago, at ", duration(pg_int(r, i, 3), since));
        say_field(r, i, 2);
        puts(" UTC");
    }
}

/* ---- what is no growth ---- */

#define ANNOTATIONS_SHOWN 5

static void
text_annotations(const struct status *s)
{
    const struct pg_result *r = s->standing.annotations;
    size_t n = pg_rows(r), shown = s->all || n <= ANNOTATIONS_SHOWN ? n : ANNOTATIONS_SHOWN;

    if (n > 0)
        puts("notes on days");
    for (size_t i = 0; i < shown; i++) {
        fputs("  ", stdout);
        say_field(r, i, 0);
        fputs(" ", stdout);
        say_field(r, i, 1);
        fputs(": ", stdout);
        say_field(r, i, 2);
        fputc('\n', stdout);
    }
    if (shown < n)
        printf("  and %zu of earlier days: -v\n", n - shown);
}

/* ---- runs ---- */

static void
text_files(const struct pg_result *r, size_t row)
{
    static const char *const words[] = { "read",    "known",   "known under other rules", "grown",
                                         "partial", "refused", "skipped" };
    const char *before = "; files ";
    char number[32];

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        int64_t n = pg_int(r, row, 6 + i);

        if (n == 0)
            continue;
        printf("%s%s %s", before, grouped(n, number), words[i]);
        before = ", ";
    }
}

static void
text_run(const struct pg_result *r, size_t row)
{
    char lines[32], counted[32];

    fputs("  ", stdout);
    say_field(r, row, 0);
    fputs(" UTC", stdout);
    if (!pg_is_null(r, row, 2)) {
        fputs(" on ", stdout);
        say_field(r, row, 2);
    }
    if (!pg_is_null(r, row, 4)) {
        fputs(", source ", stdout);
        say_field(r, row, 4);
    }
    fputs(": ", stdout);
    say_field(r, row, 1);
    printf(" s, exit status %" PRId64, pg_int(r, row, 5));
    text_files(r, row);
    if (pg_int(r, row, 13) > 0)
        printf("; %s lines, %s counted", grouped(pg_int(r, row, 13), lines),
               grouped(pg_int(r, row, 14), counted));
    fputc('\n', stdout);
    if (!pg_is_null(r, row, 15)) {
        fputs("    ", stdout);
        say_field(r, row, 15);
        fputc('\n', stdout);
    }
}

#define RUNS_SHOWN 3

static void
text_runs(const struct status *s)
{
    const struct pg_result *r = s->standing.runs;
    size_t n = pg_rows(r), shown = s->all || n <= RUNS_SHOWN ? n : RUNS_SHOWN;

    puts(n > 1 ? "last runs" : "last run");
    if (n == 0)
        puts("  none yet");
    for (size_t i = 0; i < shown; i++)
        text_run(r, i);
    if (shown < n)
        printf("  and those of %zu more sources: -v\n", n - shown);
}

void
status_text(const struct status *s)
{
    text_late(&s->standing);
    text_payloads(s->standing.payloads);
    status_coverage(s);
    if (s->standing.refused != NULL)
        text_refused(s->standing.refused);
    if (s->standing.unresolved != NULL)
        text_unresolved(&s->standing);
    if (s->queue.queues != NULL)
        text_queues(s);
    if (s->standing.annotations != NULL)
        text_annotations(s);
    if (s->standing.runs != NULL)
        text_runs(s);
}
