/*
 * Blocks of whole lines, in place. Decoded bytes arrive in a window; the unfinished line at its end is carried to just
 * before the window when the next one is filled, so that every line lies in one piece and nothing else is copied.
 *
 *      buf                        window
 *      | ............ [carry] | whole lines ........ LF | rest | slack |
 *                     ^ block begins        ends here ^   ^ is the next carry
 */
#include "ingest/base.h"

#include "ingest/lines.h"

#define CARRY_MAX (LINE_BYTES_MAX + 64)

/* A line inside one window is never too long, and what is left of a window fits before it. */
static_assert(LINES_WINDOW % IDENTITY_BLOCK == 0 && LINES_WINDOW <= LINE_BYTES_MAX, "fill() relies on it");

struct lines {
    struct input *in;
    char         *buf;
    size_t        carry;    /* bytes of an unfinished line, in front of the window */
    size_t        filled;   /* bytes in the window that no block has given yet */
    size_t        rest_at;  /* where in the window the unfinished line of the last block begins: the next fill moves it */
    size_t        rest;
    bool          skipping; /* inside a line that is too long */
    bool          ended;
    uint64_t      next_line_no;
};

static char *
window(struct lines *l)
{
    return l->buf + CARRY_MAX;
}

struct lines *
lines_new(struct err *err)
{
    struct lines *l = calloc(1, sizeof *l);

    if (l != NULL)
        l->buf = aligned_alloc(64, (CARRY_MAX + LINES_WINDOW + BLOCK_SLACK + 63) & ~(size_t)63);
    if (l == NULL || l->buf == NULL) {
        free(l);
        err_memory(err, "cannot cut lines");
        return NULL;
    }
    memset(window(l) + LINES_WINDOW, 0, BLOCK_SLACK);
    return l;
}

void
lines_free(struct lines *l)
{
    if (l == NULL)
        return;
    free(l->buf);
    free(l);
}

void
lines_start(struct lines *l, struct input *in)
{
    *l = (struct lines){ .buf = l->buf, .in = in, .next_line_no = 1 };
}

/* Moves the unfinished line to its place before the window and fills the window. */
static enum st
fill(struct lines *l, struct err *err)
{
    enum st rc;

    if (l->rest > 0) {
        memmove(window(l) - l->rest, window(l) + l->rest_at, l->rest);
        l->carry = l->rest;
        l->rest = 0;
    }
    if (l->ended)
        return ST_EOF;
    rc = input_read(l->in, window(l), LINES_WINDOW, &l->filled, err);
    if (rc != ST_OK)
        l->filled = 0;
    if (rc == ST_EOF)
        l->ended = true;
    return rc;
}

enum st
lines_peek(struct lines *l, struct slice *head, struct err *err)
{
    const char *lf;
    enum st rc = l->filled == 0 ? fill(l, err) : ST_OK;

    *head = (struct slice){ window(l), l->filled < 64 * KIB ? l->filled : 64 * KIB };
    if (rc != ST_OK)
        return rc == ST_EOF ? ST_OK : rc;
    lf = memrchr(head->p, '\n', head->n);
    if (lf != NULL)
        head->n = (size_t)(lf - head->p) + 1;
    return ST_OK;
}

/* The input has ended: what is carried is a last line without LF. */
static enum st
last_line(struct lines *l, struct block *block)
{
    if (l->skipping) {
        l->skipping = false;
        block->n_too_long = 1;
        block->first_line_no = ++l->next_line_no;
        return ST_OK;
    }
    if (l->carry == 0)
        return ST_EOF;
    block->p = window(l) - l->carry;
    block->n = l->carry;
    block->first_line_no = l->next_line_no;
    l->carry = 0;
    return ST_OK;
}

/* No LF in the whole window: the line goes on. It is carried while it may still be short enough, else dropped. */
static void
carry_on(struct lines *l, size_t n)
{
    if (l->skipping || l->carry + n > LINE_BYTES_MAX) {
        l->skipping = true;
        l->carry = 0;
        return;
    }
    memmove(window(l) - l->carry - n, window(l) - l->carry, l->carry + n);
    l->carry += n;
}

enum st
lines_next(struct lines *l, struct block *block, struct err *err)
{
    *block = (struct block){ 0 };
    for (;;) {
        char *start = window(l), *first, *last;
        size_t n;
        enum st rc = l->filled == 0 ? fill(l, err) : ST_OK;

        if (rc == ST_EOF)
            return last_line(l, block);
        if (rc != ST_OK)
            return rc;
        n = l->filled;
        l->filled = 0;
        last = memrchr(start, '\n', n);
        if (last == NULL) {
            carry_on(l, n);
            continue;
        }
        l->rest_at = (size_t)(last + 1 - start);
        l->rest = n - l->rest_at;
        first = memchr(start, '\n', n);
        if (l->skipping || l->carry + (size_t)(first - start) > LINE_BYTES_MAX) {
            l->skipping = false;
            block->n_too_long = 1;
            l->next_line_no++;
            block->p = first + 1;
        } else {
            block->p = start - l->carry;
        }
        block->n = (size_t)(last + 1 - block->p);
        block->first_line_no = l->next_line_no;
        l->carry = 0;
        return ST_OK;
    }
}

void
lines_used(struct lines *l, uint64_t next_line_no)
{
    l->next_line_no = next_line_no;
}
