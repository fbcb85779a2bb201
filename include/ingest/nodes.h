/*
 * Who may submit: EIDA's tables `nodes` and `tokens`, along the search path, ours or those of a live system, looked after by its
 * administrator. Each call is a transaction of its own and none may be open.
 * All give ST_OK; ST_USAGE: what was asked cannot be (err->cause says why); ST_DB, ST_DB_RETRY; ST_MEMORY.
 */
#ifndef INGEST_NODES_H
#define INGEST_NODES_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

/* ---- nodes ---- */

/* A name is text of 1..255 bytes without control characters; EIDA's own table lets two nodes have one, these do not. `contact` may be NULL. */
enum st nodes_add(struct pg *pg, const char *name, const char *contact, int32_t *id, struct err *err);
/* NULL: stays as it is. */
enum st nodes_update(struct pg *pg, const char *name, const char *new_name, const char *contact, struct err *err);
/* Refused while statistics, payloads, networks, the ledger or a valid token refer to it. Tokens that are not valid any more go with it. */
enum st nodes_remove(struct pg *pg, const char *name, struct err *err);

/* By name, with the number of valid tokens; times as 2024-01-31T10:00:00Z. The caller frees them. */
enum nodes_column { NODES_ID, NODES_NAME, NODES_CONTACT, NODES_CREATED, NODES_TOKENS };
enum st nodes_list(struct pg *pg, struct pg_result **out, struct err *err);

/* ---- tokens ---- */

#define TOKEN_CHARS 22

struct token_new {
    int32_t id;
    char    token[TOKEN_CHARS + 1]; /* letters and digits, from the system's random numbers */
    bool    in_clear;               /* EIDA's own table keeps the token itself, ours its SHA-256 */
};

/* `from`, `until`: days as YYYY-MM-DD, their 00:00 UTC; NULL: now, and 2050-06-06 as EIDA has it. */
enum st tokens_add(struct pg *pg, const char *node, const char *from, const char *until, struct token_new *out, struct err *err);
/* Valid until now, and no longer. */
enum st tokens_revoke(struct pg *pg, int32_t id, struct err *err);

/* By node and id; `node` NULL: of all. Neither token nor digest is read. TOKENS_STATE: "valid", "expired", "not yet". */
enum tokens_column { TOKENS_ID, TOKENS_NODE, TOKENS_FROM, TOKENS_UNTIL, TOKENS_STATE, TOKENS_CREATED };
enum st tokens_list(struct pg *pg, const char *node, struct pg_result **out, struct err *err);

#endif
