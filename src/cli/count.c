/*
 * The main job: options to a run's configuration, the run, and what is told about it.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>

#include "ingest/dataset.h"
#include "ingest/num.h"
#include "ingest/run.h"

#include "cli_priv.h"

#define MEMORY_DEFAULT (256 * MIB)
#define MEMORY_MIN     (16 * MIB)
#define JOBS_MAX       256
#define MAX_REJECT_DEFAULT 50

static volatile sig_atomic_t signals, last_signal;

/*
 * One that waits for a silent pipe or a lock looks at no counter: a third signal ends it, and the
 * server rolls back.
 */
static void
on_signal(int number)
{
    signals++;
    last_signal = number;
    if (signals >= 2) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
    }
}

static void
catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- what is told while it runs ---- */

struct teller {
    bool   terminal; /* stderr is one */
    bool   verbose, quiet;
};

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
    progress_clear();
    fputs("ingest: ", stderr);
    say_line(stderr, line);
}

static void
on_progress(void *ctx, const struct run_progress *p)
{
    (void)ctx;
    progress_show(p);
}

/* ---- options to configuration ---- */

static int
usable_cores(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static enum st
read_numbers(const struct options *o, struct run_config *c, struct err *err)
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
    bool dry = option_is_on(o, OPT_DRY_RUN);

    if (o->value[OPT_OUTPUT].text == NULL) {
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
    if (option_is_on(o, OPT_JSON) && strcmp(o->value[OPT_OUTPUT].text, "-") == 0)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--json and --output - both want standard output");
    return ST_OK;
}

static enum st
read_teller(const struct options *o, struct run_config *c, struct teller *t, struct err *err)
{
    const char *progress = o->value[OPT_PROGRESS].text;
    bool show;

    t->terminal = isatty(STDERR_FILENO) == 1;
    t->quiet = option_is_on(o, OPT_QUIET);
    t->verbose = option_is_on(o, OPT_VERBOSE);
    show = t->terminal && !t->quiet;
    if (progress != NULL && strcmp(progress, "always") == 0)
        show = true;
    else if (progress != NULL && strcmp(progress, "never") == 0)
        show = false;
    else if (progress != NULL && strcmp(progress, "auto") != 0)
        return options_bad_value(o, OPT_PROGRESS, "auto, always or never", err);
    c->refused = on_refused;
    c->choice = t->verbose ? on_choice : NULL;
    c->progress = show ? on_progress : NULL;
    c->ctx = t;
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

static enum st
read_client_key(const struct options *o, const struct place *place, struct run_config *c,
                char path[512], struct err *err)
{
    const char *named = o->value[OPT_CLIENT_KEY].text;

    c->client_key_none = named != NULL && strcmp(named, "none") == 0;
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

/* ---- rows to a file: whole or not at all ---- */

struct output {
    FILE *file;
    char  temporary[4100];
    const char *path;
};

/*
 * mkostemp(3) makes files for their owner alone; a result has the mode that open(2) would give it,
 * or had before.
 */
static void
set_mode(int fd, const struct stat *before)
{
    mode_t mask = umask(0);

    umask(mask);
    (void)fchmod(fd, before != NULL ? before->st_mode & 0777 : 0666 & ~mask);
}

static enum st
output_open(struct output *out, const char *path, struct err *err)
{
    struct stat st;
    bool there;
    int fd;

    *out = (struct output){ .path = path };
    if (path == NULL)
        return ST_OK;
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        return ST_OK;
    }
    there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) {
        out->file = fopen(path, "we"); /* a device or a FIFO: nothing to replace */
    } else if ((size_t)snprintf(out->temporary, sizeof out->temporary, "%s.XXXXXX", path) <
               sizeof out->temporary) {
        fd = mkostemp(out->temporary, O_CLOEXEC);
        if (fd >= 0)
            set_mode(fd, there ? &st : NULL);
        out->file = fd < 0 ? NULL : fdopen(fd, "w");
        if (fd >= 0 && out->file == NULL)
            close(fd);
    } else {
        errno = ENAMETOOLONG;
    }
    if (out->file != NULL)
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot write the output", "%s", strerror(errno));
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_USAGE;
}

static enum st
output_close(struct output *out, enum st rc, struct err *err)
{
    bool bad;

    if (out->file == NULL)
        return rc;
    bad = fflush(out->file) != 0 || ferror(out->file);
    if (out->file != stdout)
        bad = fclose(out->file) != 0 || bad;
    if (bad && rc == ST_OK)
        rc = err_fail(err, ST_DISK, "cannot write the output", "%s", strerror(errno));
    if (bad && rc == ST_DISK)
        snprintf(err->path, sizeof err->path, "%s", out->path);
    if (out->temporary[0] == '\0')
        return rc;
    if (rc == ST_OK && rename(out->temporary, out->path) != 0) {
        rc = err_fail(err, ST_DISK, "cannot write the output", "%s", strerror(errno));
        snprintf(err->path, sizeof err->path, "%s", out->path);
    }
    if (rc != ST_OK)
        unlink(out->temporary);
    return rc;
}

/* ---- the end ---- */

static void
print_summary(const struct options *o, const struct teller *t, const struct summary *s)
{
    struct buf text = { 0 };

    progress_clear();
    if ((t->terminal || t->verbose) && !t->quiet) {
        summary_text(s, &text);
        if (buf_str(&text) != NULL)
            fputs(text.p, stderr);
    }
    buf_reset(&text);
    if (option_is_on(o, OPT_JSON)) {
        summary_json(s, &text);
        if (buf_str(&text) != NULL)
            fputs(text.p, stdout);
    }
    buf_release(&text);
}

/* Of several statuses 4 wins, then 3, then 1. */
static int
final_status(const struct options *o, enum st rc, const struct summary *s)
{
    uint64_t rejected = tally_rejected(&s->lines);

    if (rc != ST_OK)
        return exit_status_of(rc, (int)last_signal);
    if (option_is_on(o, OPT_STRICT) && rejected > 0) {
        fprintf(stderr, "ingest: error: %" PRIu64 " lines were rejected, and --strict is said\n", rejected);
        return EXIT_REFUSED;
    }
    return s->files.refused > 0 ? EXIT_REFUSED : 0;
}

/* Options of other commands: who says one here has left the command out, and would count. */
static enum st
check_misplaced(const struct options *o, struct err *err)
{
    static const struct {
        enum option_id id;
        const char    *command;
    } others[] = { { OPT_URL, "ingest explain" },
                   { OPT_NO_SKETCHES, "ingest migrate up" },
                   { OPT_DROP_DATA, "ingest migrate down" } };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i].id].origin == FROM_COMMAND_LINE) {
            err_fail(err, ST_USAGE, "cannot count with this option", "--%s is one of `%s`",
                     option_defs[others[i].id].name, others[i].command);
            return ST_USAGE;
        }
    if (o->value[OPT_REJECTS_RAW].origin == FROM_COMMAND_LINE &&
        o->value[OPT_REJECTS].text == NULL)
        return err_fail(err, ST_USAGE, "cannot count with this option",
                        "--rejects-raw says how --rejects FILE is written, which is not said");
    return ST_OK;
}

