/*
 * Inside pipeline/: one run, its batches, its workers.
 *
 *   run.c      opens everything, cuts the inputs into batches, turns the crank
 *   crew.c     all workers at once, in threads
 *   worker.c   one of them: takes inputs, counts each
 *   choose.c   which format an input has, which dataset it feeds
 *   pass.c     the crank of one input: lines, records, hits, rollup, and the books of it
 *   glance.c   what is known of the inputs before they are opened
 *   batch.c    which inputs a batch has, and what became of each
 *   accept.c   which of them count: known ones dropped, good ones absorbed
 *   cover.c    which bytes of an input were counted before; grown.c what follows from that; heads.c how inputs begin
 *   ecosystem.c  a table that has none yet gets that of the first input of a batch
 *   needs.c    what a dataset needs of the rules and of a rollup
 *   tables.c   a dataset's table, node and ecosystem, looked up on first use
 *   epochs.c   under which keys its clients are hashed; keyed.c: and still are, while inputs are counted
 *   key.c      `ingest key`; key_list.c: what it shows
 *   catalogs.c what the paths of a table's hits are looked up in, read on first use
 *   parked.c   hits whose path no catalog knows yet; heal.c: those that it knows by now
 *   stream.c   for rules with a window or a union of ranges: the inputs in the order of their times
 *   eida.c     EIDA's own table of payloads: asked beside the ledger, and written with it
 *   shadow.c   what a second rule pack would count of the same lines
 *   annotate.c a change of rules is noted where it shows; announce.c: what was committed is told to whoever listens
 *   adopt.c    `ingest adopt`: what others have counted is claimed, and not added again
 *   recount.c  `ingest recount`: rows of some days are made anew
 *   retract.c  `ingest retract`: payloads are taken out, or come again; retract_find.c: which; left_out.c: what stays out
 *   verify.c   `ingest verify`: rows are compared with those of the tables
 *   part.c     how much of one row each input has
 *   replace.c  --replace: all inputs are one batch, and what it overwrites leaves the books
 *   rejects.c  rejected lines: are they too many, and what they are; reject_line.c one of them, reject_file.c their file
 *   known.c    `ingest known` and `ingest accept`
 *   done.c     which inputs may be deleted
 *   refused.c  what was refused before, and what is refused now
 *   holder.c   who holds a lock that was waited for in vain
 *   commit.c   the one transaction of a batch; commit_text.c: rows that go elsewhere
 *   look.c     single lines on the same way, for `ingest explain`
 *   note.c     a run is noted in the ledger; peak.c: how much memory it took
 *   days.c     what an input holds by day; seen.c: a set of payload hashes
 *
 * Here stands what most of them share. A subject that few of them know has a header of its own:
 *   belt.h     choose.c, needs.c: what library/ needs, too; so do days.h and seen.h
 *   pass.h, rejects.h, heads.h, grown.h (cover.c, grown.c), refused.h
 *   catalogs.h (catalogs.c, parked.c, heal.c), epochs.h (epochs.c, keyed.c), stream.h, eida.h, shadow.h
 *   adopt.h, recount.h, retract.h (retract.c, left_out.c), verify.h, replace.h
 *   commit.h   commit.c, commit_text.c, announce.c, annotate.c
 */
#ifndef PIPELINE_PRIV_H
#define PIPELINE_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "ingest/clock.h"
#include "ingest/ledger.h"
#include "ingest/lines.h"
#include "ingest/rollup.h"
#include "ingest/run.h"
#include "ingest/sent.h"
#include "ingest/sink.h"

#include "belt.h"
#include "days.h"
#include "heads.h"
#include "seen.h"

#define PARKED           DATASETS_MAX /* behind the rollups of the datasets stands that of hits which wait for a catalog */
#define SHADOW           (DATASETS_MAX + 1) /* and behind it that of what a second rule pack would count */
#define ROLLUPS_MAX      (DATASETS_MAX + 2)
#define ECOSYSTEMS_MAX   32
#define PENDING_MAX      64   /* inputs counted and waiting for the ledger's word: one question for all of them */
#define BATCH_INPUTS_MAX 4096
#define BATCH_BYTES_MAX  (UINT64_C(1) << 30)

