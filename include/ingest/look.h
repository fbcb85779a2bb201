/*
 * A look at single lines: what counting would make of each, with nothing added up. The parts are those of counting, in
 * its order: input, lines, format, dataset. It needs no database, so two things are left open that only a table knows:
 * which ecosystem it holds, and which payloads it has already.
 */
#ifndef INGEST_LOOK_H
#define INGEST_LOOK_H

#include "ingest/dataset.h"
#include "ingest/err.h"
#include "ingest/format.h"
#include "ingest/input.h"
#include "ingest/run.h"

struct look; /* one input; one thread */

/* What the input is. All of it lives until look_close. */
struct look_choice {
    const struct format  *format;  /* NULL: an empty input whose format was not said; so is the dataset */
    const struct dataset *dataset;
    const struct rules   *rules;   /* that count for this dataset */
    bool                  unknown; /* no format takes it, or no container that is read */
    int                   score;   /* how sure the beginning makes the format, 0..100; -1: it was said */
    const char           *codec;   /* "gzip", "zstd", ..., "plain" */
    struct slice          head;    /* the beginning that was looked at; until the first look_next */
};

/* One record. All of it lives until the next look_next. */
struct look_record {
    uint64_t             line_no;
    struct slice         text;      /* the line as decoded, without its line feed; p NULL: too long to be held, or part of a document */
    const struct record *record;
    enum reason          why;
    const struct hit    *hit;       /* when why is KEEP */
    const char          *ecosystem; /* of the hit; "" where the dataset has none */
};

/*
 * Opens an input and tells what it is. `config` is borrowed: its format, format_options, dataset, rules and memory are
 * looked at. ST_OK; what input_open and lines_peek give; ST_FORMAT with choice->head set: of no known format, or of one
 * that does not feed the dataset; ST_MEMORY. *out is to be closed in either case.
 */
enum st look_open(struct look **out, const struct run_config *config, const struct source *source,
                  struct look_choice *choice, struct err *err);

/*
 * The next record at or behind line `from`; the lines before are parsed, because a header may stand there, and not
 * picked. ST_OK; ST_EOF; what lines_next and parser_next give.
 */
enum st look_next(struct look *look, uint64_t from, struct look_record *out, struct err *err);

/* The lines that look_next has passed. */
uint64_t look_lines(const struct look *look);
/* After ST_EOF: bytes behind the last line feed of a plain file, which a run leaves, for the line may still be written. */
uint64_t look_unterminated(const struct look *look);

void look_close(struct look *look);

#endif
