/*
 * argv to command. The first word that is no option is a command if it is one of the reserved
 * names; a file of that name is ./name.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

#include "ingest/cli.h"
#include "ingest/migrate.h"
#include "ingest/pg.h"
#include "ingest/sandbox.h"

#include "cli_priv.h"
#include "guide.h"

static int
fail(const struct err *err)
{
    say_error(err);
    return exit_status_of(err->code, 0);
}

/* ---- migrate ---- */

static void
print_step(void *ctx, const char *line)
{
    (void)ctx;
    say_line(stdout, line);
}

typedef enum st migrate_action(struct pg *, const char *const *, size_t,
                               const struct migrate_options *, struct err *);

int
cli_migrate(const struct options *o)
{
    static const struct {
        const char     *name;
        migrate_action *run;
    } actions[] = { { "up", migrate_up }, { "down", migrate_down }, { "status", migrate_status } };
    const char *action = o->n_arguments > 1 ? o->arguments[1] : "";
    const char *const *sets = o->n_arguments > 2 ? (const char *const *)o->arguments + 2 : NULL;
    size_t n_sets = o->n_arguments > 2 ? o->n_arguments - 2 : 0;
    struct migrate_options options = {
        .no_sketches = option_is_on(o, OPT_NO_SKETCHES),
        .drop_data = option_is_on(o, OPT_DROP_DATA),
        .heal = option_is_on(o, OPT_HEAL),
        .say = option_is_on(o, OPT_QUIET) ? NULL : print_step,
    };
    migrate_action *run = NULL;
    struct place place;
    struct err err;
    struct pg *pg;
    enum st rc;

    if (options.heal && strcmp(action, "up") != 0) {
        err_fail(&err, ST_USAGE, "cannot migrate", "--heal belongs to `ingest migrate up zeco`");
        return fail(&err);
    }
    if (strcmp(action, "print") == 0) {
        rc = migrate_print(sets, n_sets, &options, &err);
        return rc == ST_OK ? 0 : fail(&err);
    }
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(action, actions[i].name) == 0)
            run = actions[i].run;
    if (run == NULL) {
        static const char *const words[] = { "up", "down", "status", "print" };

        err_set(&err, ST_USAGE, "cannot migrate");
        word_refused(o->n_arguments > 1 ? action : NULL, words, ARRAY_LEN(words), &err);
        return fail(&err);
    }
    rc = place_open(&place, o, false, &err);
    if (rc == ST_OK && !place.use)
        rc = place_missing(&err);
    if (rc == ST_OK) {
        pg = pg_connect(place.conninfo, PG_READ_WRITE, &err);
        rc = pg == NULL ? err.code : run(pg, sets, n_sets, &options, &err);
        pg_close(pg);
    }
    place_close(&place);
    return rc == ST_OK ? 0 : fail(&err);
}

/* ---- psql ---- */

static int
wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EXIT_OURS;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its command line is seen by everybody, its environment is not: there goes the password. */
static bool
add_conninfo(char **argv, size_t *n, const char *conninfo, char **password)
{
    *password = NULL;
    if (conninfo == NULL)
        return true;
    if (!pg_conninfo_has_password(conninfo))
        argv[*n] = strdup(conninfo);
    else if (!pg_conninfo_split(conninfo, &argv[*n], password))
        return false;
    return argv[(*n)++] != NULL;
}

static void
become_psql(const char *program, char **argv, const char *password)
{
    struct err err;

    signal(SIGINT, SIG_DFL);
    if (password == NULL || setenv("PGPASSWORD", password, 1) == 0)
        execvp(program, argv);
    err_fail(&err, ST_DB, "cannot start psql", "%s", strerror(errno));
    err_hint(&err, "apt-get install postgresql-client");
    say_error(&err);
    _exit(EXIT_DATABASE);
}

/* A child, because the private server must be left when psql ends. */
static int
run_psql(const struct place *place, const struct options *o)
{
    const char *program =
        place->is_local && place->local.psql[0] != '\0' ? place->local.psql : "psql";
    char **argv = calloc(o->n_arguments + 3, sizeof *argv), *password = NULL;
    struct err err;
    size_t n = 0;
    pid_t pid;

    if (argv != NULL)
        argv[n++] = strdup("psql");
    if (argv == NULL || !add_conninfo(argv, &n, place->conninfo, &password)) {
        free(argv == NULL ? NULL : argv[0]);
        free(argv);
        err_fail(&err, ST_USAGE, "cannot start psql", "the database's URI or conninfo is malformed");
        return fail(&err);
    }
    for (size_t i = 1; i < o->n_arguments; i++)
        argv[n++] = o->arguments[i];
    signal(SIGINT, SIG_IGN); /* Ctrl-C belongs to psql */
    pid = fork();
    if (pid == 0)
        become_psql(program, argv, password);
    free(argv[0]);
    if (place->conninfo != NULL)
        free(argv[1]);
    free(argv);
    if (password != NULL)
        explicit_bzero(password, strlen(password));
    free(password);
    if (pid < 0) {
        err_fail(&err, ST_MEMORY, "cannot start psql", "%s", strerror(errno));
        return fail(&err);
    }
    return wait_for(pid);
}

int
cli_psql(const struct options *o)
{
    struct options local = *o;
    struct place place;
    struct err err;
    int status;
    enum st rc;

    if (o->value[OPT_DATABASE].text == NULL &&
        options_set(&local, OPT_LOCAL, "true", FROM_COMMAND_LINE, &err) != ST_OK)
        return fail(&err);
    rc = place_open(&place, &local, false, &err);
    status = rc == ST_OK ? run_psql(&place, &local) : fail(&err);
    place_close(&place);
    return status;
}