/* ---- items and batches ---- */

/* What of an input was counted before. */
struct covered {
    uint64_t n;        /* its first bytes */
    bool     all;
    bool     half;     /* behind them stands half a line that was counted as a whole one */
    bool     is_older; /* behind them it goes on as a payload of the ledger that is longer */
    char     counted[20]; /* when that one was */
    int64_t  extends;  /* the longest payload that it begins with; 0: none, or not in the ledger */
    struct looked *looked; /* what was looked up: the caller's */
    size_t   n_looked;
};

enum fate {
    FATE_TODO,
    FATE_COUNTED, /* absorbed into the batch */
    FATE_KNOWN,
    FATE_KNOWN_OTHERWISE,
    FATE_REFUSED,
    FATE_SKIPPED, /* left out on purpose, and no fault of it */
};

/* One input of the run. Small: there may be 100,000. */
struct item {
    struct source  *source;
    struct payload *payload;   /* while its batch lasts, when counted */
    struct err     *refusal;   /* when refused; freed once it has been told */
    int64_t         known_id;  /* when known */
    int32_t         out_since; /* then: the day on which it was retracted; 0: it counts */
    uint32_t        at;        /* place on the command line */
    int64_t         first_us;  /* in one stream: when its first event was */
    bool            fed;       /* in one stream: its lines have been compared with others' */
    bool            left_out;  /* in one stream: read, and not counted; its fate stays when the others are read again */
    uint8_t         fate;
    uint8_t         ecosystem; /* of its first hit, as a number in run->ecosystems; 0: none */
    uint8_t         shadow_ecosystem; /* the same of what the second rules would count */
    bool            partial;   /* salvaged, and counted */
    bool            adopted;   /* counted, but for days that were counted elsewhere */
    bool            grown;     /* counted, but for what was counted before */
    bool            alike;     /* something is known that begins like it: look at once */
    bool            same_file; /* something short is known that was seen in this very file */
    uint8_t         n_tries;   /* it was compared so often, and then the ledger had more */
    uint32_t        later;     /* so many others of the call that begin like it come first */
    const char     *longer;    /* path of another input of its batch that begins like it, and counts; NULL: there is none */
    uint64_t        skip_bytes; /* in one stream: were counted before, and tell only what the stream is to remember */
    struct covered *covered;   /* with that */
    bool            whole;     /* once it is counted or known: every byte of the file as it was listed is in the ledger */
    bool            see;       /* known by its bytes: write a sighting, so that the next run knows it by its times */
    struct sighting *sighting; /* for `see`; or of a refused one that the ledger is to remember */
    const char     *skipped;   /* why it is left out; NULL: nothing to say */
    const struct refused *before; /* it was refused then, perhaps accepted, and is as it was; borrowed until it is told */
};

/* What is known about a dataset's table, looked up on first use under run->lock. */
struct table {
    const struct dataset *dataset;
    const struct rules   *rules;     /* the run's, or for datasets without routes a plain set with the same dates */
    bool                  ready;
    struct target         target;    /* RUN_TO_DATABASE */
    struct sent_table     sent;      /* EIDA's table of payloads beside it */
    int32_t               node_id;   /* scope */
    char                  ecosystem[64]; /* "" while not fixed */
    bool                  fixed;     /* the ecosystem stands in the ledger or was said by --rules */
    struct rollup_shape   shape;
    const struct catalog *catalog;   /* what paths are looked up in; NULL: they tell by themselves, or there is none */
    int32_t               first_day, last_day; /* buckets of the batch */
    bool                  adopts;    /* the batch adopts days of it */
    int32_t               empty_day; /* of which it has no row: the first, */
    size_t                n_empty;   /* and how many; 0: none */
    int64_t               sums[SUMS_MAX];      /* of all accepted inputs of the batch */
};

/* Rejected lines of an input, in the spool of the worker that read it. */
struct reject_range {
    struct worker *w;
    uint32_t       at; /* the item's place */
    uint64_t       from, n;
};

