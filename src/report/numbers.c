/*
 * Numbers for people.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "report_priv.h"

/* 1234567 in thousands or 1024ths: "1.23", "12.3", "123". */
static const char *
scaled(int64_t v, double base, const char *const *units, size_t n, char out[32])
{
    double x = v < 0 ? -(double)v : (double)v;
    size_t unit = 0;

    while (unit + 1 < n && x >= (unit == 0 ? base : base - 0.5)) {
        x /= base;
        unit++;
    }
    snprintf(out, 32, "%s%.*f%s", v < 0 ? "-" : "",
             unit == 0 || x >= 99.95 ? 0 : 1, x, units[unit]);
    return out;
}

const char *
short_number(int64_t v, char out[32])
{
    static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };

    return scaled(v, 1000, units, ARRAY_LEN(units), out);
}

const char *
short_bytes(int64_t v, char out[32])
{
    static const char *const units[] = { " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB" };

    return scaled(v, 1024, units, ARRAY_LEN(units), out);
}

const char *
grouped(int64_t v, char out[32])
{
    char digits[32];

    if (v >= 0)
        return num_grouped((uint64_t)v, out);
    num_grouped((uint64_t) - (v + 1) + 1, digits);
    snprintf(out, 32, "-%.30s", digits);
    return out;
}
