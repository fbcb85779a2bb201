/*
 * `ingest status --json`. An object is a row, and a list of the names of its columns; docs/STATUS.md
 * has the shape. A ledger that is older has some of it not.
 */
#include "ingest/base.h"

#include "ingest/clock.h"

#include "status_priv.h"

enum kind { TEXT, NUMBER, SKIP };

struct member {
    const char *name;
    enum kind   kind;
};

/* The columns of a row from the first on, a member each; `before` is "" or ",". */
static void
put_members(const char *before, const struct pg_result *r, size_t row, const struct member *members,
            size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct slice text = pg_text(r, row, i);

        if (members[i].kind == SKIP)
            continue;
        printf("%s\"%s\":", before, members[i].name);
        if (text.p == NULL)
            fputs("null", stdout);
        else if (members[i].kind == NUMBER)
            fputs(text.p, stdout);
        else
            say_json(stdout, text.p, text.n);
        before = ",";
    }
}

/* "NAME":{"MEMBER":...: of a dataset, or a queue. The brace is left open. */
static void
put_named(const char *before, const struct pg_result *r, size_t row, const struct member *members,
          size_t n)
{
    struct slice name = pg_text(r, row, 0);

    fputs(before, stdout);
    say_json(stdout, name.p, name.n);
    fputs(":{", stdout);
    put_members("", r, row, members, n);
}

/* Rows whose first column is `of`. */
static void
put_examples(const struct pg_result *r, struct slice of, const struct member *members, size_t n)
{
    const char *comma = "";

    fputs(",\"examples\":[", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!slice_eq(pg_text(r, i, 0), of))
            continue;
        printf("%s{", comma);
        put_members("", r, i, members, n);
        fputs("}", stdout);
        comma = ",";
    }
    fputs("]}", stdout);
}

static void
put_counted(const struct pg_result *r)
{
    static const struct member members[] = { { "", SKIP },          { "payloads", NUMBER },
                                             { "lines", NUMBER },   { "counted", NUMBER },
                                             { "first_day", TEXT }, { "last_day", TEXT },
                                             { "last_counted_at", TEXT } };

    fputs("{\"counted\":{", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        put_named(i > 0 ? "," : "", r, i, members, ARRAY_LEN(members));
        fputs("}", stdout);
    }
    fputs("}", stdout);
}

/* ---- sources ---- */

static void
put_hours(uint32_t hours)
{
    const char *comma = "";

    fputs("\"hours\":[", stdout);
    for (int hour = 0; hour < 24; hour++)
        if (hours >> hour & 1) {
            printf("%s%d", comma, hour);
            comma = ",";
        }
    fputs("]", stdout);
}

static void
put_days(const struct standing_days *d)
{
    static const char *const states[] = { "open", "settled", "revised" };
    char first[11], last[11];

    printf(",\"counted\":%" PRId64 ",\"gaps\":[", d->count);
    for (size_t i = 0; i < d->n_gaps; i++) {
        clock_format_day(d->gaps[i].first, first);
        clock_format_day(d->gaps[i].last, last);
        printf("%s{\"first_day\":\"%s\",\"last_day\":\"%s\",", i > 0 ? "," : "", first, last);
        put_hours(d->gaps[i].hours);
        fputs("}", stdout);
    }
    fputs("],\"days\":[", stdout);
    for (size_t i = 0; i < d->n; i++) {
        const struct covered_day *day = &d->days[i];

        clock_format_day(day->day, first);
        printf("%s{\"day\":\"%s\",\"state\":\"%s\",", i > 0 ? "," : "", first, states[day->state]);
        put_hours(day->hours);
        printf(",\"payloads\":%" PRId64 ",\"partial\":%" PRId64 ",\"late\":%" PRId64
               ",\"lines\":%" PRId64 ",\"counted\":%" PRId64 ",\"bytes\":%" PRId64 "}",
               day->payloads, day->partial, day->late, day->lines, day->count, day->bytes);
    }
    fputs("]", stdout);
}

static void
put_sources(const struct standing *s)
{
    static const struct member members[] = {
        { "dataset", TEXT },     { "source", TEXT },     { "payloads", NUMBER },
        { "live", NUMBER },      { "partial", NUMBER },  { "extending", NUMBER },
        { "replaced", NUMBER },  { "retracted", NUMBER }, { "adopted", NUMBER },
        { "lines", NUMBER },     { "last_counted_at", TEXT },
    };

    fputs(",\"sources\":[", stdout);
    for (size_t i = 0; i < pg_rows(s->sources); i++) {
        fputs(i > 0 ? ",{" : "{", stdout);
        put_members("", s->sources, i, members, ARRAY_LEN(members));
        put_days(&s->days[i]);
        fputs("}", stdout);
    }
    fputs("]", stdout);
}

