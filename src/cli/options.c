/*
 * The options, as one table: the parser, --help and the configuration file read it.
 */
#include "ingest/base.h"

#include <getopt.h>

#include "ingest/near.h"

#include "cli_priv.h"
#include "guide.h"

const struct option_def option_defs[OPTIONS_N] = {
    [OPT_DATABASE] = { "database", 'd', OPTION_VALUE, "URI", "libpq URI or conninfo; else $INGEST_DATABASE, the INI, PG* variables" },
    [OPT_LOCAL] = { "local", 0, OPTION_FLAG, NULL, "a private PostgreSQL, made and started on demand" },
    [OPT_CONFIG] = { "config", 'c', OPTION_VALUE, "FILE", "INI file; else ~/.config/ingest/ingest.ini, then /etc/ingest/ingest.ini" },
    [OPT_FORMAT] = { "format", 'f', OPTION_VALUE, "NAME", "the format of all logs; default auto: each by its beginning" },
    [OPT_LOG_FORMAT] = { "log-format", 0, OPTION_VALUE, "STRING", "how lines are written, as nginx's log_format or Apache's LogFormat" },
    [OPT_DATASET] = { "dataset", 0, OPTION_VALUE, "NAME", "count into this dataset alone; default: the one that the format feeds" },
    [OPT_RULES] = { "rules", 0, OPTION_VALUE, "PACK", "which records count, and whose routes are tried; else the pack default" },
    [OPT_SHADOW] = { "shadow", 0, OPTION_VALUE, "PACK", "say beside it what PACK would count of the same lines; none is written" },
    [OPT_ROUTE] = { "route", 0, OPTION_LIST, "TEMPLATE", "a URL template that is a download, tried first; may be repeated" },
    [OPT_WINDOW] = { "window", 0, OPTION_VALUE, "TIME", "a client's repeats within TIME (30s, day) count once; one transaction" },
    [OPT_RANGE] = { "range", 0, OPTION_VALUE, "RULE", "which 206 count: never, from_zero, \"union 0.9\" (90 % of it came)" },
    [OPT_AGENTS] = { "agents", 0, OPTION_VALUE, "CLASSES", "which user agents count, of client,browser,robot,mirror,unknown; or any" },
    [OPT_CLIENTS_FILE] = { "clients-file", 0, OPTION_VALUE, "FILE", "more patterns of user agents that are package clients, one a line" },
    [OPT_BROWSERS_FILE] = { "browsers-file", 0, OPTION_VALUE, "FILE", "more patterns of browsers" },
    [OPT_ROBOTS_FILE] = { "robots-file", 0, OPTION_VALUE, "FILE", "more patterns of robots; or the JSON of crawler-user-agents" },
    [OPT_MIRRORS_FILE] = { "mirrors-file", 0, OPTION_VALUE, "FILE", "more patterns of mirrors" },
    [OPT_COUNTRY_FILE] = { "country-file", 0, OPTION_VALUE, "FILE", "a MaxMind DB (.mmdb): countries of addresses whose log has none" },
    [OPT_NODE] = { "node", 0, OPTION_VALUE, "NAME", "who submits, for tables that have nodes; default local" },
    [OPT_TOKEN_FILE] = { "token-file", 0, OPTION_VALUE, "FILE", "who submits, by a token; else $INGEST_TOKEN_FILE, $INGEST_TOKEN" },
    [OPT_REPLACE] = { "replace", 0, OPTION_FLAG, NULL, "overwrite rows of the same keys by the sums of the inputs, known or not" },
    [OPT_FDSN_NETWORKS] = { "fdsn-networks", 0, OPTION_VALUE, "FILE", "the FDSN's networks, JSON or text: temporary codes get their year" },
    [OPT_TO] = { "to", 0, OPTION_VALUE, "WHAT", "eida: with -o DIR, write the JSON that EIDA's aggregator would send" },
    [OPT_SINCE] = { "since", 0, OPTION_VALUE, "DAY", "count from this day on (YYYY-MM-DD, UTC)" },
    [OPT_UNTIL] = { "until", 0, OPTION_VALUE, "DAY", "count up to the day before this one (YYYY-MM-DD, UTC)" },
    [OPT_CLIENT_KEY] = { "client-key", 0, OPTION_VALUE, "FILE", "the key that hides client addresses in sketches; \"none\": plain hashes" },
    [OPT_FILES_FROM] = { "files-from", 0, OPTION_ONCE, "LIST", "count the files that LIST names, one a line (\"-\": LIST is stdin)" },
    [OPT_NULL] = { "null", '0', OPTION_FLAG, NULL, "with --files-from: names end in NUL, as find -print0 writes them" },
    [OPT_MIN_AGE] = { "min-age", 0, OPTION_VALUE, "SECONDS", "leave files of directories and lists written to in the last SECONDS" },
    [OPT_SALVAGE] = { "salvage", 0, OPTION_FLAG, NULL, "count the whole lines of an input that is cut short" },
    [OPT_DISTINCT] = { "distinct", 0, OPTION_FLAG, NULL, "count an input though a longer one that was counted begins like it" },
    [OPT_REQUIRE_INTEGRITY] = { "require-integrity", 0, OPTION_FLAG, NULL, "refuse containers without a checksum" },
    [OPT_RECHECK] = { "recheck", 0, OPTION_FLAG, NULL, "read files anew that their times say are known, or that were refused" },
    [OPT_DRY_RUN] = { "dry-run", 'n', OPTION_FLAG, NULL, "do all the work, write nothing; -v says what became of each file" },
    [OPT_OUTPUT] = { "output", 'o', OPTION_VALUE, "FILE", "write the rows as JSON lines (\"-\": stdout), no database" },
    [OPT_JOBS] = { "jobs", 'j', OPTION_VALUE, "N", "workers; default: usable cores" },
    [OPT_MEMORY] = { "memory", 0, OPTION_VALUE, "SIZE", "ceiling of what is added up in memory, as 256M (the default) or 8G" },
    [OPT_MAX_REJECT] = { "max-reject", 0, OPTION_VALUE, "PERCENT", "refuse an input with more of its lines rejected; default 50, 100: never" },
    [OPT_REJECTS] = { "rejects", 0, OPTION_VALUE, "FILE", "write every rejected line as JSON, gzipped if the name ends in .gz" },
    [OPT_REJECTS_RAW] = { "rejects-raw", 0, OPTION_FLAG, NULL, "with --rejects: do not mask addresses" },
    [OPT_DONE] = { "done", 0, OPTION_VALUE, "LIST", "write names of files that are counted for good, NUL-ended, for xargs -0" },
    [OPT_METRICS] = { "metrics", 0, OPTION_VALUE, "FILE", "what runs did, for Prometheus (node_exporter's textfile collector)" },
    [OPT_LOCK_WAIT] = { "lock-wait", 0, OPTION_VALUE, "TIME", "give up after so long (0, 30s, 5m) where another session holds a lock" },
    [OPT_DEADLINE] = { "deadline", 0, OPTION_VALUE, "TIME", "begin no file after TIME (45m, 2h, 06:00 here); what is left: exit 5" },
    [OPT_NO_SKETCHES] = { "no-sketches", 0, OPTION_FLAG, NULL, "migrate up: tables without client sketches, for servers without hll" },
    [OPT_DROP_DATA] = { "drop-data", 0, OPTION_FLAG, NULL, "migrate down: drop tables that hold rows" },
    [OPT_HEAL] = { "heal", 0, OPTION_FLAG, NULL, "migrate up zeco: unite doubled rows without version, keep the old ones" },
    [OPT_CONTACT] = { "contact", 0, OPTION_VALUE, "TEXT", "node: whom to write to" },
    [OPT_RENAME] = { "rename", 0, OPTION_VALUE, "NAME", "node update: the new name" },
    [OPT_VALID_FROM] = { "valid-from", 0, OPTION_VALUE, "DAY", "token add: valid from the beginning of this day on (UTC); default now" },
    [OPT_VALID_UNTIL] = { "valid-until", 0, OPTION_VALUE, "DAY", "token add: valid to the beginning of this day (UTC); default 2050-06-06" },
    [OPT_TOP] = { "top", 0, OPTION_VALUE, "N", "leaderboard, report: the length of lists; default 500, 100 (text: 10)" },
    [OPT_KEEP] = { "keep", 0, OPTION_VALUE, "N", "backup: keep the N newest; default all, for ever" },
    [OPT_CHECK] = { "check", 0, OPTION_OPTIONAL, "FILE", "backup: restore FILE somewhere else and compare; config: is it sound?" },
    [OPT_QUEUE] = { "queue", 0, OPTION_VALUE, "NAME", "enqueue, work: which queue, default ingest; status: that one alone" },
    [OPT_WAIT] = { "wait", 0, OPTION_FLAG, NULL, "work: wait for more when the queue is empty" },
    [OPT_AUDIT] = { "audit", 0, OPTION_FLAG, NULL, "status: do the books balance, ledger against tables? exit status 1: no" },
    [OPT_DOCTOR] = { "doctor", 0, OPTION_FLAG, NULL, "status: server settings, rights, clock, disk, modes of files" },
    [OPT_SANDBOX] = { "sandbox", 0, OPTION_FLAG, NULL, "give up all rights but those to the inputs and outputs before reading" },
    [OPT_NAME] = { "name", 0, OPTION_VALUE, "PATTERN", "report: names that fit; * is any number of characters, ? one" },
    [OPT_CSV] = { "csv", 0, OPTION_FLAG, NULL, "report: every figure on a line, separated by commas" },
    [OPT_BADGE] = { "badge", 0, OPTION_VALUE, "NAME", "report: an SVG badge with the downloads of NAME" },
    [OPT_PARTIAL] = { "partial", 0, OPTION_FLAG, NULL, "recount: though files are missing: what they held of these days goes" },
    [OPT_DIFF] = { "diff", 0, OPTION_FLAG, NULL, "recount, retract: show what would change, and change nothing" },
    [OPT_UNDO] = { "undo", 0, OPTION_FLAG, NULL, "retract: what was taken out counts again" },
    [OPT_FROM] = { "from", 0, OPTION_VALUE, "DAY", "key add: the first day of the new key" },
    [OPT_BEFORE] = { "before", 0, OPTION_VALUE, "DAY", "key drop: the first day of a key; those before it are destroyed" },
    [OPT_YES] = { "yes", 0, OPTION_FLAG, NULL, "key drop: do not ask" },
    [OPT_READ] = { "read", 0, OPTION_FLAG, NULL, "explain --row: read the files of its payloads that are there still" },
    [OPT_ROW] = { "row", 0, OPTION_VALUE, "TABLE", "explain: the payloads behind the row of TABLE with this key" },
    [OPT_URL] = { "url", 0, OPTION_VALUE, "URL", "explain: which route takes this URL or path" },
    [OPT_JSON] = { "json", 0, OPTION_FLAG, NULL, "the closing summary (explain, report: all of it) as JSON on stdout" },
    [OPT_STRICT] = { "strict", 0, OPTION_FLAG, NULL, "exit status 1 if any line was rejected" },
    [OPT_QUIET] = { "quiet", 'q', OPTION_FLAG, NULL, "print errors only" },
    [OPT_VERBOSE] = { "verbose", 'v', OPTION_FLAG, NULL, "say what each file was taken for; the summary without a terminal too" },
    [OPT_PROGRESS] = { "progress", 0, OPTION_VALUE, "WHEN", "a line of progress: auto (on a terminal), always or never" },
    [OPT_LOG_STYLE] = { "log-style", 0, OPTION_VALUE, "STYLE", "of messages: text, json (a line each), journal (with priorities)" },
    [OPT_HELP] = { "help", 'h', OPTION_FLAG, NULL, "this help" },
    [OPT_VERSION] = { "version", 'V', OPTION_FLAG, NULL, "the version" },
};

