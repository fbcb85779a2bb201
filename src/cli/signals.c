/*
 * SIGINT and SIGTERM: the first lets a run finish and commit its batch, the second rolls it back.
 * SIGUSR1 asks how far it is. The handlers count; who tells what, and who stops, looks at the
 * counts.
 */
#include "ingest/base.h"

#include "cli_priv.h"

volatile sig_atomic_t signals_seen, signals_last, signals_asked;

/*
 * One that waits for a silent pipe, or for the answer to COMMIT, looks at no counter: a third
 * signal ends it, and the server rolls back.
 */
static void
on_signal(int number)
{
    signals_seen++;
    signals_last = number;
    if (signals_seen >= 2) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
    }
}

static void
on_question(int number)
{
    (void)number;
    signals_asked = 1;
}

/* A handler, and not SIG_IGN, which the programs that we start would inherit. */
void
signals_answer(void)
{
    struct sigaction action = { .sa_handler = on_question };

    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
}

void
signals_catch(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
