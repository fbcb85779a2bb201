#include "fuzz_format.h"

/* The same lines again and again, so that they are like those before them. */
static void
hold_alike_lines_equal(const uint8_t *data, size_t size)
{
    uint8_t *log = malloc(4 * (size + 1));

    MUST(log != NULL);
    for (size_t i = 0; i < 4; i++) {
        memcpy(log + i * (size + 1), data, size);
        log[i * (size + 1) + size] = '\n';
    }
    fuzz_both_ways("fastly", log, 4 * (size + 1));
    free(log);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        hold_alike_lines_equal(data, size);
    return fuzz_format("fastly", data, size);
}
