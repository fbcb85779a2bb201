/*
 * Inside `ingest report`.
 *
 *   report.c     the transaction: clock, period, tables, coverage, runs
 *   tables.c     which tables there are
 *   views.c      what each kind of table means in SQL: day, measures, keys, sketch
 *   series.c     figures by day or month, and the totals that they make
 *   ranking.c    lists: who has most, with series, clients and versions of the first
 *   clients.c    unions of sketches
 *   corrections.c  upper bounds, client keys, what happened on a day
 *   states.c     what is covered: a letter for each day or month
 *   boards.c     7TV's leaderboards
 *   json.c csv.c text.c html.c badge.c   the forms; json_*.c and text_*.c are parts of theirs
 *
 * All of a report lives in its arena, until report_free.
 */
#ifndef REPORT_PRIV_H
#define REPORT_PRIV_H

#include "ingest/report.h"

#include "ingest/arena.h"
#include "ingest/board.h"
#include "ingest/clock.h"
#include "ingest/sink.h"
#include "ingest/sketch.h"

#define REPORT_WHAT     "cannot make the report"
#define TABLES_MAX      32
#define MEASURES_MAX    4
#define LISTS_MAX       4
#define RULES_MAX       10
#define LIST_MAX        10000 /* entries that a list names */
#define VERSIONS_MAX    50    /* of a name */
#define NOTES_MAX       64
#define NO_FIGURE       INT64_MIN /* null */

/* ---- the model ---- */

struct period {
    int32_t since, until; /* days, half-open */
};

struct clients {
    bool    known;
    int64_t estimate, error; /* one standard error */
    bool    upper_bound;     /* those of what was retracted are in it */
    bool    two_keys;        /* of days under two client keys: not known, whatever sketches say */
};

/* A letter for each step, and whether such a step has a figure. */
enum { STATE_SETTLED = 's', STATE_OPEN = 'o', STATE_REVISED = 'r', STATE_PART = 'p', STATE_GAP = 'g', STATE_BEFORE = 'b',
       STATE_AFTER = 'a', STATE_FUTURE = 'f', STATE_UNKNOWN = 'u' };

struct version {
    struct slice version, auth; /* auth.p NULL: the table has none */
    int64_t      sums[2];       /* downloads, bytes */
};

struct entry {
    struct slice    keys[2];
    int64_t         sums[MEASURES_MAX];
    int64_t         before;  /* the main measure in the previous period */
    struct clients  clients;
    int64_t        *series;  /* by step; NO_FIGURE: null. NULL: it is not among the first */
    struct version *versions;
    size_t          n_versions;
    int64_t         n_more, more; /* versions that do not stand there, and their downloads */
};

struct list {
    const char   *of;      /* "name", "network" */
    const char   *keys[2];
    size_t        n_keys;
    bool          has_series, has_clients, has_versions;
    struct entry *entries;
    size_t        n, n_rich; /* n_rich: with a series and the rest */
    int64_t       total, total_before; /* how many there are, */
    bool          unnamed, unnamed_before; /* and whether what has no name is one of them: requests without a country */
    int64_t       others[MEASURES_MAX];
};

/* How many have a name: of countries, those that are known. */
static inline int64_t
list_named(const struct list *l, bool before)
{
    return before ? l->total_before - l->unnamed_before : l->total - l->unnamed;
}

struct month_clients {
    int32_t        month; /* its first day */
    struct clients clients;
};

/* A line at a day, and a month of which a name's clients are an upper bound on some day: of this period or the previous one. */
struct happened {
    int32_t      day;
    struct slice text;
};
struct bound {
    int32_t month;
    bool    before;
};

struct board_entry {
    char    id[27];
    int32_t score;
};

struct boards {
    char                updated_at[24];
    struct board_entry *lists[BOARD_LISTS];
    size_t              n[BOARD_LISTS];
};

struct table {
    struct target  target;
    char           shown[140];      /* schema.table */
    char           ecosystem[64];   /* "": not known */
    bool           monthly;
    int32_t        first, last;     /* days of rows; DAY_NONE: there are none */
    struct period  period, previous;
    size_t         n_steps, n_before;
    const char    *measures[MEASURES_MAX];
    size_t         n_measures;
    bool           has_bytes;
    int64_t        totals[MEASURES_MAX], totals_before[MEASURES_MAX];
    int64_t        n_versions, n_versions_before; /* -1: the table knows none */
    bool           keeps_clients;   /* emotes have none */
    struct clients clients, clients_before;
    const char    *why;             /* a figure of clients is not known; NULL: all are */
    struct month_clients *months;
    size_t         n_months;
    struct happened *happened;      /* in the order of days, of both periods */
    size_t         n_happened;
    int32_t       *keys;            /* days from which on another client key holds, ascending */
    size_t         n_keys;
    struct bound  *bounds;
    size_t         n_bounds;
    char          *bounds_from;     /* where they are read: FROM and WHERE. NULL: there are none */
    char          *states;          /* of the previous period's steps, then of the period's */
    int64_t       *series[MEASURES_MAX]; /* in the same order; of the previous period the first alone is read */
    bool          *has_rows;        /* as the states */
    struct list    lists[LISTS_MAX];
    size_t         n_lists;
    struct boards *boards;          /* NULL: there are none */
};

struct rule_use {
    struct slice dataset, rules_id, first, last;
    int64_t      payloads;
};

