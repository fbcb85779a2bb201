/*
 * What datasets share: checking and encoding keys, and clients by way of the picker's memory.
 */
#ifndef INGEST_DATASET_PRIV_H
#define INGEST_DATASET_PRIV_H

#include "ingest/base.h"
#include "ingest/dataset.h"

#define DATASET(name) extern const struct dataset dataset_##name;
#include "datasets.def"
#undef DATASET
extern const struct dataset dataset_stats_auth; /* a variant, and so on no list */

/*
 * Are these texts, one for each text column of `d` in their order, fit to be a key? KEEP,
 * REJECT_ENCODING, REJECT_KEY_TOO_LONG (more code points than a column takes, or more bytes than
 * KEY_BYTES_MAX together). A NULL (p) is fit.
 */
enum reason key_check(const struct dataset *d, const struct slice *texts);

/* Sets hit->client and hit->has_client. */
void picker_client(struct picker *p, const struct record *rec, struct hit *hit);

/*
 * The client of a request that `peer` sent, as the rule's trusted proxies have it: the last address of `forwarded`
 * (X-Forwarded-For) that is no trusted proxy. The peer itself where it is none, or where the list ends or holds no address.
 */
struct slice client_behind(const struct client_rule *rule, struct slice peer, struct slice forwarded);

/* ---- key files ---- */

/* All of a file's text. ST_USAGE as client_key_read; `key` is all 0 then. */
enum st client_key_parse(struct client_key *key, struct slice text, const char *path,
                         struct err *err);
/* An open file. *text gets what was read, for the caller to wipe and free; NULL: nobody wants it. ST_USAGE, ST_MEMORY. */
enum st client_key_read_file(struct client_key *key, int fd, const char *path, char **text,
                             size_t *n_text, struct err *err);
/* Takes the next line off a text, without its end. False: there is none. */
bool client_key_next_line(struct slice *text, struct slice *line);
bool client_key_line_is_empty(struct slice line); /* blank, or a comment */

#endif
