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
 *   annotate.c a change of rules is noted where it shows
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
 *   peak.c     how much memory it took
 *   days.c     what an input holds by day; seen.c: a set of payload hashes
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

#define DATASETS_MAX     8
#define PARKED           DATASETS_MAX /* behind the rollups of the datasets stands that of hits which wait for a catalog */
#define SHADOW           (DATASETS_MAX + 1) /* and behind it that of what a second rule pack would count */
#define ROLLUPS_MAX      (DATASETS_MAX + 2)
#define RECORDS_MAX      256
#define ECOSYSTEMS_MAX   32
#define PENDING_MAX      64   /* inputs counted and waiting for the ledger's word: one question for all of them */
#define BATCH_INPUTS_MAX 4096
#define BATCH_BYTES_MAX  (UINT64_C(1) << 30)

/* ---- days.c ---- */

#define DAY_BLOCK      512
#define DAY_BLOCKS     ((DAY_MAX + DAY_BLOCK) / DAY_BLOCK)
#define DAY_BLOCKS_MAX 72 /* of one input: about a hundred years. A hostile log cannot make us hold more */

/* Days that have not been asked for are all zero. */
struct day_block {
    uint16_t           first, last; /* that have been */
    struct payload_day days[DAY_BLOCK];
};

struct days {
    struct day_block *blocks[DAY_BLOCKS];
    uint16_t          used[DAY_BLOCKS_MAX]; /* which blocks are in use, in order of first use */
    size_t            n_used;
    struct day_block *spare[DAY_BLOCKS_MAX];
    size_t            n_spare;
    bool              no_memory; /* that, and not the number of days, was why one was refused */
};

/* The entry of a day, made on first use; NULL: too many days, or no memory, which is noted. */
struct payload_day *days_at(struct days *d, int32_t day);
/* The days that hold lines, ascending; allocated, the caller frees them. NULL: no memory. */
struct payload_day *days_list(const struct days *d, size_t *n);
void                days_reset(struct days *d);
void                days_release(struct days *d);

/* ---- seen.c ---- */

/* Payloads that were accepted: two equal inputs in one call are one payload. */
struct seen {
    struct ledger_key *slots; /* dataset NULL: free */
    size_t             n, cap;
};

/* ST_OK: in the set now, or before. ST_MEMORY. */
enum st seen_add(struct seen *s, const struct ledger_key *key, struct err *err);
bool    seen_has(const struct seen *s, const struct ledger_key *key);
enum st seen_join(struct seen *into, const struct seen *from, struct err *err);
void    seen_reset(struct seen *s);
void    seen_release(struct seen *s);

struct run;

/* ---- heads.c ---- */

/* How a payload begins: its own head, or one that was looked for in it. */
struct head {
    struct ledger_key key;
    struct digest     digest;
    uint64_t          length, lines_counted; /* of the payload */
    uint32_t          at;  /* place of its input on the command line */
    bool              own;
};

struct head_list {
    struct head *at;
    size_t       n, cap;
};

enum st heads_add(struct head_list *h, const struct head *head, struct err *err); /* ST_OK, ST_MEMORY */
void    heads_sort(struct head_list *h);
/* Sorted: how many from this one on have its scope, dataset and digest. Own ones come first, by their length. */
size_t  heads_group(const struct head_list *h, size_t from);
/* The own ones of a batch, sorted into those of the batches before. ST_OK, ST_MEMORY. */
enum st heads_join(struct head_list *into, const struct head_list *from, struct err *err);
/* Sorted: the group of this head; *n 0: there is none. */
const struct head *heads_find(const struct head_list *h, const struct ledger_key *key, const struct digest *digest, size_t *n);
void    heads_release(struct head_list *h);

/* ---- cover.c ---- */

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

struct cover; /* one input */

struct cover *cover_new(struct run *run, const struct ledger_key *key, struct err *err); /* the key's hash is not known yet */
void     cover_free(struct cover *c);
/* Short payloads that were seen in this very file are evidence by themselves. Takes the lock. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st  cover_same_file(struct cover *c, const struct file_id *file, struct err *err);
/* A lines_watcher. Takes the lock where it asks. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st  cover_watch(void *ctx, const char *p, size_t n, struct err *err);
/* How many of the first bytes, as far as it is known: more with every block that comes. Any thread. */
uint64_t cover_so_far(const struct cover *c);
/* After the last byte. */
void     cover_end(struct cover *c, struct covered *out);

/* ---- items and batches ---- */

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

/* Keeps the first failure of the run. Takes the lock. */
void run_fail(struct run *run, const struct err *err);