enum st
count_reading(const struct options *o, struct run_config *c, struct rules *rules, struct err *err)
{
    enum st rc;

    if ((rc = read_numbers(o, c, err)) != ST_OK)
        return rc;
    return names_read(o, c, rules, err);
}

static enum st
configure(const struct options *o, struct run_config *c, struct rules *rules, struct teller *t,
          struct err *err)
{
    enum st rc;

    *c = (struct run_config){ .signals = &signals,
                              .recheck = option_is_on(o, OPT_RECHECK),
                              .require_integrity = option_is_on(o, OPT_REQUIRE_INTEGRITY) };
    if ((rc = check_misplaced(o, err)) != ST_OK || (rc = read_sink(o, c, err)) != ST_OK ||
        (rc = read_teller(o, c, t, err)) != ST_OK)
        return rc;
    if ((rc = count_reading(o, c, rules, err)) != ST_OK)
        return rc;
    return rule_options_check(c->rules->pack, err);
}

static enum st
place_for(const struct options *o, struct run_config *c, struct place *place, struct err *err)
{
    enum st rc;

    *place = (struct place){ .local.users_fd = -1 };
    if (c->sink == RUN_TO_TEXT)
        return ST_OK;
    if ((rc = place_open(place, o, true, err)) != ST_OK)
        return rc;
    if (!place->use && c->sink == RUN_TO_DATABASE)
        return place_missing(err);
    c->use_database = place->use;
    c->conninfo = place->conninfo;
    return ST_OK;
}

int
cli_count(const struct options *o)
{
    struct source_list inputs;
    struct summary summary = { 0 };
    struct rules rules = { 0 };
    struct output output = { 0 };
    struct keep keep = { .fd = -1 };
    struct run_config config;
    struct teller teller;
    struct place place = { .local.users_fd = -1 };
    struct err err = { 0 };
    char key_path[512];
    bool ran = false;
    enum st rc;

    catch_signals();
    source_list_init(&inputs);
    if ((rc = configure(o, &config, &rules, &teller, &err)) == ST_OK &&
        (rc = keep_open(&keep, o, &config, &err)) == ST_OK &&
        (rc = inputs_list(o, 0, &signals, &inputs, &err)) == ST_OK &&
        (rc = place_for(o, &config, &place, &err)) == ST_OK &&
        (rc = read_client_key(o, &place, &config, key_path, &err)) == ST_OK &&
        (rc = output_open(&output, o->value[OPT_OUTPUT].text, &err)) == ST_OK) {
        config.out = output.file;
        rc = run(&config, &inputs, &summary, &err);
        rc = output_close(&output, rc, &err);
        ran = true;
    }
    rc = keep_close(&keep, ran, rc, &err);
    if (rc != ST_OK)
        say_error(&err);
    if (ran)
        print_summary(o, &teller, &summary);
    place_close(&place);
    source_list_release(&inputs);
    rules_release(&rules);
    rc = ran || rc != ST_OK ? rc : ST_BUG;
    int status = final_status(o, rc, &summary);

    summary_release(&summary);
    return status;
}
