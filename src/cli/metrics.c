/*
 * --metrics: the numbers of a run, added to those of the runs before, and put in their place as a
 * whole. Also of a run that failed: that is when somebody looks.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "ingest/summary.h"

#include "cli_priv.h"
#include "metrics.h"

/* ---- the file ---- */

static enum st
cannot(const struct metrics *m, enum st code, const char *cause, struct err *err)
{
    err_fail(err, code, "cannot write the metrics", "%s", cause);
    snprintf(err->path, sizeof err->path, "%.255s", m->path);
    return code;
}

/* Of "--metrics logs/x*" the shell would make a log the file that is replaced. */
static bool
is_ours(const char *text)
{
    return text[0] == '\0' || strncmp(text, "# HELP ingest_", 14) == 0;
}

static enum st
read_before(struct metrics *m, struct err *err)
{
    int fd = open(m->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    struct buf text = { 0 };
    enum st rc = ST_OK;
    ssize_t got = 0;

    if (fd < 0)
        return errno == ENOENT ? ST_OK : cannot(m, ST_USAGE, strerror(errno), err);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return cannot(m, ST_USAGE, "there is something of that name that is no regular file", err);
    }
    do {
        char piece[16384];

        if ((got = read(fd, piece, sizeof piece)) > 0)
            buf_add(&text, piece, (size_t)got);
    } while (got > 0 && text.n <= METRIC_FILE_MAX);
    if (got < 0)
        rc = cannot(m, ST_USAGE, strerror(errno), err);
    close(fd);
    if (rc == ST_OK && buf_str(&text) == NULL)
        rc = err_memory(err, "cannot hold the metrics");
    if (rc == ST_OK && (text.n > METRIC_FILE_MAX || !is_ours(text.p))) {
        rc = cannot(m, ST_USAGE, "there is a file of that name, and it holds something else", err);
        err_hint(err, "name another file, or remove this one yourself");
    }
    if (rc == ST_OK)
        metrics_read(m, text.p);
    buf_release(&text);
    return rc;
}

/* What is written nowhere is nothing to measure. */
static bool
counts_nothing(const struct options *o)
{
    return option_is_on(o, OPT_DRY_RUN) || o->value[OPT_OUTPUT].text != NULL ||
           o->value[OPT_TO].text != NULL;
}

enum st
metrics_open(struct metrics *m, const struct options *o, struct err *err)
{
    enum st rc;

    *m = (struct metrics){ .path = o->value[OPT_METRICS].text };
    if (m->path != NULL && counts_nothing(o)) {
        m->path = NULL;
        if (o->value[OPT_METRICS].origin == FROM_COMMAND_LINE)
            return err_fail(err, ST_USAGE, "cannot do both",
                            "--metrics tells what was counted into a database, and nothing is");
    }
    if (m->path == NULL)
        return ST_OK;
    if ((rc = read_before(m, err)) == ST_OK &&
        (m->fd = temporary_beside(m->path, m->temporary)) < 0)
        rc = cannot(m, ST_USAGE, strerror(errno), err);
    if (rc != ST_OK)
        metrics_release(m);
    return rc;
}

void
metrics_release(struct metrics *m)
{
    if (m->temporary[0] != '\0') {
        unlink(m->temporary);
        close(m->fd);
    }
    for (size_t i = 0; i < m->n; i++)
        free(m->series[i].labels);
    free(m->series);
    *m = (struct metrics){ .path = NULL };
}

/* Whoever collects is another user: there is nothing in it that is not for all. */
enum st
metrics_close(struct metrics *m, struct err *err)
{
    struct buf text = { 0 };
    enum st rc = ST_OK;

    if (m->path == NULL)
        return ST_OK;
    metrics_write(m, &text);
    if (m->failed || text.failed)
        rc = cannot(m, ST_DISK, "there are too many, or no memory for them", err);
    else if (!temporary_write(m->fd, text.p, text.n) || fchmod(m->fd, 0644) != 0 ||
             fsync(m->fd) != 0 || rename(m->temporary, m->path) != 0)
        rc = cannot(m, ST_DISK, strerror(errno), err);
    buf_release(&text);
    if (rc == ST_OK) {
        close(m->fd);
        m->temporary[0] = '\0';
    }
    return rc;
}

