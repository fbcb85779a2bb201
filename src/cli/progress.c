/*
 * One progress line on a terminal, rewritten in place and cleared before anything else is printed.
 */
#include "ingest/base.h"

#include <sys/ioctl.h>

#include "ingest/run.h"

#include "cli_priv.h"

static bool shown;

static int
terminal_width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

static int
describe(const struct run_progress *p, char *line, size_t cap)
{
    double seconds = p->seconds > 0.01 ? p->seconds : 0.01;
    char eta[32] = "";

    if (p->stored_total > 0 && p->stored_bytes > 0 && p->stored_bytes < p->stored_total &&
        seconds > 1)
        snprintf(eta, sizeof eta, ", %.0f s left",
                 seconds * (double)(p->stored_total - p->stored_bytes) / (double)p->stored_bytes);
    return snprintf(line, cap, "%zu/%zu files, %.1f MB, %.0f MB/s, %.0f lines/s%s%s",
                    p->inputs_done, p->inputs, (double)p->decoded_bytes / 1e6,
                    (double)p->decoded_bytes / 1e6 / seconds, (double)p->lines / seconds, eta,
                    p->writing ? ", writing" : "");
}

void
progress_show(const struct run_progress *p)
{
    char line[256];
    int width = terminal_width(), n = describe(p, line, sizeof line);

    if (n >= width)
        n = width - 1;
    fprintf(stderr, "\r%.*s\033[K", n, line);
    fflush(stderr);
    shown = true;
}

void
progress_say(const struct run_progress *p)
{
    char line[256];

    describe(p, line, sizeof line);
    say_note("%s", line);
}

void
progress_clear(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
