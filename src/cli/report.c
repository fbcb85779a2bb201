/*
 * `ingest report`: what the tables hold, as text, a page, a document, lines or a badge. Of the
 * configuration only the database and when sources settle are of interest: days, names and files
 * that it names are those of counting.
 */
#include "ingest/base.h"

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "ingest/clock.h"
#include "ingest/dataset.h"
#include "ingest/num.h"
#include "ingest/report.h"

#include "counting.h"
#include "status_priv.h"

enum form { FORM_TEXT, FORM_HTML, FORM_JSON, FORM_CSV, FORM_BADGE };

struct request {
    enum form form;
    struct report_question question;
    struct report_text_style style;
    const char *path;       /* NULL: standard output */
    char page[4096];        /* DIR/index.html */
    struct standing_source *sources;
};

static const char *
said(const struct options *o, enum option_id id)
{
    return o->value[id].origin == FROM_COMMAND_LINE ? o->value[id].text : NULL;
}

/* ---- what is asked for ---- */

static enum st
unusable(struct err *err, const char *cause, const char *hint)
{
    err_fail(err, ST_USAGE, "cannot run `ingest report`", "%s", cause);
    err_hint(err, "%s", hint);
    return ST_USAGE;
}

static enum st
read_day(const struct options *o, enum option_id id, int32_t *day, struct err *err)
{
    const char *text = said(o, id);

    *day = DAY_NONE;
    if (text != NULL && !clock_parse_day(slice_of(text), day))
        return options_bad_value(o, id, "a day, as 2024-02-29", err);
    return ST_OK;
}

static enum st
read_form(struct request *q, const struct options *o, struct err *err)
{
    bool json = option_is_on(o, OPT_JSON) && said(o, OPT_JSON) != NULL;
    bool csv = said(o, OPT_CSV) != NULL && option_is_on(o, OPT_CSV);
    bool badge = said(o, OPT_BADGE) != NULL;

    if (json + csv + badge > 1)
        return unusable(err, "--json, --csv and --badge are three forms", "make one after the other");
    q->path = said(o, OPT_OUTPUT);
    q->form = json            ? FORM_JSON
              : csv           ? FORM_CSV
              : badge         ? FORM_BADGE
              : q->path != NULL ? FORM_HTML
                              : FORM_TEXT;
    if (badge && said(o, OPT_NAME) != NULL)
        return unusable(err, "--badge and --name are two names", "a badge is of the name behind --badge");
    return ST_OK;
}

static enum st
read_top(struct request *q, const struct options *o, struct err *err)
{
    const char *top = said(o, OPT_TOP);
    int64_t n = q->form == FORM_TEXT ? 10 : REPORT_TOP_DEFAULT;

    if (top != NULL && (!num_u63(slice_of(top), &n) || n < 1 || n > REPORT_TOP_MAX))
        return options_bad_value(o, OPT_TOP, "how many names come first, from 1 to 1000", err);
    q->question.top = q->style.shown = (size_t)n;
    return ST_OK;
}

static enum st
read_request(struct request *q, const struct options *o, struct err *err)
{
    struct report_question *question = &q->question;
    enum st rc;

    if (o->n_arguments > 1)
        return unusable(err, "it takes no words", "ingest report [-o DIR|FILE.html] [--since DAY] [--until DAY]"
                                                  " [--top N] [--name PATTERN] [--json|--csv|--badge NAME]");
    if ((rc = read_form(q, o, err)) != ST_OK || (rc = read_top(q, o, err)) != ST_OK ||
        (rc = read_day(o, OPT_SINCE, &question->since, err)) != ST_OK ||
        (rc = read_day(o, OPT_UNTIL, &question->until, err)) != ST_OK)
        return rc;
    question->days = q->form == FORM_BADGE ? 30 : REPORT_DAYS;
    question->pattern = said(o, OPT_NAME);
    question->name = said(o, OPT_BADGE);
    question->dataset = said(o, OPT_DATASET);
    if ((question->pattern != NULL && !slice_is_text(slice_of(question->pattern))) ||
        (question->name != NULL && !slice_is_text(slice_of(question->name))))
        return unusable(err, "the name is not UTF-8", "names in the database are");
    if (question->dataset != NULL && dataset_by_name(question->dataset) == NULL)
        return options_bad_value(o, OPT_DATASET,
                                 "stats, dataselect_stats, job_artifact_downloads or emote_stats", err);
    q->sources = status_sources(o->config, &question->n_sources);
    question->sources = q->sources;
    return q->sources == NULL ? err_memory(err, "cannot hold the sources") : ST_OK;
}

/* ---- how it is shown ---- */

static bool
locale_is_utf8(void)
{
    locale_t ours = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    bool utf8;

    if (ours == (locale_t)0)
        return false;
    utf8 = strcmp(nl_langinfo_l(CODESET, ours), "UTF-8") == 0;
    freelocale(ours);
    return utf8;
}

