/*
 * Rejected lines: are they too many, and what becomes of them.
 */
#ifndef REJECTS_H
#define REJECTS_H

#include "pipeline_priv.h"

struct pass;

/* The rejected lines of one input. */
struct reject_watch {
    uint64_t            open_line;  /* its first record was rejected, and none of it counts so far; 0: none */
    uint64_t            first_line; /* the first rejected line; 0: none */
    enum reason         first_why;
    const char         *path;       /* of the input */
    size_t              taken_back_to; /* where in the spool's buffer the line that came last begins */
    const struct block *block;      /* being parsed */
    const char         *at;         /* line `at_line` begins here */
    uint64_t            at_line;
};

uint64_t spool_end(const struct spool *s);
void    spool_reset(struct spool *s);
void    spool_release(struct spool *s);
/* A block whose lines come next. */
void    rejects_feed(struct pass *p, const struct block *block);
/* A record that was rejected, or any one while rejects.open_line is not 0. ST_OK, ST_DISK, ST_MEMORY. */
enum st rejects_see(struct pass *p, const struct record *rec, enum reason why, struct err *err);
enum st rejects_see_too_long(struct pass *p, uint64_t line_no, struct err *err);
/* All was read: ST_OK, or ST_FORMAT: more is rejected than the run allows. */
enum st rejects_judge(const struct pass *p, struct err *err);
/* These bytes of the worker's spool go to the file when the batch stands. Under the lock. ST_OK, ST_MEMORY. */
enum st rejects_join(struct batch *b, const struct item *item, struct worker *w, uint64_t from, uint64_t to, struct err *err);
/* The batch stands: they go, in the order of the inputs. ST_OK, ST_DISK. */
enum st rejects_settle(struct run *run, struct err *err);

#endif
