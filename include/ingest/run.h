/*
 * The belt: inputs in, committed rows out. The only room that knows all the others; cli/ starts it.
 */
#ifndef INGEST_RUN_H
#define INGEST_RUN_H

#include <signal.h>

#include "ingest/base.h"
#include "ingest/dataset.h"
#include "ingest/err.h"
#include "ingest/format.h"
#include "ingest/input.h"
#include "ingest/rejects.h"
#include "ingest/rules.h"
#include "ingest/sink.h"
#include "ingest/summary.h"

struct pg;

enum run_sink {
    RUN_TO_DATABASE,
    RUN_DRY,     /* everything but the writing */
    RUN_TO_TEXT, /* rows as JSON lines to `out` */
    RUN_TO_EIDA, /* what EIDA's aggregator would send, a file in `eida_dir` */
    RUN_RECOUNT, /* rows of the days rules->since to rules->until take the place of those of the database's tables; the ledger is asked at the end */
    RUN_RETRACT, /* `retracting`: its payloads are taken out by their hits, or come again */
    RUN_VERIFY,  /* rows are compared with those of the database's tables; the ledger is not asked: every input counts */
};

/* What a recount has done to a table. */
struct recounted {
    int64_t payloads;      /* whose days were counted again */
    int64_t before, after; /* rows of these days */
};

/* What one input, taken by itself, adds to the row that is asked about; all of it lives until the callback returns. */
struct payload;
struct row;
struct part {
    size_t                at;      /* which of the inputs */
    const struct payload *payload; /* its identity, and its days under the rules of this run (ledger.h) */
    const struct row     *row;     /* NULL: nothing */
};

/* Payloads that are taken out, or come again (retract.h). RUN_RECOUNT and RUN_VERIFY: they go, and the inputs are all others of the days. */
struct retractable;
struct retracting {
    bool                      back; /* they come again */
    bool                      show; /* nothing is written: of each row what is taken off, or added, and what the table has go to `differs` */
    const struct retractable *of;
    size_t                    n;
};

/* What a retraction has done to a table. */
struct retracted {
    int64_t payloads;      /* beginnings of others too */
    int64_t hits;          /* that do not count any more, or count again */
    int64_t changed, gone; /* rows; of what comes again `gone` is new. Of those changed the clients are an upper bound */
};

/*
 * --shadow: of a name and day, what the run's rules have counted now, and what the second ones would have; of all versions. Only what differs is
 * told, sorted by name and day. The name lives until the call returns.
 */
struct shadow_row {
    struct slice name;
    int32_t      day;
    int64_t      counted, shadow;
};
struct shadow_total {
    uint64_t records;         /* of all inputs that count, but for what was counted before */
    int64_t  counted, shadow;
    uint64_t names, rows;     /* that differ; a row is a name on a day */
};

/* For a progress line; read while the run goes on. */
struct run_progress {
    uint64_t stored_bytes, stored_total; /* of files that are neither known nor skipped; total 0: not known (standard input) */
    uint64_t decoded_bytes, lines;
    size_t   inputs_done, inputs;
    double   seconds;
    bool     writing; /* the batch is read, and on its way into the database */
    double   writing_seconds;
    int64_t  rows_sent; /* of the table that is being written; 0: other things are done, or waited for */
};

