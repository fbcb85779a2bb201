#include "fuzz_format.h"

#include "ingest/log_format.h"

/* The first line is the format's string, the others are read by it. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *feed = size == 0 ? NULL : memchr(data, '\n', size);
    size_t n = feed == NULL ? size : (size_t)(feed - data), skip = feed == NULL ? n : n + 1;
    struct log_format format;
    struct format_options options = { .log_format = &format, .drop_key = "http_x_mark" };
    struct arena arena;
    struct err err = { 0 };
    enum st rc;

    arena_init(&arena, SIZE_MAX);
    rc = log_format_compile(&format, (struct slice){ (const char *)data, n }, &arena, &err);
    MUST(rc == ST_OK || (rc == ST_USAGE && err.cause[0] != '\0'));
    if (rc == ST_OK)
        fuzz_format_with("custom", &options, data + skip, size - skip);
    arena_release(&arena);
    return 0;
}
