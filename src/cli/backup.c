/*
 * `ingest backup`: a dated dump of statistics and ledger.
 */
#include "ingest/base.h"

#include "cli_priv.h"

int
cli_backup(const struct options *o)
{
    struct err err;

    (void)o;
    err_fail(&err, ST_USAGE, "cannot run this command", "\"backup\" is not there yet");
    say_error(&err);
    return exit_status_of(err.code, 0);
}
