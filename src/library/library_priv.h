/*
 * Inside library/: ingest.h put on top of the rooms from input/ to rollup/. The belt of pipeline/ has a ledger beside it;
 * this one has none, and takes one input after another.
 *
 *   open.c     options, the handle, its end
 *   message.c  what a failure is called outside
 *   count.c    one input, from open to the rows of its dataset
 *   pieces.c   an input that comes in pieces
 *   rows.c     what all of them came to; totals.c what became of their lines
 *   books.c    what is kept of a dataset
 */
#ifndef LIBRARY_PRIV_H
#define LIBRARY_PRIV_H

#include <locale.h>

#include "ingest.h"
#include "ingest/log_format.h"

#include "../pipeline/belt.h"
#include "../pipeline/days.h"
#include "../pipeline/seen.h"

/* What is kept of a dataset that some input feeds. */
struct book {
    const struct dataset *dataset;
    const struct rules   *rules;
    struct rollup_shape   shape;
    struct rollup        *all;           /* of the inputs that count; NULL: none yet */
    struct rollup        *input;         /* of the one that is read; NULL: none was */
    struct picker         picker;
    bool                  picker_ready;
    bool                  watches_days;  /* its clients are hashed under keys of which some are destroyed */
    char                  ecosystem[64]; /* of its table; "": the first download decides */
    int64_t               sums[SUMS_MAX]; /* of all hits */
};

/* One input while it is read. */
struct intake {
    struct book   *book;       /* NULL: it was empty */
    const struct format *format;
    struct parser  parser;
    struct tally   lines, records;
    int64_t        sums[SUMS_MAX];
    enum reason    line_why;   /* of the line that is not over */
    bool           in_line;
    uint64_t       line_no;
    uint64_t       first_line; /* of those that are rejected; 0: none is */
    enum reason    first_why;
    int32_t        keyless_day; /* of hits whose clients would be hashed under a key that is destroyed; DAY_NONE: there are none */
};

/* Whose turn it is with the pieces of an input. */
enum turn { TURN_CALLER, TURN_READER };

struct pieces {
    bool            open;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    enum turn       turn;
    const char     *at;      /* the piece */
    size_t          left;
    bool            ended, dropped;
    bool            over;    /* the thread has come to `rc` */
    enum st         rc;
    bool            known;
    struct err      err;
    struct feeder   feed;
    struct buf      waiting; /* small pieces, until they are worth a turn */
};

struct ingest {
    /* what was asked for */
    struct arena          texts; /* holds what the options named */
    struct rules          rules, plain_rules;
    struct run_config     asked; /* of it the format, the dataset, the rules and max_reject_percent */
    struct format_options format_options;
    struct log_format     log_format;
    struct client_key     client_key;
    enum ingest_clients   clients;
    const char           *node, *tmpdir;
    size_t                memory_bytes;
    ingest_record_callback *record;
    void                 *ctx;

    /* what came of it */
    struct hash_secret    secret;
    struct book           books[DATASETS_MAX];
    size_t                n_books;
    struct seen           seen;
    struct tally          lines, records;
    struct ingest_totals  totals;
    struct ingest_reason  reasons[REASONS_N];

    /* for the input that is read */
    struct decoder_room   room;
    struct input_options  input_options;
    struct lines         *cutter;
    struct days           days;
    struct record         batch[RECORDS_MAX];
    struct hit            hits[RECORDS_MAX];
    char                  keys[32 * 1024];
    size_t                n_keys;
    struct pieces         pieces;

    locale_t              locale;  /* "C": numbers of logs have a point */
    bool                  ready;   /* ingest_open was good */
    bool                  read;    /* the rows were: nothing can be added */
    bool                  spoiled; /* good for ingest_error and ingest_close alone */
    char                  message[2816];
};

/* ---- message.c ---- */

/*
 * The end of a call: what `rc` is called outside, with the story in h->message. After ST_MEMORY and ST_DISK the handle is
 * spoiled. `known` matters with ST_OK only.
 */
enum ingest_status message_end(struct ingest *h, enum st rc, bool known, const struct err *err);
/* May the handle be used? Empties the message; else it says why not, and *status is to be given. */
bool message_begin(struct ingest *h, enum ingest_status *status);
/* A call at the wrong time. */
enum ingest_status message_usage(struct ingest *h, const char *what);
#define READ_ALREADY "the rows were read: nothing can be added before ingest_reset"
#define PIECES_OPEN  "pieces of an input came, and it has not ended"

/* ---- books.c ---- */

enum st books_init(struct ingest *h, struct err *err);
void    books_reset(struct ingest *h);
void    books_release(struct ingest *h);
/* For an input of this dataset, with an empty rollup. ST_OK, ST_MEMORY. */
enum st book_open(struct ingest *h, const struct dataset *dataset, struct book **out, struct err *err);
/* The sums of another input fit beside those of all so far, and are added. */
bool    book_add_sums(struct book *b, const int64_t sums[SUMS_MAX]);
/* The input counts. ST_OK, ST_MEMORY, ST_DISK. */
enum st book_keep(struct book *b, struct err *err);

/* ---- count.c ---- */

/*
 * Reads an input to its end, on whatever thread. ST_OK: it counts, or is *known; ST_STOPPED: by the callback; a failure of the
 * input, for which it is refused; ST_MEMORY, ST_DISK.
 */
enum st count_input(struct ingest *h, const struct source *source, bool *known, struct err *err);

/* ---- totals.c ---- */

void totals_reset(struct ingest *h);
void totals_count(struct ingest *h, const struct intake *r, const struct input_result *result);

#endif
