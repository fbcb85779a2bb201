/*
 * Inside cli/: the options, where each came from, and the commands.
 *
 *   options.c  the table of options; parser, help and configuration read the same one
 *   config.c   the INI file and the environment; config.h is the map of the files that read it
 *   help.c     --help, from the lists; topics.c one of them
 *   guide.c    what each command is for; guide.h is the map of what reads it
 *   completion.c  for shells
 *   manual.c   pages of the manual
 *   say.c      all printing to people: nothing from a log or a server reaches a terminal raw
 *   style.c    how messages look: --log-style, colours
 *   progress.c one line on a terminal
 *   count.c    the main job; counting.h is the map of what it shares with run.c and work.c
 *   run.c      the sources of the configuration
 *   ledger.c   known and accept: questions to the ledger, and what is said to it
 *   config_show.c  `ingest config`: what holds, and where it was said; config_check.c: what is wrong with it
 *   names.c    what the options name: format, dataset, rules
 *   explain.c  what is understood of an input, line by line
 *   key.c      ingest key
 *   node.c     and token.c: who submits; subcommand.h is the map of commands that have commands
 *   token_file.c  the token that says who submits
 *   sandbox.c  --sandbox: what a run may still do once it is connected
 *   nearest.c  "did you mean"
 *   times.c    --deadline and --lock-wait
 *   commands.c migrate, psql and the names that are reserved
 */
#ifndef CLI_PRIV_H
#define CLI_PRIV_H

#include <signal.h>

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/local.h"
#include "ingest/slice.h"
#include "ingest/temporary.h"

#define ROUTES_MAX 64

enum exit_status { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_DATABASE = 3, EXIT_OURS = 4, EXIT_LATER = 5 };

/* Where a value came from; a later one wins over an earlier one. */
enum origin { FROM_DEFAULT, FROM_CONFIG, FROM_ENVIRONMENT, FROM_COMMAND_LINE };

/* ONCE: a second one on the command line is no correction. OPTIONAL: a value stands behind '=', or there is none, which is "". */
enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_ONCE, OPTION_LIST, OPTION_OPTIONAL };

enum option_id {
    OPT_DATABASE,
    OPT_LOCAL,
    OPT_CONFIG,
    OPT_FORMAT,
    OPT_LOG_FORMAT,
    OPT_DATASET,
    OPT_RULES,
    OPT_SHADOW,
    OPT_ROUTE,
    OPT_WINDOW,
    OPT_RANGE,
    OPT_AGENTS,
    OPT_CLIENTS_FILE,
    OPT_BROWSERS_FILE,
    OPT_ROBOTS_FILE,
    OPT_MIRRORS_FILE,
    OPT_COUNTRY_FILE,
    OPT_NODE,
    OPT_TOKEN_FILE,
    OPT_REPLACE,
    OPT_FDSN_NETWORKS,
    OPT_TO,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_CLIENT_KEY,
    OPT_FILES_FROM,
    OPT_NULL,
    OPT_MIN_AGE,
    OPT_SALVAGE,
    OPT_DISTINCT,
    OPT_REQUIRE_INTEGRITY,
    OPT_RECHECK,
    OPT_DRY_RUN,
    OPT_OUTPUT,
    OPT_JOBS,
    OPT_MEMORY,
    OPT_MAX_REJECT,
    OPT_REJECTS,
    OPT_REJECTS_RAW,
    OPT_DONE,
    OPT_METRICS,
    OPT_LOCK_WAIT,
    OPT_DEADLINE,
    OPT_NO_SKETCHES,
    OPT_DROP_DATA,
    OPT_HEAL,
    OPT_CONTACT,
    OPT_RENAME,
    OPT_VALID_FROM,
    OPT_VALID_UNTIL,
    OPT_TOP,
    OPT_KEEP,
    OPT_CHECK,
    OPT_QUEUE,
    OPT_WAIT,
    OPT_AUDIT,
    OPT_DOCTOR,
    OPT_SANDBOX,
    OPT_NAME,
    OPT_CSV,
    OPT_BADGE,
    OPT_PARTIAL,
    OPT_DIFF,
    OPT_UNDO,
    OPT_FROM,
    OPT_BEFORE,
    OPT_YES,
    OPT_URL,
    OPT_ROW,
    OPT_READ,
    OPT_JSON,
    OPT_STRICT,
    OPT_QUIET,
    OPT_VERBOSE,
    OPT_PROGRESS,
    OPT_LOG_STYLE,
    OPT_HELP,
    OPT_VERSION,
    OPTIONS_N
};

struct option_def {
    const char      *name;     /* long, without dashes */
    char             letter;   /* 0: none */
    enum option_kind kind;
    const char      *argument; /* for help; NULL for flags */
    const char      *help;
};
extern const struct option_def option_defs[OPTIONS_N];

