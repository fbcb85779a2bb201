/*
 * Prometheus' text format (prometheus.io, "Exposition formats", version 0.0.4), written and read
 * again. Of what is read nothing is believed: it is a file that anybody may have edited.
 */
#include "ingest/base.h"

#include <math.h>

#include "metrics.h"

static const struct {
    const char *name, *type, *help;
} families[METRICS_N] = {
    [METRIC_BUILD] = { "ingest_build_info", "gauge",
                       "Always 1; the version of ingest that wrote this file." },
    [METRIC_LAST_RUN] = { "ingest_last_run_timestamp_seconds", "gauge",
                          "When the last run ended." },
    [METRIC_LAST_SUCCESS] = { "ingest_last_success_timestamp_seconds", "gauge",
                              "When a run last ended with exit status 0." },
    [METRIC_LAST_STATUS] = { "ingest_last_run_exit_status", "gauge", "How the last run ended." },
    [METRIC_LAST_SECONDS] = { "ingest_last_run_duration_seconds", "gauge",
                              "How long the last run took." },
    [METRIC_LAST_LEFT] = { "ingest_last_run_files_left", "gauge",
                           "Files that the last run left to the next one, for its deadline or a signal." },
    [METRIC_LAST_MEMORY] = { "ingest_last_run_peak_memory_bytes", "gauge",
                             "The most memory that the last run had in use." },
    [METRIC_RUNS] = { "ingest_runs_total", "counter", "Runs, by exit status." },
    [METRIC_FILES] = { "ingest_files_total", "counter", "Inputs, by what became of them." },
    [METRIC_BYTES] = { "ingest_bytes_total", "counter", "Bytes read, as stored and decoded." },
    [METRIC_LINES] = { "ingest_lines_total", "counter", "Lines read, by result." },
    [METRIC_REJECTED] = { "ingest_lines_rejected_total", "counter", "Rejected lines, by reason." },
    [METRIC_RECORDS] = { "ingest_records_total", "counter", "Records read, by result." },
    [METRIC_ROWS] = { "ingest_rows_total", "counter", "Rows of tables, by what was done to them." },
    [METRIC_SECONDS] = { "ingest_stage_seconds_total", "counter",
                         "Time spent, by stage; those of several workers add up." },
};

static bool
is_counter(enum metric_family family)
{
    return families[family].type[0] == 'c';
}

void
metrics_label(struct buf *labels, const char *name, const char *value)
{
    buf_printf(labels, "%s%s=\"", labels->n > 0 ? "," : "", name);
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            buf_text(labels, "\\");
        if (*value == '\n')
            buf_text(labels, "\\n");
        else
            buf_add(labels, value, 1);
    }
    buf_text(labels, "\"");
}

/* ---- series ---- */

static struct metric_series *
find(struct metrics *m, enum metric_family family, const char *labels)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->series[i].family == family && strcmp(m->series[i].labels, labels) == 0)
            return &m->series[i];
    return NULL;
}

static struct metric_series *
find_or_add(struct metrics *m, enum metric_family family, const char *labels)
{
    struct metric_series *s = find(m, family, labels);
    size_t cap = m->cap == 0 ? 64 : 2 * m->cap;

    if (s != NULL || m->n == METRIC_SERIES_MAX)
        return s;
    if (m->n == m->cap) {
        if ((s = realloc(m->series, cap * sizeof *s)) == NULL)
            return NULL;
        m->series = s;
        m->cap = cap;
    }
    s = &m->series[m->n];
    *s = (struct metric_series){ .family = family, .labels = strdup(labels) };
    if (s->labels == NULL)
        return NULL;
    m->n++;
    return s;
}

void
metrics_put(struct metrics *m, enum metric_family family, struct buf *labels, double value)
{
    const char *text = labels == NULL || labels->n == 0 ? "" : buf_str(labels);
    struct metric_series *s = text == NULL ? NULL : find_or_add(m, family, text);

    if (s == NULL)
        m->failed = true;
    else
        s->value = is_counter(family) ? s->value + value : value;
}

/* ---- reading ---- */

/* Behind the brace that opens: labels as metrics_label writes them, and the brace that closes.
 * NULL: they are not so. */
static char *
end_of_labels(char *p)
{
    for (;;) {
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz_");

        if (n == 0 || p[n] != '=' || p[n + 1] != '"')
            return NULL;
        for (p += n + 2; *p != '"'; p++) {
            if (*p == '\\' && (p[1] == '\\' || p[1] == '"' || p[1] == 'n'))
                p++;
            else if (*p == '\\' || *p == '\0')
                return NULL;
        }
        p++;
        if (*p == '}')
            return p;
        if (*p++ != ',')
            return NULL;
    }
}

static void
read_line(struct metrics *m, char *line)
{
    size_t n = strcspn(line, "{ ");
    char *labels = line + n, *end = labels;
    struct metric_series *s;
    double value;
    int family = 0;

    while (family < METRICS_N &&
           (strlen(families[family].name) != n || memcmp(families[family].name, line, n) != 0))
        family++;
    if (family == METRICS_N || family == METRIC_BUILD)
        return;
    if (*labels == '{') {
        if ((end = end_of_labels(++labels)) == NULL || end - labels > METRIC_LABELS_MAX)
            return;
        *end++ = '\0';
    }
    if (*end != ' ')
        return;
    *end++ = '\0'; /* of labels, where there are none */
    value = strtod(end, &line);
    if (line == end || *line != '\0' || !isfinite(value) || value < 0)
        return;
    if ((s = find_or_add(m, (enum metric_family)family, labels)) != NULL)
        s->value = value;
}

void
metrics_read(struct metrics *m, char *text)
{
    while (*text != '\0') {
        char *end = text + strcspn(text, "\n"), *next = *end == '\n' ? end + 1 : end;

        *end = '\0';
        if (*text != '#')
            read_line(m, text);
        text = next;
    }
}

/* ---- writing ---- */

void
metrics_write(const struct metrics *m, struct buf *out)
{
    for (int family = 0; family < METRICS_N; family++) {
        bool any = false;

        for (size_t i = 0; i < m->n; i++) {
            const struct metric_series *s = &m->series[i];

            if ((int)s->family != family)
                continue;
            if (!any)
                buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", families[family].name,
                           families[family].help, families[family].name, families[family].type);
            any = true;
            buf_text(out, families[family].name);
            if (s->labels[0] != '\0')
                buf_printf(out, "{%s}", s->labels);
            buf_printf(out, s->value == floor(s->value) ? " %.0f\n" : " %.6f\n", s->value);
        }
    }
}
