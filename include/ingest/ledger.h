/*
 * The ledger in the database: is a payload known, claim it, write down what became of it. Asked by pipeline/ alone.
 * Uses one connection; callers take turns.
 */
#ifndef INGEST_LEDGER_H
#define INGEST_LEDGER_H

#include "ingest/base.h"
#include "ingest/buf.h"
#include "ingest/document.h"
#include "ingest/err.h"
#include "ingest/hash.h"
#include "ingest/input.h"
#include "ingest/pg.h"
#include "ingest/tally.h"

enum ledger_view {
    LEDGER_ALL,    /* every payload, but for those apart */
    LEDGER_OUT,    /* those that were retracted and stay out, and those apart */
};

struct ledger {
    struct pg         *pg;          /* borrowed */
    struct hash_secret secret;      /* keys all digests of this database */
    bool               has_witness; /* its payloads say under which secret they were digested */
    bool               keeps_epochs; /* its table of the epochs of client keys is there and may be read */
    bool               has_machine; /* the host has a machine-id */
    struct digest      machine;     /* its keyed digest: the id itself is not for strangers, machine-id(5) */
    bool               read_only;
    bool               remembers;   /* its table of refusals is there and may be read; an older ledger has none */
    bool               notes_runs;  /* its table of runs is there and may be written to */
    bool               keeps_sources; /* its table of sources is there and may be written to */
    bool               notifies;    /* NOTIFY may be said */
    bool               annotates;   /* its tables of annotations and rules are there and may be written to */
    bool               retracts;    /* its table of retractions is there and may be read */
    bool               any_out;     /* and some payload stays out */
    int64_t            n_gone, n_come; /* how often payloads were retracted, and came again, when it was opened */
    enum ledger_view   view;        /* whom the questions about beginnings and contents see. The caller sets it and the next two */
    const int64_t     *apart;       /* payloads that this view sees, too, or does not see; borrowed */
    size_t             n_apart;
    bool               replaces;    /* payloads that it knows are claimed again, with new figures. The caller sets it */
};

/*
 * Looks that the ledger is there and reads its secret, or makes it. ST_DB: no ledger (hint: the command to type) or no right.
 * `read_only` makes nothing: without a secret in the database a throw-away one is used.
 */
enum st ledger_open(struct ledger *l, struct pg *pg, bool read_only, struct err *err);

/* Which payloads count as the same here: `dataset` NULL is any; `node` is the scope of datasets that have nodes. */
struct ledger_scope {
    const char *dataset;
    int32_t     node;
};

/* A payload that the ledger holds. `id` 0: none. */
struct known {
    int64_t       id;
    struct digest rules_id;
    char          dataset[32];
    bool          unterminated; /* found as a file that may end in half a line: that is not in the ledger */
    bool          partial;      /* salvaged from an input that was cut short: a file of these stored bytes is not known as a whole */
};

/* Test 1: the same files by device, inode, size and times. out[i] belongs to files[i]. */
enum st ledger_find_files(struct ledger *l, const struct ledger_scope *scope, const struct file_id *const *files, size_t n,
                          struct known *out, struct err *err);

/* Test 2: sightings of one of these sizes, sorted by size. Allocated, the caller frees it. */
struct known_stored {
    int64_t       size;
    struct digest stored;
    struct known  known;
};
enum st ledger_find_sizes(struct ledger *l, const struct ledger_scope *scope, const int64_t *sizes, size_t n,
                          struct known_stored **out, size_t *n_out, struct err *err);

/* Test 3: the same content. */
struct ledger_key {
    const char   *dataset;
    int32_t       scope;
    struct digest hash;
};
enum st ledger_find_hashes(struct ledger *l, const struct ledger_key *const *keys, size_t n, struct known *out, struct err *err);

/*
 * Tests 3 to 5 in one question. Of the payloads of the same scope, dataset and head: the one that is the same, how many others there are,
 * how many of them are shorter, and when the longest that is longer was counted.
 */
struct payload;
struct alike {
    struct known known;
    int64_t      n, n_shorter; /* others */
    bool         same_file;    /* one below HEAD_BYTES, and shorter, was seen in this very file, by machine, device and inode */
    bool         has_longer;
    char         counted[20];  /* that longer one: YYYY-MM-DD HH:MM */
};
enum st ledger_find_alike(struct ledger *l, struct payload *const *payloads, size_t n, struct alike *out, struct err *err);

