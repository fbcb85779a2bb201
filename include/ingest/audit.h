/*
 * Do the books balance, and is everything in order that they rest on? For `ingest status --audit` and `--doctor`: both only
 * read, and tell what they find one thing at a time.
 */
#ifndef INGEST_AUDIT_H
#define INGEST_AUDIT_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

enum audit_word {
    AUDIT_OK,      /* looked at, and as it should be */
    AUDIT_NOTE,    /* worth knowing; nothing is wrong */
    AUDIT_FINDING, /* not as it should be */
};

/*
 * One thing. All texts live until the call returns; any but `check` and `what` may be NULL. Keys, names of nodes and of tables
 * are a stranger's: whoever prints them escapes them.
 */
struct audit_line {
    enum audit_word word;
    const char *check;  /* "balance", "totals", "values", "sketches", "ledger"; of the doctor "server", "hll", "rights", ... */
    const char *table;  /* schema.table */
    const char *month;  /* "2024-01" */
    const char *node;   /* its name, or its id where the names cannot be read */
    const char *key;    /* which row or rows */
    const char *ours;   /* what the ledger says, */
    const char *theirs; /* and what is found: decimal numbers */
    const char *what;   /* a clause */
    const char *why;    /* what may explain it, or what to do */
    int64_t     more;   /* so many of the same kind are not told one by one */
};
typedef void audit_say(void *ctx, const struct audit_line *line);

/*
 * The audit, in one REPEATABLE READ transaction that writes nothing: the ledger against the tables by month (and node), the ledger in
 * itself, totals against versions, values that cannot be, sketches. *n_findings counts every row that is not as it should be.
 *
 * ST_OK      all of it was looked at, whatever was found
 * ST_DB      no ledger; a right is missing (err->hint: the GRANT); a table is not what it was when it was fed
 * ST_DB_RETRY, ST_MEMORY
 */
enum st audit_run(struct pg *pg, audit_say *say, void *ctx, uint64_t *n_findings, struct err *err);

/* ---- the doctor ---- */

/*
 * Is the server one that what is counted can be trusted to, and may this role do what counting takes? Its version, settings and those of the
 * role and the database, encoding, hll, migrations, rights, clock, disk, what is in between. Nothing is written; a standby is looked at, too.
 *
 * ST_OK      all of it was looked at
 * ST_DB, ST_DB_RETRY   it could not be looked at to the end; what was told stays true
 * ST_MEMORY
 */
enum st doctor_server(struct pg *pg, audit_say *say, void *ctx, uint64_t *n_findings, struct err *err);

/* This host: machine-id, limits, room for temporary files (`tmpdir`; NULL: as runs find it). */
void doctor_host(const char *tmpdir, audit_say *say, void *ctx, uint64_t *n_findings);

#endif
