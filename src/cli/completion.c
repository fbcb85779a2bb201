/*
 * `ingest completion SHELL`: what bash, zsh and fish need to complete commands, options and the
 * words that options take. Made from the tables that the program itself reads.
 */
#include "ingest/base.h"

#include "ingest/migrate.h"

#include "cli_priv.h"
#include "guide.h"

/* Is a file or directory meant? Its argument says so in --help. */
static bool
takes_file(const struct option_def *d)
{
    return d->argument != NULL &&
           (strcmp(d->argument, "FILE") == 0 || strcmp(d->argument, "LIST") == 0);
}

static void
print_plain(void *ctx, const char *word)
{
    fprintf(ctx, "%s ", word);
}

static void
no_word(void *ctx, const char *word)
{
    (void)ctx;
    (void)word;
}

/* What may stand behind a command: its own words, and the sets of `migrate`. */
static void
print_words(const struct guide *g, FILE *to)
{
    fputs(g->words, to);
    for (size_t i = 0; strcmp(g->command, "migrate") == 0 && migrate_sets()[i] != NULL; i++)
        fprintf(to, " %s", migrate_sets()[i]);
}

/* ---- bash ---- */

static void
bash_values(FILE *to)
{
    for (int i = 0; i < OPTIONS_N; i++) {
        const struct option_def *d = &option_defs[i];

        if (d->argument == NULL)
            continue;
        fprintf(to, "    --%s", d->name);
        if (d->letter != 0)
            fprintf(to, "|-%c", d->letter);
        fputs(") ", to);
        if (guide_values(i, no_word, NULL)) {
            fputs("words='", to);
            guide_values(i, print_plain, to);
            fputs("' ;;\n", to);
        } else {
            fputs(takes_file(d) ? "files=1 ;;\n" : "return ;;\n", to);
        }
    }
}

static void
bash(FILE *to)
{
    fputs("# bash completion of ingest; source it, or put it into bash-completion's directory\n"
          "_ingest() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words= files= command= i\n"
          "    COMPREPLY=()\n"
          "    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
          "    case $prev in\n",
          to);
    bash_values(to);
    fputs("    *)\n"
          "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "            case ${COMP_WORDS[i]} in\n"
          "            ",
          to);
    for (size_t i = 1; i < n_guides; i++)
        fprintf(to, "%s%s", i > 1 ? "|" : "", guides[i].command);
    fputs(") command=${COMP_WORDS[i]}; break ;;\n"
          "            esac\n"
          "        done\n"
          "        if [[ $cur == -* ]]; then\n"
          "            words='",
          to);
    for (int i = 0; i < OPTIONS_N; i++)
        fprintf(to, "--%s ", option_defs[i].name);
    fputs("'\n"
          "        else\n"
          "            case $command in\n"
          "            '') files=1 words='",
          to);
    for (size_t i = 1; i < n_guides; i++)
        fprintf(to, "%s ", guides[i].command);
    fputs("' ;;\n", to);
    for (size_t i = 1; i < n_guides; i++)
        if (guides[i].words != NULL) {
            fprintf(to, "            %s) words='", guides[i].command);
            print_words(&guides[i], to);
            fputs("' ;;\n", to);
        }
    fputs("            *) files=1 ;;\n"
          "            esac\n"
          "        fi ;;\n"
          "    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    if [[ $files ]]; then\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        local line\n"
          "        while IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -f -- \"$cur\")\n"
          "    fi\n"
          "}\n"
          "complete -F _ingest ingest\n",
          to);
}

/* ---- zsh ---- */

/* Within single quotes, where _arguments and _describe give a meaning to brackets and colons. */
static void
zsh_text(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr("[]:\\", *text) != NULL)
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

static void
zsh_option(int id, FILE *to)
{
    const struct option_def *d = &option_defs[id];

    for (int form = 0; form < (d->letter != 0 ? 2 : 1); form++) {
        fputs(d->kind == OPTION_LIST ? "    '*" : "    '", to);
        if (form == 0)
            fprintf(to, "--%s%s[", d->name, d->argument != NULL ? "=" : "");
        else
            fprintf(to, "-%c[", d->letter);
        zsh_text(d->help, to);
        fputc(']', to);
        if (d->argument != NULL) {
            fprintf(to, ":%s:", d->argument);
            if (guide_values(id, no_word, NULL)) {
                fputc('(', to);
                guide_values(id, print_plain, to);
                fputc(')', to);
            } else if (takes_file(d)) {
                fputs("_files", to);
            }
        }
        fputs("' \\\n", to);
    }
}