struct report {
    struct arena    arena;
    const struct report_question *q; /* the caller's, while it is read */
    size_t          top;
    struct slice    pattern;         /* as it was asked for; p NULL: none */
    struct buf      like;            /* the same as LIKE wants it */
    const char     *dataset;         /* of which alone it is; NULL: of all */
    char            at[24], version[64]; /* of the server */
    struct slice    database;
    int32_t         today;           /* by the server's clock, UTC */
    struct period   period, previous;
    struct table    tables[TABLES_MAX];
    size_t          n_tables;
    bool            has_ledger;
    const char     *unknown;         /* why coverage is; NULL: it is known */
    struct standing standing;
    struct rule_use rules[RULES_MAX];
    size_t          n_rules;
    struct slice    notes[NOTES_MAX];
    size_t          n_notes;
    bool            failed;          /* no memory: looked at once, at the end */
};

/* ---- memory ---- */

void        *report_alloc(struct report *r, size_t n, size_t size); /* zeroed; NULL: r->failed */
struct slice report_copy(struct report *r, struct slice s);         /* p NULL stays so */
void         report_note(struct report *r, const char *format, ...) PRINTF(2, 3);

/* ---- a kind of table in SQL ---- */

/*
 * Pieces of statements; the table is `t`. None has anything of a log in it: names go as parameters. Periods are compared with the table's
 * own column, so that its index serves.
 */
struct view {
    struct buf  from;         /* "public"."stats" AS t, joins and all */
    const char *where;        /* rows that are added up: "t.version IS NULL" */
    const char *day;          /* as a date */
    const char *column;       /* of the day, */
    bool        as_epoch;     /* which has Unix seconds */
    const char *measures[MEASURES_MAX];
    const char *sketch;       /* NULL: there is none */
    const char *fits;         /* pattern: with one $1 for LIKE; exact name: the same with = */
    const char *is;
    const char *key, *key_type; /* of the list of names: expression, and the type of its array */
    const char *version, *auth; /* NULL: there are none */
    const char *versions_where; /* rows that have them */
    const char *version_id;     /* what tells versions of all names apart */
};
enum st view_make(struct view *v, struct report *r, struct table *t, struct pg *pg, struct err *err);
void    view_release(struct view *v);
/* " FROM ... WHERE ... " of days [since, until) and of the names that are asked for; `where` NULL: the view's. */
void    view_rows(const struct view *v, const struct report *r, struct buf *sql, const char *where, struct period days);
/* "t.dldate >= '2024-01-01'" */
void    view_since(const struct view *v, struct buf *sql, int32_t day);
/* The sum of an expression as a bigint that ends where bigint does. */
void    view_sum(struct buf *sql, const char *what);
/* How many parameters the rows take, at the beginning: 0, or 1 with the pattern or the name in values[0]. */
size_t  view_values(const struct report *r, const char **values);
/* Runs what was built, and empties it for the next statement. */
enum st view_ask(struct pg *pg, struct buf *sql, size_t n, const char *const *values, struct pg_result **out, struct err *err);

/* ---- the parts; all ST_OK, ST_DB, ST_DB_RETRY, ST_MEMORY ---- */

enum st report_tables_find(struct report *r, struct pg *pg, struct err *err);
enum st table_span(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err);
enum st table_series(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err);
enum st table_lists(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err);
enum st table_clients(struct report *r, struct table *t, const struct view *v, struct pg *pg, struct err *err);
enum st table_corrections(struct report *r, struct table *t, struct pg *pg, struct err *err);
/* Takes back what cannot be said of the table's clients, and of the first entries' of a list; both after their estimates were made. */
void    clients_correct(struct table *t);
enum st entries_correct(const struct table *t, struct list *list, struct pg *pg, struct err *err);
/* "estimate", "upper bound", "two keys"; NULL: not known */
const char *clients_are(const struct clients *c);
/* Of the first entries of a list, by what `at` (a position in the list, from 1) gives for rows. */
enum st clients_of_entries(struct report *r, struct table *t, struct list *list, struct pg *pg, const char *sql, size_t n,
                           const char *const *values, struct err *err);
enum st table_boards(struct report *r, struct table *t, struct pg *pg, struct err *err);

/* Steps of a table, the previous period's first: -1 outside. And the first day of one. */
int64_t step_of(const struct table *t, int32_t day);
int32_t day_of_step(const struct table *t, int64_t step);
/* Widens the period to whole months where the table keeps those. */
void    table_set_period(struct table *t, const struct report *r);

/* Is this row of the standing's sources one of a dataset that the report is about? */
bool    source_is_asked_for(const struct report *r, size_t row);

/* Letters of days from `since` on, for one source of the ledger, and for all sources of a dataset together. */
void    states_of_source(const struct report *r, const struct standing_days *d, struct period days, char *out);
void    states_of_dataset(const struct report *r, const char *dataset, struct period days, char *out);
enum st table_states(struct report *r, struct table *t, struct err *err);
static inline bool
state_has_figure(char state, bool has_rows)
{
    return has_rows || state == STATE_SETTLED || state == STATE_OPEN || state == STATE_REVISED || state == STATE_PART;
}
const char *state_word(char state);

/* ---- the forms ---- */

/* 1234567 as "1.2M", bytes as "1.2 MiB": at most 4 digits. */
const char *short_number(int64_t v, char out[32]);
const char *short_bytes(int64_t v, char out[32]);
const char *grouped(int64_t v, char out[32]); /* with its sign */

#endif
