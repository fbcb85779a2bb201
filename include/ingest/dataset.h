/*
 * Datasets: one target table each, its keys and measures as data, and how a record becomes a hit. A new dataset is one
 * file, one line in datasets.def and the migration that makes its table. SQL and COPY are made from this description.
 */
#ifndef INGEST_DATASET_H
#define INGEST_DATASET_H

#include "ingest/catalog.h"
#include "ingest/err.h"
#include "ingest/hit.h"
#include "ingest/line.h"
#include "ingest/record.h"
#include "ingest/rules.h"

enum column_kind { COLUMN_TEXT, COLUMN_DAY, COLUMN_UUID, COLUMN_INT };

struct key_column {
    const char      *name;
    enum column_kind kind;
    bool             nullable;
    bool             as_epoch;  /* a day that the table keeps as a bigint: Unix seconds of its 00:00 UTC */
    size_t           chars_max; /* code points, for text; longer: REJECT_KEY_TOO_LONG */
};

/* What a table with such a column (as_epoch) has for a day. */
static inline int64_t
day_epoch(int32_t day)
{
    return (int64_t)day * 86400;
}

enum bucket { BUCKET_DAY, BUCKET_MONTH };
enum client_hash {
    CLIENT_KEYED, /* SipHash-2-4 of the address, or hll_hash_text of the text under --client-key none */
    CLIENT_EIDA,  /* MurmurHash3_x86_32 of the text, sign-extended: what EIDA's aggregator adds */
};

struct picker;

/* A right that the writing role needs on a table beside the dataset's own, in the same schema. */
struct table_right {
    const char *table, *right;           /* "SELECT", "INSERT", "UPDATE" or "DELETE", one of them */
    const char *column;                  /* on this column at least; NULL: on the table */
    bool        if_there;                /* nothing is asked for where there is no such table or column; else that is an error */
};

struct dataset {
    const char *name, *table, *about;
    const char *migrations;              /* the set that makes the table: "stats" */
    const char *schema;                  /* where the table is looked for before the search path; NULL: there alone */
    bool        has_node;                /* the table has node_id: scope of the ledger and first column of the unique key */
    bool        has_ecosystem;           /* the table holds one ecosystem */
    unsigned    asks;                    /* ASKS_...: for these fields itself, whatever the rules do */
    bool        of_requests;             /* fed by every log of requests: by the formats that feed `stats` */
    enum bucket bucket;
    enum client_hash clients;
    struct key_column keys[KEY_COLS_MAX]; /* in the order of the encoded key and of the table's unique key */
    size_t      n_keys;
    const char *sums[SUMS_MAX];          /* bigint columns, in the order of hit.sums */
    size_t      n_sums;
    bool        signed_sums;             /* hits may take away, and rows be negative; such hits are of +-1 */
    bool        keeps_latest;            /* of equal keys the greater value stands, in the rollup and in the table: times of access */
    const char *uniques;                 /* the hll(11,5) column, "clients" */
    /*
     * A table that has this column is served as `variant` says, a dataset of the same name: stats with Zeco's `auth`. NULL: there is
     * one kind of table alone.
     */
    const char *variant_column;
    const struct dataset *variant;
    enum catalog_kind catalog;           /* what its paths are looked up in */
    /*
     * Statements of the batch's transaction besides the merge, made by the sink for the target: `before` the merge, when the batch's rows stand in
     * the stage; `after` it; `instead` of it, where rows are only ever updated. With any of them the rows always go through the stage. Each may be NULL.
     * In the text {schema} is the table's schema, {table} the table, {stage} the stage; all quoted as SQL wants it.
     *
     * A text may begin with conditions, {has:TABLE.COLUMN} or {no:TABLE.COLUMN}, about tables of that schema: it is run where all of
     * them hold. A table for which no statement is left is merged as if there were none.
     *
     * With `instead` the table tells the schema and nothing else: it need not have the dataset's columns, there must be a statement left, and
     * only `rights` are asked for. The stage then has the kinds' own types: text, date, uuid, bigint; sums are bigint, and there is no sketch.
     */
    const char *const *before, *const *after, *const *instead; /* NULL at the end */
    const struct table_right *rights;    /* what they need; table NULL at the end. NULL: nothing */
    /* Totals for rollup_shape, or NULL. */
    size_t (*group)(struct slice key);
    size_t (*total)(struct slice key, uint8_t out[KEY_BYTES_MAX]);
    /* KEEP with *hit filled (all of it), or why not. Looks at rec->why alone unless that is KEEP. */
    enum reason (*pick)(struct picker *p, const struct record *rec, struct hit *hit);
    /*
     * With a catalog: writes the key under which a hit of an entry counts on a day, as pick does, and gives its length; 0: none can be
     * made of it (pick would reject it). What was parked counts under it once the catalog has the entry.
     */
    size_t (*entry_key)(const struct dataset *d, const struct catalog_entry *entry, int32_t day, uint8_t key[KEY_BYTES_MAX]);
};

extern const struct dataset *const datasets[]; /* from datasets.def, NULL at the end */
const struct dataset *dataset_by_name(const char *name);
/* May a format that feeds the dataset called `fed` be counted into `d`? */
bool dataset_takes(const struct dataset *d, const char *fed);

/* ---- clients ---- */

#define CLIENT_EPOCHS_MAX 64

struct client_epoch {
    int32_t from_day;
    bool    dropped;            /* its key is destroyed: what stands in `key` is random */
    uint8_t key[16];
    uint8_t id[8];              /* SipHash-2-4 of a constant under the key; a value of its own for `none` */
};

