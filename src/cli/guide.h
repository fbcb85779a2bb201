/*
 * What the commands are for. --help, `ingest help TOPIC`, `ingest completion` and the manual page read this one table, so that
 * they cannot contradict one another.
 */
#ifndef GUIDE_H
#define GUIDE_H

#include "ingest/base.h"
#include "ingest/err.h"

struct guide {
    const char *command; /* NULL: counting, which has no word of its own */
    const char *usage;   /* what stands behind it */
    const char *about;   /* one clause */
    const char *words;   /* what its first argument may be, between blanks; "": nothing that is known; NULL: files */
    const char *options; /* those that mean something to it in particular, between blanks */
    const char *page;    /* of docs/ */
};

extern const struct guide guides[];
extern const size_t n_guides;

/* NULL: there is no such command. */
const struct guide *guide_by_name(const char *command);

void guide_print_usage(const struct guide *g, FILE *to);

/* The next of the words between blanks in *rest, into word[GUIDE_WORD_MAX]; false: none is left. */
#define GUIDE_WORD_MAX 64
bool guide_next_word(const char **rest, char *word);

/* The words that an option takes, where there is a list of them, each once; false: any text will do, or a file. */
typedef void word_fn(void *ctx, const char *word);
bool guide_values(int option, word_fn *each, void *ctx);

/* A table's end has no key. */
struct key_about {
    const char *key, *about;
};
extern const struct key_about source_keys_about[], rule_keys_about[], format_keys_about[]; /* of the sections of the configuration */

struct exit_about {
    const char *status, *about;
};
extern const struct exit_about exit_abouts[];

/* `ingest help TOPIC`. ST_OK; ST_USAGE: there is no such topic. */
enum st topic_print(const char *topic, FILE *to, struct err *err);

/* A page of the manual in the language of man(7): "ingest", "ingest.ini", "ingest-formats". ST_OK; ST_USAGE. */
enum st manual_print(const char *page, FILE *to, struct err *err);

#endif
