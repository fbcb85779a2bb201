/*
 * Inside `ingest explain --row`: what is known of a number, gathered once and printed as text or as
 * JSON.
 *
 *   explain_row.c        the command: which row, which files
 *   explain_parts.c      how much of the row each file has
 *   explain_sighting.c   is a payload still where it was seen?
 *   explain_row_text.c   for people
 *   explain_row_json.c   for programs: one object
 */
#ifndef EXPLAIN_ROW_H
#define EXPLAIN_ROW_H

#include "ingest/behind.h"
#include "ingest/sink.h"

#include "counting.h"

struct measures {
    int64_t sums[SUMS_MAX];
    bool    has_clients;
    double  clients; /* estimate */
};

/* One of the files that were given: a payload, taken by itself. */
struct file_part {
    bool            told;      /* it could be read, and is not the same payload as one before it */
    struct digest   hash;
    int64_t         id;        /* of the ledger; 0: it is not there */
    int64_t         day_count; /* under the rules of now, of all rows of the day (of the month) */
    bool            has_row;
    struct measures part;      /* of the row */
    bool            adds;      /* counts on this day, and no other file holds it */
};

struct answer {
    struct counting    counting; /* first: a run hands its address to the callback */
    struct source_list inputs;
    struct pg         *pg;
    struct ledger      ledger;
    struct target      target;
    struct behind_days days;
    struct behind      behind;
    struct digest      rules_now;
    struct hll        *sketch; /* room for one */
    uint8_t            key_bytes[KEY_BYTES_MAX];
    struct slice       key;
    char               at_table[160];
    size_t             n_rows; /* of this key: a live table may have several */
    struct measures    row;    /* the first */
    struct file_part      *given;
    size_t             n_given; /* as many as inputs, in their order */
    struct measures    parts;  /* what all of them add; clients are not added up */
};

void measure(struct answer *a, struct measures *out, const struct row *row);

/* explain_parts.c */
/* A run's callback. */
enum st parts_take(void *ctx, const struct part *part, struct err *err);
/* Once behind is read: which payloads they are, and the sums. ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY. */
enum st parts_settle(struct answer *a, struct err *err);

/* explain_sighting.c */
/* Row `at` of behind.sightings: "here, as it was" and the like, and a word for programs. */
struct place_seen {
    const char *host, *state; /* this, another, unknown; unchanged, same size, changed, gone, unknown */
    const char *about;
};
#define SIGHTING_PATH_MAX 4097
/* False: it cannot be named. */
bool sighting_path(const struct pg_result *sightings, size_t at, char path[SIGHTING_PATH_MAX]);
struct place_seen sighting_look(const struct pg_result *sightings, size_t at);

/* The first row of behind.sightings behind `at` that is another payload's; *of: does it begin with those of payload `id`? */
size_t sightings_of(const struct pg_result *sightings, size_t at, int64_t id, size_t *n);

/* What a column of text is, ended; "" for NULL. */
static inline const char *
column_text(const struct pg_result *r, size_t row, size_t col)
{
    return pg_is_null(r, row, col) ? "" : pg_text(r, row, col).p;
}

/* Both print to standard output. */
void explain_row_text(const struct answer *a);
void explain_row_json(const struct answer *a);

#endif
