/*
 * How far two short words are from one another: for "did you mean".
 */
#ifndef INGEST_NEAR_H
#define INGEST_NEAR_H

#include "ingest/slice.h"

#define NEAR_BYTES_MAX 63
#define NEAR_ENOUGH    3 /* words that differ by this much or more are not meant */

/*
 * Bytes to insert, delete or replace, and neighbours to exchange, to make `b` of `a`, no byte touched twice (F. J. Damerau 1964,
 * "optimal string alignment"); SIZE_MAX if one is longer than NEAR_BYTES_MAX.
 */
size_t near_distance(struct slice a, struct slice b);

/*
 * The word that was meant: the nearest, of several the first. NULL: none is nearer than NEAR_ENOUGH, or so near that less than
 * half of the word differs. Words that are NULL are passed over.
 */
const char *near_best(struct slice word, const char *const *words, size_t n);

#endif