static int
cli_help(const struct options *o)
{
    struct err err;
    enum st rc = ST_OK;

    if (o->n_arguments < 2)
        help_print(stdout);
    else if (strcmp(o->arguments[1], "man") == 0)
        rc = manual_print(o->n_arguments > 2 ? o->arguments[2] : "ingest", stdout, &err);
    else
        for (size_t i = 1; rc == ST_OK && i < o->n_arguments; i++)
            rc = topic_print(o->arguments[i], stdout, &err);
    return rc == ST_OK ? 0 : fail(&err);
}

/* ---- which ---- */

static const struct {
    const char *name;
    int (*run)(const struct options *o); /* NULL: reserved, so that no file is ever taken for it */
} commands[] = {
    { "accept", cli_accept },
    { "adopt", cli_adopt },
    { "backup", cli_backup },
    { "completion", cli_completion },
    { "config", cli_config },
    { "enqueue", cli_enqueue },
    { "explain", cli_explain },
    { "help", cli_help },
    { "key", cli_key },
    { "known", cli_known },
    { "leaderboard", cli_leaderboard },
    { "migrate", cli_migrate },
    { "node", cli_node },
    { "psql", cli_psql },
    { "recount", cli_recount },
    { "report", cli_report },
    { "retract", cli_retract },
    { "run", cli_run },
    { "status", cli_status },
    { "token", cli_token },
    { "verify", cli_verify },
    { "work", cli_work },
};

/* Who says that nothing is to be written must not find that something was. */
static enum st
check_dry_run(const struct options *o, size_t command, struct err *err)
{
    static int (*const writers[])(const struct options *o) = {
        cli_accept, cli_backup, cli_key, cli_leaderboard, cli_migrate, cli_node, cli_token,
    };
    bool writes = false;

    for (size_t i = 0; i < ARRAY_LEN(writers); i++)
        writes |= commands[command].run == writers[i];
    if (!writes || !option_is_on(o, OPT_DRY_RUN))
        return ST_OK;
    err_set(err, ST_USAGE, "cannot run `ingest %s`", commands[command].name);
    err_cause(err, "--dry-run is one of counting: this command would write all the same");
    if (commands[command].run == cli_migrate)
        err_hint(err, "`ingest migrate status` says what is there, `print` shows the SQL");
    return ST_USAGE;
}

static int
dispatch(const struct options *o)
{
    const char *names[ARRAY_LEN(commands)];
    struct err err;

    for (size_t i = 0; o->n_arguments > 0 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(o->arguments[0], commands[i].name) != 0)
            continue;
        if (commands[i].run != NULL)
            return check_dry_run(o, i, &err) == ST_OK ? commands[i].run(o) : fail(&err);
        err_fail(&err, ST_USAGE, "cannot run this command",
                 "\"%s\" is a reserved name without a command in version " INGEST_VERSION,
                 commands[i].name);
        err_hint(&err, "a file of that name is ./%s", commands[i].name);
        return fail(&err);
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[i] = commands[i].run != NULL ? commands[i].name : NULL;
    if (check_mistyped(o, names, ARRAY_LEN(names), &err) != ST_OK)
        return fail(&err);
    return cli_count(o);
}

/* Descriptors 0 to 2 must be taken, or a database socket becomes "standard output". */
static void
open_standard_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = dup(fd);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* `ingest --help | head`: who reads knows that it has stopped, and needs no message. */
static bool
reader_has_gone(void)
{
    struct pollfd out = { .fd = STDOUT_FILENO };

    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/* What was printed and never arrived is no success: a full disk, a reader that has gone. */
static int
close_stdout(int status)
{
    struct err err;

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (status == EXIT_OURS)
        return status; /* said already */
    if (reader_has_gone())
        return EXIT_OURS;
    err_fail(&err, ST_DISK, "cannot write to standard output", "%s",
             errno != 0 ? strerror(errno) : "a write failed");
    return fail(&err);
}

int
cli_main(int argc, char **argv)
{
    struct options options;
    struct err err, ignored;
    enum st rc;

    if (process_check_rights(&err) != ST_OK)
        return fail(&err);
    process_keep_secrets();
    open_standard_descriptors();
    signals_answer();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is told like a full disk */
    if (sodium_init() < 0) {
        err_fail(&err, ST_BUG, "cannot start", "libsodium has no source of random numbers");
        return fail(&err);
    }
    rc = options_parse(&options, argc, argv, &err);
    if (style_choose(&options, rc == ST_OK ? &err : &ignored) != ST_OK && rc == ST_OK)
        rc = ST_USAGE;
    if (rc != ST_OK)
        return fail(&err);
    if (option_is_on(&options, OPT_HELP)) {
        help_print(stdout);
        return close_stdout(0);
    }
    if (option_is_on(&options, OPT_VERSION)) {
        puts("ingest " INGEST_VERSION);
        return close_stdout(0);
    }
    if (options.n_arguments > 0 && strcmp(options.arguments[0], "config") == 0 &&
        options.value[OPT_CHECK].text != NULL)
        return close_stdout(cli_config_check(&options));
    if (config_apply(&options, &err) != ST_OK || style_choose(&options, &err) != ST_OK)
        return fail(&err);
    return close_stdout(dispatch(&options));
}
