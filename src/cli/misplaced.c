/*
 * Options of other commands. Who says one to the main job has left the command out, and would
 * count; who says one to a worker would find that it does nothing.
 */
#include "ingest/base.h"

#include "counting.h"

static const struct {
    enum option_id id;
    const char *command;
    unsigned takes; /* which of ours take it, too */
} others[] = {
    { OPT_FILES_FROM, "ingest enqueue", BY_RETRACT | BY_COUNT | BY_VERIFY | BY_RECOUNT | BY_ADOPT },
    { OPT_NULL, "ingest enqueue", BY_RETRACT | BY_COUNT | BY_VERIFY | BY_RECOUNT | BY_ADOPT },
    { OPT_MIN_AGE, "ingest enqueue", BY_COUNT | BY_RUN | BY_VERIFY | BY_RECOUNT | BY_ADOPT },
    { OPT_PARTIAL, "ingest recount", BY_RECOUNT | BY_RETRACT },
    { OPT_DIFF, "ingest recount", BY_RECOUNT | BY_VERIFY | BY_RETRACT },
    { OPT_UNDO, "ingest retract", BY_RETRACT },
    { OPT_SHADOW, "ingest FILE...", BY_COUNT },
    { OPT_QUEUE, "ingest enqueue and work", BY_WORK },
    { OPT_WAIT, "ingest work", BY_WORK },
    { OPT_FROM, "ingest key add", 0 },
    { OPT_BEFORE, "ingest key drop", 0 },
    { OPT_YES, "ingest key drop", 0 },
    { OPT_URL, "ingest explain", 0 },
    { OPT_ROW, "ingest explain", 0 },
    { OPT_READ, "ingest explain", 0 },
    { OPT_NO_SKETCHES, "ingest migrate up", 0 },
    { OPT_DROP_DATA, "ingest migrate down", 0 },
    { OPT_HEAL, "ingest migrate up zeco", 0 },
    { OPT_CONTACT, "ingest node", 0 },
    { OPT_RENAME, "ingest node update", 0 },
    { OPT_VALID_FROM, "ingest token add", 0 },
    { OPT_VALID_UNTIL, "ingest token add", 0 },
    { OPT_TOP, "ingest leaderboard and report", 0 },
    { OPT_NAME, "ingest report", 0 },
    { OPT_CSV, "ingest report", 0 },
    { OPT_BADGE, "ingest report", 0 },
    { OPT_KEEP, "ingest backup", 0 },
    { OPT_CHECK, "ingest backup and config", 0 },
    { OPT_AUDIT, "ingest status", 0 },
    { OPT_DOCTOR, "ingest status", 0 },
};

enum st
misplaced_check(const struct options *o, enum counting_by by, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if ((others[i].takes & by) == 0 && o->value[others[i].id].origin == FROM_COMMAND_LINE) {
            err_fail(err, ST_USAGE, "cannot count with this option", "--%s is one of `%s`",
                     option_defs[others[i].id].name, others[i].command);
            return ST_USAGE;
        }
    return ST_OK;
}
