#include "fuzz_format.h"

/* One record a call: then no trace is compared with one before it. */
static void
hold_traces_alone_equal(const uint8_t *data, size_t size)
{
    const struct format *f = format_by_name("fdsnws");
    struct fuzz_sum want = fuzz_parse(f, NULL, data, size, SIZE_MAX, 1, 0);
    struct fuzz_sum got = fuzz_parse(f, NULL, data, size, SIZE_MAX, 256, '"');

    MUST(want.rc == got.rc && want.n_records == got.n_records && want.digest == got.digest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct format_options with_starts = { .trace_starts = true };

    if (size > 0)
        hold_traces_alone_equal(data, size);
    fuzz_format_with("fdsnws", &with_starts, data, size);
    return fuzz_format("fdsnws", data, size);
}
