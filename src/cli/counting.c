/*
 * What counting is made of, from options to exit status; count.c and work.c say which inputs and when.
 */
#include "ingest/base.h"

#include <sched.h>
#include <sodium.h>

#include "ingest/dataset.h"
#include "ingest/num.h"
#include "ingest/sandbox.h"
#include "ingest/secret.h"

#include "config.h"
#include "counting.h"

#define MEMORY_DEFAULT (256 * MIB)
#define MEMORY_MIN     (16 * MIB)
#define JOBS_MAX       256
#define MAX_REJECT_DEFAULT 50

/* ---- what is told while it runs ---- */

static void
on_refused(void *ctx, const struct err *err)
{
    (void)ctx;
    say_error(err);
}

static void
on_choice(void *ctx, const char *line)
{
    (void)ctx;
    say_note("%s", line);
}

/* The second signal needs no sentence: the failure that ends the run is one. */
static void
say_stopping(struct counting *c)
{
    if (signals_seen == 0 || c->teller.stopping)
        return;
    c->teller.stopping = true;
    if (c->teller.quiet)
        return;
    if (c->config.sink == RUN_VERIFY)
        say_note("stopping: what is being read is finished");
    else if (c->config.sink == RUN_RECOUNT || c->config.sink == RUN_RETRACT)
        say_note("stopping: nothing is changed, unless the transaction has begun; a second signal "
                 "rolls that back");
    else
        say_note("stopping: what is being read is finished and committed; a second signal stops at "
                 "once");
}

void
counting_tick(struct counting *c, const struct run_progress *p)
{
    static const struct run_progress nothing;

    say_stopping(c);
    if (signals_asked != 0) {
        signals_asked = 0;
        progress_say(p != NULL ? p : &nothing);
    }
    if (!c->teller.progress || p == NULL)
        return;
    if (c->teller.rewrites)
        progress_show(p);
    else
        progress_now_and_then(p);
}

static void
on_progress(void *ctx, const struct run_progress *p)
{
    counting_tick(ctx, p);
}

/* ---- options to configuration ---- */

int
usable_cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

enum st
numbers_read(const struct options *o, struct run_config *c, struct err *err)
{
    int64_t jobs = usable_cores(), percent = MAX_REJECT_DEFAULT;

    c->memory_bytes = MEMORY_DEFAULT;
    if (o->value[OPT_MEMORY].text != NULL &&
        (!num_size(slice_of(o->value[OPT_MEMORY].text), &c->memory_bytes) ||
         c->memory_bytes < MEMORY_MIN))
        return options_bad_value(o, OPT_MEMORY, "a size of at least 16M, as 256M or 8G", err);
    if (o->value[OPT_JOBS].text != NULL &&
        (!num_u63(slice_of(o->value[OPT_JOBS].text), &jobs) || jobs < 1 || jobs > JOBS_MAX))
        return options_bad_value(o, OPT_JOBS, "a number of workers from 1 to 256", err);
    if (o->value[OPT_MAX_REJECT].text != NULL &&
        (!num_u63(slice_of(o->value[OPT_MAX_REJECT].text), &percent) || percent > 100))
        return options_bad_value(o, OPT_MAX_REJECT, "a whole number from 0 to 100", err);
    c->jobs = (int)jobs;
    c->max_reject_percent = (int)percent;
    return ST_OK;
}

static enum st
read_sink(const struct options *o, struct run_config *c, struct err *err)
{
    bool dry = option_is_on(o, OPT_DRY_RUN), eida = o->value[OPT_TO].text != NULL;

    if (o->value[OPT_OUTPUT].text == NULL && !eida) {
        c->sink = dry ? RUN_DRY : RUN_TO_DATABASE;
        return ST_OK;
    }
    c->sink = RUN_TO_TEXT;
    if (dry)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--dry-run writes nothing, --output writes rows");
    if (o->value[OPT_DATABASE].origin == FROM_COMMAND_LINE ||
        o->value[OPT_LOCAL].origin == FROM_COMMAND_LINE)
        return err_fail(err, ST_USAGE, "cannot do both", "--output never connects to a database");
    if (eida)
        return to_eida_read(o, c, err);
    if (o->value[OPT_REPLACE].origin == FROM_COMMAND_LINE)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--replace overwrites rows of a database, and --output connects to none");
    if (option_is_on(o, OPT_JSON) && strcmp(o->value[OPT_OUTPUT].text, "-") == 0)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--json and --output - both want standard output");
    return ST_OK;
}