struct config;

struct options {
    struct {
        const char *text; /* borrowed from argv, the environment or the configuration; flags: "true" or "false" */
        enum origin origin;
    } value[OPTIONS_N];
    const char *routes[ROUTES_MAX];
    size_t      n_routes;
    const struct config *config; /* what the file defines by name; NULL before config_apply */
    char      **arguments; /* what is no option, in order */
    size_t      n_arguments;
};

/* ST_USAGE with a suggestion for a mistyped option. `argv` is permuted. */
enum st options_parse(struct options *o, int argc, char **argv, struct err *err);
/* Sets a value unless one of higher origin is there. */
enum st options_set(struct options *o, enum option_id id, const char *text, enum origin origin, struct err *err);
/* What is said of a value that the option does not take. */
enum st options_bad_value(const struct options *o, enum option_id id, const char *hint, struct err *err);
/* -1: no such option. */
int         option_find(const char *name, size_t n);
const char *option_nearest(const char *name); /* NULL: none is near */
static inline bool
option_is_on(const struct options *o, enum option_id id)
{
    return o->value[id].text != NULL && strcmp(o->value[id].text, "true") == 0;
}

/* nearest.c: the hint for a name that there is not: the one that was meant, or where they are listed. */
void hint_near(const char *word, const char *const *words, size_t n, const char *otherwise, struct err *err);
void hint_format(const struct config *config, const char *name, struct err *err);
void hint_dataset(const char *name, struct err *err);
/* ST_USAGE: the first argument is no file, but nearly one of these commands. */
enum st check_mistyped(const struct options *o, const char *const *commands, size_t n, struct err *err);

/* Fills in what the command line left open. The texts live until the program ends. */
enum st config_apply(struct options *o, struct err *err);
/* The same, and all that is wrong in the file, each told to `problem`: then ST_OK, and what is wrong is left out. */
typedef void config_problem(void *ctx, const struct err *err);
enum st config_apply_all(struct options *o, config_problem *problem, void *ctx, struct err *err);
/* "~/.config/ingest/NAME", home by getpwuid without HOME; false if it does not fit. */
bool config_home_path(char *out, size_t cap, const char *name);

/* ---- the database that the options name ---- */

struct place {
    bool         use;         /* false: none was named */
    const char  *conninfo;    /* NULL: libpq's environment */
    bool         is_local;
    struct local local;
};
/* ST_USAGE: two were named, or a password stands on the command line. Starts the private one, and migrates it if `migrate`. */
enum st place_open(struct place *p, const struct options *o, bool migrate, struct err *err);
/* What of it can be told without a server. ST_USAGE. */
enum st place_check(const struct options *o, struct err *err);
void    place_close(struct place *p);
bool    place_is_local(const struct options *o); /* would it be the private one? */
/* The sentence for "no database named". */
enum st place_missing(struct err *err);

/* ---- the inputs that the options and the arguments from `first` on name ---- */

/*
 * Without any, standard input is one if it holds something; `signals` (may be NULL) ends waiting for that. ST_USAGE: there is
 * nothing to read, or a list cannot be read; ST_MEMORY. `inputs` is to be released in either case.
 */
struct source_list;
enum st inputs_list(const struct options *o, size_t first, const volatile sig_atomic_t *signals, struct source_list *inputs,
                    struct err *err);

/* --min-age, which the list is told before its files. ST_USAGE. */
enum st inputs_min_age(const struct options *o, struct source_list *inputs, struct err *err);

/* Replaces *pack by one of the options' own if they change something in it; it lives until the next call. ST_USAGE. */
struct rule_pack;
enum st rule_options_apply(const struct options *o, const struct rule_pack **pack, struct err *err);
/* ST_USAGE: something in the pack would change nothing in counting. */
enum st rule_options_check(const struct rule_pack *pack, struct err *err);

/* The cause, and who was meant, of a `word` (NULL: none was said) that is not one of these. ST_USAGE. */
enum st word_refused(const char *word, const char *const *words, size_t n, struct err *err);

/* ---- printing ---- */

void say_text(FILE *to, const char *text, size_t n);  /* escaped: control, C1, bidi, bad UTF-8 as \xHH */
void say_json(FILE *to, const char *text, size_t n);  /* a JSON string with its quotes; a byte that is no UTF-8 becomes U+FFFD */
void say_error(const struct err *err);
void say_note(const char *format, ...) PRINTF(1, 2);  /* a line that is no error; what does not fit is cut off */
void say_summary(const char *text, const char *json); /* the same, for people and for machines */
void say_line(FILE *to, const char *line);            /* escaped, with a line feed */
int  exit_status_of(enum st rc, int signal_no);

