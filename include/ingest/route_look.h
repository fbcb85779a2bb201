/*
 * The routes of a set of rules one by one, for people who ask why a path is a download or not. Counting asks rules_match.
 */
#ifndef INGEST_ROUTE_LOOK_H
#define INGEST_ROUTE_LOOK_H

#include "ingest/rules.h"

struct route_view {
    struct slice text;      /* the template, or the name of a matcher; run */
    const char  *ecosystem; /* run */
};

/* The route that is tried as number `i`, from 0; false behind the last one. */
bool route_view_at(const struct rules *rules, size_t i, struct route_view *out);

/* NULL with *out set: route `i` takes the path, which is as rules_match wants it. Else why not, one clause. */
const char *route_view_try(const struct rules *rules, size_t i, struct slice path, char *room, struct route_match *out);

#endif
