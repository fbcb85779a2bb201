#include "fuzz_format.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        fuzz_both_ways("combined", data, size);
    return fuzz_format("combined", data, size);
}
