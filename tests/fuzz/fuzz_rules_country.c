/*
 * A file of countries of any bytes: refused, or two capital letters or nothing for every address, the same when asked again.
 */
#include "ingest/country.h"

#include "fuzz_bytes.h"

/* The library does not give back everything when it refuses a file; a run opens one. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libmaxminddb";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct country *c = NULL;
    struct err err = { 0 };
    char path[64];
    int fd = memory_file(data, size, path);
    enum st rc = country_open(&c, path, &err);

    MUST(rc == ST_OK ? c != NULL : rc == ST_USAGE && c == NULL && err.cause[0] != '\0');
    for (unsigned i = 0; rc == ST_OK && i < 64; i++) {
        uint8_t address[16] = { [10] = 0xff, [11] = 0xff, [12] = (uint8_t)(i * 5), [13] = (uint8_t)i, [15] = 1 };
        char a[2], b[2];

        if (i % 2 == 1) /* one of 2000::/4 */
            memset(address, 0, 16), address[0] = (uint8_t)(0x20 | i >> 2), address[1] = (uint8_t)i;
        if (!country_find(c, address, a))
            continue;
        MUST(country_find(c, address, b) && a[0] == b[0] && a[1] == b[1]);
        MUST(a[0] >= 'A' && a[0] <= 'Z' && a[1] >= 'A' && a[1] <= 'Z');
    }
    country_close(c);
    close(fd);
    return 0;
}
