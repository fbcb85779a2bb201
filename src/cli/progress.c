/*
 * How far a run is: one line on a terminal, rewritten in place and cleared before anything else is
 * printed; or, where nothing can be rewritten, a line of its own now and then.
 */
#include "ingest/base.h"

#include <sys/ioctl.h>

#include "ingest/clock.h"
#include "ingest/run.h"

#include "cli_priv.h"

#define WIDTH_DEFAULT 80
#define LINES_EVERY_US (10 * INT64_C(1000000))

static bool shown;

/* ---- what it says ---- */

/* 812, 55 k, 1.2 M: no more than is read at a glance. */
static const char *
short_number(double v, char out[16])
{
    static const char *const units[] = { "", " k", " M", " G" };
    size_t u = 0;

    while (v >= 999.5 && u + 1 < ARRAY_LEN(units)) {
        v /= 1000;
        u++;
    }
    snprintf(out, 16, "%.*f%s", u > 0 && v < 9.95 ? 1 : 0, v, units[u]);
    return out;
}

const char *
progress_time(double seconds, char out[24])
{
    uint64_t s = seconds < 1 ? 1 : seconds > 1e9 ? 1000000000 : (uint64_t)(seconds + 0.5);

    if (s < 60)
        snprintf(out, 24, "%" PRIu64 " s", s);
    else if (s < 600)
        snprintf(out, 24, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
    else if (s < 3600)
        snprintf(out, 24, "%" PRIu64 " min", s / 60);
    else if (s < 86400)
        snprintf(out, 24, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
    else
        snprintf(out, 24, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    return out;
}

enum { FILES, PERCENT, BYTES, BYTES_RATE, LINES_RATE, WRITING, LEFT, PARTS };

/* The order in which parts are let go where the line is too long. */
static const int first_to_go[] = { LINES_RATE, BYTES_RATE, FILES, BYTES, LEFT, WRITING };

static void
describe(const struct run_progress *p, char parts[PARTS][48])
{
    double seconds = p->seconds > 0.01 ? p->seconds : 0.01, mb = (double)p->decoded_bytes / 1e6;
    bool known = p->stored_total > 0 && p->stored_bytes <= p->stored_total;
    char number[16], time[24];

    for (int i = 0; i < PARTS; i++)
        parts[i][0] = '\0';
    snprintf(parts[FILES], 48, "%zu/%zu files", p->inputs_done, p->inputs);
    if (known)
        snprintf(parts[PERCENT], 48, "%.0f %%",
                 100 * ((double)p->stored_bytes / (double)p->stored_total));
    if (mb < 9999.5)
        snprintf(parts[BYTES], 48, "%.*f MB", mb < 99.95 ? 1 : 0, mb);
    else
        snprintf(parts[BYTES], 48, "%.1f GB", mb / 1e3);
    if (p->writing) {
        int n = snprintf(parts[WRITING], 48, "writing");

        if (p->writing_seconds >= 1)
            n += snprintf(parts[WRITING] + n, 48 - (size_t)n, " for %s",
                          progress_time(p->writing_seconds, time));
        if (p->rows_sent > 0)
            snprintf(parts[WRITING] + n, 48 - (size_t)n, " (%s rows)",
                     short_number((double)p->rows_sent, number));
    } else {
        snprintf(parts[BYTES_RATE], 48, "%.0f MB/s", mb / seconds);
        snprintf(parts[LINES_RATE], 48, "%s lines/s",
                 short_number((double)p->lines / seconds, number));
    }
    if (known && p->stored_bytes > 0 && p->stored_bytes < p->stored_total && seconds > 1)
        snprintf(parts[LEFT], 48, "%s left",
                 progress_time(seconds * (double)(p->stored_total - p->stored_bytes) /
                                   (double)p->stored_bytes,
                               time));
}

static size_t
join(char parts[PARTS][48], char *line, size_t cap)
{
    size_t n = 0;

    line[0] = '\0';
    for (int i = 0; i < PARTS; i++)
        if (parts[i][0] != '\0' && n < cap)
            n += (size_t)snprintf(line + n, cap - n, "%s%s", n > 0 ? ", " : "", parts[i]);
    return n;
}

void
progress_line(const struct run_progress *p, size_t width, char *line, size_t cap)
{
    char parts[PARTS][48];
    size_t n;

    describe(p, parts);
    n = join(parts, line, cap);
    for (size_t i = 0; n > width && i < ARRAY_LEN(first_to_go); i++) {
        char kept[48];

        memcpy(kept, parts[first_to_go[i]], sizeof kept);
        parts[first_to_go[i]][0] = '\0';
        if ((n = join(parts, line, cap)) > 0)
            continue;
        memcpy(parts[first_to_go[i]], kept, sizeof kept); /* a piece is better than nothing */
        join(parts, line, cap);
        break;
    }
    if (width < cap)
        line[width] = '\0';
}

/* ---- where ---- */

size_t
terminal_width(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH_DEFAULT;
}

bool
terminal_can_rewrite(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) == 1 && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

/* Whoever put us in the background works with that terminal now. */
static bool
in_background(void)
{
    pid_t front = tcgetpgrp(STDERR_FILENO);

    return front > 0 && front != getpgrp();
}

void
progress_show(const struct run_progress *p)
{
    char line[256];

    if (in_background())
        return;
    progress_line(p, terminal_width(STDERR_FILENO) - 1, line, sizeof line);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    shown = true;
}

void
progress_now_and_then(const struct run_progress *p)
{
    static int64_t said_us;
    int64_t now = clock_monotonic_us();

    if (said_us == 0)
        said_us = now;
    if (now - said_us < LINES_EVERY_US)
        return;
    said_us = now;
    progress_say(p);
}

void
progress_say(const struct run_progress *p)
{
    char line[256];

    progress_line(p, sizeof line - 1, line, sizeof line);
    say_note("%s", line);
}

void
progress_clear(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