static void
put_expected(const struct pg_result *r)
{
    static const struct member members[] = { { "source", TEXT },
                                             { "expected_seconds", NUMBER },
                                             { "last_counted_at", TEXT },
                                             { "seconds_since", NUMBER } };

    fputs(",\"expected\":[", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        fputs(i > 0 ? ",{" : "{", stdout);
        put_members("", r, i, members, ARRAY_LEN(members));
        printf(",\"late\":%s}", slice_is(pg_text(r, i, 4), "t") ? "true" : "false");
    }
    fputs("]", stdout);
}

/* ---- what did not count, or not yet ---- */

static void
put_refused(const struct pg_result *r)
{
    static const struct member members[] = { { "open", NUMBER }, { "accepted", NUMBER } };

    fputs(",\"refused\":{", stdout);
    put_members("", r, 0, members, ARRAY_LEN(members));
    fputs("}", stdout);
}

static void
put_unresolved(const struct standing *s)
{
    static const struct member members[] = { { "", SKIP },
                                             { "count", NUMBER },
                                             { "paths", NUMBER },
                                             { "oldest_day", TEXT },
                                             { "healed", NUMBER } };
    static const struct member examples[] = { { "", SKIP },
                                              { "path", TEXT },
                                              { "count", NUMBER },
                                              { "first_day", TEXT },
                                              { "last_day", TEXT } };

    fputs(",\"unresolved\":{", stdout);
    for (size_t i = 0; i < pg_rows(s->unresolved); i++) {
        put_named(i > 0 ? "," : "", s->unresolved, i, members, ARRAY_LEN(members));
        put_examples(s->examples, pg_text(s->unresolved, i, 0), examples, ARRAY_LEN(examples));
    }
    fputs("}", stdout);
}

static void
put_queues(const struct status *s)
{
    static const struct member members[] = { { "", SKIP },
                                             { "waiting", NUMBER },
                                             { "resting", NUMBER },
                                             { "running", NUMBER },
                                             { "dead", NUMBER } };
    static const struct member jobs[] = {
        { "", SKIP }, { "file", TEXT }, { "state", TEXT }, { "tries", NUMBER }
    };
    const struct pg_result *r = s->queue.queues;
    const char *comma = "";

    fputs(",\"queue\":{", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!status_shows_queue(s, i))
            continue;
        put_named(comma, r, i, members, ARRAY_LEN(members));
        put_examples(s->queue.jobs, pg_text(r, i, 0), jobs, ARRAY_LEN(jobs));
        comma = ",";
    }
    fputs("}", stdout);
}

static void
put_annotations(const struct pg_result *r)
{
    static const struct member members[] = {
        { "day", TEXT }, { "dataset", TEXT }, { "text", TEXT }, { "made_at", TEXT }
    };

    fputs(",\"annotations\":[", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        fputs(i > 0 ? ",{" : "{", stdout);
        put_members("", r, i, members, ARRAY_LEN(members));
        fputs("}", stdout);
    }
    fputs("]", stdout);
}

static void
put_runs(const struct pg_result *r)
{
    static const struct member members[] = {
        { "started_at", TEXT }, { "seconds", NUMBER },  { "host", TEXT },
        { "version", TEXT },    { "source", TEXT },     { "status", NUMBER },
        { "read", NUMBER },     { "known", NUMBER },    { "known_otherwise", NUMBER },
        { "grown", NUMBER },    { "partial", NUMBER },  { "refused", NUMBER },
        { "skipped", NUMBER },  { "lines", NUMBER },    { "counted", NUMBER },
        { "failure", TEXT },
    };

    fputs(",\"runs\":[", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        fputs(i > 0 ? ",{" : "{", stdout);
        put_members("", r, i, members, ARRAY_LEN(members));
        fputs("}", stdout);
    }
    fputs("]", stdout);
}

void
status_json(const struct status *s)
{
    put_counted(s->standing.payloads);
    put_sources(&s->standing);
    put_expected(s->standing.expected);
    if (s->standing.refused != NULL)
        put_refused(s->standing.refused);
    if (s->standing.unresolved != NULL)
        put_unresolved(&s->standing);
    if (s->queue.queues != NULL)
        put_queues(s);
    if (s->standing.annotations != NULL)
        put_annotations(s->standing.annotations);
    if (s->standing.runs != NULL)
        put_runs(s->standing.runs);
    puts("}");
}