static void
zsh(FILE *to)
{
    fputs("#compdef ingest\n"
          "_ingest_first() {\n"
          "  local -a commands=(\n",
          to);
    for (size_t i = 1; i < n_guides; i++) {
        fprintf(to, "    '%s:", guides[i].command);
        zsh_text(guides[i].about, to);
        fputs("'\n", to);
    }
    fputs("  )\n"
          "  _describe command commands\n"
          "  _files\n"
          "}\n"
          "_ingest_rest() {\n"
          "  local w\n"
          "  for w in $words[2,-1]; do\n"
          "    case $w in\n",
          to);
    for (size_t i = 1; i < n_guides; i++)
        if (guides[i].words != NULL) {
            fprintf(to, "    %s) compadd -- ", guides[i].command);
            print_words(&guides[i], to);
            fputs("; return ;;\n", to);
        }
    fputs("    esac\n"
          "  done\n"
          "  _files\n"
          "}\n"
          "_ingest() {\n"
          "  _arguments -s \\\n",
          to);
    for (int i = 0; i < OPTIONS_N; i++)
        zsh_option(i, to);
    fputs("    '1:command or file:_ingest_first' \\\n"
          "    '*:argument:_ingest_rest'\n"
          "}\n"
          "if [ \"$funcstack[1]\" = _ingest ]; then _ingest \"$@\"; else compdef _ingest ingest; fi\n",
          to);
}

/* ---- fish ---- */

/* Within single quotes, in which only these two mean something. */
static void
fish_text(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void
fish(FILE *to)
{
    fputs("# fish completion of ingest; put it into ~/.config/fish/completions/ingest.fish\n", to);
    for (size_t i = 1; i < n_guides; i++) {
        fprintf(to, "complete -c ingest -n __fish_is_first_arg -a %s -d '", guides[i].command);
        fish_text(guides[i].about, to);
        fputs("'\n", to);
        if (guides[i].words != NULL && guides[i].words[0] != '\0') {
            fprintf(to, "complete -c ingest -f -n '__fish_seen_subcommand_from %s' -a '",
                    guides[i].command);
            print_words(&guides[i], to);
            fputs("'\n", to);
        }
    }
    for (int i = 0; i < OPTIONS_N; i++) {
        const struct option_def *d = &option_defs[i];

        fprintf(to, "complete -c ingest -l %s", d->name);
        if (d->letter != 0)
            fprintf(to, " -s %c", d->letter);
        if (d->argument != NULL)
            fputs(takes_file(d) ? " -r" : " -x", to);
        if (guide_values(i, no_word, NULL)) {
            fputs(" -a '", to);
            guide_values(i, print_plain, to);
            fputc('\'', to);
        }
        fputs(" -d '", to);
        fish_text(d->help, to);
        fputs("'\n", to);
    }
}

int
cli_completion(const struct options *o)
{
    static const struct {
        const char *shell;
        void (*print)(FILE *to);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    const char *names[ARRAY_LEN(shells)];
    struct err err;

    for (size_t i = 0; i < ARRAY_LEN(shells); i++)
        names[i] = shells[i].shell;
    for (size_t i = 0; o->n_arguments == 2 && i < ARRAY_LEN(shells); i++)
        if (strcmp(o->arguments[1], shells[i].shell) == 0) {
            shells[i].print(stdout);
            return 0;
        }
    err_set(&err, ST_USAGE, "cannot tell which shell is to complete");
    word_refused(o->n_arguments > 1 ? o->arguments[1] : NULL, names, ARRAY_LEN(names), &err);
    if (err.hint[0] == '\0')
        err_hint(&err, "source <(ingest completion bash)");
    say_error(&err);
    return EXIT_USAGE;
}
