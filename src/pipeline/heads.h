/*
 * How payloads begin: which of them may be parts of which.
 */
#ifndef HEADS_H
#define HEADS_H

#include "ingest/ledger.h"

/* How a payload begins: its own head, or one that was looked for in it. */
struct head {
    struct ledger_key key;
    struct digest     digest;
    uint64_t          length, lines_counted; /* of the payload */
    uint32_t          at;  /* place of its input on the command line */
    bool              own;
};

struct head_list {
    struct head *at;
    size_t       n, cap;
};

enum st heads_add(struct head_list *h, const struct head *head, struct err *err); /* ST_OK, ST_MEMORY */
void    heads_sort(struct head_list *h);
/* Sorted: how many from this one on have its scope, dataset and digest. Own ones come first, by their length. */
size_t  heads_group(const struct head_list *h, size_t from);
/* The own ones of a batch, sorted into those of the batches before. ST_OK, ST_MEMORY. */
enum st heads_join(struct head_list *into, const struct head_list *from, struct err *err);
/* Sorted: the group of this head; *n 0: there is none. */
const struct head *heads_find(const struct head_list *h, const struct ledger_key *key, const struct digest *digest, size_t *n);
void    heads_release(struct head_list *h);

#endif
