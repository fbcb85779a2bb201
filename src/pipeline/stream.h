/*
 * For rules with a window or a union of ranges: all inputs as one stream, in the order of their times.
 */
#ifndef STREAM_H
#define STREAM_H

#include "pipeline_priv.h"

/* Does the run need one? ST_OK; ST_USAGE: standard input is one of several; ST_MEMORY. */
enum st stream_init(struct run *run, struct err *err);
void    stream_release(struct run *run);
void    stream_begin(struct run *run); /* forgets what was compared, for a batch that begins */
/* Finds the first event of each input, for stream_by_time(), which compares two `struct item *`. ST_OK, ST_STOPPED. */
enum st stream_order(struct run *run, struct err *err);
int     stream_by_time(const void *a, const void *b);
/* For a picker of these rules, whose objects are to be known; NULL: they are not. */
const struct hash_secret *stream_secret(const struct run *run, const struct rules *rules);
/* A hit of the input that the worker reads: KEEP, or why it does not count, for now. Look at stream_check now and then. */
enum reason stream_take(struct worker *w, const struct picker *picker, const struct record *rec, const struct hit *hit);
enum st stream_check(const struct stream *s, struct err *err); /* ST_MEMORY: stream_take has no more room */
/* After the inputs: true if some were compared with others and do not count. They are marked; the batch must be read again. */
bool    stream_leave_out(struct run *run);
/* What came so far was counted before, in its parts too. Of standard input alone, else it is skipped from the start. */
void    stream_forget_parts(struct run *run);
/* Adds what the ranges add up to, before COMMIT. */
enum st stream_settle(struct run *run, struct err *err);

#endif
