/*
 * `ingest leaderboard`: 7TV's leaderboards.
 */
#include "ingest/base.h"

#include "cli_priv.h"

int
cli_leaderboard(const struct options *o)
{
    struct err err;

    (void)o;
    err_fail(&err, ST_USAGE, "cannot run this command", "\"leaderboard\" is not there yet");
    say_error(&err);
    return exit_status_of(err.code, 0);
}
