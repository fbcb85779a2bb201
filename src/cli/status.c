/*
 * `ingest status`: what the ledger and the queue hold, for people and as one JSON object. Paths
 * come from logs.
 */
#include "ingest/base.h"

#include "ingest/num.h"
#include "ingest/queue.h"
#include "ingest/standing.h"

#include "cli_priv.h"
#include "findings.h"

/* ---- for people ---- */

static const char *
grouped(int64_t v, char out[32])
{
    return num_grouped(v < 0 ? 0 : (uint64_t)v, out);
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
               pg_int(r, i, 1) == 1 ? "" : "s", grouped(pg_int(r, i, 2), lines),
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
        printf(": %s hits of %s path%s", grouped(pg_int(r, i, 1), hits),
               grouped(pg_int(r, i, 2), paths), pg_int(r, i, 2) == 1 ? "" : "s");
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
text_queues(const struct queue_standing *s)
{
    static const char *const words[] = { "waiting", "resting until another try", "with workers",
                                         "with workers that died" };
    char number[32];

    puts("queue");
    if (pg_rows(s->queues) == 0)
        puts("  empty");
    for (size_t i = 0; i < pg_rows(s->queues); i++) {
        const char *before = ": ";

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
}

static void
print_text(const struct standing *s, const struct queue_standing *queue)
{
    text_payloads(s->payloads);
    if (s->refused != NULL)
        text_refused(s->refused);
    if (s->unresolved != NULL)
        text_unresolved(s);
    if (queue->queues != NULL)
        text_queues(queue);
}

/* ---- JSON ---- */

static void
json_text(const char *before, const char *name, const struct pg_result *r, size_t row, size_t col)
{
    struct slice text = pg_text(r, row, col);

    printf("%s\"%s\":", before, name);
    if (text.p == NULL)
        fputs("null", stdout);
    else
        say_json(stdout, text.p, text.n);
}

static void
json_int(const char *before, const char *name, const struct pg_result *r, size_t row, size_t col)
{
    printf("%s\"%s\":%" PRId64, before, name, pg_int(r, row, col));
}

/* "NAME":{ of a dataset, or a queue */
static void
json_name(const struct pg_result *r, size_t row)
{
    struct slice name = pg_text(r, row, 0);

    if (row > 0)
        fputc(',', stdout);
    say_json(stdout, name.p, name.n);
    fputs(":{", stdout);
}

static void
json_payloads(const struct pg_result *r)
{
    fputs("{\"counted\":{", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        json_name(r, i);
        json_int("", "payloads", r, i, 1);
        json_int(",", "lines", r, i, 2);
        json_int(",", "counted", r, i, 3);
        json_text(",", "first_day", r, i, 4);
        json_text(",", "last_day", r, i, 5);
        json_text(",", "last_counted_at", r, i, 6);
        fputs("}", stdout);
    }
    fputs("}", stdout);
}

static void
json_examples(const struct pg_result *r, struct slice dataset)
{
    const char *comma = "";

    fputs(",\"examples\":[", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!slice_eq(pg_text(r, i, 0), dataset))
            continue;
        printf("%s{", comma);
        comma = ",";
        json_text("", "path", r, i, 1);
        json_int(",", "count", r, i, 2);
        json_text(",", "first_day", r, i, 3);
        json_text(",", "last_day", r, i, 4);
        fputs("}", stdout);
    }
    fputs("]", stdout);
}

static void
json_unresolved(const struct standing *s)
{
    const struct pg_result *r = s->unresolved;

    fputs(",\"unresolved\":{", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        json_name(r, i);
        json_int("", "count", r, i, 1);
        json_int(",", "paths", r, i, 2);
        json_text(",", "oldest_day", r, i, 3);
        json_int(",", "healed", r, i, 4);
        json_examples(s->examples, pg_text(r, i, 0));
        fputs("}", stdout);
    }
    fputs("}", stdout);
}

static void
json_jobs(const struct pg_result *r, struct slice queue)
{
    const char *comma = "";

    fputs(",\"examples\":[", stdout);
    for (size_t i = 0; i < pg_rows(r); i++) {
        if (!slice_eq(pg_text(r, i, 0), queue))
            continue;
        printf("%s{", comma);
        comma = ",";
        json_text("", "file", r, i, 1);
        json_text(",", "state", r, i, 2);
        json_int(",", "tries", r, i, 3);
        fputs("}", stdout);
    }
    fputs("]", stdout);
}

static void
json_queues(const struct queue_standing *s)
{
    fputs(",\"queue\":{", stdout);
    for (size_t i = 0; i < pg_rows(s->queues); i++) {
        json_name(s->queues, i);
        json_int("", "waiting", s->queues, i, 1);
        json_int(",", "resting", s->queues, i, 2);
        json_int(",", "running", s->queues, i, 3);
        json_int(",", "dead", s->queues, i, 4);
        json_jobs(s->jobs, pg_text(s->queues, i, 0));
        fputs("}", stdout);
    }
    fputs("}", stdout);
}

/* A ledger that is older has some of it not. */
static void
print_json(const struct standing *s, const struct queue_standing *queue)
{
    json_payloads(s->payloads);
    if (s->refused != NULL) {
        fputs(",\"refused\":{", stdout);
        json_int("", "open", s->refused, 0, 0);
        json_int(",", "accepted", s->refused, 0, 1);
        fputs("}", stdout);
    }
    if (s->unresolved != NULL)
        json_unresolved(s);
    if (queue->queues != NULL)
        json_queues(queue);
    puts("}");
}

/* ---- the command ---- */

static enum st
read_standing(const struct options *o, struct place *place, struct standing *s,
              struct queue_standing *queue, struct err *err)
{
    struct pg *pg;
    enum st rc;

    if (o->n_arguments > 1)
        return err_fail(err, ST_USAGE, "cannot run `ingest status`",
                        "it takes no words; it is about the database that is named");
    if ((rc = place_open(place, o, true, err)) != ST_OK)
        return rc;
    if (!place->use)
        return place_missing(err);
    pg = pg_connect(place->conninfo, PG_READ_ONLY, err);
    rc = pg == NULL ? err->code : standing_read(s, pg, err);
    if (rc == ST_OK)
        rc = queue_look(queue, pg, err);
    pg_close(pg);
    return rc;
}

int
cli_status(const struct options *o)
{
    struct place place = { .local.users_fd = -1 };
    struct standing s = { 0 };
    struct queue_standing queue = { 0 };
    struct err err = { 0 };
    enum st rc;

    if (option_is_on(o, OPT_AUDIT) || option_is_on(o, OPT_DOCTOR))
        return option_is_on(o, OPT_AUDIT) ? cli_audit(o) : cli_doctor(o);
    rc = read_standing(o, &place, &s, &queue, &err);

    if (rc != ST_OK)
        say_error(&err);
    else if (option_is_on(o, OPT_JSON))
        print_json(&s, &queue);
    else
        print_text(&s, &queue);
    standing_release(&s);
    queue_standing_release(&queue);
    place_close(&place);
    return rc == ST_OK ? 0 : exit_status_of(rc, 0);
}