/* Connects, opens the ledger, finds the node. ST_USAGE, ST_DB, ST_DB_RETRY; *pg is the caller's in either case. */
enum st ledger_enter(const struct run_config *c, enum pg_mode mode, struct pg **pg, struct ledger *l,
                     struct ledger_scope *scope, struct err *err);

/* An input's own trouble: it is refused, the others go on. */
static inline bool
err_is_of_input(enum st rc)
{
    return rc == ST_CORRUPT || rc == ST_IO || rc == ST_FORMAT || rc == ST_CHANGED ||
           rc == ST_NO_TABLE;
}

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

/* run.c */
/* An input that will not be read, as it is known or was refused before: how far the run is goes without it. */
void run_passes_over(struct run *run, const struct item *item);
void run_report_progress(struct run *run); /* to whoever wants to hear how far it is */

/* needs.c */
enum st plain_rules_init(struct rules *plain, const struct run_config *c, struct err *err);
struct rollup_shape shape_of(const struct dataset *d);

/* tables.c */
enum st tables_init(struct run *run, struct err *err);
void    tables_release(struct run *run);
/* Makes the table of `dataset` ready; takes the lock. ST_USAGE, ST_DB; ST_NO_TABLE: there is none, and nobody asked for it. */
enum st table_ready(struct run *run, const struct dataset *dataset, struct table **out, struct err *err);

/* "WHAT:SCHEMA.TABLE": where the ledger's settings keep what is known of a table. */
void    setting_key(char out[200], const char *what, const struct table *t);

/* epochs.c */
/* The run's client keys are read, and are those that the table is fed under. ST_USAGE, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st epochs_check(struct run *run, struct table *t, struct err *err);
/* Are clients counted into the table from this day on? *last: up to which day; DAY_NONE: they are not. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st epochs_free_from(struct ledger *l, const struct target *t, int32_t from, int32_t *last, struct err *err);
/* keyed.c */
/* Can this input be counted? ST_OK; ST_FORMAT: the key of one of its days is destroyed. */
enum st epochs_judge(const struct run *run, const struct table *t, const struct payload *payload, struct err *err);
/*
 * In the transaction, under the table's lock: up to day `last` they still are. ST_DB: a key has begun meanwhile that the run does not know.
 * _batch: up to the last day of the batch.
 */
enum st epochs_hold(struct run *run, const struct table *t, int32_t last, struct err *err);
enum st epochs_hold_batch(struct run *run, const struct table *t, struct err *err);

/* catalogs.c */
/* Reads what the table's paths are looked up in, unless it is there or none is asked for. ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st catalogs_ready(struct run *run, struct table *t, struct err *err);
/* Would hits of this dataset be looked up? */
bool    catalogs_want(const struct run_config *c, const struct dataset *dataset);
void    catalogs_release(struct run *run);

/* shadow.c; all of them do nothing without --shadow */
/* What a table's ecosystem, which `stored` says is in the ledger, means for the second rules. ST_USAGE: they are for another table. */
enum st shadow_ecosystem(struct run *run, const struct table *t, bool stored, struct err *err);
void    shadow_follow(struct run *run, const struct table *t); /* it is another one than the batch was read for */
/* A rollup for it, in the slot: made on first use. NULL: in err. */
struct rollup *shadow_rollup(const struct run *run, struct rollup **slot, struct err *err);
void    shadow_reader_free(struct shadow_reader *s);
struct pass;
/* Before the first line of an input. */
enum st shadow_begin(struct pass *p, struct pending *pending, struct err *err);
/* Records that the run's own rules are done with. ST_OK, ST_MEMORY, ST_DISK, ST_CORRUPT. */
enum st shadow_take(struct pass *p, const struct record *records, size_t n, struct err *err);
/* Behind the last line: the ecosystem of its hits; "": none. */
const char *shadow_end(const struct pass *p);
/* A hit more, in the batch of a stream. */
enum st shadow_add(struct run *run, struct slice key, int32_t day, struct err *err);
/* The rows of the batch stand, or, where nothing is written to a database, those of the run: they are added to what is compared. */
enum st shadow_counted(struct run *run, struct err *err);
/* At the end. ST_OK, what the callback gives, and as rows_next. */
enum st shadow_tell(struct run *run, struct err *err);

