/*
 * Tokens, by which nodes are known: EIDA's table `tokens` beside `nodes`, along the search path. Ours keeps the SHA-256 of a token
 * (`digest`), a live one the token itself (`value`): either is found by the digest, so the token never leaves this host.
 */
#ifndef INGEST_TOKEN_H
#define INGEST_TOKEN_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

#define NODE_NAME_MAX 256 /* with its NUL */
#define TOKEN_MAX     256 /* with its NUL */

struct token_node {
    int32_t id;
    char    name[NODE_NAME_MAX];
};

/*
 * Whose token is it? One statement, for inside the merging transaction as for before it: valid is what now() lies in, from valid_from to
 * valid_until inclusive. `node` NULL: of any node; else the name that the caller says it has.
 * ST_OK; ST_DB: unknown, expired, revoked, not valid yet, valid for two nodes, no table, no right; ST_DB_RETRY; ST_USAGE: it belongs to
 * another node than `node`. No message holds the token.
 */
enum st token_check(struct pg *pg, const char *token, const char *node, struct token_node *out, struct err *err);

#endif
