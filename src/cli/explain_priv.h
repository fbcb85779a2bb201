/*
 * Inside `ingest explain`: what is known about a record, gathered once and printed as text or as
 * JSON.
 *
 *   explain.c        the command: which inputs, which lines
 *   explain_view.c   a record's fields, route, client and rows, as names and values
 *   explain_text.c   for people
 *   explain_json.c   for programs: one object an input, on a line of its own
 *   explain_rules.c  --url and --rules, which need no input
 *   explain_row.c    --row, which asks the database; explain_row.h is its map
 */
#ifndef EXPLAIN_PRIV_H
#define EXPLAIN_PRIV_H

#include "ingest/look.h"
#include "ingest/route_look.h"

#include "cli_priv.h"

#define FIELDS_MAX 40
#define ROWS_MAX   2 /* the key's row, and that of its total */

struct field {
    const char  *name;
    struct slice text;
    bool         number;  /* JSON writes it without quotes */
    bool         missing; /* JSON writes null */
};

struct row_view {
    const char  *table;
    struct field keys[KEY_COLS_MAX];
    struct field sums[SUMS_MAX];
    size_t       n_keys, n_sums;
    const char  *uniques; /* the column that the client goes into; NULL: none */
    bool         latest;  /* sums are not added: the greater value stands */
};

struct view {
    const struct look_record *look;
    struct field    fields[FIELDS_MAX]; /* as the format has read them; none of a line that it did not take */
    size_t          n_fields;
    const char     *client;             /* what the client is in a sketch; NULL: there is none */
    const char     *class;              /* of the user agent; NULL: there is none */
    struct agent_finding finding;       /* what decided the class */
    char            why[300];           /* the rule that decided, unescaped; "": the reason says all */
    bool            has_route;
    struct route_view  route;
    struct route_match match;
    struct row_view rows[ROWS_MAX];
    size_t          n_rows;
};

/* What making views needs, once a run. */
struct viewer {
    const struct look_choice *choice;
    struct agents *agents;  /* the rules' own, or made here where the pack counts all classes */
    bool         own_agents;
    bool         clients_as_logged; /* --client-key none */
    char        *scratch; /* LINE_BYTES_MAX + 1 bytes: the path that a route has matched */
    struct arena arena;   /* texts of one view */
    char         room[ROUTE_ROOM];
    uint8_t      total[KEY_BYTES_MAX];
};

/* `rules` are borrowed. ST_OK, ST_USAGE (the pack's files), ST_MEMORY. */
enum st viewer_init(struct viewer *v, const struct rules *rules, struct err *err);
void    viewer_release(struct viewer *v);
/* Fills *out, which lives until the next call. */
void    viewer_see(struct viewer *v, const struct look_record *look, struct view *out);

/* How one input is printed. */
struct printer {
    void (*begin)(const char *path, const struct look_choice *choice);
    /* `n` records of the line were printed before. */
    void (*record)(const struct view *view, size_t n);
    /* Of one line so many records stand behind those printed; called once a line if there are any. */
    void (*more)(uint64_t n);
    /* `unterminated`: bytes behind the last line feed that a run leaves; 0 where the end was not seen. */
    void (*end)(uint64_t unterminated);
    size_t records_max; /* of one line */
};
extern const struct printer print_text, print_json;

/* Each prints, and gives the exit status. */
int explain_url(const struct rules *rules, const char *url, bool json);
int explain_rules(const struct rules *rules, bool json);
int explain_row(const struct options *o);

#endif