struct run_config {
    enum run_sink         sink;
    bool                  use_database;      /* always for RUN_TO_DATABASE and RUN_VERIFY; RUN_DRY: read the ledger */
    const char           *conninfo;          /* NULL: libpq's environment */
    FILE                 *out;               /* RUN_TO_TEXT */
    const char           *eida_dir;          /* RUN_TO_EIDA */
    const struct format  *format;            /* NULL: sniff */
    const struct format_options *format_options; /* NULL: nothing is said */
    const struct dataset *dataset;           /* NULL: what the format says */
    const struct rules   *rules;
    const struct rules   *shadow;            /* a second set: what it would count is compared, and not written; NULL: none */
    bool                  rules_named;       /* --rules was said: it may contradict the database */
    const char           *node;              /* NULL: local */
    const char           *token;             /* says who submits, instead of `node`; a secret; NULL: none */
    const struct networks *networks;         /* temporary networks by their code and time; NULL: codes stand as they are */
    bool                  replace;           /* overwrite the rows of the same keys; known payloads are counted again */
    bool                  adopts;            /* RUN_TO_DATABASE, RUN_DRY: what counts of the days before adopt_until was counted elsewhere */
    int32_t               adopt_until;       /* INT32_MAX: all days */
    bool                  partial;           /* RUN_RECOUNT: payloads of these days may be missing, and no longer count */
    const char           *source;            /* the [source] that named the inputs; NULL */
    int64_t               settle_s, expected_s; /* what the configuration says of its time (standing.h); 0: nothing */
    bool                  client_key_none;
    const char           *client_key;        /* file; may be missing */
    size_t                memory_bytes;
    int                   jobs;
    bool                  recheck;           /* do not trust device, inode and times */
    bool                  salvage;           /* of an input that is cut short, count the whole lines before the cut */
    bool                  distinct;          /* count an input though it is the beginning of a longer one that was counted */
    bool                  require_integrity; /* refuse containers without a checksum */
    struct rejects       *rejects;           /* where rejected lines go; borrowed; NULL: nowhere */
    struct buf           *done;              /* gets the names, each with its NUL, of inputs that may be deleted; NULL: nobody asks */
    int                   max_reject_percent; /* an input with more of its lines rejected is refused; 100: never */
    const volatile sig_atomic_t *signals;    /* how many have come; may be NULL */
    int64_t               deadline_us;       /* by clock_monotonic_us(): from then on no input is begun; 0: there is none */
    int64_t               lock_wait_us;      /* how long one lock of another session is waited for; 0: 60 s, and then again */

    /* Called from one thread at a time. All may be NULL. */
    void (*refused)(void *ctx, const struct err *err);      /* an input, once */
    void (*choice)(void *ctx, const char *line);            /* what was chosen for an input, for -v */
    void (*progress)(void *ctx, const struct run_progress *p); /* five times a second, also while the database is waited for */
    /* An input, once, when its batch is committed: refused, or else in the database, now or before, or passed over on purpose. */
    void (*settled)(void *ctx, const struct source *source, bool refused);
    /* RUN_VERIFY, of the days rules->since to rules->until: a row that is not the same on both sides, and at the end of each table how many. */
    sink_differs *differs;
    void (*compared)(void *ctx, const struct target *t, const struct compared *c);
    /*
     * RUN_VERIFY, instead of comparing: each input that counts, once it is read, for the row of this key of config->dataset. An input
     * that has to be read again is told again: what counts is the last time. What it gives but ST_OK ends the run.
     */
    enum st (*part)(void *ctx, const struct part *part, struct err *err);
    struct slice part_key;
    /* RUN_RECOUNT, once it is committed: each table. */
    void (*recounted)(void *ctx, const struct target *t, const struct recounted *r);
    const struct retracting *retracting; /* RUN_RETRACT, RUN_RECOUNT, RUN_VERIFY; NULL: nothing is */
    void (*retracted)(void *ctx, const struct target *t, const struct retracted *r);
    /* With `adopts`, once a batch is committed: the table has no row of so many days that were adopted, the first of them `day`. */
    void (*adopted_nothing)(void *ctx, const struct target *t, int32_t day, size_t n);
    /* With `shadow`, at the end. What shadow_differs gives but ST_OK ends it. */
    enum st (*shadow_differs)(void *ctx, const struct shadow_row *row, struct err *err);
    void (*shadowed)(void *ctx, const struct shadow_total *total);
    void  *ctx;
    /* It is connected (`pg` NULL: there is no database), and nothing of an input has been read. What it gives but ST_OK ends the run. */
    enum st (*connected)(void *ctx, const struct pg *pg, struct err *err);
    /* The exit status of a run that ends so, for the ledger's notes of runs; NULL: it is not noted. */
    int (*verdict)(void *ctx, enum st rc, const struct summary *s);
};

/*
 * Counts all inputs. ST_OK also when inputs were refused (summary->files.refused). Else the failure that stopped the run: ST_USAGE,
 * ST_DB, ST_MEMORY, ST_DISK, ST_BUG, ST_STOPPED, ST_LATER; what was committed before stands in *summary. RUN_RECOUNT, RUN_RETRACT: ST_EOF, nothing
 * was changed, as what was to be corrected changed meanwhile: find it, and run, again.
 */
enum st run(const struct run_config *config, struct source_list *inputs, struct summary *summary, struct err *err);

/* The fingerprint under which a run would count into a dataset. ST_OK, ST_USAGE, ST_MEMORY. */
enum st run_rules_id(const struct run_config *config, const struct dataset *dataset, struct digest *out, struct err *err);

#endif
