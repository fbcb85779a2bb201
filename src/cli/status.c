/*
 * `ingest status`: what the ledger and the queue hold, for people and as one JSON object; or whether
 * it is as it should be (--audit, --doctor). Paths and names come from outside.
 */
#include "ingest/base.h"

#include "findings.h"
#include "status_priv.h"

bool
status_is_unseen(const struct status *s, const char *source)
{
    const struct pg_result *r = s->standing.sources;

    for (size_t i = 0; i < pg_rows(r); i++)
        if (!pg_is_null(r, i, STANDING_SOURCE) &&
            slice_eq(pg_text(r, i, STANDING_SOURCE), slice_of(source)))
            return false;
    return true;
}

struct standing_source *
status_sources(const struct config *config, size_t *n)
{
    const struct config_source *s;
    struct standing_source *out;

    *n = 0;
    for (s = config->sources; s != NULL; s = s->next)
        ++*n;
    out = calloc(*n + 1, sizeof *out);
    *n = 0;
    for (s = config->sources; s != NULL && out != NULL; s = s->next)
        out[(*n)++] = (struct standing_source){ .name = s->name,
                                                .settle_s = (int64_t)s->settle_seconds,
                                                .expected_s = (int64_t)s->expected_seconds };
    return out;
}

static enum st
ask(struct status *s, struct pg *pg, struct err *err)
{
    struct standing_source *sources;
    size_t n;
    enum st rc;

    sources = status_sources(s->config, &n);
    if (sources == NULL)
        return err_memory(err, "cannot hold the sources");
    rc = standing_read(&s->standing, pg, sources, n, err);
    free(sources);
    return rc == ST_OK ? queue_look(&s->queue, pg, err) : rc;
}

static enum st
look(struct status *s, const struct options *o, struct place *place, struct err *err)
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
    rc = pg == NULL ? err->code : ask(s, pg, err);
    pg_close(pg);
    return rc;
}

static int
two_questions(void)
{
    struct err err = { 0 };

    err_fail(&err, ST_USAGE, "cannot run `ingest status`",
             "--audit and --doctor are two questions");
    err_hint(&err, "ask one after the other");
    say_error(&err);
    return exit_status_of(ST_USAGE, 0);
}

int
cli_status(const struct options *o)
{
    struct status s = { .config = o->config,
                        .only_queue = o->value[OPT_QUEUE].text,
                        .all = option_is_on(o, OPT_VERBOSE) };
    struct place place = { .local.users_fd = -1 };
    struct err err = { 0 };
    bool late;
    enum st rc;

    if (option_is_on(o, OPT_AUDIT) && option_is_on(o, OPT_DOCTOR))
        return two_questions();
    if (option_is_on(o, OPT_AUDIT) || option_is_on(o, OPT_DOCTOR))
        return option_is_on(o, OPT_AUDIT) ? cli_audit(o) : cli_doctor(o);
    rc = look(&s, o, &place, &err);
    if (rc != ST_OK)
        say_error(&err);
    else if (option_is_on(o, OPT_JSON))
        status_json(&s);
    else
        status_text(&s);
    late = s.standing.n_late > 0;
    standing_release(&s.standing);
    queue_standing_release(&s.queue);
    place_close(&place);
    if (rc != ST_OK)
        return exit_status_of(rc, 0);
    return late ? EXIT_REFUSED : 0;
}
