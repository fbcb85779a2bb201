#include "fuzz_input.h"

FUZZ_INPUT_TARGET
