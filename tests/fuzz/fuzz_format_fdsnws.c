#include "fuzz_format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct format_options with_starts = { .trace_starts = true };

    fuzz_format_with("fdsnws", &with_starts, data, size);
    return fuzz_format("fdsnws", data, size);
}
