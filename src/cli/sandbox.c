/*
 * --sandbox: which files a run that is connected may still need, and nothing else. A log is a stranger's: should one ever
 * get further than into a parser, it finds no files, no programs and no way to make a connection of another kind.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "ingest/input.h"
#include "ingest/pg.h"
#include "ingest/sandbox.h"

#include "config.h"
#include "counting.h"

enum st
fence_check(const struct options *o, struct err *err)
{
    if (!option_is_on(o, OPT_SANDBOX) || !place_is_local(o))
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot do both",
             "--sandbox forbids to start programs, and --local stops its server by one");
    err_hint(err, "count into a server that runs by itself, or leave --sandbox out");
    return ST_USAGE;
}

/* ---- what the options name ---- */

/* `ingest run` reads these again for each source. */
static enum st
grant_read(struct counting *c, struct err *err)
{
    static const enum option_id ids[] = { OPT_CLIENTS_FILE, OPT_BROWSERS_FILE, OPT_ROBOTS_FILE,
                                          OPT_MIRRORS_FILE, OPT_COUNTRY_FILE,  OPT_FDSN_NETWORKS,
                                          OPT_TOKEN_FILE };
    const struct config_pack *packs = c->o->config == NULL ? NULL : c->o->config->packs;
    const char *others[] = { getenv("INGEST_TOKEN_FILE"), getenv("CREDENTIALS_DIRECTORY") };
    enum st rc = ST_OK;

    for (size_t i = 0; i < ARRAY_LEN(ids) && rc == ST_OK; i++)
        if (c->o->value[ids[i]].text != NULL)
            rc = sandbox_allow(c->sandbox, SANDBOX_READ, c->o->value[ids[i]].text, err);
    for (const struct config_pack *p = packs; p != NULL && rc == ST_OK; p = p->next)
        if (p->pack.country_file != NULL)
            rc = sandbox_allow(c->sandbox, SANDBOX_READ, p->pack.country_file, err);
    for (size_t i = 0; i < ARRAY_LEN(others) && rc == ST_OK; i++)
        if (others[i] != NULL)
            rc = sandbox_allow(c->sandbox, SANDBOX_READ, others[i], err);
    return rc;
}

/*
 * One that is missing may be made in a moment, with its directory: that is made now, as no other
 * can be later.
 */
