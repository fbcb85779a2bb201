/*
 * A file of metrics that anybody may have edited: what is understood of it is written; and what we wrote is understood as it
 * was, when a run that counted nothing puts its noughts to it.
 */
#include "ingest/base.h"

#include <math.h>

#include "metrics.h"

#include "fuzz_bytes.h"

/* Reads a file, adds nought to its counters, and writes it. How many series there are. */
static size_t
write_again(const char *text, size_t n, struct buf *out)
{
    struct metrics m = { .path = NULL };
    struct buf copy = { 0 };
    size_t n_series;

    buf_add(&copy, text, n);
    MUST(buf_str(&copy) != NULL);
    metrics_read(&m, copy.p);
    for (size_t i = 0; i < m.n; i++) {
        struct buf labels = { 0 };

        MUST(m.series[i].family < METRICS_N && isfinite(m.series[i].value) && m.series[i].value >= 0);
        MUST(strlen(m.series[i].labels) <= METRIC_LABELS_MAX);
        buf_text(&labels, m.series[i].labels);
        if (m.series[i].family >= METRIC_RUNS)
            metrics_put(&m, m.series[i].family, &labels, 0);
        buf_release(&labels);
    }
    n_series = m.n;
    MUST(!m.failed && n_series <= METRIC_SERIES_MAX);
    metrics_write(&m, out);
    MUST(buf_str(out) != NULL && (n_series == 0 || strncmp(out->p, "# HELP ingest_", 14) == 0));
    metrics_release(&m);
    buf_release(&copy);
    return n_series;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = { 0 }, twice = { 0 }, thrice = { 0 };
    size_t n = write_again((const char *)data, size, &once);

    MUST(write_again(once.p, once.n, &twice) == n);
    MUST(write_again(twice.p, twice.n, &thrice) == n); /* of 2.9999999 "3.000000" was left, and then "3" */
    MUST(twice.n == thrice.n && memcmp(twice.p, thrice.p, twice.n) == 0);
    buf_release(&once);
    buf_release(&twice);
    buf_release(&thrice);
    return 0;
}