/* What the accepted inputs of a batch add up to. */
struct batch {
    struct item   **items;   /* taken so far */
    size_t          n_items;
    struct payload **claims; /* of counted items, RUN_TO_DATABASE only */
    size_t          n_claims;
    struct seen     seen;
    struct head_list    heads;   /* of all that count */
    struct tally    lines, records;
    uint64_t        decoded, stored, unterminated;
    struct summary  days;    /* tables' days; its other members are unused */
    int64_t         parked[DATASETS_MAX]; /* hits that the transaction has parked, by table */
    struct reject_range *reject_ranges; /* of what was counted, or refused for them */
    size_t          n_reject_ranges;
    bool            closed;  /* take no more inputs */
    bool            again;   /* must be read again: an ecosystem was not what its readers took it for */
};

struct run;

/* One input that was read to its good end and waits for the ledger's word. */
struct pending {
    struct item          *item;
    struct table         *table;
    struct rollup        *rollups[ROLLUPS_MAX]; /* one a dataset, made on first use */
    struct payload       *payload;
    size_t                bytes; /* that the rollup and the list of days hold */
    bool                  may_grow;    /* what begins like it may be a part of it: no document */
    bool                  is_compared; /* with what begins like it */
    bool                  before;      /* what comes was counted before */
    struct cover         *cover;       /* while it is read; NULL: it is not compared */
    struct covered        covered;     /* once it was read */
    struct err           *mistaken; /* refused for its rejected lines, unless the ledger knows it; NULL: it is not */
    uint64_t              rejects_from, rejects_to; /* in the worker's spool */
    uint64_t              stored, unterminated;
};

/* Bytes that wait: in a file without a name, the last of them in memory. */
struct spool {
    int        fd; /* -1: none yet */
    uint64_t   n_file;
    struct buf buf;
};

struct worker {
    struct run    *run;
    struct spool   spool; /* rejected lines of the batch's inputs */
    pthread_t      thread;
    void         (*work)(struct worker *w); /* what the thread does */
    struct lines  *lines;
    struct rollup *batch[ROLLUPS_MAX]; /* what this worker adds to the batch */
    struct rollup *all[ROLLUPS_MAX];    /* where all batches are written at once: what it added to those before; NULL: nothing */
    struct picker  pickers[DATASETS_MAX];
    bool           picker_ready[DATASETS_MAX];
    struct pending pending[PENDING_MAX];
    size_t         n_pending;
    size_t         pending_bytes; /* held by the rollups of all pending inputs */
    struct shadow_reader *shadow; /* made on first use; NULL: there is no second rule pack */
    struct days    days;
    struct record  records[RECORDS_MAX];
    struct hit     hits[RECORDS_MAX];     /* of these records, with their keys in `keys` */
    char           keys[32 * 1024];
    size_t         n_keys;                /* bytes of `keys` in use */
    uint64_t       item_stored;           /* bytes of the input that is being read, as progress has them */
    struct {
        int64_t decode, parse, rollup;
    } us;
};

/* `ingest recount`: what was read, until all of it is written at once. */
struct recounting {
    struct payload **payloads; /* sorted by hash at the end */
    struct item    **items;    /* their inputs, as they were read */
    size_t           n;
    struct summary   days;     /* of the tables that change; its other members are unused */
    struct payload  *out;      /* `ingest retract`: those that go, with nothing but their ids */
    bool             unknown;  /* a COMMIT had no answer */
};

struct stream;

