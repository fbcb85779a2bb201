/*
 * `ingest status --audit`: exit status 0 if the books balance, 1 if anything does not.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "findings.h"

static enum st
audit(const struct options *o, struct findings *f, uint64_t *n_findings, struct err *err)
{
    struct place place = { .local.users_fd = -1 };
    struct pg *pg = NULL;
    enum st rc;

    if (o->n_arguments > 1)
        return err_fail(err, ST_USAGE, "cannot run `ingest status --audit`",
                        "it takes no words; it is about the database that is named");
    if ((rc = place_open(&place, o, true, err)) == ST_OK && !place.use)
        rc = place_missing(err);
    if (rc == ST_OK) {
        pg = pg_connect(place.conninfo, PG_READ_ONLY, err);
        rc = pg == NULL ? err->code : audit_run(pg, findings_say, f, n_findings, err);
    }
    pg_close(pg);
    place_close(&place);
    return rc;
}

int
cli_audit(const struct options *o)
{
    struct findings f;
    struct err err = { 0 };
    uint64_t n = 0;
    char number[32];
    enum st rc = findings_begin(&f, o, &err);

    if (rc == ST_OK)
        rc = audit(o, &f, &n, &err);
    findings_end(&f, n, rc == ST_OK);
    if (rc != ST_OK) {
        say_error(&err);
        return exit_status_of(rc, 0);
    }
    if (!f.json && n == 0 && !f.quiet)
        puts("the books balance");
    else if (!f.json && n > 0)
        printf("%s finding%s\n", num_grouped(n, number), n == 1 ? "" : "s");
    return n == 0 ? 0 : EXIT_REFUSED;
}
