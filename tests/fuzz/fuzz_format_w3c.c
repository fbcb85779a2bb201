#include "fuzz_format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct format_options options = { .unasked = (unsigned)(size & ASKS_ALL) };

    return fuzz_format_with("w3c", &options, data, size);
}
