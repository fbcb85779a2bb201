/*
 * Inputs that were refused before, and those that are refused now.
 */
#ifndef REFUSED_H
#define REFUSED_H

#include "pipeline_priv.h"

enum st refused_init(struct run *run, struct err *err);
/* Refuses again, or skips, what is as it was when it was refused, by its times; tells it. */
enum st refused_find_files(struct run *run, struct err *err);
/* Looks for refusals of these sizes, for refused_has_size and refused_by_bytes. */
enum st refused_find_sizes(struct run *run, const int64_t *sizes, size_t n, struct err *err);
bool    refused_has_size(const struct run *run, int64_t size);
/* By the bytes as stored. ST_OK: it was refused or accepted before, the item is done. ST_EOF: it was not. */
enum st refused_by_bytes(struct run *run, struct item *item, const struct digest *stored, struct err *err);
/* Makes ready what the ledger is to remember of an input that has just been refused. `stored` NULL: read the file for it. ST_OK, ST_MEMORY. */
enum st refused_note(struct run *run, struct item *item, const struct err *why, const struct digest *stored, struct err *err);
/* Once the batch stands, outside its transaction. */
void    refused_remember(struct run *run);
/* Adds since when. */
void    refused_tell(const struct refused *before, struct err *err);

#endif