struct run {
    const struct run_config *config;
    struct stream  *stream;      /* the rules want one; NULL: they do not */
    struct pg      *pg;
    struct ledger   ledger;      /* its secret is a throw-away one without a database */
    struct ledger_scope scope;
    struct rules    plain_rules;
    struct client_key clients;
    bool            clients_ready;
    struct decoder_room room;
    struct input_options input_options;
    struct table    tables[DATASETS_MAX];
    size_t          n_tables;
    struct catalog *catalogs[CATALOG_KINDS]; /* NULL: not read */
    char            shadow_ecosystem[64]; /* that the second rules would count; "" while not fixed */
    bool            may_park;    /* some of --memory is kept for what waits for a catalog */
    char            ecosystems[ECOSYSTEMS_MAX][64]; /* [0] is none */
    size_t          n_ecosystems;
    struct item    *items;
    size_t          n_items;
    uint64_t        largest;     /* of the inputs, as stored; UINT64_MAX: that of standard input is not known */
    struct known_stored *stored; /* test 2's candidates for the batch, sorted by size */
    size_t          n_stored;
    struct reading  reading;     /* how inputs are read: a refusal holds for this way */
    struct refused *refused;     /* refusals that have the size of an input of the batch, sorted by size */
    size_t          n_refused;
    struct item   **todo;        /* the batch's window, in the order in which workers take them */
    size_t          n_todo, next_todo;
    size_t          todo_max;    /* inputs of a batch */
    struct batch    batch;
    struct seen     seen;        /* without a database: the payloads of the batches before */
    struct head_list    heads;       /* of those, sorted */
    struct worker  *workers;
    size_t          jobs;        /* at most so many workers, as --jobs and --memory say */
    size_t          n_workers, n_workers_max;
    pthread_mutex_t lock;        /* everything above that workers share, the connection included */
    pthread_cond_t  done;        /* a worker's thread has finished */
    size_t          n_running;   /* threads that have not */
    bool            failed;
    struct err      failure;     /* the first */
    struct summary *summary;
    int64_t         started_us, load_us;
    int64_t         writing_us;  /* since when commit_batch is at it; 0: it is not */
    const int64_t  *rows_sent;   /* of the table that it writes */
    _Atomic uint64_t progress_stored, progress_decoded, progress_lines;
    _Atomic size_t  progress_done;
    uint64_t        stored_before; /* of progress_stored and progress_done: when the batch began, which may be read again */
    size_t          done_before;
    uint64_t        stored_total;
    struct recounting recounting;
    int64_t        *apart;       /* payloads that the ledger's view shows apart */
    _Atomic size_t  held_bytes;  /* of the workers' batch rollups and the lists of days of the batch's payloads */
};

/*
 * --memory in ten shares for each worker. Three are for the input that is being read, one for all that are pending, and six for the
 * batch and, where those are kept, the batches before it; where all inputs are small two of the three go there as well. A third is
 * for what is parked, where that may be, and one for what a second rule pack would count.
 */
static inline size_t
run_share(const struct run *run)
{
    size_t memory_bytes = run->config->memory_bytes / (run->stream == NULL ? 1 : 2); /* half is the stream's */

    return memory_bytes / run->n_workers_max / 10;
}

/* For rows of hits, of three shares. Of a single input all have the same rows, which move from one to the next. */
static inline size_t
run_ceiling(const struct run *run)
{
    size_t others = (size_t)run->may_park + (run->config->shadow != NULL);

    return run_share(run) * (3 - others) * (run->n_items == 1 ? 3 : 1);
}

/* Logs inflate ten or twenty times, and added up they take less: one share is enough for any of these inputs. */
static inline bool
run_has_small_inputs(const struct run *run)
{
    return run->config->sink != RUN_TO_DATABASE && run->n_items > 1 && run->largest < run_share(run) / 16;
}

static inline size_t
run_input_ceiling(const struct run *run)
{
    return run_has_small_inputs(run) ? run_share(run) : run_ceiling(run);
}

/* Signals so far: one finishes the batch, two roll it back. */
static inline int
run_signals(const struct run *run)
{
    return run->config->signals == NULL ? 0 : (int)*run->config->signals;
}

/* Has the deadline come? */
static inline bool
run_is_late(const struct run *run)
{
    return run->config->deadline_us != 0 && clock_monotonic_us() >= run->config->deadline_us;
}

/* Is something written to the database? */
static inline bool
run_writes(const struct run *run)
{
    return run->config->sink == RUN_TO_DATABASE || run->config->sink == RUN_RECOUNT ||
           run->config->sink == RUN_RETRACT;
}

