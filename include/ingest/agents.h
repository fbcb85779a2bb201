/*
 * Who asks, by the user agent: the classes of rule_pack.h, told apart by patterns. A few come with the program; files may
 * bring thousands. docs/AGENTS.md says how patterns are written.
 */
#ifndef INGEST_AGENTS_H
#define INGEST_AGENTS_H

#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/rule_pack.h"
#include "ingest/slice.h"

#define AGENT_BYTES_MAX 1024 /* of a user agent that are looked at */

struct agents; /* compiled patterns of all classes, and a memory of what they said; threads may share it */

/*
 * Compiles the built-in patterns and those of `files` (by class, NULL: none; the whole of it NULL: none at all). A file
 * holds one pattern a line, or is a JSON array of objects with a "pattern", as the list `crawler-user-agents` has it.
 *
 * ST_USAGE: a file that cannot be read, or a pattern that is malformed, of a kind that is not known, or fits everything:
 * err->path, err->line_no (of a line) and err->cause (which byte of it) say where. ST_MEMORY.
 */
enum st agents_new(struct agents **out, const char *const files[AGENT_CLASSES_N], struct err *err);
void    agents_free(struct agents *agents);

/* The class of a user agent as logged. Absent, empty or "-": unknown. */
enum agent_class agents_class(const struct agents *agents, struct slice agent);

/* The same, and which pattern decided. */
struct agent_finding {
    enum agent_class class;
    const char *pattern; /* as written; run; NULL: none fits */
    const char *file;    /* where it stands; run; NULL: it is built in */
    uint64_t    line_no; /* in a file of lines, from 1; in a JSON array the number of the element */
};
void agents_find(const struct agents *agents, struct slice agent, struct agent_finding *out);

/* Differs when the patterns do, built-in ones included: part of what the rules' fingerprint is made of. */
struct digest agents_id(const struct agents *agents);

#endif
