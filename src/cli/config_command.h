/*
 * What the two files of `ingest config` share.
 */
#ifndef CONFIG_COMMAND_H
#define CONFIG_COMMAND_H

#include "cli_priv.h"

/* ST_USAGE: there are words behind the command. */
enum st config_check_words(const struct options *o, struct err *err);
/* The line of [ingest] whose value of the option holds: the last one that says it; of those that add up, the nth. 0: none. */
uint64_t config_line_of(const struct config *config, enum option_id id, size_t nth);

#endif
