/*
 * The main job: the inputs that the command line names, counted in one run.
 */
#include "ingest/base.h"

#include "ingest/input.h"

#include "counting.h"

/* Options of other commands: who says one here has left the command out, and would count. */
static enum st
check_misplaced(const struct options *o, struct err *err)
{
    static const struct {
        enum option_id id;
        const char    *command;
    } others[] = { { OPT_URL, "ingest explain" },
                   { OPT_NO_SKETCHES, "ingest migrate up" },
                   { OPT_DROP_DATA, "ingest migrate down" },
                   { OPT_HEAL, "ingest migrate up zeco" },
                   { OPT_CONTACT, "ingest node" },
                   { OPT_RENAME, "ingest node update" },
                   { OPT_VALID_FROM, "ingest token add" },
                   { OPT_VALID_UNTIL, "ingest token add" },
                   { OPT_QUEUE, "ingest enqueue and work" },
                   { OPT_WAIT, "ingest work" } };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i].id].origin == FROM_COMMAND_LINE) {
            err_fail(err, ST_USAGE, "cannot count with this option", "--%s is one of `%s`",
                     option_defs[others[i].id].name, others[i].command);
            return ST_USAGE;
        }
    return ST_OK;
}

int
cli_count(const struct options *o)
{
    struct counting counting = { .place.local.users_fd = -1, .keep.fd = -1 };
    struct source_list inputs;
    struct err err = { 0 };
    int status;
    enum st rc;

    signals_catch();
    source_list_init(&inputs);
    if ((rc = check_misplaced(o, &err)) == ST_OK &&
        (rc = counting_configure(&counting, o, &err)) == ST_OK &&
        (rc = inputs_list(o, 0, &signals_seen, &inputs, &err)) == ST_OK &&
        (rc = to_eida_inputs(&counting.config, &inputs, &err)) == ST_OK &&
        (rc = counting_enter(&counting, &err)) == ST_OK)
        rc = run(&counting.config, &inputs, &counting.summary, &err);
    status = counting_finish(&counting, rc, &err);
    source_list_release(&inputs);
    return status;
}
