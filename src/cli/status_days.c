/*
 * Of `ingest status` for people: which days each source covers, which are missing, and which may
 * still change. Days that are alike stand in one line.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/num.h"

#include "status_priv.h"

/* How much of each source is shown: many sources have little room each. */
struct room {
    size_t gaps;
    int32_t days; /* so many of the newest, by the calendar */
    size_t lines;
};
#define SOURCES_SHOWN 8

static struct room
room_of(const struct status *s)
{
    size_t n = pg_rows(s->standing.sources);

    if (s->all)
        return (struct room){ SIZE_MAX, INT32_MAX, SIZE_MAX };
    if (n <= 1)
        return (struct room){ 4, 14, 10 };
    return n <= 3 ? (struct room){ 2, 14, 3 } : (struct room){ 0, 0, 0 };
}

/* ---- one line ---- */

/* "gap       2026-03-04 to 2026-03-07 hours 04-06" */
static void
put_days(const char *word, int32_t first, int32_t last, uint32_t hours)
{
    char text[HOURS_TEXT], from[11], to[11];

    clock_format_day(first, from);
    clock_format_day(last, to);
    printf("    %-8s %s%s%s", word, from, last > first ? " to " : "", last > first ? to : "");
    if (hours == 0 || hours == HOURS_ALL)
        return;
    coverage_hours(hours, text);
    printf(" hour%s %s", (hours & (hours - 1)) == 0 ? "" : "s", text);
}

static void
put_number(int64_t n, const char *words)
{
    char number[32];

    if (n > 0)
        printf(", %s %s", num_grouped((uint64_t)n, number), words);
}

static bool
are_alike(const struct covered_day *a, const struct covered_day *b)
{
    return a->day + 1 == b->day && a->state == b->state && a->hours == b->hours &&
           a->partial == b->partial && (a->state == DAY_REVISED ? a->late == b->late : true);
}

static void
text_day(const struct covered_day *first, const struct covered_day *last)
{
    static const char *const states[] = { "open", "settled", "revised" };

    put_days(states[first->state], first->day, last->day, first->hours);
    put_number(first->partial, "partial");
    if (first->state == DAY_REVISED)
        put_number(first->late, "came after it was settled");
    fputc('\n', stdout);
}

/* ---- of one source ---- */

/* The newest; the head of the source says how many there are. */
static void
text_gaps(const struct standing_days *d, const struct room *room)
{
    size_t from = d->n_gaps > room->gaps ? d->n_gaps - room->gaps : 0;

    for (size_t i = from; i < d->n_gaps; i++) {
        put_days("gap", d->gaps[i].first, d->gaps[i].last, d->gaps[i].hours);
        fputc('\n', stdout);
    }
}

/* The newest day stands last; so the first line that has room is looked for from the end. */
static void
text_days(const struct standing_days *d, const struct room *room)
{
    size_t from = d->n, lines = 0;

    while (from > 0 && d->days[d->n - 1].day - d->days[from - 1].day < room->days) {
        if (from == d->n || !are_alike(&d->days[from - 1], &d->days[from]))
            lines++;
        if (lines > room->lines)
            break;
        from--;
    }
    for (size_t first = from, last; first < d->n; first = last + 1) {
        for (last = first; last + 1 < d->n && are_alike(&d->days[last], &d->days[last + 1]);)
            last++;
        text_day(&d->days[first], &d->days[last]);
    }
}

/* "    320 of 325 days from 2026-01-01 to 2026-11-21, 4 gaps, 1 open, 2 revised" */
static void
text_span(const struct standing_days *d)
{
    const struct covered_day *first = &d->days[0], *last = &d->days[d->n - 1];
    char number[32], span[32], from[11], to[11];
    int64_t n = last->day - first->day + 1, open = 0, revised = 0;

    for (size_t i = 0; i < d->n; i++) {
        open += d->days[i].state == DAY_OPEN;
        revised += d->days[i].state == DAY_REVISED;
    }
    clock_format_day(first->day, from);
    clock_format_day(last->day, to);
    printf("    %s of %s day%s from %s to %s", num_grouped(d->n, number),
           num_grouped((uint64_t)n, span), n == 1 ? "" : "s", from, to);
    put_number((int64_t)d->n_gaps, d->n_gaps == 1 ? "gap" : "gaps");
    put_number(open, "open");
    put_number(revised, "revised");
    fputc('\n', stdout);
}

static void
say_source(struct slice source)
{
    if (source.p == NULL) {
        fputs("(no source)", stdout);
        return;
    }
    fputs("source ", stdout);
    say_text(stdout, source.p, source.n);
}

static void
text_source(const struct standing *s, size_t at, const struct room *room)
{
    static const struct {
        int         column;
        const char *words;
    } states[] = { { STANDING_PARTIAL, "partial" },      { STANDING_EXTENDING, "extending others" },
                   { STANDING_REPLACED, "replaced" },    { STANDING_RETRACTED, "retracted" },
                   { STANDING_ADOPTED, "adopted" } };
    const struct pg_result *r = s->sources;
    const struct standing_days *d = &s->days[at];
    struct slice dataset = pg_text(r, at, STANDING_DATASET);
    int64_t n = pg_int(r, at, STANDING_PAYLOADS);
    char number[32];

    fputs("  ", stdout);
    say_text(stdout, dataset.p, dataset.n);
    fputs(", ", stdout);
    say_source(pg_text(r, at, STANDING_SOURCE));
    printf(": %s payload%s", num_grouped((uint64_t)n, number), n == 1 ? "" : "s");
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        put_number(pg_int(r, at, (size_t)states[i].column), states[i].words);
    fputc('\n', stdout);
    if (d->n > 0)
        text_span(d);
    text_gaps(d, room);
    text_days(d, room);
}

void
status_coverage(const struct status *s)
{
    size_t n = pg_rows(s->standing.sources), shown = s->all || n <= SOURCES_SHOWN ? n : SOURCES_SHOWN;
    const struct config_source *c;
    struct room room = room_of(s);
    bool begun = n > 0;

    if (begun)
        puts("coverage");
    for (size_t i = 0; i < shown; i++)
        text_source(&s->standing, i, &room);
    if (!s->all && n > 0)
        puts(shown < n ? "  with -v the others too, and all days and gaps" : "  with -v all days and gaps");
    for (c = s->config->sources; c != NULL; c = c->next) {
        if (!status_is_unseen(s, c->name))
            continue;
        if (!begun)
            puts("coverage");
        begun = true;
        printf("  source %s: nothing yet\n", c->name);
    }
}