int
option_find(const char *name, size_t n)
{
    for (int i = 0; i < OPTIONS_N; i++)
        if (strlen(option_defs[i].name) == n && memcmp(option_defs[i].name, name, n) == 0)
            return i;
    return -1;
}

const char *
option_nearest(const char *name)
{
    const char *names[OPTIONS_N];

    for (int i = 0; i < OPTIONS_N; i++)
        names[i] = option_defs[i].name;
    return near_best(slice_of(name), names, OPTIONS_N);
}

/* The word that was meant, of those that an option takes. */
struct meant {
    struct slice said;
    size_t distance;
    char word[GUIDE_WORD_MAX];
};

static void
is_meant(void *ctx, const char *word)
{
    struct meant *m = ctx;
    size_t distance = near_distance(m->said, slice_of(word));
    bool is_number = word[0] >= '0' && word[0] <= '9'; /* an example, and no word of a list */

    if (is_number || distance >= m->distance || near_best(m->said, &word, 1) == NULL)
        return;
    m->distance = distance;
    snprintf(m->word, sizeof m->word, "%s", word);
}

enum st
options_bad_value(const struct options *o, enum option_id id, const char *hint, struct err *err)
{
    struct meant meant = { .said = slice_of(o->value[id].text), .distance = SIZE_MAX };

    err_set(err, ST_USAGE, "bad value for --%s", option_defs[id].name);
    err_cause(err, "\"%s\"", o->value[id].text);
    guide_values((int)id, is_meant, &meant);
    if (meant.word[0] != '\0')
        err_hint(err, "did you mean %s? It takes %s", meant.word, hint);
    else
        err_hint(err, "%s", hint);
    return ST_USAGE;
}