/* choose.c */
struct choice {
    const struct format  *format;  /* NULL: an empty input, and none was said; so is the dataset */
    const struct dataset *dataset;
    int                   score;   /* how sure the beginning makes it, 0..100; -1: it was said */
    struct slice          head;    /* that was looked at, until the first lines_next */
};
/* Peeks; only before the first lines_next. What lines_peek gives; ST_FORMAT: of no known format, or it does not feed the dataset. */
enum st input_choose(const struct run_config *c, struct lines *lines, struct choice *out, struct err *err);

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

/* pass.c */

/* The rejected lines of one input. */
struct reject_watch {
    uint64_t            open_line;  /* its first record was rejected, and none of it counts so far; 0: none */
    uint64_t            first_line; /* the first rejected line; 0: none */
    enum reason         first_why;
    const char         *path;       /* of the input */
    size_t              taken_back_to; /* where in the spool's buffer the line that came last begins */
    const struct block *block;      /* being parsed */
    const char         *at;         /* line `at_line` begins here */
    uint64_t            at_line;
};

/* One input on its way from lines to rollup. */
struct pass {
    struct worker      *w;
    struct payload     *payload;
    struct rollup      *rollup;
    struct rollup      *parked;       /* what waits for a catalog; NULL: nothing may */
    int64_t             parked_bytes; /* that these hits add up to */
    struct rollup      *shadow;       /* what a second rule pack would count; NULL: there is none, or not for this table */
    int64_t             shadow_bytes; /* of these hits */
    struct picker      *picker;
    struct parser       parser;
    struct payload_day *day;    /* of the record before: most lines share it */
    int32_t             day_no; /* DAY_NONE: none yet */
    enum reason         line_why;
    bool                in_line;
    bool                grown;     /* some of it may have been counted before */
    uint64_t            forgotten; /* bytes of the text that were */
    int32_t             adopt_until; /* what counts before this day was counted elsewhere */
    struct reject_watch rejects;
};

/* Reads the input to its end. ST_OK; what lines_next, parser_next and rollup_add_many give; ST_STOPPED. */
enum st pass_turn(struct pass *p, struct err *err);

/* A line is over: it has its one reason. */
void    pass_close_line(struct pass *p);
typedef enum st pass_take(struct pass *p, const struct block *block, struct err *err);

/* grown.c */
/* Before the first line, once its dataset is known: is it to be compared with the ledger while it is read? Takes the lock. */
enum st grown_begin(struct worker *w, struct pending *p, const struct format *format, struct err *err);
/* What begins so, in the ledger and in this run. Under the lock. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st grown_find_heads(struct run *run, const struct ledger_key *key, const struct digest *heads, size_t n, struct beginning **out,
                         size_t *n_out, struct err *err);
/* Gives `take` the block, in pieces if what was counted before ends in it. */
enum st grown_take(struct pass *p, const struct block *block, pass_take *take, struct err *err);
enum st grown_end(struct pass *p, struct err *err);
/* Under the lock. *decided: it is refused, or to be read again. ST_OK; ST_DB: another run was faster; ST_MEMORY. */
enum st grown_decide(struct run *run, struct pending *p, struct alike alike, bool *decided, struct err *err);
/* Under the lock: it counts. ST_OK, ST_MEMORY. */
enum st grown_note(struct run *run, const struct pending *p, struct err *err);
/* All was read: of inputs that begin alike one counts now. run->batch.again: read again without the others. ST_OK, ST_MEMORY. */
enum st grown_settle(struct run *run, struct err *err);
void    grown_forget(struct item *item); /* that is compared anew when it is read again */
enum st grown_refuse_older(struct err *err, const char *counted, const char *longer); /* ST_CORRUPT: to be told */

/* parked.c */
/*
 * After a pick that gave *why: a hit that no catalog knows is added to what waits. *why becomes another reason where the rules do not
 * count it anyway. ST_OK, ST_MEMORY, ST_DISK, ST_CORRUPT.
 */
enum st parked_take(struct pass *p, const struct record *rec, enum reason *why, struct err *err);
/* An empty rollup for what waits, in the slot: made on first use. NULL: in err. */
struct rollup *parked_rollup(const struct run *run, struct rollup **slot, struct err *err);
/* Inside the batch's transaction, once its payloads have their ids; run->batch.parked says how many. */
enum st parked_write(struct run *run, struct err *err);

/* heal.c */
/* Before any batch: what waits and has a key by now is counted. ST_OK, and what committing a batch gives. */
enum st heal(struct run *run, struct err *err);

