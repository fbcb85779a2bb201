/*
 * What an audit and the doctor tell, a line each for people, or one JSON object.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "ingest/audit.h"

#include "cli_priv.h"

struct findings {
    FILE  *to;      /* standard output; for JSON it is kept until all is known */
    bool   json, quiet; /* quiet: neither what is well nor notes */
    char  *text;
    size_t n_text;
    size_t n_lines;
};

/* ST_OK, ST_MEMORY. To be released by findings_end in either case. */
enum st findings_begin(struct findings *f, const struct options *o, struct err *err);
/* An audit_say. */
void findings_say(void *findings, const struct audit_line *line);
/* Not `whole`: an error is told elsewhere, and JSON is left out. */
void findings_end(struct findings *f, uint64_t n_findings, bool whole);

int cli_audit(const struct options *o);
int cli_doctor(const struct options *o);

#endif