struct client_key {
    bool     none;              /* --client-key none: murmur3_x64_128 h1 of the text as logged; one epoch, for its id */
    struct client_epoch epochs[CLIENT_EPOCHS_MAX]; /* ascending from_day; the first holds for earlier days too, and the last is not dropped */
    size_t   n_epochs;
    char     path[256];         /* where it was read from; "" for none or a throw-away key */
};

/* Reads a key file: lines "FROM-DAY 32-hex-digits" or "FROM-DAY dropped KEY-ID", days ascending; blank lines and '#' comments. Must be
 * a regular file of ours or of root's, not readable by others (mode & 077 == 0). err->path and err->line_no say where.
 * ST_USAGE says what is wrong (missing: err->code ST_USAGE and *missing true, so that the caller may make one). */
enum st client_key_read(struct client_key *key, const char *path, bool *missing, struct err *err);
/* Makes a fresh key file, 0600, its directory 0700 if it must be made; ST_USAGE if the file exists (a symlink, even a
 * dangling one, is a file that exists) or cannot be made. All of it is on disk, or nothing is. */
enum st client_key_make(struct client_key *key, const char *path, struct err *err);
void    client_key_none(struct client_key *key);
void    client_key_throwaway(struct client_key *key); /* random, for dry runs */
/* Which epoch a day is of: a place in `epochs`. There is one at least. */
static inline size_t
client_key_at(const struct client_key *key, int32_t day)
{
    size_t i = key->n_epochs - 1;

    assert(key->n_epochs > 0);
    while (i > 0 && key->epochs[i].from_day > day)
        i--;
    return i;
}
/* Is its key destroyed, or that of any epoch? */
bool    client_key_is_dropped(const struct client_key *key, int32_t day);
bool    client_key_any_dropped(const struct client_key *key);
/* The key of this epoch is no longer to be used, here: it is overwritten by a random one. */
void    client_key_forget(struct client_key *key, size_t epoch);
/* Can the dataset's sketches be kept apart by these epochs? False: it has rows by months, and one begins within a month. */
bool    client_key_fits(const struct client_key *key, const struct dataset *d);

/*
 * A key file that is changed: nobody else of ours changes it meanwhile, and whoever reads it finds the old one or the new one, whole.
 * Comments stay. Symbolic links are refused: it is the file itself that is replaced, beside which there must be room.
 */
struct client_key_edit {
    struct client_key key;      /* as it is; after _add and _drop as it will be */
    char  *text;                /* private, secret; so the rest */
    size_t n;
    int    fd;
    bool   overwrite;
};
/* Reads and locks. ST_USAGE as client_key_read; ST_MEMORY. To be released in either case. */
enum st client_key_edit_open(struct client_key_edit *e, const char *path, struct err *err);
/* A new epoch, with a key that getrandom(2) made, from a day behind the last one's. ST_USAGE, ST_MEMORY. */
enum st client_key_edit_add(struct client_key_edit *e, int32_t from_day, struct err *err);
/* The first n epochs, less than all: their keys leave the file, their days and ids stay. ST_MEMORY. */
enum st client_key_edit_drop(struct client_key_edit *e, size_t n, struct err *err);
/* The new text is on disk under the old name, of the same owner, 0600; what stood in the old file is overwritten where keys were
 * dropped, as far as its file system writes in place. ST_USAGE: it cannot be written, and the old file is as it was. */
enum st client_key_edit_save(struct client_key_edit *e, struct err *err);
void    client_key_edit_release(struct client_key_edit *e);

/* The element for the sketch. False: no client (empty or "-"), or no memory for a text over 1 KiB (picking takes its memory
 * from the picker). IPv4, IPv4-mapped, IPv6 (/64), else the text: docs/COUNTING.md, "Clients". */
bool client_hash(const struct client_key *key, enum client_hash how, struct slice client, int32_t day, uint64_t *out);

/* Who the client of a record is by these rules: the peer, or who stands behind a trusted proxy. p NULL: clients are not counted. */
struct slice record_client(const struct rules *rules, const struct record *rec);

/* ---- picking ---- */

/* Everything that pick needs besides the record; one per worker, not shared. */
struct picker {
    const struct dataset    *dataset;   /* run */
    const struct rules      *rules;     /* run */
    const struct client_key *clients;   /* run */
    char     ecosystem[64];             /* that the table holds; "" while it is not fixed: the first hit fixes it here */
    uint8_t *key;                       /* where the next key goes: room of its own, until the caller sets other KEY_BYTES_MAX bytes */
    const struct catalog *catalog;      /* run; NULL: there is none, and what would be looked up stands as it is */
    struct hit parked;                  /* after FILTER_UNKNOWN_DIST and _ARTIFACT: what is kept until the catalog knows it, keyed as
                                           dataset_unresolved has it behind the input; lives until the next pick. key.n 0: nothing */
    const struct hash_secret *object_secret; /* the caller wants to know objects; NULL: it does not */
    struct digest object;               /* then: what the last hit's path names, under that secret */
    char    *scratch;                   /* LINE_BYTES_MAX + 1 bytes: the decoded path, then the client's message */

    /* Private: what came last, because logs repeat themselves. */
    struct {
        char     text[64];
        size_t   n;                     /* 0: nothing yet */
        int32_t  day;
        uint64_t hash;
    }        last_client;
    struct {
        int32_t  day, first;            /* its month's first day */
    }        last_month;
    const char *last_ecosystem;         /* run; one that is the table's; NULL: none yet */
};

enum st     picker_init(struct picker *p, const struct dataset *d, const struct rules *rules, const struct client_key *key, struct err *err);
void        picker_release(struct picker *p);

/* Another input: the ecosystem that the table holds, "" while it is not fixed. */
void        picker_set_ecosystem(struct picker *p, const char *ecosystem);

#endif
