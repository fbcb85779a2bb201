/*
 * What it takes to count an input, in a run and in library/, which has none: which format and dataset it has (choose.c), and
 * what that dataset needs (needs.c).
 */
#ifndef BELT_H
#define BELT_H

#include "ingest/lines.h"
#include "ingest/rollup.h"
#include "ingest/run.h"

#define DATASETS_MAX 8   /* that one run feeds */
#define RECORDS_MAX  256 /* that a parser is asked for at once */

/* An input's own trouble: it is refused, the others go on. */
static inline bool
err_is_of_input(enum st rc)
{
    return rc == ST_CORRUPT || rc == ST_IO || rc == ST_FORMAT || rc == ST_CHANGED ||
           rc == ST_NO_TABLE;
}

/* ---- needs.c ---- */

/* The rules of datasets without routes, from those of the configuration: the caller releases them. What rules_init gives. */
enum st plain_rules_init(struct rules *plain, const struct run_config *c, struct err *err);
/* Of the rollup that adds its hits up. */
struct rollup_shape shape_of(const struct dataset *d);

/* ---- choose.c ---- */

struct choice {
    const struct format  *format;  /* NULL: an empty input, and none was said; so is the dataset */
    const struct dataset *dataset;
    int                   score;   /* how sure the beginning makes it, 0..100; -1: it was said */
    struct slice          head;    /* that was looked at, until the first lines_next */
};
/* Peeks; only before the first lines_next. What lines_peek gives; ST_FORMAT: of no known format, or it does not feed the dataset. */
enum st input_choose(const struct run_config *c, struct lines *lines, struct choice *out, struct err *err);

#endif
