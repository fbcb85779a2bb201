/*
 * `ingest token`: tokens, by which nodes are known.
 */
#include "ingest/base.h"

#include "cli_priv.h"

int
cli_token(const struct options *o)
{
    struct err err;

    (void)o;
    err_fail(&err, ST_USAGE, "cannot run this command", "\"token\" is not there yet");
    say_error(&err);
    return exit_status_of(err.code, 0);
}
