/*
 * `ingest status`: what the ledger holds.
 */
#include "ingest/base.h"

#include "cli_priv.h"

int
cli_status(const struct options *o)
{
    struct err err;

    (void)o;
    err_fail(&err, ST_USAGE, "cannot run this command", "\"status\" is not there yet");
    say_error(&err);
    return exit_status_of(err.code, 0);
}
