/*
 * Decimal text to numbers, and back for people.
 */
#include "ingest/num.h"

bool
num_u63(struct slice s, int64_t *out)
{
    uint64_t v = 0;

    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned char)s.p[i] - '0';

        /* 18 digits always fit. */
        if (digit > 9 || (i >= 18 && v > ((uint64_t)INT64_MAX - digit) / 10))
            return false;
        v = v * 10 + digit;
    }
    *out = (int64_t)v;
    return true;
}

bool
num_size(struct slice s, size_t *out)
{
    static const char units[] = "kmgt";
    unsigned shift = 0;
    int64_t v;

    if (s.n > 1) {
        const char *unit = strchr(units, s.p[s.n - 1] | 0x20);

        if (unit != NULL && s.p[s.n - 1] > '9') {
            shift = 10 * (unsigned)(unit - units + 1);
            s.n--;
        }
    }
    if (!num_u63(s, &v) || v > INT64_MAX >> shift)
        return false;
    *out = (size_t)v << shift;
    return true;
}

const char *
num_grouped(uint64_t v, char out[32])
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, v), at = 0;

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}
