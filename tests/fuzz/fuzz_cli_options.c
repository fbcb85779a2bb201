/*
 * A command line, one word a line: refused, or read. What was read is written down as --name=value, and must be read as the
 * same. A token of any bytes is refused, or is one that can be shown and copied.
 */
#include <sys/stat.h>

#include "ingest/run.h"
#include "ingest/token.h"

#include "cli_priv.h"
#include "fuzz_bytes.h"

#define WORDS_MAX 64

/* Cuts `text` into words at line feeds; returns how many. */
static int
words_of(char *text, size_t n, char **words)
{
    int n_words = 0;

    words[n_words++] = (char *)(uintptr_t)"ingest";
    for (size_t at = 0, len; at < n && n_words < WORDS_MAX; at += len + 1) {
        char *feed = memchr(text + at, '\n', n - at);

        len = feed == NULL ? n - at : (size_t)(feed - (text + at));
        text[at + len] = '\0'; /* a NUL of the input ends the word sooner */
        words[n_words++] = text + at;
    }
    words[n_words] = NULL;
    return n_words;
}

/* The words that say what `o` says; to be freed. */
static int
words_again(const struct options *o, char **words)
{
    int n = 0;

    words[n++] = strdup("ingest");
    for (int i = 0; i < OPTIONS_N; i++)
        if (option_defs[i].kind == OPTION_FLAG && option_is_on(o, (enum option_id)i))
            MUST(asprintf(&words[n++], "--%s", option_defs[i].name) > 0);
        else if (option_defs[i].kind != OPTION_LIST && option_defs[i].kind != OPTION_FLAG && o->value[i].text != NULL)
            MUST(asprintf(&words[n++], "--%s=%s", option_defs[i].name, o->value[i].text) > 0);
    for (size_t i = 0; i < o->n_routes; i++)
        MUST(asprintf(&words[n++], "--route=%s", o->routes[i]) > 0);
    words[n++] = strdup("--");
    for (size_t i = 0; i < o->n_arguments; i++)
        words[n++] = strdup(o->arguments[i]);
    words[n] = NULL;
    return n;
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static enum st
parse(struct options *o, int n, char **words)
{
    struct err err = { 0 };
    enum st rc;

    optind = 0; /* getopt_long(3): begin anew */
    rc = options_parse(o, n, words, &err);
    MUST(rc == ST_OK || (rc == ST_USAGE && err.what[0] != '\0' && err.cause[0] != '\0'));
    return rc;
}

static void
there_and_back(const struct options *first)
{
    static char *words[OPTIONS_N + ROUTES_MAX + 2 * WORDS_MAX];
    struct options second;
    int n = words_again(first, words);
    char *made[ARRAY_LEN(words)];

    memcpy(made, words, sizeof made);
    MUST(parse(&second, n, words) == ST_OK);
    for (int i = 0; i < OPTIONS_N; i++)
        MUST(option_defs[i].kind == OPTION_LIST || same_text(first->value[i].text, second.value[i].text));
    MUST(first->n_routes == second.n_routes && first->n_arguments == second.n_arguments);
    for (size_t i = 0; i < first->n_routes; i++)
        MUST(strcmp(first->routes[i], second.routes[i]) == 0);
    for (size_t i = 0; i < first->n_arguments; i++)
        MUST(strcmp(first->arguments[i], second.arguments[i]) == 0);
    for (int i = 0; i < n; i++)
        free(made[i]);
}

static void
token(const uint8_t *data, size_t size)
{
    struct options o = { 0 };
    struct run_config c = { 0 };
    struct err err = { 0 };
    char path[64];
    int fd = memory_file(data, size, path);

    o.value[OPT_TOKEN_FILE].text = path;
    o.value[OPT_TOKEN_FILE].origin = FROM_COMMAND_LINE;
    MUST(fchmod(fd, 0600) == 0);
    if (token_read(&o, &c, &err) == ST_OK) {
        size_t n = strlen(c.token);

        MUST(n > 0 && n < TOKEN_MAX && n <= size && memcmp(c.token, data, n) == 0);
        for (size_t i = 0; i < n; i++)
            MUST(c.token[i] > ' ' && c.token[i] < 0x7f);
    } else {
        MUST(err.code == ST_USAGE && c.token == NULL);
    }
    close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *words[WORDS_MAX + 1];
    struct options o;

    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    if (parse(&o, words_of(text, size, words), words) == ST_OK)
        there_and_back(&o);
    free(text);
    token(data, size);
    return 0;
}
