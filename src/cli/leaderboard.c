/*
 * `ingest leaderboard`: 7TV's leaderboards, by the host whose turn it is.
 */
#include "ingest/base.h"

#include "ingest/board.h"
#include "ingest/clock.h"
#include "ingest/cron.h"
#include "ingest/num.h"

#include "cli_priv.h"

#define SCHEMA "seventv"

/*
 * Of the configuration these two say how logs are counted: a day to stop at, a file for rows. Here
 * they are other things, and hold if they stand on the command line.
 */
static const char *
said(const struct options *o, enum option_id id)
{
    return o->value[id].origin == FROM_COMMAND_LINE ? o->value[id].text : NULL;
}

static enum st
read_question(const struct options *o, struct board_question *q, struct err *err)
{
    const char *top = o->value[OPT_TOP].text, *until = said(o, OPT_UNTIL);
    int64_t n = BOARD_TOP_DEFAULT;

    *q = (struct board_question){ .schema = SCHEMA, .until = DAY_NONE };
    if (o->n_arguments > 1) {
        err_fail(err, ST_USAGE, "cannot read the command line", "\"%s\" is one word too many",
                 o->arguments[1]);
        err_hint(err, "ingest leaderboard [-o DIR] [--top N] [--until DAY]");
        return ST_USAGE;
    }
    if (top != NULL && (!num_u63(slice_of(top), &n) || n < 1 || n > BOARD_TOP_MAX))
        return options_bad_value(o, OPT_TOP, "how many emotes a list has, from 1 to 1000000", err);
    if (until != NULL && (!clock_parse_day(slice_of(until), &q->until) || q->until < 1))
        return options_bad_value(o, OPT_UNTIL, "a day, as 2024-02-29", err);
    if (said(o, OPT_OUTPUT) != NULL)
        q->top = (size_t)n;
    return ST_OK;
}

static bool
talks(const struct options *o)
{
    return !option_is_on(o, OPT_QUIET) &&
           (option_is_on(o, OPT_VERBOSE) || isatty(STDERR_FILENO) == 1);
}

static void
tell(const struct options *o, const struct board *b)
{
    const char *dir = said(o, OPT_OUTPUT);
    char today[11];

    if (!talks(o))
        return;
    clock_format_day(b->today, today);
    if (!style_is_text()) {
        say_note("%" PRId64 " emotes as of %s%s%s%s", b->n_emotes, today,
                 b->has_scores ? ", scores written" : "", dir != NULL ? ", lists in " : "",
                 dir != NULL ? dir : "");
        return;
    }
    fprintf(stderr, "board    %" PRId64 " emotes as of %s", b->n_emotes, today);
    if (b->has_scores)
        fputs(", scores written", stderr);
    if (dir != NULL) {
        fputs(", lists in ", stderr);
        say_text(stderr, dir, strlen(dir));
    }
    fputc('\n', stderr);
}

/*
 * The files are on disk before the commit, and take their places behind it: what fails before
 * leaves scores and lists as they were.
 */
static enum st
make(const struct options *o, const struct board_question *q, struct cron *cron, struct pg *pg,
     struct err *err)
{
    const char *dir = said(o, OPT_OUTPUT);
    struct board_files *files = NULL;
    struct board board = { 0 };
    bool unknown;
    enum st rc;

    if ((rc = pg_begin(pg, err)) == ST_OK && (rc = board_compute(&board, pg, q, err)) == ST_OK) {
        if (dir != NULL && (files = board_files_write(&board, dir, err)) == NULL)
            rc = err->code;
        if (rc == ST_OK && (rc = cron_fence(cron, pg, err)) == ST_OK)
            rc = pg_commit(pg, &unknown, err);
    }
    if (rc != ST_OK) {
        pg_rollback(pg);
        board_files_drop(files);
    } else if (files != NULL) {
        rc = board_files_place(files, err);
    }
    if (rc == ST_OK)
        tell(o, &board);
    board_release(&board);
    return rc;
}

/* A day that is asked for is no turn of the timetable: it is computed now. */
static enum st
take_turn(const struct options *o, const struct board_question *q, const struct place *place,
          struct pg *pg, struct err *err)
{
    enum cron_turn turn = CRON_NO_TABLE;
    struct cron cron = { 0 };
    struct err late;
    enum st rc = ST_OK, ended;

    if (q->until == DAY_NONE)
        rc = cron_claim(&cron, pg, place->conninfo, SCHEMA, CRON_EMOTE_SCORES, &turn, err);
    if (rc != ST_OK)
        return rc;
    if (turn != CRON_OURS && turn != CRON_NO_TABLE) {
        if (talks(o))
            say_note("leaderboards are left: %s", cron.why);
        return ST_OK;
    }
    rc = make(o, q, &cron, pg, err);
    ended = cron_end(&cron, pg, rc == ST_OK ? CRON_DONE : CRON_FAILED, &late);
    if (rc == ST_OK && ended != ST_OK)
        *err = late;
    return rc == ST_OK ? ended : rc;
}

int
cli_leaderboard(const struct options *o)
{
    struct place place = { .local.users_fd = -1 };
    struct board_question question;
    struct pg *pg = NULL;
    struct err err;
    enum st rc;

    if ((rc = read_question(o, &question, &err)) == ST_OK &&
        (rc = place_open(&place, o, true, &err)) == ST_OK && !place.use)
        rc = place_missing(&err);
    if (rc == ST_OK) {
        pg = pg_connect(place.conninfo, PG_READ_WRITE, &err);
        rc = pg == NULL ? err.code : take_turn(o, &question, &place, pg, &err);
    }
    pg_close(pg);
    place_close(&place);
    if (rc != ST_OK)
        say_error(&err);
    return exit_status_of(rc, 0);
}
