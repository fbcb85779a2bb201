/*
 * The distance between two words, of whose table three rows are kept at a time. Words are short: a
 * longer one is no typing mistake, and nobody may make us compute a large table.
 */
#include "ingest/base.h"
#include "ingest/near.h"

size_t
near_distance(struct slice a, struct slice b)
{
    size_t rows[3][NEAR_BYTES_MAX + 1], *above = rows[0], *last = rows[1], *row = rows[2];

    if (a.n > NEAR_BYTES_MAX || b.n > NEAR_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *spare = above;

        above = last;
        last = row;
        row = spare;
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t best = last[j - 1] + (a.p[i - 1] != b.p[j - 1]); /* replace */

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                above[j - 2] + 1 < best)
                best = above[j - 2] + 1; /* exchange */
            row[j] = best;
        }
    }
    return row[b.n];
}

const char *
near_best(struct slice word, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t least = NEAR_ENOUGH;

    for (size_t i = 0; i < n; i++) {
        struct slice other = words[i] == NULL ? SLICE("") : slice_of(words[i]);
        size_t d = words[i] == NULL ? SIZE_MAX : near_distance(word, other);

        if (d < least && 2 * d <= (word.n > other.n ? word.n : other.n)) {
            least = d;
            best = words[i];
        }
    }
    return best;
}