/* Of several statuses 4 wins, then 3, then 1, then 5. */
int
counting_status(const struct options *o, enum st rc, const struct summary *s)
{
    if (rc != ST_OK && rc != ST_LATER)
        return exit_status_of(rc, (int)signals_last);
    if (option_is_on(o, OPT_STRICT) && tally_rejected(&s->lines) > 0)
        return EXIT_REFUSED;
    return s->files.refused > 0 ? EXIT_REFUSED : exit_status_of(rc, 0);
}

static int
on_verdict(void *ctx, enum st rc, const struct summary *s)
{
    const struct counting *c = ctx;

    return counting_status(c->o, rc, s);
}

static enum st
read_teller(const struct options *o, struct run_config *c, struct teller *t, struct err *err)
{
    const char *progress = o->value[OPT_PROGRESS].text;
    bool show;

    t->terminal = isatty(STDERR_FILENO) == 1;
    t->quiet = option_is_on(o, OPT_QUIET);
    t->verbose = option_is_on(o, OPT_VERBOSE);
    t->rewrites = terminal_can_rewrite() && style_is_text();
    show = t->rewrites && !t->quiet;
    if (progress != NULL && strcmp(progress, "always") == 0)
        show = true;
    else if (progress != NULL && strcmp(progress, "never") == 0)
        show = false;
    else if (progress != NULL && strcmp(progress, "auto") != 0)
        return options_bad_value(o, OPT_PROGRESS, "auto, always or never", err);
    c->refused = on_refused;
    c->choice = t->verbose ? on_choice : NULL;
    c->progress = on_progress;
    t->progress = show;
    return ST_OK;
}

/*
 * One that is named is read now: whatever is wrong with it is said before anything is touched. It
 * may be missing, since the first run makes it.
 */
static enum st
check_client_key(const char *path, struct err *err)
{
    struct client_key key;
    bool missing;
    enum st rc = client_key_read(&key, path, &missing, err);

    sodium_memzero(&key, sizeof key);
    return missing ? ST_OK : rc;
}

enum st
client_key_find(const struct options *o, const struct place *place, struct run_config *c,
                char path[512], struct err *err)
{
    const char *named = o->value[OPT_CLIENT_KEY].text;
    char credential[512];

    if (o->value[OPT_CLIENT_KEY].origin < FROM_COMMAND_LINE &&
        secret_credential("client.key", credential, sizeof credential))
        named = credential; /* it is of the environment, which stands above the configuration */
    c->client_key_none = (named != NULL && strcmp(named, "none") == 0) || c->sink == RUN_TO_EIDA;
    c->client_key = path;
    path[0] = '\0';
    if (c->client_key_none)
        return ST_OK;
    if (named != NULL) {
        snprintf(path, 512, "%s", named);
        return check_client_key(path, err);
    }
    if (place->is_local)
        snprintf(path, 512, "%s/client.key", place->local.dir);
    else if (!config_home_path(path, 512, "client.key"))
        return err_fail(err, ST_USAGE, "cannot find the client key",
                        "this user has no home directory; say --client-key FILE");
    return ST_OK;
}

enum st
count_reading(const struct options *o, struct run_config *c, struct rules *rules, struct err *err)
{
    enum st rc;

    if ((rc = numbers_read(o, c, err)) != ST_OK || (rc = names_read(o, c, rules, err)) != ST_OK)
        return rc;
    if (c->sink == RUN_TO_TEXT || c->sink == RUN_TO_EIDA) /* nobody asks who writes a file */
        return ST_OK;
    return token_read(o, c, err);
}

