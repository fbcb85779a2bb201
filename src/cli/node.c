/*
 * `ingest node`: who submits: EIDA's table of nodes.
 */
#include "ingest/base.h"

#include "cli_priv.h"

int
cli_node(const struct options *o)
{
    struct err err;

    (void)o;
    err_fail(&err, ST_USAGE, "cannot run this command", "\"node\" is not there yet");
    say_error(&err);
    return exit_status_of(err.code, 0);
}
