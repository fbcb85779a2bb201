#include "guide.h"

#include "ingest/dataset.h"
#include "ingest/format.h"
#include "ingest/rules.h"

#include "cli_priv.h"

const struct guide guides[] = {
    { NULL, "[OPTION]... [FILE]...", "count; FILE \"-\" is stdin, a directory is walked", NULL, "",
      "COMMANDS.md" },
    { "explain", "FILE... | FILE:LINE", "line by line: format, fields, rule, rows", NULL,
      "row read url rules route format log-format json", "EXPLAIN.md" },
    { "run", "[NAME]...", "what each [source NAME] of the configuration names", "",
      "min-age json", "STATUS.md" },
    { "verify", "--since DAY --until DAY FILE...", "is the table what the logs say? Else exit 1", NULL,
      "since until rules dataset node json", "CORRECTING.md" },
    { "recount", "--since DAY --until DAY FILE...", "makes the rows of these days anew, by today's rules", NULL,
      "since until diff partial rules dataset node json", "CORRECTING.md" },
    { "adopt", "[--until DAY] FILE...", "counted elsewhere, up to the day before: never again", NULL,
      "until dry-run rules dataset node files-from json", "CORRECTING.md" },
    { "retract", "FILE|HASH [OTHERS...] | --undo FILE...", "takes a file's hits out again, or back", NULL,
      "undo diff partial rules dataset node json", "CORRECTING.md" },
    { "known", "FILE...", "is all of it counted? else exit 1 and what is not", NULL,
      "files-from null recheck", "COMMANDS.md" },
    { "accept", "FILE...", "refused inputs stay as they are: skip them", NULL, "files-from null",
      "COMMANDS.md" },
    { "status", "[-v]", "what is covered, missing, late, refused, and waits", "",
      "audit doctor queue json verbose", "STATUS.md" },
    { "report", "[-o DIR]", "what was downloaded: text, page, data, badge", "",
      "output since until top name dataset json csv badge", "REPORT.md" },
    { "config", "[--check]", "every value, and where it was said; is it sound?", "", "check json",
      "OPERATIONS.md" },
    { "migrate", "up|down|status|print [SET]...", "makes, removes, lists the tables",
      "up down status print", "no-sketches drop-data heal", "COMMANDS.md" },
    { "enqueue", "FILE...", "into a queue in the database, for workers", NULL,
      "queue files-from null min-age json", "QUEUE.md" },
    { "work", "[--wait]", "counts what is queued; any number of them at once", "",
      "queue wait json", "QUEUE.md" },
    { "leaderboard", "[-o DIR]", "7TV's scores and lists, if it is this host's turn", "",
      "output top until", "systems/seventv.md" },
    { "backup", "DIR | --check FILE", "a dump of ledger and statistics; is it any good?", NULL,
      "keep check", "systems/seventv.md" },
    { "psql", "[-- ARGUMENT...]", "psql on the database; without -d the private one", "", "local",
      "COMMANDS.md" },
    { "node", "add|list|update|remove [NAME]", "who submits, for tables that have nodes",
      "add list update remove", "contact rename json", "COMMANDS.md" },
    { "token", "add|list|revoke [NODE|ID]", "by what nodes are known", "add list revoke",
      "valid-from valid-until json", "COMMANDS.md" },
    { "key", "add|list|drop", "under which keys clients are hidden, by day", "add list drop",
      "from before yes client-key json", "KEYS.md" },
    { "completion", "bash|zsh|fish", "what completes commands and options in a shell",
      "bash zsh fish", "", "COMMANDS.md" },
    { "help", "[TOPIC]", "a command, option, format, dataset, pack or reason",
      "commands options formats datasets packs reasons exit man", "", "README.md" },
};
const size_t n_guides = ARRAY_LEN(guides);

const struct guide *
guide_by_name(const char *command)
{
    for (size_t i = 0; i < n_guides; i++)
        if (guides[i].command != NULL && strcmp(guides[i].command, command) == 0)
            return &guides[i];
    return NULL;
}

void
guide_print_usage(const struct guide *g, FILE *to)
{
    fprintf(to, "ingest %s%s%s", g->command != NULL ? g->command : "",
            g->command != NULL ? " " : "", g->usage);
}

bool
guide_next_word(const char **rest, char *word)
{
    const char *at = *rest + strspn(*rest, " ");
    size_t n = strcspn(at, " ");

    if (n == 0 || n >= GUIDE_WORD_MAX)
        return false;
    memcpy(word, at, n);
    word[n] = '\0';
    *rest = at + n;
    return true;
}

/* ---- what options take ---- */

static const struct {
    enum option_id option;
    const char    *words;
} values[] = {
    { OPT_RANGE, "never from_zero union" },
    { OPT_AGENTS, "client browser robot mirror unknown any" },
    { OPT_TO, "eida" },
    { OPT_PROGRESS, "auto always never" },
    { OPT_LOG_STYLE, "text json journal" },
    { OPT_MEMORY, "64M 256M 1G 8G" },
    { OPT_WINDOW, "30s 5m 1h day" },
};

static void
each_word(const char *words, word_fn *each, void *ctx)
{
    char word[GUIDE_WORD_MAX];

    while (guide_next_word(&words, word))
        each(ctx, word);
}

bool
guide_values(int option, word_fn *each, void *ctx)
{
    if (option == OPT_FORMAT)
        each(ctx, "auto");
    for (size_t i = 0; option == OPT_FORMAT && formats[i] != NULL; i++)
        each(ctx, formats[i]->name);
    for (size_t i = 0; option == OPT_DATASET && datasets[i] != NULL; i++)
        each(ctx, datasets[i]->name);
    for (size_t i = 0; option == OPT_RULES && i < n_rule_packs; i++)
        each(ctx, rule_packs[i].name);
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (values[i].option == (enum option_id)option) {
            each_word(values[i].words, each, ctx);
            return true;
        }
    return option == OPT_FORMAT || option == OPT_DATASET || option == OPT_RULES;
}