static enum st
grant_client_key(struct counting *c, struct err *err)
{
    const char *path = c->config.client_key;
    char dir[sizeof c->key_path];

    if (c->config.client_key_none)
        return ST_OK;
    if (access(path, F_OK) == 0 || c->config.sink != RUN_TO_DATABASE)
        return sandbox_allow(c->sandbox, SANDBOX_READ, path, err);
    snprintf(dir, sizeof dir, "%s", path);
    for (char *slash = strchr(dir + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(dir, 0700); /* whoever makes the key will say what is wrong */
        *slash = '/';
    }
    return sandbox_allow_beside(c->sandbox, SANDBOX_FILES, path, err);
}

/* What takes its name at the end is open by now, but for what is sent to EIDA. */
static enum st
grant_outputs(struct counting *c, struct err *err)
{
    const char *rejects = c->o->value[OPT_REJECTS].text, *tmpdir = getenv("TMPDIR");
    struct sandbox *s = c->sandbox;
    enum st rc = ST_OK;

    if (tmpdir == NULL || tmpdir[0] == '\0')
        tmpdir = "/tmp";
    if (c->output.temporary[0] != '\0')
        rc = sandbox_allow_beside(s, SANDBOX_RENAME, c->output.path, err);
    if (rc == ST_OK && c->config.sink == RUN_TO_EIDA)
        rc = sandbox_allow(s, SANDBOX_FILES, c->config.eida_dir, err);
    if (rc == ST_OK && c->keep.done_path != NULL)
        rc = sandbox_allow_beside(s, SANDBOX_RENAME, c->keep.done_path, err);
    if (rc == ST_OK && c->metrics.path != NULL)
        rc = sandbox_allow_beside(s, SANDBOX_RENAME, c->metrics.path, err);
    if (rc == ST_OK && rejects != NULL) /* rejected lines wait there, too */
        rc = sandbox_allow_beside(s, SANDBOX_FILES, rejects, err);
    return rc == ST_OK ? sandbox_allow(s, SANDBOX_FILES, tmpdir, err) : rc;
}

enum st
fence_options(struct counting *c, struct err *err)
{
    enum st rc;

    if (!option_is_on(c->o, OPT_SANDBOX))
        return ST_OK;
    if ((rc = sandbox_new(&c->sandbox, err)) != ST_OK ||
        (rc = sandbox_allow_system(c->sandbox, err)) != ST_OK ||
        (rc = grant_read(c, err)) != ST_OK || (rc = grant_client_key(c, err)) != ST_OK)
        return rc;
    return grant_outputs(c, err);
}

/* ---- inputs ---- */

static bool
in_same_directory(const char *a, const char *b)
{
    const char *slash = strrchr(a, '/'), *other = strrchr(b, '/');

    if (slash == NULL || other == NULL)
        return slash == other;
    return slash - a == other - b && memcmp(a, b, (size_t)(slash - a)) == 0;
}

static enum st
on_connected(void *ctx, const struct pg *pg, struct err *err)
{
    return fence_enter(ctx, pg, err);
}

/*
 * A file that was named is granted as the file that it is now; of what was found in a directory the directory, so that a
 * year of logs takes one grant, and rotation none.
 */
enum st
fence_inputs(struct counting *c, const struct source_list *inputs, struct err *err)
{
    const char *walked = NULL;
    enum st rc = ST_OK;

    if (c->sandbox == NULL)
        return ST_OK;
    for (size_t i = 0; i < inputs->n && rc == ST_OK; i++) {
        const struct source *s = &inputs->at[i];

        if (s->is_stdin || s->trouble != ST_OK)
            continue;
        if (!s->walked) {
            rc = sandbox_allow(c->sandbox, SANDBOX_READ, s->path, err);
        } else if (walked == NULL || !in_same_directory(walked, s->path)) {
            rc = sandbox_allow_beside(c->sandbox, SANDBOX_READ, s->path, err);
            walked = s->path;
        }
    }
    c->config.connected = on_connected;
    return rc;
}

enum st
fence_all_files(struct counting *c, struct err *err)
{
    return c->sandbox == NULL ? ST_OK : sandbox_allow(c->sandbox, SANDBOX_READ, "/", err);
}

/* ---- in ---- */

struct granting {
    struct sandbox *sandbox;
    enum st rc;
    struct err *err;
};

static void
on_file(void *ctx, const char *path)
{
    struct granting *g = ctx;

    if (g->rc == ST_OK)
        g->rc = sandbox_allow(g->sandbox, SANDBOX_READ, path, g->err);
}

/* What is missing is said unless nobody wants to hear anything: who asked for a fence believes that there is one. */
static void
tell(const struct teller *t, const struct sandbox_report *r)
{
    if (t->quiet || (r->files_fenced && r->calls_fenced && !t->verbose))
        return;
    say_note("sandbox: %s; %s", r->files, r->calls);
}

enum st
fence_enter(struct counting *c, const struct pg *pg, struct err *err)
{
    struct granting g = { .sandbox = c->sandbox, .rc = ST_OK, .err = err };
    struct sandbox_report report;

    if (c->sandbox == NULL) /* not asked for, or the run before has entered it */
        return ST_OK;
    if (pg != NULL)
        pg_files(pg, on_file, &g);
    if (g.rc != ST_OK)
        return g.rc;
    sandbox_enter(c->sandbox, c->config.use_database ? SANDBOX_CLIENT : SANDBOX_NO_SOCKETS,
                  &report);
    sandbox_free(c->sandbox);
    c->sandbox = NULL;
    tell(&c->teller, &report);
    return ST_OK;
}
