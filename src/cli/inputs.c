/*
 * Which inputs the command line names: files, directories, standard input, a list of files.
 */
#include "ingest/base.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "ingest/input.h"
#include "ingest/num.h"

#include "cli_priv.h"

/* An implicit standard input is used if it is a pipe or a file that holds something. */
static bool
stdin_is_usable(const volatile sig_atomic_t *signals)
{
    struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
    struct stat st;
    int waiting = 0;

    if (fstat(STDIN_FILENO, &st) != 0)
        return false;
    if (S_ISREG(st.st_mode))
        return lseek(STDIN_FILENO, 0, SEEK_CUR) < st.st_size;
    if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
        return false;
    while (poll(&p, 1, -1) < 0)
        if (errno != EINTR || (signals != NULL && *signals > 0))
            return false;
    return ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting > 0;
}

enum st
inputs_min_age(const struct options *o, struct source_list *inputs, struct err *err)
{
    const char *text = o->value[OPT_MIN_AGE].text;

    if (text == NULL || num_u63(slice_of(text), &inputs->min_age_s))
        return ST_OK;
    return options_bad_value(o, OPT_MIN_AGE, "a number of seconds, as 60", err);
}

/* There is one standard input: it holds a log or a list. */
static enum st
check_stdin(const struct options *o, size_t n_stdin, struct err *err)
{
    const char *list = o->value[OPT_FILES_FROM].text;

    if (list == NULL && option_is_on(o, OPT_NULL))
        return err_fail(err, ST_USAGE, "cannot use --null",
                        "it says how the names in a list end: say --files-from");
    if (list != NULL && strcmp(list, "-") == 0 && n_stdin > 0)
        return err_fail(err, ST_USAGE, "cannot do both",
                        "--files-from - and the input \"-\" both want standard input");
    return ST_OK;
}

static enum st
nothing_named(struct err *err)
{
    err_fail(err, ST_USAGE, "cannot find anything to count",
             "no FILE is named, and standard input %s",
             isatty(STDIN_FILENO) == 1 ? "is the terminal" : "is empty");
    err_hint(err, "name logs or their directory, as in `ingest --local logs/`; `ingest --help` "
                  "shows more");
    return ST_USAGE;
}

enum st
inputs_list(const struct options *o, size_t first, const volatile sig_atomic_t *signals,
            struct source_list *inputs, struct err *err)
{
    const char *list = o->value[OPT_FILES_FROM].text;
    size_t n_stdin = 0;
    enum st rc;

    for (size_t i = first; i < o->n_arguments; i++)
        n_stdin += strcmp(o->arguments[i], "-") == 0;
    if ((rc = inputs_min_age(o, inputs, err)) != ST_OK ||
        (rc = check_stdin(o, n_stdin, err)) != ST_OK)
        return rc;
    if (o->n_arguments <= first && list == NULL)
        return stdin_is_usable(signals) ? source_list_add(inputs, "-", err) : nothing_named(err);
    n_stdin = 0;
    for (size_t i = first; i < o->n_arguments && rc == ST_OK; i++)
        if (strcmp(o->arguments[i], "-") != 0 || n_stdin++ == 0)
            rc = source_list_add(inputs, o->arguments[i], err);
    if (rc == ST_OK && list != NULL)
        rc = source_list_add_from(inputs, list, option_is_on(o, OPT_NULL) ? '\0' : '\n', err);
    return rc;
}
