/*
 * The main job: the inputs that the command line names, counted in one run.
 */
#include "ingest/base.h"

#include "ingest/input.h"

#include "counting.h"

int
cli_count(const struct options *o)
{
    struct counting counting = { .place.local.users_fd = -1, .keep.fd = -1 };
    struct source_list inputs;
    struct err err = { 0 };
    int status;
    enum st rc;

    signals_catch();
    source_list_init(&inputs);
    if ((rc = misplaced_check(o, BY_COUNT, &err)) == ST_OK &&
        (rc = metrics_open(&counting.metrics, o, &err)) == ST_OK &&
        (rc = counting_configure(&counting, o, &err)) == ST_OK &&
        (rc = shadow_read(&counting, &err)) == ST_OK &&
        (rc = inputs_list(o, 0, &signals_seen, &inputs, &err)) == ST_OK &&
        (rc = to_eida_inputs(&counting.config, &inputs, &err)) == ST_OK &&
        (rc = counting_enter(&counting, &err)) == ST_OK &&
        (rc = fence_inputs(&counting, &inputs, &err)) == ST_OK)
        rc = run(&counting.config, &inputs, &counting.summary, &err);
    status = counting_finish(&counting, rc, &err);
    source_list_release(&inputs);
    return status;
}
