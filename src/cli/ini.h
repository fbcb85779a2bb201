/*
 * The syntax of the configuration file; what its sections and keys mean is config*.c's.
 *
 *   [KIND]  or  [KIND NAME]     a section; NAME is what stands up to the bracket
 *   KEY = VALUE                 the value goes to the end of its line, blanks around it do not belong to it
 *   KEY = 'VALUE'               the same, with everything between the quotes
 *   # ...   ; ...               a comment, on a line of its own; behind a value ` ;` starts one
 *
 * Blanks before a line mean nothing. There is no continuation and no escape: a log format stands here as it stands in the
 * server's own configuration. Lines may be long: log formats are.
 */
#ifndef INI_H
#define INI_H

#include "ingest/arena.h"
#include "ingest/base.h"
#include "ingest/err.h"

#define INI_BYTES_MAX (1u << 20)

/* All texts live as long as the arena. */
struct ini_entry {
    const char *kind, *name; /* of the section; name "" where it has none */
    const char *key, *value; /* key NULL: the section begins */
    uint64_t    line_no;
};

typedef enum st ini_taker(void *ctx, const struct ini_entry *entry, struct err *err);

/*
 * Reads the file and gives its sections and keys to `take`, in order. ST_OK; ST_USAGE with path and line: not readable, too
 * large, malformed; what `take` gives, with path and line set where it left them open. ST_EOF: there is no file that
 * we may read, and `must` is false.
 */
enum st ini_read(const char *path, bool must, struct arena *arena, ini_taker *take, void *ctx, struct err *err);

/*
 * The same to its end: each ST_USAGE of a line, path and line_no set, goes to `problem` instead. Keys behind a section that cannot be
 * read are left out. What ends it all the same: the file, memory.
 */
typedef void ini_problem(void *ctx, const struct err *err);
enum st ini_read_all(const char *path, bool must, struct arena *arena, ini_taker *take, ini_problem *problem, void *ctx,
                     struct err *err);

#endif
