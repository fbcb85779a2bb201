/*
 * How far two short words are from one another: for "did you mean".
 */
#ifndef INGEST_NEAR_H
#define INGEST_NEAR_H

#include "ingest/slice.h"

#define NEAR_BYTES_MAX 63
#define NEAR_ENOUGH    3 /* words that differ by this much or more are not meant */

/* Bytes to insert, delete or replace to make `b` of `a` (V. I. Levenshtein); SIZE_MAX if one is longer than NEAR_BYTES_MAX. */
size_t near_distance(struct slice a, struct slice b);

#endif
