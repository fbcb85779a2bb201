/*
 * Cuts decoded bytes into blocks of whole lines, in place.
 */
#ifndef INGEST_LINES_H
#define INGEST_LINES_H

#include "ingest/err.h"
#include "ingest/input.h"
#include "ingest/line.h"
#include "ingest/slice.h"

/* Decoded bytes read at once; a multiple of IDENTITY_BLOCK. Fits a core's L2 cache together with what the parser touches. */
#define LINES_WINDOW (256 * KIB)

struct lines; /* reused from input to input; one per worker */

struct lines *lines_new(struct err *err); /* NULL: no memory */
void          lines_free(struct lines *l);

/* Start with a fresh input, borrowed until lines_stop or the next start. */
void lines_start(struct lines *l, struct input *in);

/*
 * The beginning of the input for sniffing: up to 64 KiB, cut behind the last LF if there is one. ST_OK also for an empty
 * input; else what input_read gives. Only before the first lines_next.
 */
enum st lines_peek(struct lines *l, struct slice *head, struct err *err);

/*
 * For a text that is no log: lines_look is input_look, into memory that lives until the next call, at most 64 KiB;
 * lines_take_all is input_take_all. Only before lines_peek.
 */
enum st lines_look(struct lines *l, struct slice *head, struct err *err);
void    lines_take_all(struct lines *l);
/* Blocks are cut anywhere from here on, and no line is too long. Only before the first lines_next. */
void    lines_in_pieces(struct lines *l);

/*
 * Shows `watch` every decoded byte, once and in order, before any line of it is given: on the thread that reads. What has been read so
 * far is shown at once. What it gives other than ST_OK ends the input. Only before the first lines_next and lines_go_ahead.
 */
typedef enum st lines_watcher(void *ctx, const char *p, size_t n, struct err *err);
enum st lines_watch(struct lines *l, lines_watcher *watch, void *ctx, struct err *err);

/*
 * From here on a thread of its own decodes and cuts, a few blocks ahead of lines_next: worth it for a large input while
 * a core is idle. Without a thread or memory nothing changes. The input belongs to that thread until lines_stop.
 */
void lines_go_ahead(struct lines *l);
void lines_stop(struct lines *l); /* ends the thread, wherever it is; harmless without one */

/*
 * The next block; the former one is gone. ST_OK: block->n may be 0 if block->n_too_long is not. ST_EOF, and what input_read gives.
 * The caller counts lines while it parses and says before the next call how far it came.
 */
enum st lines_next(struct lines *l, struct block *block, struct err *err);
void    lines_used(struct lines *l, uint64_t next_line_no);

/* Bytes as stored that had been read when the last block was made. */
uint64_t lines_stored_bytes(const struct lines *l);
/* Time spent on decoding, hashing and cutting; after lines_stop. */
int64_t lines_decode_us(const struct lines *l);

#endif
