/*
 * Inside ledger/: digests as parameters and back.
 */
#ifndef LEDGER_PRIV_H
#define LEDGER_PRIV_H

#include "ingest/ledger.h"

/* "\x" + hex + NUL, as a text parameter of type bytea. */
struct bytea_text {
    char text[2 * SETTING_MAX + 3];
};
const char *bytea_text(struct bytea_text *t, const void *bytes, size_t n);

/* Reads payload, rules_id and dataset from three columns of a row. */
void known_from_row(const struct pg_result *r, size_t row, size_t col, struct known *out);

#endif