static enum st
check_rejects(const struct options *o, struct err *err)
{
    if (o->value[OPT_REJECTS_RAW].origin == FROM_COMMAND_LINE &&
        o->value[OPT_REJECTS].text == NULL)
        return err_fail(err, ST_USAGE, "cannot count with this option",
                        "--rejects-raw says how --rejects FILE is written, which is not said");
    return ST_OK;
}

/* Only a database remembers which files are left. */
static enum st
check_deadline(const struct options *o, struct run_config *c, struct err *err)
{
    if (c->sink != RUN_TO_TEXT && c->sink != RUN_TO_EIDA)
        return ST_OK;
    c->deadline_us = 0;
    if (o->value[OPT_DEADLINE].origin != FROM_COMMAND_LINE)
        return ST_OK;
    return err_fail(err, ST_USAGE, "cannot do both",
                    "--deadline leaves files for the next run, --output writes all rows or none");
}

enum st
counting_prepare(struct counting *c, const struct options *o, struct err *err)
{
    enum st rc;

    *c = (struct counting){ .o = o,
                            .place.local.users_fd = -1,
                            .keep.fd = -1,
                            .metrics = c->metrics };
    c->config = (struct run_config){ .signals = &signals_seen,
                                     .recheck = option_is_on(o, OPT_RECHECK),
                                     .salvage = option_is_on(o, OPT_SALVAGE),
                                     .distinct = option_is_on(o, OPT_DISTINCT),
                                     .require_integrity = option_is_on(o, OPT_REQUIRE_INTEGRITY),
                                     .verdict = on_verdict,
                                     .ctx = c };
    if ((rc = check_rejects(o, err)) != ST_OK || (rc = fence_check(o, err)) != ST_OK ||
        (rc = read_sink(o, &c->config, err)) != ST_OK)
        return rc;
    if ((rc = deadline_read(o, &c->config.deadline_us, err)) != ST_OK ||
        (rc = lock_wait_read(o, &c->config.lock_wait_us, err)) != ST_OK ||
        (rc = check_deadline(o, &c->config, err)) != ST_OK)
        return rc;
    return read_teller(o, &c->config, &c->teller, err);
}

void
counting_note_sources(const struct options *o)
{
    const char *ours = o->value[OPT_RULES].text;

    if (o->config == NULL || o->value[OPT_RULES].origin == FROM_COMMAND_LINE ||
        option_is_on(o, OPT_QUIET))
        return;
    for (const struct config_source *s = o->config->sources; s != NULL; s = s->next)
        if (s->rules != NULL && strcmp(s->rules, ours == NULL ? "default" : ours) != 0) {
            say_note("`ingest run` counts files of [source %s] under --rules %s, and this is done "
                     "under %s", s->name, s->rules, ours == NULL ? "default" : ours);
            return;
        }
}

enum st
counting_read(struct counting *c, const struct options *o, struct err *err)
{
    struct run_config *config = &c->config;
    enum st rc;

    rules_release(&c->rules);
    summary_release(&c->summary);
    config->format = NULL;
    config->dataset = NULL;
    c->o = o;
    if ((rc = count_reading(o, config, &c->rules, err)) != ST_OK ||
        (rc = to_eida_dataset(config, err)) != ST_OK)
        return rc;
    return rule_options_check(config->rules->pack, err);
}

enum st
counting_configure(struct counting *c, const struct options *o, struct err *err)
{
    enum st rc;

    if ((rc = counting_prepare(c, o, err)) != ST_OK || (rc = counting_read(c, o, err)) != ST_OK)
        return rc;
    return keep_open(&c->keep, o, &c->config, err);
}

/* ---- the run's neighbours ---- */