/* ---- a run ---- */

/* One series: the source, and what tells it from its neighbours (NULL: nothing). */
struct where {
    struct metrics *m;
    const char *source;
};

static void
put2(const struct where *w, enum metric_family family, const char *name, const char *value,
     const char *name2, const char *value2, double number)
{
    struct buf labels = { 0 };

    if (w->source != NULL)
        metrics_label(&labels, "source", w->source);
    if (name != NULL)
        metrics_label(&labels, name, value);
    if (name2 != NULL)
        metrics_label(&labels, name2, value2);
    metrics_put(w->m, family, &labels, number);
    buf_release(&labels);
}

static void
put(const struct where *w, enum metric_family family, const char *name, const char *value,
    double number)
{
    put2(w, family, name, value, NULL, NULL, number);
}

static void
put_files(const struct where *w, const struct summary *s)
{
    const struct {
        const char *state;
        uint64_t n;
    } files[] = { { "read", s->files.read },
                  { "known", s->files.known },
                  { "known_otherwise", s->files.known_otherwise },
                  { "grown", s->files.grown },
                  { "partial", s->files.partial },
                  { "refused", s->files.refused },
                  { "skipped", s->files.skipped } };

    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        put(w, METRIC_FILES, "state", files[i].state, (double)files[i].n);
    put(w, METRIC_BYTES, "kind", "stored", (double)s->bytes.stored);
    put(w, METRIC_BYTES, "kind", "decoded", (double)s->bytes.decoded);
}

static void
put_tally(const struct where *w, enum metric_family family, const struct tally *t)
{
    uint64_t rejected = tally_rejected(t);

    put(w, family, "result", "counted", (double)t->by[KEEP]);
    put(w, family, "result", "filtered", (double)(t->read - t->by[KEEP] - rejected));
    put(w, family, "result", "rejected", (double)rejected);
}

static void
put_sums(const struct where *w, const struct summary *s)
{
    put_tally(w, METRIC_LINES, &s->lines);
    for (int why = REJECTED_FIRST; why < REASONS_N; why++)
        if (s->lines.by[why] > 0)
            put(w, METRIC_REJECTED, "reason", reason_name((enum reason)why),
                (double)s->lines.by[why]);
    put_tally(w, METRIC_RECORDS, &s->records);
    for (size_t i = 0; i < s->n_tables; i++) {
        const struct table_summary *t = &s->tables[i];

        put2(w, METRIC_ROWS, "table", t->table, "change", "inserted", (double)t->inserted);
        put2(w, METRIC_ROWS, "table", t->table, "change", "updated", (double)t->updated);
    }
    put(w, METRIC_SECONDS, "stage", "decode", s->seconds.decode);
    put(w, METRIC_SECONDS, "stage", "parse", s->seconds.parse);
    put(w, METRIC_SECONDS, "stage", "rollup", s->seconds.rollup);
    put(w, METRIC_SECONDS, "stage", "load", s->seconds.load);
}

void
metrics_run(struct metrics *m, const struct summary *s, int status)
{
    struct where w = { m, s->source };
    double now = (double)time(NULL);
    struct buf version = { 0 };
    char text[16];

    if (m->path == NULL)
        return;
    metrics_label(&version, "version", INGEST_VERSION);
    metrics_put(m, METRIC_BUILD, &version, 1);
    buf_release(&version);
    snprintf(text, sizeof text, "%d", status);
    put(&w, METRIC_LAST_RUN, NULL, NULL, now);
    if (status == 0)
        put(&w, METRIC_LAST_SUCCESS, NULL, NULL, now);
    put(&w, METRIC_LAST_STATUS, NULL, NULL, status);
    put(&w, METRIC_LAST_SECONDS, NULL, NULL, s->seconds.wall);
    put(&w, METRIC_LAST_LEFT, NULL, NULL, (double)s->files.left);
    put(&w, METRIC_LAST_MEMORY, NULL, NULL, (double)s->peak_rss_bytes);
    put(&w, METRIC_RUNS, "exit_status", text, 1);
    put_files(&w, s);
    put_sums(&w, s);
}
