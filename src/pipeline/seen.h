/*
 * A set of payloads.
 */
#ifndef SEEN_H
#define SEEN_H

#include "ingest/ledger.h"

/* Payloads that were accepted: two equal inputs in one call are one payload. */
struct seen {
    struct ledger_key *slots; /* dataset NULL: free */
    size_t             n, cap;
};

/* ST_OK: in the set now, or before. ST_MEMORY. */
enum st seen_add(struct seen *s, const struct ledger_key *key, struct err *err);
bool    seen_has(const struct seen *s, const struct ledger_key *key);
enum st seen_join(struct seen *into, const struct seen *from, struct err *err);
void    seen_reset(struct seen *s);
void    seen_release(struct seen *s);

#endif
