/*
 * `ingest explain`: what is understood of an input, line by line.
 */
#include "ingest/base.h"

#include "cli_priv.h"

int
cli_explain(const struct options *o)
{
    struct err err;

    (void)o;
    err_fail(&err, ST_USAGE, "cannot explain", "no FILE, --url or --rules is said");
    say_error(&err);
    return EXIT_USAGE;
}
