/*
 * SIGINT and SIGTERM: the first lets a run finish and commit its batch, the second rolls it back.
 */
#include "ingest/base.h"

#include "cli_priv.h"

volatile sig_atomic_t signals_seen, signals_last;

/*
 * One that waits for a silent pipe or a lock looks at no counter: a third signal ends it, and the
 * server rolls back.
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

void
signals_catch(void)
{
    struct sigaction action = { .sa_handler = on_signal };

    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}
