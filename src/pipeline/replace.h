/*
 * --replace: all inputs are one batch, and what it overwrites leaves the books. All of it does nothing in other runs.
 */
#ifndef REPLACE_H
#define REPLACE_H

#include "pipeline_priv.h"

/* ST_OK; ST_USAGE: standard input is one of several, or the rules want a stream. */
enum st replace_init(struct run *run, struct err *err);
/* ST_USAGE: it is none whose rows can be replaced. */
enum st replace_check_dataset(const struct run *run, const struct dataset *dataset, struct err *err);
/* All was read: ST_OK; ST_CORRUPT: some input was refused, and so nothing is replaced; ST_STOPPED. */
enum st replace_check(struct run *run, struct err *err);
/* In the transaction, before the ledger's days. */
enum st replace_displace(struct run *run, struct err *err);
/* And behind them: what stood there before has other rows now. */
enum st replace_restate(struct run *run, struct err *err);

#endif