/* Which payloads below HEAD_BYTES were seen in this very file? Allocated, the caller frees it. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st ledger_find_same_file(struct ledger *l, const struct file_id *file, int64_t **ids, size_t *n, struct err *err);

/*
 * Payloads that begin with one of these heads, whatever they go on with: by head, then by length. Of those below HEAD_BYTES the head is the
 * digest of all. Allocated, the caller frees it. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
struct beginning {
    size_t        at; /* which of the heads */
    int64_t       id;
    uint64_t      length;
    uint64_t      lines_counted;
    struct digest hash;
    int64_t       n;           /* how many have this head: of very many only the longest are given */
    char          counted[20]; /* when, as above */
};
enum st ledger_find_heads(struct ledger *l, const struct ledger_key *key, const struct digest *heads, size_t n, struct beginning **out,
                          size_t *n_out, struct err *err);

/* Test 3 without asking which dataset it feeds, unless the scope says so. */
enum st ledger_find_contents(struct ledger *l, const struct ledger_scope *scope, const struct identity *const *contents, size_t n,
                             struct known *out, struct err *err);

/* Of these payloads (0: none) those that have adopted days, by their id. Allocated, the caller frees it. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
struct adopted {
    int64_t payload;
    int64_t days, all; /* that were counted elsewhere; of so many */
};
enum st ledger_find_adopted(struct ledger *l, const int64_t *ids, size_t n, struct adopted **out, size_t *n_out, struct err *err);

/* ---- inside the batch's transaction ---- */

struct payload_day {
    int32_t  day;
    uint32_t hours;  /* bit 0: 00:00-00:59 */
    int64_t  lines, count, bytes;
    int64_t  elsewhere; /* hits that others have counted */
    bool     listed;  /* a document names it as one of its days */
    bool     adopted; /* what counts of it was counted elsewhere */
};

struct sighting {
    const char    *path;
    bool           is_file; /* else standard input: no identity, no stored bytes */
    bool           young;   /* its times prove nothing: kept without them */
    struct file_id file;
    struct digest  stored;
};

/* A head that was looked for while a payload was read, and how many payloads the ledger had with it then. */
struct looked {
    struct digest head;
    int64_t       n;
};

struct payload {
    struct ledger_key   key;
    struct identity     identity;
    const char         *format, *source; /* source NULL: none */
    struct digest       rules_id;
    struct tally        lines, records;
    int64_t             sums[4]; /* of all that it adds to the rollups */
    int64_t             first_us, last_us; /* of all events; first > last: none */
    int64_t             counted_first_us, counted_last_us; /* of those that count */
    struct document     document; /* what it says of itself */
    struct payload_day *days;
    size_t              n_days;
    struct sighting     sighting;
    bool                verified; /* the container has checksums and they were right */
    bool                partial;  /* salvaged: the whole lines of an input that was cut short */
    int64_t             extends;  /* the longest known payload that it begins with, whose lines were not counted again; 0: none */
    struct looked      *looked;   /* its own head first; NULL: nobody asked */
    size_t              n_looked;
    int64_t             id;   /* set by ledger_claim; 0: lost */
};

/* Inserts the rows, which the caller has sorted by key.hash; those of another run that committed first are lost (id 0). Waits for a run that holds one. */
#define LEDGER_CLAIM "cannot claim payloads in the ledger" /* err->what of it */
enum st ledger_claim(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err);

/*
 * After the claim: takes the locks of all heads that were looked for, and looks again. *moved: another run has committed a payload with one of
 * them since, which may be the beginning of one of these, or its longer self. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st ledger_look_again(struct ledger *l, struct payload *const *payloads, size_t n, bool *moved, struct err *err);

/*
 * Before the days are recorded, for a batch that replaces rows: days of payloads of the scope in these months (first days, ascending) are
 * marked `replaced`, which those that are recorded then undo for their own. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st ledger_displace(struct ledger *l, const struct ledger_scope *scope, const int32_t *months, size_t n, struct err *err);

/* Days and sightings of the claimed payloads. */
enum st ledger_record(struct ledger *l, struct payload *const *payloads, size_t n, struct err *err);

/* One more sighting of a known payload. */
enum st ledger_see(struct ledger *l, const int64_t *ids, const struct sighting *const *sightings, size_t n, struct err *err);

/* ---- refused inputs: read once, named until they change or are accepted ---- */

/* What the ledger remembers of one. `err` is what was told then, path and all but left to the caller. */
struct refused {
    size_t        at;       /* which of the files that were asked about */
    int64_t       size;
    struct digest stored;
    bool          accepted; /* somebody has looked at it: it is skipped */
    char          day[11];  /* when it was refused, YYYY-MM-DD */
    struct err    err;
};

/* Fingerprints of how inputs are read: damage is damage whatever a log holds, all else depends on what it was taken for. */
struct reading {
    struct digest decoding, parsing;
};

/*
 * By device, inode, size and times, and by stored size, as for known ones. What was refused when it was read in another way
 * is not found, what was accepted is. Allocated, the caller frees it; nothing from
 * a ledger that remembers none. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY.
 */
enum st ledger_refused_files(struct ledger *l, const struct reading *reading, const struct file_id *const *files, size_t n,
                             struct refused **out, size_t *n_out, struct err *err);