/* Are days of payloads that the ledger has written anew? Then all that is read is kept until the end. */
static inline bool
run_corrects(const struct run *run)
{
    return run->config->sink == RUN_RECOUNT || run->config->sink == RUN_RETRACT;
}

/* Is the ledger asked what was counted before? Who verifies or recounts wants every input counted again. */
static inline bool
run_asks_ledger(const struct run *run)
{
    return run->pg != NULL && run->config->sink != RUN_VERIFY && !run_corrects(run);
}

/* Are inputs compared with what the ledger's view shows? Of those who want all counted again it shows what was retracted. */
static inline bool
run_sees_ledger(const struct run *run)
{
    const struct ledger *l = &run->ledger;

    return run_asks_ledger(run) || run->config->sink == RUN_RETRACT ||
           (run->pg != NULL && l->view == LEDGER_OUT && (l->any_out || l->n_apart > 0));
}

/* Are all inputs of the run one batch, however many they are? */
static inline bool
run_is_one_batch(const struct run *run)
{
    return run->stream != NULL || run->config->replace;
}

/* run.c */
/* Keeps the first failure of the run. Takes the lock. */
void run_fail(struct run *run, const struct err *err);

/* Connects, opens the ledger, finds the node. ST_USAGE, ST_DB, ST_DB_RETRY; *pg is the caller's in either case. */
enum st ledger_enter(const struct run_config *c, enum pg_mode mode, struct pg **pg, struct ledger *l,
                     struct ledger_scope *scope, struct err *err);

/* A connection that is lost while inputs are read is made again: bounded, with growing pauses. */
#define RUN_TRIES_MAX 6
void    run_back_off(int attempt);
enum st run_reconnect(struct run *run, struct err *err);

/* A question to the ledger outside any transaction, asked again over a new connection if the old one is gone. */
#define RUN_TRY_AGAIN(run, question, err)                                                      \
    ({                                                                                         \
        enum st rc_ = (question);                                                              \
                                                                                               \
        for (int try_ = 0; try_ < RUN_TRIES_MAX && rc_ == ST_DB_RETRY; try_++) {               \
            if ((rc_ = run_reconnect(run, err)) != ST_OK)                                      \
                break; /* it has tried often enough itself */                                  \
            rc_ = (question);                                                                  \
        }                                                                                      \
        rc_;                                                                                   \
    })

/* An input that will not be read, as it is known or was refused before: how far the run is goes without it. */
void run_passes_over(struct run *run, const struct item *item);
void run_report_progress(struct run *run); /* to whoever wants to hear how far it is */

/* tables.c */
enum st tables_init(struct run *run, struct err *err);
void    tables_release(struct run *run);
/* Makes the table of `dataset` ready; takes the lock. ST_USAGE, ST_DB; ST_NO_TABLE: there is none, and nobody asked for it. */
enum st table_ready(struct run *run, const struct dataset *dataset, struct table **out, struct err *err);

/* "WHAT:SCHEMA.TABLE": where the ledger's settings keep what is known of a table. */
void    setting_key(char out[200], const char *what, const struct table *t);

/* crew.c */
/* As many workers as --jobs, --memory and the inputs allow, at least one. ST_OK, ST_MEMORY. */
enum st crew_init(struct run *run, struct err *err);
void    crew_release(struct run *run); /* also what a failed crew_init left */
/* They count the inputs of the batch: until it is closed, or run->failed. */
void    crew_count(struct run *run);
/* The batch stands: all keep what is to be kept of it, as worker_keep. ST_OK; else the failure of the run. */
enum st crew_keep(struct run *run, struct err *err);
void    crew_reset(struct run *run); /* they drop what they hold of the batch */

/* worker.c */
enum st worker_init(struct worker *w, struct run *run, struct err *err);
void    worker_release(struct worker *w);
void    worker_batch(struct worker *w); /* takes inputs until the batch is closed; failures go to run_fail */
void    worker_reset(struct worker *w); /* drops what it holds of the batch */
/* What it adds to the batch of a table's rows, made on first use. NULL: failure, in err. */
struct rollup *worker_batch_rollup(struct worker *w, const struct table *t, struct err *err);
/* The batch stands: what is written at the end of the run, or told, is kept for it. */
enum st worker_keep(struct worker *w, struct err *err);

