#include "fuzz_format.h"

/* The quick way from the first line on, beside the general one. */
static void
hold_both_ways_equal(const uint8_t *data, size_t size)
{
    struct format quick = *format_by_name("combined"), general;
    struct fuzz_sum want, got;

    quick.own_heads = true; /* nobody looks for heads of syslog */
    general = quick;
    general.quick = NULL;
    want = fuzz_parse(&general, NULL, data, size, SIZE_MAX, 256, 0);
    got = fuzz_parse(&quick, NULL, data, size, size % 997, 1 + size % 5, "\n\t\"}]0\\ "[size % 8]);
    MUST(want.rc == got.rc && want.n_records == got.n_records && want.digest == got.digest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        hold_both_ways_equal(data, size);
    return fuzz_format("combined", data, size);
}