static enum st
check_flag(const char *text, const char **out)
{
    static const char *const yes[] = { "true", "yes", "on", "1" };
    static const char *const no[] = { "false", "no", "off", "0" };

    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0) {
            *out = "true";
            return ST_OK;
        }
        if (strcasecmp(text, no[i]) == 0) {
            *out = "false";
            return ST_OK;
        }
    }
    return ST_USAGE;
}

enum st
options_set(struct options *o, enum option_id id, const char *text, enum origin origin,
            struct err *err)
{
    if (option_defs[id].kind == OPTION_LIST) {
        if (o->n_routes > 0 && o->value[id].origin > origin)
            return ST_OK;
        if (o->n_routes == ROUTES_MAX)
            return err_fail(err, ST_USAGE, "cannot use so many routes", "at most %d --route",
                            ROUTES_MAX);
        o->routes[o->n_routes++] = text;
        o->value[id].origin = origin;
        return ST_OK;
    }
    if (o->value[id].text != NULL && o->value[id].origin > origin)
        return ST_OK;
    if (option_defs[id].kind == OPTION_ONCE && origin == FROM_COMMAND_LINE &&
        o->value[id].text != NULL && o->value[id].origin == origin)
        return err_fail(err, ST_USAGE, "cannot read the command line", "--%s is said twice",
                        option_defs[id].name);
    if (option_defs[id].kind == OPTION_FLAG && check_flag(text, &text) != ST_OK)
        return err_fail(err, ST_USAGE, "bad value", "%s is true or false, not \"%s\"",
                        option_defs[id].name, text);
    o->value[id].text = text;
    o->value[id].origin = origin;
    return ST_OK;
}

