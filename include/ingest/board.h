/*
 * 7TV's leaderboards: what each emote scores by `emote_stats`, written into `emote_scores` and as seven lists of emotes. Computed as 7TV's own
 * emote_stats job does; docs/COUNTING.md, "Leaderboards", has the arithmetic.
 */
#ifndef INGEST_BOARD_H
#define INGEST_BOARD_H

#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/pg.h"

#define BOARD_TOP_DEFAULT 500
#define BOARD_TOP_MAX     1000000

enum board_list {
    BOARD_TOP_DAILY,
    BOARD_TOP_WEEKLY,
    BOARD_TOP_MONTHLY,
    BOARD_TOP_ALL_TIME,
    BOARD_TRENDING_DAY,
    BOARD_TRENDING_WEEK,
    BOARD_TRENDING_MONTH,
    BOARD_LISTS
};
extern const char *const board_names[BOARD_LISTS]; /* of the columns and the lists: "top_daily", ... */

struct board_question {
    const char *schema;    /* where tables are looked for before the search path: "seventv" */
    int32_t     until;     /* rows from this day on are left out, and today is the day before it; DAY_NONE: all rows, today by the server's clock */
    size_t      top;       /* length of each list, 1..BOARD_TOP_MAX; 0: no lists are wanted, and the scores are needed then */
};

struct board {
    int32_t  today;
    int64_t  n_emotes;     /* with any row */
    bool     has_scores;   /* emote_scores is there, and was written */
    uint8_t (*ids[BOARD_LISTS])[16]; /* the heap's; best first */
    size_t   n_ids[BOARD_LISTS];
};

/*
 * In the caller's transaction, which he commits. The scores of every emote with a row are overwritten, others left. ST_DB: emote_stats is missing,
 * or emote_scores without lists to make (err->hint: how they are made), a right is missing; ST_DB_RETRY; ST_MEMORY. `b` is to be released in either case.
 */
enum st board_compute(struct board *b, struct pg *pg, const struct board_question *q, struct err *err);
void    board_release(struct board *b);

/* ---- the lists as files: DIR/top_daily.json and its sisters, arrays of ULIDs as 7TV has them ---- */

struct board_files;

/*
 * Writes all seven beside their places, on disk for good; makes `dir` if it is missing (not its parents). ST_DISK with the path: nothing was
 * changed. NULL then. Files get the mode that open(2) would give them.
 */
struct board_files *board_files_write(const struct board *b, const char *dir, struct err *err);
/* Puts them into their places. ST_DISK: the old ones stand as they were, as far as the system let them be put back. Frees. */
enum st board_files_place(struct board_files *f, struct err *err);
/* Leaves things as they were. Frees; NULL is fine. */
void    board_files_drop(struct board_files *f);

/* 26 letters of Crockford's base32 and a NUL (the ULID specification). */
void board_ulid(const uint8_t id[16], char out[27]);

#endif