int  status_worse(int a, int b); /* of two exit statuses that of both: 4, 3, 2, 1, 5 */

/* SIGINT and SIGTERM: how many have come, and the last one. */
extern volatile sig_atomic_t signals_seen, signals_last;
extern volatile sig_atomic_t signals_asked; /* SIGUSR1 has come, and nobody has answered */
void signals_catch(void);
void signals_answer(void); /* of SIGUSR1, which otherwise ends a process: any command notes it and goes on */

struct run_progress;
void progress_show(const struct run_progress *p); /* in place of the last one; not while another job has the terminal */
void progress_say(const struct run_progress *p); /* a line for good */
void progress_now_and_then(const struct run_progress *p); /* that, every ten seconds */
void progress_clear(void); /* before anything else is printed on the terminal */
/* What it says, in `width` columns at most, of which the less important go first; `cap` is more than 64. */
void progress_line(const struct run_progress *p, size_t width, char *line, size_t cap);
/* "8 s", "5 min 20 s", "3 h 05 min", "2 d 4 h"; never nothing. */
const char *progress_time(double seconds, char out[24]);

size_t terminal_width(int fd); /* 80 where it does not say */
bool terminal_can_rewrite(void); /* standard error is a terminal that moves its cursor when told */

/* style.c: how messages look, by --log-style, the journal, the terminal. Before that is known they are text. ST_USAGE. */
enum say_level { SAY_ERROR, SAY_INFO };
enum st style_choose(const struct options *o, struct err *err);
enum st style_check(const struct options *o, struct err *err);
const char *style_default(void);
bool style_is_text(void);

void help_print(FILE *to);
void help_commands(FILE *to);
void help_options(FILE *to);
void help_exit_status(FILE *to);

/* What says how logs are read and what counts: the part of a run's configuration that counting and explaining share. */
struct run_config;
struct rules;
/* Format, dataset, rules and node of the run. `rules` is to be released in either case. */
enum st names_read(const struct options *o, struct run_config *c, struct rules *rules, struct err *err);
enum st names_shadow(const struct options *o, const struct run_config *c, struct rules *shadow, struct err *err); /* --shadow; after names_read. ST_USAGE, ST_MEMORY */
enum st count_reading(const struct options *o, struct run_config *c, struct rules *rules, struct err *err);
/* Of that, c->token: --token-file, $INGEST_TOKEN_FILE, $INGEST_TOKEN, the configuration's token-file. ST_USAGE: it is no token, or no secret. */
enum st token_read(const struct options *o, struct run_config *c, struct err *err);

/* times.c: --deadline and --lock-wait. ST_USAGE. */
enum st deadline_read(const struct options *o, int64_t *deadline_us, struct err *err);
enum st lock_wait_read(const struct options *o, int64_t *wait_us, struct err *err);
/*
 * "HH:MM": how many seconds from `now` until clocks in the time zone of this process show it next. On the day on which they are put
 * forward it may not come, and is what would be shown if they were not. False: it is no time of day.
 */
bool until_time_of_day(const char *text, time_t now, int64_t *seconds);

/* --done and --rejects. `done` is the run's list of names; both are freed. `ran`: there is something to keep. */
struct buf;
struct rejects;
struct keep {
    const char     *done_path; /* NULL: not asked for */
    char            temporary[TEMPORARY_NAME]; /* beside it; "": none */
    int             fd;
    bool            writes;    /* into a database */
    struct buf     *done;
    struct rejects *rejects;
};
enum st keep_open(struct keep *k, const struct options *o, struct run_config *c, struct err *err);
/* Puts both in their places. `rc` is the run's, which wins. */
enum st keep_close(struct keep *k, bool ran, enum st rc, struct err *err);

/* Each runs to the end and gives the exit status. */
int cli_config(const struct options *o);
int cli_config_check(struct options *o); /* reads the configuration itself */
int cli_count(const struct options *o);
int cli_accept(const struct options *o);
int cli_adopt(const struct options *o);
int cli_known(const struct options *o);
int cli_explain(const struct options *o);
int cli_migrate(const struct options *o);
int cli_psql(const struct options *o);
int cli_key(const struct options *o);
int cli_node(const struct options *o);
int cli_token(const struct options *o);
int cli_leaderboard(const struct options *o);
int cli_backup(const struct options *o);
int cli_completion(const struct options *o);
int cli_enqueue(const struct options *o);
int cli_run(const struct options *o);
int cli_recount(const struct options *o);
int cli_retract(const struct options *o);
int cli_verify(const struct options *o);
int cli_work(const struct options *o);
int cli_status(const struct options *o);
int cli_report(const struct options *o);

#endif