/* How many long options begin so: getopt_long(3) takes one for all of its name. */
static size_t
n_begin_so(const char *name)
{
    size_t n = 0;

    for (int i = 0; i < OPTIONS_N; i++)
        n += strncmp(option_defs[i].name, name, strlen(name)) == 0;
    return n;
}

/* `dashes` and `word`, "--" and "output=x", as they stand on the command line; `missing`: its value does. */
static enum st
bad_option(const char *dashes, const char *word, bool missing, struct err *err)
{
    static const char what[] = "cannot read the command line";
    size_t n = strcspn(word, "=");
    char name[64];
    const char *nearest;

    snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name ? n : sizeof name - 1), word);
    if (missing)
        return err_fail(err, ST_USAGE, what, "the option \"%s%s\" wants a value", dashes, name);
    if (option_find(name, strlen(name)) >= 0)
        return err_fail(err, ST_USAGE, what, "the option \"%s%s\" takes no value", dashes, name);
    if (strlen(dashes) == 2 && n_begin_so(name) > 1)
        err_fail(err, ST_USAGE, what, "several options begin with \"%s%s\"", dashes, name);
    else
        err_fail(err, ST_USAGE, what, "there is no option \"%s%s\"", dashes, name);
    nearest = strlen(name) > 1 ? option_nearest(name) : NULL;
    if (nearest != NULL)
        err_hint(err, "did you mean --%s? `ingest --help` lists them", nearest);
    else
        err_hint(err, "`ingest --help` lists the options; a file whose name begins with a dash is "
                      "./-...");
    return ST_USAGE;
}

enum st
options_parse(struct options *o, int argc, char **argv, struct err *err)
{
    struct option longs[OPTIONS_N + 1] = { 0 };
    char letters[2 * OPTIONS_N + 2] = ":";
    size_t at = 1;
    int found;

    *o = (struct options){ 0 };
    for (int i = 0; i < OPTIONS_N; i++) {
        enum option_kind kind = option_defs[i].kind;
        bool takes = kind != OPTION_FLAG;

        longs[i] = (struct option){ option_defs[i].name,
                                    kind == OPTION_OPTIONAL ? optional_argument
                                    : takes                 ? required_argument
                                                            : no_argument,
                                    NULL, 256 + i };
        if (option_defs[i].letter != 0) {
            letters[at++] = option_defs[i].letter;
            if (takes)
                letters[at++] = ':';
        }
    }
    letters[at] = '\0';
    opterr = 0;
    for (;;) {
        int before = optind, id = -1;
        const char *text;

        found = getopt_long(argc, argv, letters, longs, NULL);
        if (found == -1)
            break;
        if (found == '?' || found == ':') {
            char letter[2] = { (char)optopt, '\0' }; /* which may stand among others */
            const char *word = argv[optind > before ? optind - 1 : before];

            if (optopt == 0 || optopt >= 256) /* getopt_long(3): a long one */
                return bad_option("--", word + strspn(word, "-"), found == ':', err);
            return bad_option("-", letter, found == ':', err);
        }
        for (int i = 0; i < OPTIONS_N; i++)
            if (found == 256 + i || (option_defs[i].letter != 0 && found == option_defs[i].letter))
                id = i;
        text = optarg != NULL ? optarg : option_defs[id].kind == OPTION_FLAG ? "true" : "";
        if (options_set(o, (enum option_id)id, text, FROM_COMMAND_LINE, err) != ST_OK)
            return err->code;
    }
    o->arguments = argv + optind;
    o->n_arguments = (size_t)(argc - optind);
    return ST_OK;
}
