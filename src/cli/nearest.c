/*
 * "Did you mean": the names that there are, those of the configuration among them, and the one that
 * was meant by a name that there is not.
 */
#include "ingest/base.h"

#include <sys/stat.h>

#include "ingest/dataset.h"
#include "ingest/near.h"

#include "config.h"
#include "cli_priv.h"

#define NAMES_MAX 128

void
hint_near(const char *word, const char *const *words, size_t n, const char *otherwise,
          struct err *err)
{
    const char *near = near_best(slice_of(word), words, n);

    if (near != NULL)
        err_hint(err, "did you mean %s?", near);
    else
        err_hint(err, "%s", otherwise);
}

void
hint_format(const struct config *config, const char *name, struct err *err)
{
    const char *words[NAMES_MAX];
    char otherwise[sizeof err->hint];
    size_t n = 0;

    for (size_t i = 0; formats[i] != NULL && n < NAMES_MAX; i++)
        words[n++] = formats[i]->name;
    for (const struct config_format *f = config != NULL ? config->formats : NULL;
         f != NULL && n < NAMES_MAX; f = f->next)
        words[n++] = f->name;
    snprintf(otherwise, sizeof otherwise,
             "`ingest --help` lists the formats; or write a [format %.60s]", name);
    hint_near(name, words, n, otherwise, err);
}

void
hint_dataset(const char *name, struct err *err)
{
    const char *words[NAMES_MAX];
    size_t n = 0;

    for (size_t i = 0; datasets[i] != NULL && n < NAMES_MAX; i++)
        words[n++] = datasets[i]->name;
    hint_near(name, words, n, "`ingest --help` lists the datasets", err);
}

enum st
word_refused(const char *word, const char *const *words, size_t n, struct err *err)
{
    const char *near = word != NULL ? near_best(slice_of(word), words, n) : NULL;
    char all[sizeof err->cause] = "";
    size_t at = 0;

    for (size_t i = 0; i < n && at < sizeof all; i++)
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s",
                               i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
    if (word != NULL)
        err_cause(err, "say %s, not \"%.80s\"", all, word);
    else
        err_cause(err, "say %s", all);
    if (near != NULL)
        err_hint(err, "did you mean %s?", near);
    return ST_USAGE;
}

/*
 * A first word that is no file, but nearly a command: to count what stands behind it would be to do
 * what nobody asked for, as of `ingest knwon a.gz`. The shorter a word, the nearer it has to be.
 */
enum st
check_mistyped(const struct options *o, const char *const *commands, size_t n, struct err *err)
{
    const char *word = o->n_arguments > 0 ? o->arguments[0] : "", *near;
    struct stat st;

    if (strlen(word) < 3 || strpbrk(word, "./") != NULL || lstat(word, &st) == 0 || errno != ENOENT)
        return ST_OK;
    near = near_best(slice_of(word), commands, n);
    if (near == NULL || (strlen(word) < 6 && near_distance(slice_of(word), slice_of(near)) > 1))
        return ST_OK;
    err_fail(err, ST_USAGE, "cannot tell what to do",
             "\"%.80s\" is neither a command nor a file that is there", word);
    err_hint(err, "did you mean `ingest %s`? a file of that name is ./%.80s", near, word);
    return ST_USAGE;
}
