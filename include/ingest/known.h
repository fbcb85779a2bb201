/*
 * Questions to the ledger about files, and what is said to it, without counting anything.
 */
#ifndef INGEST_KNOWN_H
#define INGEST_KNOWN_H

#include "ingest/run.h"

/*
 * Is the content of all inputs in the ledger, whole, under whatever rules? Of the configuration are used: conninfo, dataset and
 * node (NULL: any), recheck, require_integrity, memory_bytes, signals, `refused`, ctx. `answer` is told of each input, once, in
 * their order, and `choice`, unless it is NULL, at the end of those that others have counted (ingest adopt), a line each. An input that cannot be read is told to `refused` and is not known. ST_OK: all were asked about; ST_USAGE,
 * ST_DB, ST_MEMORY, ST_STOPPED.
 */
enum known_word {
    KNOWN_NO,
    KNOWN_YES,
    KNOWN_TROUBLE, /* it cannot be read, which `refused` has been told */
};
typedef void known_answer(void *ctx, const struct source *source, enum known_word word);
enum st known_ask(const struct run_config *config, const struct source_list *inputs, known_answer *answer, struct err *err);

/*
 * Accepts refused inputs, by their bytes as stored. `answer` is told of each whether it was among the refused ones; of files
 * that a walk found only if it was. Else as known_ask.
 */
enum st known_accept(const struct run_config *config, const struct source_list *inputs, known_answer *answer, struct err *err);

#endif