/* rejects.c */
uint64_t spool_end(const struct spool *s);
void    spool_reset(struct spool *s);
void    spool_release(struct spool *s);
/* A block whose lines come next. */
void    rejects_feed(struct pass *p, const struct block *block);
/* A record that was rejected, or any one while rejects.open_line is not 0. ST_OK, ST_DISK, ST_MEMORY. */
enum st rejects_see(struct pass *p, const struct record *rec, enum reason why, struct err *err);
enum st rejects_see_too_long(struct pass *p, uint64_t line_no, struct err *err);
/* All was read: ST_OK, or ST_FORMAT: more is rejected than the run allows. */
enum st rejects_judge(const struct pass *p, struct err *err);
/* These bytes of the worker's spool go to the file when the batch stands. Under the lock. ST_OK, ST_MEMORY. */
enum st rejects_join(struct batch *b, const struct item *item, struct worker *w, uint64_t from, uint64_t to, struct err *err);
/* The batch stands: they go, in the order of the inputs. ST_OK, ST_DISK. */
enum st rejects_settle(struct run *run, struct err *err);

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

/* refused.c */
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

/* peak.c: of memory, resident, so far */
int64_t peak_bytes(void);

/* note.c */
/* The run is over, with `rc`, and its summary whole: says so in the ledger, if it is one that counts and the server is there. */
void    note_run(struct run *run, enum st rc, const struct err *err);

/* announce.c */
/* Days of a table, ascending. */
struct touched {
    const char    *schema, *table;
    const int32_t *days;
    size_t         n;
};
/*
 * {"tables":[{"schema":"public","table":"stats","days":[["2026-03-01","2026-03-03"]]}],"folded":false}: ranges with both of their ends. What would
 * not fit a notification has wider ranges, and is `folded`. Without memory b->failed.
 */
void    announce_text(struct buf *b, const struct touched *tables, size_t n);
/* Inside the transaction, of the run's tables those that `days` names. ST_OK also where it may not be said; ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st announce(struct run *run, const struct summary *days, struct err *err);

/* eida.c */
/* What EIDA's table of payloads has of the worker's pending inputs. Under the lock. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st eida_ask(struct worker *w, struct sent out[PENDING_MAX], struct err *err);
/* *decided: it is known to EIDA, or refused; nothing else is to be done with it. ST_OK, ST_MEMORY. */
enum st eida_decide(struct run *run, struct pending *p, const struct sent *sent, bool *decided, struct err *err);
/* It counts: another document that EIDA would take for the same one does not. ST_OK, ST_MEMORY. */
enum st eida_note(struct run *run, const struct pending *p, struct err *err);
/* In the transaction. ST_EOF: another run was faster; undo and read again. */
enum st eida_write(struct run *run, struct err *err);

/* adopt.c; all of them do nothing for other runs */
/* Days before this one are adopted; INT32_MIN: none are. */
int32_t adopt_until(const struct run *run);
/* The days of a payload that was read. */
void    adopt_mark(const struct run *run, struct payload *payload);
/* Are all of its days adopted? */
bool    adopt_is_all(const struct payload *payload);
/* Can this ledger, and may this role? ST_DB. */
enum st adopt_check(struct run *run, struct err *err);
/* Under the lock, of an input that counts. ST_OK, ST_MEMORY. */
enum st adopt_note(struct run *run, struct pending *p, struct err *err);
/* In the transaction, under the tables' locks and behind the ledger's days. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st adopt_open(struct run *run, struct err *err);
/* The batch stands: tells of days without any row. */
void    adopt_tell(const struct run *run);

/* recount.c; all of them do nothing for other runs */
/* Can this table's days be counted again, by this role? ST_USAGE, ST_DB. */
enum st recount_check(struct run *run, const struct table *t, struct err *err);
/* A batch is read: its payloads stay. ST_OK, ST_MEMORY. */
enum st recount_keep(struct run *run, struct err *err);
/* What begins with a payload that is not given, and cannot be read without it: ST_CORRUPT names that one. */
struct recount_days;
enum st recount_check_unsplit(struct run *run, const char *cannot, const struct recount_days *days,
                              struct payload *const *payloads, size_t n, struct err *err);
void    recount_release(struct run *run);
/* After all inputs: the one transaction. ST_CORRUPT: inputs are refused, unknown to the ledger, or not all that is needed; ST_USAGE, ST_DB, ... */
enum st recount(struct run *run, struct err *err);

/* annotate.c */
struct recount_days;
/* In the transaction, under the table's lock, once its rows are merged: was it counted under other rules before? ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st annotate_batch(struct run *run, const struct table *t, struct err *err);
/* The same of days that are counted again, before they are struck out. */
enum st annotate_recount(struct run *run, const struct table *t, const struct recount_days *days, struct payload *const *payloads, size_t n,
                         struct err *err);

