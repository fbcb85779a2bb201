/*
 * Which database: -d, --local, the environment, the configuration. Starts and migrates the private
 * one.
 */
#include "ingest/base.h"

#include <fcntl.h>

#include "ingest/migrate.h"
#include "ingest/pg.h"
#include "ingest/secret.h"

#include "cli_priv.h"
#include "config.h"

enum st
place_missing(struct err *err)
{
    err_fail(err, ST_USAGE, "cannot tell where to count", "no database is named");
    err_hint(
        err,
        "name one: ingest -d postgresql://HOST/NAME ... (or $INGEST_DATABASE); or have a private one made: ingest --local ...");
    return ST_USAGE;
}

/*
 * Arguments are seen by every user of the host (ps), so a password must not be among them; nor in a
 * configuration that others may read.
 */
static enum st
check_password(const struct options *o, struct err *err)
{
    static const char what[] = "cannot use the password of the configuration";
    const char *database = o->value[OPT_DATABASE].text;
    enum origin named = o->value[OPT_DATABASE].origin;
    enum st rc = ST_OK;
    int fd;

    if (named == FROM_ENVIRONMENT || !pg_conninfo_has_password(database))
        return ST_OK;
    if (named == FROM_COMMAND_LINE) {
        err_fail(err, ST_USAGE, "refused to use a password on the command line",
                 "every user of this host can read it there");
        err_hint(
            err,
            "put it into ~/.pgpass, or the whole URI into $INGEST_DATABASE or the configuration file");
        return ST_USAGE;
    }
    if (option_is_on(o, OPT_DOCTOR)) /* it tells the same, among all that it finds */
        return ST_OK;
    fd = open(o->config->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return err_fail(err, ST_USAGE, what, "%s", strerror(errno));
    rc = secret_check(fd, what, o->config->path, err);
    close(fd);
    return rc;
}

static bool
libpq_knows(void)
{
    static const char *const names[] = { "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGSERVICE",
                                         "PGPORT" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (getenv(names[i]) != NULL)
            return true;
    return false;
}

static enum st
migrate_local(const struct place *p, const struct options *o, struct err *err)
{
    struct migrate_options options = { .no_sketches = option_is_on(o, OPT_NO_SKETCHES) };
    struct pg *pg = pg_connect(p->conninfo, PG_READ_WRITE, err);
    enum st rc;

    if (pg == NULL)
        return err->code;
    rc = migrate_up(pg, NULL, 0, &options, err);
    pg_close(pg);
    return rc;
}

bool
place_is_local(const struct options *o)
{
    return option_is_on(o, OPT_LOCAL) &&
           (o->value[OPT_DATABASE].text == NULL ||
            o->value[OPT_LOCAL].origin > o->value[OPT_DATABASE].origin);
}

enum st
place_check(const struct options *o, struct err *err)
{
    const char *database = o->value[OPT_DATABASE].text;

    if (option_is_on(o, OPT_LOCAL) && database != NULL &&
        o->value[OPT_DATABASE].origin == o->value[OPT_LOCAL].origin)
        return err_fail(err, ST_USAGE, "cannot tell where to count",
                        "both --database and --local are said");
    if (database == NULL || place_is_local(o))
        return ST_OK;
    return check_password(o, err);
}

enum st
place_open(struct place *p, const struct options *o, bool migrate, struct err *err)
{
    const char *database = o->value[OPT_DATABASE].text;
    enum st rc;

    *p = (struct place){ .local.users_fd = -1 };
    if ((rc = place_check(o, err)) != ST_OK)
        return rc;
    if (place_is_local(o)) {
        p->use = p->is_local = true;
        if ((rc = local_enter(&p->local, err)) != ST_OK)
            return rc;
        p->conninfo = p->local.conninfo;
        return migrate ? migrate_local(p, o, err) : ST_OK;
    }
    p->use = database != NULL || libpq_knows();
    p->conninfo = database;
    return ST_OK;
}

void
place_close(struct place *p)
{
    if (p->is_local)
        local_leave(&p->local);
    p->is_local = false;
}