/* As wide as the terminal; elsewhere as $COLUMNS says, else as a mail. */
static size_t
columns_of_output(void)
{
    const char *said_so = getenv("COLUMNS");
    struct winsize size;
    int64_t columns;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    if (said_so != NULL && num_u63(slice_of(said_so), &columns) && columns > 0 && columns <= 1000)
        return (size_t)columns;
    return 80;
}

static enum st
write_form(struct request *q, const struct report *r, struct buf *out, struct err *err)
{
    switch (q->form) {
    case FORM_TEXT:
        q->style.utf8 = locale_is_utf8();
        q->style.columns = columns_of_output();
        report_text(out, r, &q->style);
        break;
    case FORM_HTML:
        report_html(out, r);
        break;
    case FORM_JSON:
        report_json(out, r);
        break;
    case FORM_CSV:
        report_csv(out, r);
        break;
    case FORM_BADGE:
        if (!report_badge(out, r, q->question.name)) {
            err_fail(err, ST_NO_TABLE, "cannot make a badge", "nothing was ever counted under this name");
            err_hint(err, "ingest report --name 'PART*' lists names that begin so");
            return ST_NO_TABLE;
        }
        break;
    }
    return out->failed ? err_memory(err, "cannot hold the report") : ST_OK;
}

/* ---- where it goes ---- */

static bool
ends_in_html(const char *path)
{
    size_t n = strlen(path);

    return n > 5 && strcmp(path + n - 5, ".html") == 0;
}

/* A page in a directory is its index; the directory is made, its parents are not. */
static enum st
find_place(struct request *q, struct err *err)
{
    struct stat st;
    bool there = q->path != NULL && stat(q->path, &st) == 0, is_dir = there && S_ISDIR(st.st_mode);

    if (q->path == NULL || strcmp(q->path, "-") == 0 || q->form != FORM_HTML ||
        (ends_in_html(q->path) && !is_dir) || (there && !is_dir && !S_ISREG(st.st_mode)))
        return ST_OK;
    if (there && !is_dir) {
        unusable(err, "there is a file of that name, and it is no page",
                 "-o DIR makes DIR/index.html, -o NAME.html makes a page of that name");
        snprintf(err->path, sizeof err->path, "%.255s", q->path);
        return ST_USAGE;
    }
    if ((!there && mkdir(q->path, 0777) != 0 && errno != EEXIST) ||
        (size_t)snprintf(q->page, sizeof q->page, "%s/index.html", q->path) >= sizeof q->page) {
        err_fail(err, ST_USAGE, "cannot make the directory", "%s", strerror(errno));
        snprintf(err->path, sizeof err->path, "%.255s", q->path);
        return ST_USAGE;
    }
    q->path = q->page;
    return ST_OK;
}

static enum st
write_out(const struct request *q, const struct buf *text, struct err *err)
{
    struct output out;
    enum st rc = output_open(&out, q->path == NULL ? "-" : q->path, err);

    if (rc != ST_OK)
        return rc;
    (void)fwrite(text->p, 1, text->n, out.file);
    return output_close(&out, ST_OK, err);
}

/* What stands in the text itself is said of the other forms on standard error. */
static void
tell(const struct request *q, const struct options *o, const struct report *r, size_t bytes)
{
    bool talks = !option_is_on(o, OPT_QUIET);
    char why[200];

    if (talks && q->form != FORM_TEXT && q->form != FORM_BADGE && report_is_empty(r, why))
        say_note("%s", why);
    if (q->path == NULL || strcmp(q->path, "-") == 0 || !talks ||
        (!option_is_on(o, OPT_VERBOSE) && isatty(STDERR_FILENO) != 1))
        return;
    if (!style_is_text()) {
        say_note("report in %s, %zu bytes", q->path, bytes);
        return;
    }
    fputs("report   ", stderr);
    say_text(stderr, q->path, strlen(q->path));
    fprintf(stderr, ", %zu bytes\n", bytes);
}

static enum st
make(struct request *q, const struct options *o, struct pg *pg, struct err *err)
{
    struct report *r = report_read(pg, &q->question, err);
    struct buf text = { 0 };
    enum st rc;

    if (r == NULL)
        return err->code;
    rc = write_form(q, r, &text, err);
    if (rc == ST_OK)
        rc = find_place(q, err);
    if (rc == ST_OK)
        rc = write_out(q, &text, err);
    if (rc == ST_OK)
        tell(q, o, r, text.n);
    buf_release(&text);
    report_free(r);
    return rc;
}

int
cli_report(const struct options *o)
{
    struct place place = { .local.users_fd = -1 };
    struct request request = { 0 };
    struct pg *pg = NULL;
    struct err err;
    enum st rc;

    if ((rc = read_request(&request, o, &err)) == ST_OK &&
        (rc = place_open(&place, o, true, &err)) == ST_OK && !place.use)
        rc = place_missing(&err);
    if (rc == ST_OK) {
        pg = pg_connect(place.conninfo, PG_READ_ONLY, &err);
        rc = pg == NULL ? err.code : make(&request, o, pg, &err);
    }
    pg_close(pg);
    place_close(&place);
    free(request.sources);
    if (rc != ST_OK)
        say_error(&err);
    return exit_status_of(rc, 0);
}
