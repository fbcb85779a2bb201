/*
 * The distance between two words, one row of the table at a time. Words are short: a longer one is
 * no typing mistake, and nobody may make us compute a large table.
 */
#include "ingest/base.h"
#include "ingest/near.h"

size_t
near_distance(struct slice a, struct slice b)
{
    size_t row[NEAR_BYTES_MAX + 1];

    if (a.n > NEAR_BYTES_MAX || b.n > NEAR_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t replace = diagonal + (a.p[i - 1] != b.p[j - 1]), best = row[j] + 1;

            diagonal = row[j];
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = replace < best ? replace : best;
        }
    }
    return row[b.n];
}