/*
 * Does it stand for a file of its bytes, or times, in this run? What was salvaged does only where a run salvages: in all others
 * the file is damaged as ever.
 */
static inline bool
known_stands(const struct run *run, const struct known *known)
{
    return !known->partial || run->config->salvage;
}

/* done.c */
/* Does the ledger hold, with this payload, every byte of the file that was listed? */
bool    done_is_whole(const struct sighting *seen, const struct source *source, uint64_t unterminated);
/* Appends the names of all inputs that are committed and unchanged. ST_OK, ST_MEMORY. */
enum st done_list(const struct run *run, struct buf *out, struct err *err);

/* batch.c */
enum st batch_init(struct run *run, struct err *err);
void    batch_release(struct run *run);
void    batch_begin(struct run *run);
struct item *batch_take(struct run *run); /* the next input, NULL when the batch is closed; takes the lock */
/* Keeps the refusal of an input until its batch has settled. `err` is taken over for a failure of our own: ST_OK, ST_MEMORY. */
enum st batch_refuse(struct run *run, struct item *item, struct err *err);
/* The ledger knows this input; a sighting is kept for files, so that the next run knows it by its times. */
enum st batch_known(struct run *run, struct item *item, const struct known *known, const struct sighting *sighting, struct err *err);
/* The same under the lock, and without a look at whether all of the file is known. */
enum st batch_mark_known(struct run *run, struct item *item, const struct known *known, const struct sighting *sighting, struct err *err);
void    batch_payload_free(struct payload *p);
/* Puts the batch's inputs back to be read again. */
void    batch_undo(struct run *run);
/* What became of an input, told once and added to the summary. */
void    batch_tell(struct run *run, struct item *item);
/* It stands: tell refusals, add to the summary, free. */
enum st batch_settle(struct run *run, struct err *err);

/* Left out: counted as `skipped`. Takes the lock. */
void    batch_skip(struct run *run, struct item *item);

/* accept.c */
/* Asks the ledger about the worker's pending inputs and absorbs the new ones. */
enum st batch_accept(struct worker *w, struct err *err);
/* Under the lock: the input does not count, for what `err` says, which gets its path. ST_OK, ST_MEMORY. */
enum st accept_refuse(struct pending *p, struct err *err);

/* glance.c */
/* Refuses inputs that could not even be listed, without a batch, and tells those that are too young. */
void    glance_troubled(struct run *run);
/* Test 1 of docs/EXACTLY-ONCE.md, for all inputs of the run. ST_OK, ST_DB, ST_MEMORY. */
enum st glance_files(struct run *run, struct err *err);
/* Fetches what test 2 needs: the digests of stored files as large as those of the batch. ST_OK, ST_DB, ST_MEMORY. */
enum st glance_sizes(struct run *run, struct err *err);

/* ecosystem.c */
/* Takes the lock, and notes the first ecosystem that an input's hits belong to, and those of the second rules; "": there are none. */
void    ecosystem_note(struct run *run, struct item *item, const char *ecosystem, const char *shadow);
/* After all workers are done: fixes the ecosystem if it was open. run->batch.again: some inputs had another. */
void    ecosystem_settle(struct run *run);

/* peak.c: of memory, resident, so far */
int64_t peak_bytes(void);

/* note.c */
/* The run is over, with `rc`, and its summary whole: says so in the ledger, if it is one that counts and the server is there. */
void    note_run(struct run *run, enum st rc, const struct err *err);

/* part.c */
/* Under the lock, of an input that counts, where config->part asks: tells it. ST_OK, what the callback gives, and as rows_next. */
enum st part_tell(struct run *run, struct pending *p, struct err *err);

/* holder.c: to a failure that says that a lock did not come, who has it. Anything else stays as it is. */
void    holder_tell(struct run *run, struct err *err);

#endif