/* Sorted by size. */
enum st ledger_refused_sizes(struct ledger *l, const struct reading *reading, const int64_t *sizes, size_t n,
                             struct refused **out, size_t *n_out, struct err *err);

/* Remembers them in one statement: all or none. Bytes that were accepted in another place are accepted in this one. */
struct refusal {
    const struct sighting *sighting;
    const struct err      *err; /* ST_CORRUPT or ST_FORMAT */
};
enum st ledger_refuse(struct ledger *l, const struct reading *reading, const struct refusal *refusals, size_t n, struct err *err);

/* Accepts what was refused with these bytes, however it was read. *found false: nothing was. */
enum st ledger_accept(struct ledger *l, int64_t size, const struct digest *stored, bool *found, struct err *err);

/* ---- hits that wait for a catalog (ingest.unresolved) ---- */

/* Of one payload, path and day. `clients` is a sketch; p NULL: none is kept. */
struct parked {
    int64_t      payload;
    const char  *dataset;
    struct slice path;
    int32_t      day;
    int64_t      count, bytes;
    struct slice clients;
};

/* Can hits wait in this ledger? ST_DB: it is older (hint: the command to type), or the role lacks a right (hint: the GRANT). */
enum st ledger_can_park(struct ledger *l, struct err *err);

/*
 * Inside the batch's transaction, once its payloads are claimed: begin, each row in any order, and end. A pair of path and day comes once
 * a payload. `b` is the caller's, for bytes on their way. After a failure the transaction is to be rolled back.
 */
enum st ledger_park_begin(struct ledger *l, struct buf *b, struct err *err);
enum st ledger_park(struct ledger *l, struct buf *b, const struct parked *p, struct err *err);
enum st ledger_park_end(struct ledger *l, struct buf *b, int64_t n, struct err *err);

/* What waits, the next ones behind id `after` in the order of their ids: *n 0: no more, or the ledger has no such table. */
#define PARKED_AT_ONCE 4096
struct waiting {
    int64_t       id;
    struct parked parked;
};
struct waiting_list {
    struct waiting    at[PARKED_AT_ONCE];
    size_t            n;
    struct pg_result *r;       /* private: where the texts lie */
    struct buf        clients; /* private: and the sketches */
};
enum st ledger_waiting(struct ledger *l, const char *dataset, int64_t after, struct waiting_list *out, struct err *err);
void    ledger_waiting_release(struct waiting_list *w);
enum st ledger_is_waiting(struct ledger *l, const char *dataset, bool *any, struct err *err);

/*
 * Inside a transaction: those of the ids that still wait, and that no other transaction holds, are healed: marked, and credited to the
 * days of their payloads. mine[i] says whether ids[i] is one of them; its hits are the caller's to merge, before it commits.
 */
enum st ledger_heal(struct ledger *l, const int64_t *ids, size_t n, bool *mine, struct err *err);
/* After a COMMIT without an answer: does this one wait no more? */
enum st ledger_has_healed(struct ledger *l, int64_t id, bool *healed, struct err *err);

/* ---- what a run did (ingest.runs) ---- */

struct run_note {
    const char *source;  /* the [source NAME] whose files they were; NULL: none's */
    const char *failure; /* what ended it; NULL or "": it went to its end */
    int         status;  /* its exit status */
    int64_t     wall_us;
    uint64_t    read, known, known_otherwise, grown, partial, refused, skipped; /* files */
    uint64_t    lines, counted; /* read; records */
};
/* Outside a transaction, and without waiting for the disk. ST_OK also where the ledger keeps no such notes; ST_DB, ST_DB_RETRY. */
enum st ledger_note_run(struct ledger *l, const struct run_note *note, struct err *err);

/*
 * What the configuration says of a source's time, for those who ask in SQL; 0: nothing. As above outside a transaction, and without waiting for
 * the disk. ST_OK also where the ledger has no such table.
 */
enum st ledger_note_source(struct ledger *l, const char *source, int64_t settle_s, int64_t expected_s, struct err *err);

/* ---- settings: small facts that the first writer decides ---- */

#define SETTING_MAX 256
/* *n 0: no such setting. */
enum st ledger_setting(struct ledger *l, const char *key, void *value, size_t *n, struct err *err);
/* Sets it unless it is there; then value and *n are what stands there (in and out, SETTING_MAX bytes of room). */
enum st ledger_setting_claim(struct ledger *l, const char *key, void *value, size_t *n, struct err *err);

/* The id of a node by its name, along the search path; 0 when there is none or no table of nodes. ST_DB: the role lacks a right (hint: the GRANT); ST_USAGE: two have the name. */
enum st ledger_node(struct ledger *l, const char *name, int32_t *id, struct err *err);

#endif