static enum st
place_for(const struct options *o, struct run_config *c, struct place *place, struct err *err)
{
    enum st rc;

    *place = (struct place){ .local.users_fd = -1 };
    if (c->sink == RUN_TO_TEXT || c->sink == RUN_TO_EIDA)
        return ST_OK;
    if ((rc = place_open(place, o, true, err)) != ST_OK)
        return rc;
    if (!place->use && c->sink != RUN_DRY)
        return place_missing(err);
    c->use_database = place->use;
    c->conninfo = place->conninfo;
    return ST_OK;
}

enum st
counting_enter(struct counting *c, struct err *err)
{
    const char *output =
        c->config.sink == RUN_TO_EIDA ? NULL : c->o->value[OPT_OUTPUT].text;
    enum st rc;

    if ((rc = place_for(c->o, &c->config, &c->place, err)) != ST_OK ||
        (rc = client_key_find(c->o, &c->place, &c->config, c->key_path, err)) != ST_OK ||
        (rc = output_open(&c->output, output, err)) != ST_OK)
        return rc;
    c->config.out = c->output.file;
    c->entered = true;
    return fence_options(c, err);
}

/* ---- the end ---- */

/* Then the failure says it all. */
static bool
nothing_happened(const struct summary *s)
{
    static const struct summary none;

    return memcmp(&s->files, &none.files, sizeof s->files) == 0 && s->lines.read == 0;
}

static void
print_summary(const struct options *o, const struct teller *t, const struct summary *s,
              bool briefly)
{
    struct buf text = { 0 }, json = { 0 };

    progress_clear();
    summary_text(s, t->verbose ? SUMMARY_WHOLE : SUMMARY_BRIEF, &text);
    summary_json(s, &json);
    if ((t->terminal || t->verbose) && !t->quiet && !briefly && buf_str(&text) != NULL &&
        buf_str(&json) != NULL)
        say_summary(text.p, json.p);
    if (option_is_on(o, OPT_JSON) && buf_str(&json) != NULL)
        fputs(json.p, stdout);
    buf_release(&text);
    buf_release(&json);
}

int
counting_tell(struct counting *c, enum st rc, const struct err *err)
{
    int status = counting_status(c->o, rc, &c->summary);
    struct err strict;

    if (rc != ST_OK)
        say_error(err);
    /* Of days that are compared, or made anew, it matters which files are not among them. */
    if ((c->config.sink == RUN_VERIFY || c->config.sink == RUN_RECOUNT) &&
        c->summary.files.retracted > 0 && !c->teller.quiet && !c->teller.verbose)
        say_note("%" PRIu64 " of the files %s retracted, and %s left out",
                 c->summary.files.retracted, c->summary.files.retracted == 1 ? "was" : "were",
                 c->summary.files.retracted == 1 ? "is" : "are");
    if (c->entered)
        print_summary(c->o, &c->teller, &c->summary, rc != ST_OK && nothing_happened(&c->summary));
    if (rc == ST_OK && status != 0 && c->summary.files.refused == 0) {
        err_set(&strict, ST_FORMAT, "%" PRIu64 " lines were rejected, and --strict is said",
                tally_rejected(&c->summary.lines));
        say_error(&strict);
    }
    return status;
}

enum st
counting_close(struct counting *c, enum st rc, struct err *err)
{
    rc = output_close(&c->output, rc, err);
    return keep_close(&c->keep, c->entered, rc, err);
}

int
counting_measure(struct counting *c, int status)
{
    struct err err;

    if (metrics_close(&c->metrics, &err) == ST_OK)
        return status;
    say_error(&err);
    return status_worse(status, EXIT_OURS);
}

void
counting_release(struct counting *c)
{
    metrics_release(&c->metrics);
    sandbox_free(c->sandbox);
    place_close(&c->place);
    shadow_release(c);
    rules_release(&c->rules);
    summary_release(&c->summary);
}

int
counting_finish(struct counting *c, enum st rc, struct err *err)
{
    int status;

    rc = counting_close(c, rc, err);
    status = counting_tell(c, rc, err);
    metrics_run(&c->metrics, &c->summary, status);
    status = counting_measure(c, status);
    counting_release(c);
    return status;
}