/* left_out.c */
/* Once the ledger is open: whom it shows in this run. ST_OK; ST_DB: the role may not know what was retracted; ST_DB_RETRY, ST_MEMORY. */
enum st left_out_init(struct run *run, struct err *err);
/* Of items that the ledger knows: since when do they stay out? Told with -v, and counted. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st left_out_mark(struct run *run, struct item *const *items, size_t n, struct err *err);

/* retract.c; all of them do nothing for other runs */
/* Can this table's rows be taken back, by this role? ST_USAGE, ST_DB. */
enum st retract_check(struct run *run, const struct table *t, struct err *err);
/* Inside the transaction of a recount without some payloads, before days are struck: they are out. ST_OK; ST_CORRUPT, ST_DB, ... */
enum st retract_beside(struct run *run, struct err *err);
/* After all inputs: the one transaction. ST_CORRUPT: it cannot be; ST_USAGE, ST_DB, ... */
enum st retract(struct run *run, struct err *err);

/* verify.c */
/* Are rules->since and rules->until whole buckets of its table? ST_OK; ST_USAGE: "`what`: ..." */
enum st verify_check_days(const struct run *run, const struct dataset *dataset, const char *what, struct err *err);
/* Can its rows be compared, and are the days whole buckets? ST_OK also where nothing is verified; ST_USAGE. */
enum st verify_check_dataset(const struct run *run, const struct dataset *dataset, struct err *err);
/* After all inputs: every table that they feed. ST_OK; ST_USAGE: they feed none; ST_DB, ST_MEMORY, ST_DISK, ST_CORRUPT. */
enum st verify(struct run *run, struct err *err);

/* part.c */
/* Under the lock, of an input that counts, where config->part asks: tells it. ST_OK, what the callback gives, and as rows_next. */
enum st part_tell(struct run *run, struct pending *p, struct err *err);

/* replace.c; all of them do nothing without --replace */
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

/* stream.c */
/* Does the run need one? ST_OK; ST_USAGE: standard input is one of several; ST_MEMORY. */
enum st stream_init(struct run *run, struct err *err);
void    stream_release(struct run *run);
void    stream_begin(struct run *run); /* forgets what was compared, for a batch that begins */
/* Finds the first event of each input, for stream_by_time(), which compares two `struct item *`. ST_OK, ST_STOPPED. */
enum st stream_order(struct run *run, struct err *err);
int     stream_by_time(const void *a, const void *b);
/* For a picker of these rules, whose objects are to be known; NULL: they are not. */
const struct hash_secret *stream_secret(const struct run *run, const struct rules *rules);
/* A hit of the input that the worker reads: KEEP, or why it does not count, for now. Look at stream_check now and then. */
enum reason stream_take(struct worker *w, const struct picker *picker, const struct record *rec, const struct hit *hit);
enum st stream_check(const struct stream *s, struct err *err); /* ST_MEMORY: stream_take has no more room */
/* After the inputs: true if some were compared with others and do not count. They are marked; the batch must be read again. */
bool    stream_leave_out(struct run *run);
/* What came so far was counted before, in its parts too. Of standard input alone, else it is skipped from the start. */
void    stream_forget_parts(struct run *run);
/* Adds what the ranges add up to, before COMMIT. */
enum st stream_settle(struct run *run, struct err *err);

/* commit.c */
/* All workers' rollups at this place that hold something: a list for the caller to free; *n 0: none. NULL: in err. */
struct rollup **batch_rollups(struct run *run, size_t at, size_t *n, struct err *err);
/* The rows of them; NULL and *none: there are none. */
struct rows *batch_rows(struct run *run, size_t at, bool *none, struct err *err);
/* The first batch with hits fixes a table's ecosystem. ST_EOF: another run has just fixed another one. */
enum st claim_ecosystem(struct run *run, struct table *t, struct err *err);
/* Inside a transaction: the run's token, if it has one, is valid. ST_OK, ST_USAGE, ST_DB, ... as token_check. */
enum st commit_check_token(struct run *run, struct err *err);
/* ST_OK: committed. ST_EOF: something was lost to another run; undo and read again. */
enum st commit_batch(struct run *run, struct err *err);

/* holder.c: to a failure that says that a lock did not come, who has it. Anything else stays as it is. */
void    holder_tell(struct run *run, struct err *err);

/* commit_text.c: all that the run has added up. ST_OK, ST_DISK, ST_MEMORY, ST_CORRUPT. */
enum st commit_text(struct run *run, struct err *err);

#endif
