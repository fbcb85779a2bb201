/*
 * Inside lines/: cutting decoded bytes into blocks, without a thought for who reads them when.
 */
#ifndef CUT_PRIV_H
#define CUT_PRIV_H

#include "ingest/lines.h"

#define BUFFERS_MAX 4

struct cutter {
    struct input *in;
    char         *buffers[BUFFERS_MAX];
    size_t        n_buffers;
    size_t        now;      /* the buffer that was filled last */
    uint64_t      decoded;  /* bytes of the text up to the end of the window */
    uint64_t      skip_at;  /* where in the text the line that is too long begins */
    size_t        carry;    /* bytes of an unfinished line, in front of the window that is filled next */
    size_t        filled;   /* bytes in the window that no block has given yet */
    struct slice  rest;     /* the unfinished line behind the last block: the next fill moves it */
    bool          given;    /* the window is out: the next fill moves on */
    bool          skipping; /* inside a line that is too long */
    bool          ended;
    lines_watcher *watch;    /* sees all that is read; NULL: nobody does */
    void         *watch_ctx;
    bool          in_pieces; /* blocks are whole windows, wherever lines end */
};

/* Makes sure of `n` buffers, which stay. ST_OK, ST_MEMORY. */
enum st cutter_reserve(struct cutter *c, size_t n, struct err *err);
void    cutter_release(struct cutter *c);

/* With one buffer a block ends with the next call; with n, the last n - 1 blocks stay whole. */
void cutter_start(struct cutter *c, struct input *in, size_t n_buffers);

enum st cutter_peek(struct cutter *c, struct slice *head, struct err *err);

/* Shows it what is in the window, and from here on all that is read. */
enum st cutter_watch(struct cutter *c, lines_watcher *watch, void *ctx, struct err *err);

enum st cutter_look(struct cutter *c, struct slice *head, struct err *err);

/*
 * As lines_next, but without line numbers, and one window at a time: the block is empty where no
 * line ends in it. `fresh` is what input_read gave for the window, and nothing for a last line
 * without LF; it stays as long as the block.
 */
enum st cutter_next(struct cutter *c, struct block *block, struct slice *fresh, struct err *err);

#endif
