/*
 * Log formats: bytes of whole lines in, records out. A new format is one file and one line in formats.def.
 */
#ifndef INGEST_FORMAT_H
#define INGEST_FORMAT_H

#include "ingest/arena.h"
#include "ingest/document.h"
#include "ingest/err.h"
#include "ingest/line.h"
#include "ingest/record.h"

struct format_example {
    const char *line;     /* without LF; may hold several lines where a header must come first (the last one is the example) */
    enum reason why;      /* of its first record */
    uint16_t    status;   /* of its first record, when KEEP */
    int64_t     bytes;
};

struct parser;

struct format {
    const char *name;     /* as --format takes it */
    const char *about;    /* one clause for --help */
    const char *dataset;  /* the dataset that it feeds unless --dataset says otherwise */

    /*
     * One line (no LF, no CR before it, never empty), one record. All fields of *rec are zero but line_no, first and day
     * (DAY_NONE). Returns what becomes rec->why.
     */
    enum reason (*line)(struct parser *p, struct slice line, struct record *rec);

    /*
     * Beside `line`, or NULL: the lines from p->at on that have the usual shape, up to `max` and to the first that has not,
     * each read as `line` would read what stands behind the syslog head that p->heads tells of. Gives how many; advances
     * p->at and p->line_no. Takes nothing of p->scratch.
     */
    size_t (*quick)(struct parser *p, struct record *out, size_t max);

    /*
     * Or, where a line gives many records or the hot path wants its own loop: up to `max` records from p->at .. p->end, in
     * place; advances p->at and p->line_no, and resets p->scratch itself, once no line needs it. *n_records 0 with ST_OK: the
     * block is used up. ST_FORMAT refuses the whole input, with err->line_no set.
     */
    enum st (*block)(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err);

    /*
     * A document: the input is one text and not lines. `block` is then fed with pieces that are cut anywhere, numbers as
     * a line what it counts as one (p->line_no is its own), and `end` is asked once all of it was fed: ST_OK, or ST_FORMAT
     * where the text ends too early.
     */
    bool document;
    enum st (*end)(struct parser *p, struct err *err);

    /* How sure is it that `head` (the first 64 KiB, cut behind the last LF if there is one) is of this format? 0..100, 0: it is not. */
    int (*sniff)(struct slice head);

    bool   own_heads;     /* `line` wants to see syslog heads: it cuts them off itself */
    size_t state_bytes;   /* of p->state, cleared at parser_init: the column map of CloudFront */
    size_t clear_bytes;   /* only so many of them are cleared; 0: all. A parser is made for each file, and a dozen to tell its format */

    const struct format_example *examples;
    size_t                       n_examples;
};

/* What a run says about reading its logs. All zero: nothing. Borrowed for the run. */
struct json_keys;
struct log_format;
struct format_options {
    const char              *drop_key;   /* record.marked is the field of this name; NULL: none */
    const struct json_keys  *json_keys;  /* `json`, `csv`, `tsv`: where the fields stand, of a [format NAME] (json_keys.h); NULL: known by name */
    const struct log_format *log_format; /* `custom`: a compiled --log-format */
    unsigned                 unasked;    /* ASKS_...: nobody asks for these fields, and a format may leave them out */
    bool                     trace_starts; /* `fdsnws`: record.marked is the `start` of a trace, as logged */
};

/* Do lines have a syslog head in front of what the format reads? Said by the first lines; for formats that have `line`. */
enum heads { HEADS_LOOK, HEADS_THERE, HEADS_NONE };

struct parser {
    const struct format *format;
    const struct format_options *options; /* never NULL */
    char        *at, *end;     /* what is left of the block */
    uint64_t     line_no;      /* of the line at `at` */
    uint64_t     n_fed;        /* blocks so far */
    enum heads   heads;
    struct arena scratch;      /* unescaped text of the records given last; lives as long as they do */
    void        *state;        /* the format's own */
    struct document document;  /* known when parser_end has given ST_OK */
};

extern const struct format *const formats[]; /* from formats.def, NULL at the end */
const struct format *format_by_name(const char *name); /* NULL: none */

/* ST_OK or ST_MEMORY. One parser reads one input. `options` NULL: nothing is said. */
enum st parser_init(struct parser *p, const struct format *format, const struct format_options *options, struct err *err);
void    parser_feed(struct parser *p, const struct block *block); /* the last one must be used up */
/* Up to `max` records; *n 0: the block is used up. Slices live until the next call or the block's end. ST_FORMAT, ST_MEMORY. */
enum st parser_next(struct parser *p, struct record *out, size_t max, size_t *n, struct err *err);
/* All of the input was fed: ST_OK, or ST_FORMAT where a document is not whole. */
enum st parser_end(struct parser *p, struct err *err);
void    parser_release(struct parser *p);

/*
 * The format of an input by its beginning: the highest score wins. ST_OK; ST_FORMAT for a tie, and for a best score below
 * SNIFF_SURE: the cause names the two best with their scores, and shows the line that decides (err->line_no; ASCII, cut).
 */
#define SNIFF_SURE 50
enum st format_sniff(struct slice head, const struct format **out, int *score, struct err *err);

/* Is `head` the beginning of a document? Such a file is read to its last byte, whether a LF ends it or not. */
bool format_is_document(struct slice head);

/* What a sniff is made of: the share 0..100 of the lines of `head` (comments and blanks apart) that `format` does not reject. */
int format_share(const struct format *format, struct slice head);

#endif
