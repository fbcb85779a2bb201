#include "format_priv.h"
#include "fuzz_format.h"

/* Which format is it? Whatever the answer, it is the same again, and as sure as it must be. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice head = { (const char *)data, size < 64 * KIB ? size : 64 * KIB };
    const struct format *f = NULL;
    struct err err;
    int score = 0;

    if (format_sniff(head, &f, &score, &err) == ST_OK) {
        size_t mark = utf8_mark(head); /* formats are asked about what is behind it */

        MUST(f != NULL && score >= SNIFF_SURE && score <= 100);
        MUST(f->sniff((struct slice){ head.p + mark, head.n - mark }) == score);
    } else {
        MUST(f == NULL && err.code == ST_FORMAT && err.cause[0] != '\0');
    }
    return 0;
}
