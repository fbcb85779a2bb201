/*
 * Blocks of whole lines, in place. Decoded bytes arrive in a window; the unfinished line at its end
 * is carried to just before the window that is filled next, so that every line lies in one piece
 * and nothing else is copied. There may be several buffers in turn, so that a block can be read
 * while the next ones are made.
 *
 *      buffer                     window
 *      | ............ [carry] | whole lines ........ LF | rest | slack |
 *                     ^ block begins        ends here ^   ^ is the next carry
 */
#include "ingest/base.h"

#include "cut_priv.h"

#define CARRY_MAX (LINE_BYTES_MAX + 64)

/* A line inside one window is never too long, and what is left of a window fits before it. */
static_assert(LINES_WINDOW % IDENTITY_BLOCK == 0 && LINES_WINDOW <= LINE_BYTES_MAX,
              "fill() relies on it");

static char *
window(const struct cutter *c)
{
    return c->buffers[c->now] + CARRY_MAX;
}

enum st
cutter_reserve(struct cutter *c, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (c->buffers[i] != NULL)
            continue;
        c->buffers[i] =
            aligned_alloc(64, (CARRY_MAX + LINES_WINDOW + BLOCK_SLACK + 63) & ~(size_t)63);
        if (c->buffers[i] == NULL)
            return err_memory(err, "cannot cut lines");
        memset(c->buffers[i] + CARRY_MAX + LINES_WINDOW, 0, BLOCK_SLACK);
    }
    return ST_OK;
}

void
cutter_release(struct cutter *c)
{
    for (size_t i = 0; i < BUFFERS_MAX; i++)
        free(c->buffers[i]);
}

void
cutter_start(struct cutter *c, struct input *in, size_t n_buffers)
{
    struct cutter fresh = { .in = in, .n_buffers = n_buffers };

    memcpy(fresh.buffers, c->buffers, sizeof fresh.buffers);
    *c = fresh;
}

/*
 * Moves on to the next buffer once the window has been given, the unfinished line to its place
 * there, and fills the window.
 */
static enum st
fill(struct cutter *c, struct err *err)
{
    enum st rc;

    if (c->given) {
        c->now = (c->now + 1) % c->n_buffers;
        memmove(window(c) - c->rest.n, c->rest.p, c->rest.n);
        c->carry = c->rest.n;
        c->given = false;
    }
    if (c->ended)
        return ST_EOF;
    rc = input_read(c->in, window(c), LINES_WINDOW, &c->filled, err);
    if (rc != ST_OK)
        c->filled = 0;
    c->decoded += c->filled;
    if (rc == ST_OK && unlikely(c->watch != NULL))
        rc = c->watch(c->watch_ctx, window(c), c->filled, err);
    if (rc == ST_EOF)
        c->ended = true;
    return rc;
}

enum st
cutter_look(struct cutter *c, struct slice *head, struct err *err)
{
    head->p = window(c);
    return input_look(c->in, window(c), 64 * KIB, &head->n, err);
}

enum st
cutter_watch(struct cutter *c, lines_watcher *watch, void *ctx, struct err *err)
{
    c->watch = watch;
    c->watch_ctx = ctx;
    return c->filled == 0 ? ST_OK : watch(ctx, window(c), c->filled, err);
}

enum st
cutter_peek(struct cutter *c, struct slice *head, struct err *err)
{
    const char *lf;
    enum st rc = c->filled == 0 ? fill(c, err) : ST_OK;

    *head = (struct slice){ window(c), c->filled < 64 * KIB ? c->filled : 64 * KIB };
    if (rc != ST_OK)
        return rc == ST_EOF ? ST_OK : rc;
    lf = memrchr(head->p, '\n', head->n);
    if (lf != NULL)
        head->n = (size_t)(lf - head->p) + 1;
    return ST_OK;
}

/*
 * The input has ended: what is carried is a last line without LF, or half a line before the cut of
 * one that is salvaged.
 */
static enum st
last_line(struct cutter *c, struct block *block)
{
    if (input_is_partial(c->in, NULL))
        return ST_EOF;
    if (c->skipping) {
        c->skipping = false;
        block->n_too_long = 1;
        block->too_long_offset = c->skip_at;
        return ST_OK;
    }
    if (c->carry == 0)
        return ST_EOF;
    block->p = window(c) - c->carry;
    block->n = c->carry;
    block->offset = c->decoded - c->carry;
    c->carry = 0;
    return ST_OK;
}

/*
 * No LF in the whole window: the line goes on. It is carried while it may still be short enough,
 * else dropped.
 */
static void
carry_on(struct cutter *c, size_t n)
{
    c->rest = (struct slice){ window(c) - c->carry, c->carry + n };
    if (!c->skipping && c->rest.n <= LINE_BYTES_MAX)
        return;
    if (!c->skipping)
        c->skip_at = c->decoded - c->rest.n;
    c->skipping = true;
    c->rest.n = 0;
}

static void
cut_piece(struct cutter *c, size_t n, struct block *block)
{
    block->p = window(c);
    block->n = n;
    block->offset = c->decoded - n;
    c->rest = (struct slice){ block->p + n, 0 };
}

static void
cut_lines(struct cutter *c, size_t n, struct block *block)
{
    const char *start = window(c), *last = memrchr(start, '\n', n), *first;

    if (last == NULL) {
        carry_on(c, n);
        return;
    }
    c->rest = (struct slice){ last + 1, (size_t)(start + n - (last + 1)) };
    first = memchr(start, '\n', n);
    block->p = window(c) - c->carry;
    if (c->skipping || c->carry + (size_t)(first - start) > LINE_BYTES_MAX) {
        block->too_long_offset = c->skipping ? c->skip_at : c->decoded - n - c->carry;
        c->skipping = false;
        block->n_too_long = 1;
        block->p = window(c) + (first + 1 - start);
    }
    block->offset = c->decoded - (uint64_t)(start + n - block->p);
    block->n = (size_t)(last + 1 - block->p);
}

enum st
cutter_next(struct cutter *c, struct block *block, struct slice *fresh, struct err *err)
{
    enum st rc = c->filled == 0 ? fill(c, err) : ST_OK;

    *block = (struct block){ 0 };
    *fresh = (struct slice){ window(c), c->filled };
    if (rc == ST_EOF && !c->in_pieces)
        return last_line(c, block);
    if (rc == ST_EOF && input_is_partial(c->in, err))
        return err->code; /* half a document says nothing */
    if (rc != ST_OK)
        return rc;
    c->filled = 0;
    c->given = true;
    if (c->in_pieces)
        cut_piece(c, fresh->n, block);
    else
        cut_lines(c, fresh->n, block);
    return ST_OK;
}
