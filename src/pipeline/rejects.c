/*
 * Rejected lines. Which was the first, and are they so many that the format must have been
 * mistaken? And with --rejects what they are: on their way to the file they wait in a spool of the
 * worker until it is known whether their input counts. Nothing of this costs a line that is not
 * rejected.
 */
#include "ingest/base.h"

#include "ingest/temporary.h"
#include "pass.h"
#include "pipeline_priv.h"
#include "reject_line.h"
#include "rejects.h"

/* ---- the spool ---- */

#define SPOOL_BUFFER (256 * KIB)

uint64_t
spool_end(const struct spool *s)
{
    return s->n_file + s->buf.n;
}

static enum st
spool_failed(enum st code, const char *cause, struct err *err)
{
    return err_fail(err, code, "cannot keep rejected lines in a temporary file", "%s", cause);
}

static enum st
spool_flush(struct spool *s, const char *dir, struct err *err)
{
    size_t done = 0;

    if (s->fd < 0)
        s->fd = temporary_open(dir);
    if (s->fd < 0)
        return spool_failed(ST_DISK, strerror(errno), err);
    while (done < s->buf.n) {
        ssize_t n = pwrite(s->fd, s->buf.p + done, s->buf.n - done, (off_t)(s->n_file + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return spool_failed(ST_DISK, strerror(n < 0 ? errno : ENOSPC), err);
        done += (size_t)n;
    }
    s->n_file += done;
    buf_reset(&s->buf);
    return ST_OK;
}

/* Bytes [from, from + n) go to the file. */
static enum st
spool_copy(const struct spool *s, uint64_t from, uint64_t n, struct rejects *to, struct err *err)
{
    char piece[16 * 1024];

    while (n > 0 && from < s->n_file) {
        uint64_t left = s->n_file - from < n ? s->n_file - from : n;
        size_t want = left < sizeof piece ? (size_t)left : sizeof piece;
        ssize_t got = pread(s->fd, piece, want, (off_t)from);
        enum st rc;

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return spool_failed(ST_DISK, got < 0 ? strerror(errno) : "it ends too early", err);
        if ((rc = rejects_add(to, piece, (size_t)got, err)) != ST_OK)
            return rc;
        from += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return n == 0 ? ST_OK : rejects_add(to, s->buf.p + (from - s->n_file), (size_t)n, err);
}

void
spool_reset(struct spool *s)
{
    if (s->n_file > 0)
        (void)!ftruncate(s->fd, 0); /* room that is not given back is only that */
    s->n_file = 0;
    buf_reset(&s->buf);
}

void
spool_release(struct spool *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    buf_release(&s->buf);
}

/* ---- while lines are read ---- */

void
rejects_feed(struct pass *p, const struct block *block)
{
    struct reject_watch *r = &p->rejects;

    r->block = block;
    r->at = block->p;
    r->at_line = block->first_line_no;
}

/* The text of a line of the block. Line numbers only grow, so the block is gone through once. */
static bool
find_line(struct pass *p, uint64_t line_no, struct slice *line)
{
    struct reject_watch *r = &p->rejects;
    const char *end = r->block->p + r->block->n, *lf;

    if (p->parser.format->document || line_no < r->at_line)
        return false;
    while (r->at < end && r->at_line < line_no) {
        lf = memchr(r->at, '\n', (size_t)(end - r->at));
        r->at = lf == NULL ? end : lf + 1;
        r->at_line++;
    }
    if (r->at == end)
        return false;
    lf = memchr(r->at, '\n', (size_t)(end - r->at));
    *line = (struct slice){ r->at, (size_t)((lf == NULL ? end : lf) - r->at) };
    return true;
}

/*
 * Appends to the spool; the line that came last stands in its buffer, so that it can be taken back.
 */
static enum st
keep_line(struct pass *p, struct reject_line *l, struct err *err)
{
    const struct rejects *to = p->w->run->config->rejects;
    struct spool *s = &p->w->spool;
    enum st rc;

    l->path = p->rejects.path;
    l->raw = rejects_is_raw(to);
    if (s->buf.n >= SPOOL_BUFFER && (rc = spool_flush(s, rejects_dir(to), err)) != ST_OK)
        return rc;
    p->rejects.taken_back_to = s->buf.n;
    reject_line_put(&s->buf, l);
    return s->buf.failed ? err_memory(err, "cannot keep rejected lines") : ST_OK;
}

static void
note_first(struct reject_watch *r, uint64_t line_no, enum reason why)
{
    if (r->first_line == 0) {
        r->first_line = line_no;
        r->first_why = why;
    }
}

/* The line counts after all: one of its records does. */
static void
take_back(struct pass *p)
{
    struct reject_watch *r = &p->rejects;

    if (r->first_line == r->open_line)
        r->first_line = 0;
    if (p->w->run->config->rejects != NULL)
        p->w->spool.buf.n = r->taken_back_to;
    r->open_line = 0;
}

enum st
rejects_see(struct pass *p, const struct record *rec, enum reason why, struct err *err)
{
    struct reject_watch *r = &p->rejects;
    struct reject_line l = { .line_no = rec->line_no, .why = why, .client = rec->client };

    if (!rec->first) {
        if (why == KEEP && r->open_line != 0)
            take_back(p);
        return ST_OK;
    }
    r->open_line = 0;
    if (!reason_is_rejected(why))
        return ST_OK;
    r->open_line = rec->line_no;
    note_first(r, rec->line_no, why);
    if (p->w->run->config->rejects == NULL)
        return ST_OK;
    l.has_offset = find_line(p, rec->line_no, &l.text);
    if (l.has_offset)
        l.offset = r->block->offset + (uint64_t)(l.text.p - r->block->p);
    if (l.text.n > 0 && l.text.p[l.text.n - 1] == '\r')
        l.text.n--;
    return keep_line(p, &l, err);
}

enum st
rejects_see_too_long(struct pass *p, uint64_t line_no, struct err *err)
{
    struct reject_watch *r = &p->rejects;
    struct reject_line l = {
        .line_no = line_no,
        .why = REJECT_LINE_TOO_LONG,
        .offset = r->block->too_long_offset,
        .has_offset = r->block->n_too_long == 1,
    };

    r->open_line = 0;
    note_first(r, line_no, REJECT_LINE_TOO_LONG);
    return p->w->run->config->rejects == NULL ? ST_OK : keep_line(p, &l, err);
}

/* ---- at the end of an input ---- */

enum st
rejects_judge(const struct pass *p, struct err *err)
{
    const struct tally *lines = &p->payload->lines;
    const struct reject_watch *r = &p->rejects;
    uint64_t rejected = tally_rejected(lines),
             judged = lines->read - lines->by[FILTER_BLANK] - lines->by[FILTER_COMMENT] -
                      lines->by[FILTER_COUNTED_BEFORE];
    int most = p->w->run->config->max_reject_percent;

    if (rejected * 100 <= judged * (uint64_t)most)
        return ST_OK;
    /* Behind what was counted there may be nothing but half a line, where a rotation cut it off. */
    if (lines->by[FILTER_COUNTED_BEFORE] > 0 && rejected == 1)
        return ST_OK;
    err_fail(err, ST_FORMAT, "refused to count this input",
             "%" PRIu64 " of %" PRIu64 " lines are rejected as %s, %.1f %%; the first for `%s`: %s", rejected,
             judged, p->parser.format->name, (double)rejected / (double)judged * 100,
             reason_name(r->first_why), reason_about(r->first_why));
    err_hint(err,
             "was the format mistaken? `ingest explain FILE:%" PRIu64
             "` shows this line, -f says the format; --max-reject 100 counts what can be read",
             r->first_line);
    err->line_no = r->first_line;
    return ST_FORMAT;
}

/* ---- when it is known what becomes of the input ---- */

enum st
rejects_join(struct batch *b, const struct item *item, struct worker *w, uint64_t from, uint64_t to,
             struct err *err)
{
    if (from == to)
        return ST_OK;
    if (b->n_reject_ranges % BATCH_INPUTS_MAX == 0) {
        struct reject_range *ranges =
            realloc(b->reject_ranges, (b->n_reject_ranges + BATCH_INPUTS_MAX) * sizeof *ranges);

        if (ranges == NULL)
            return err_memory(err, "cannot keep rejected lines");
        b->reject_ranges = ranges;
    }
    b->reject_ranges[b->n_reject_ranges++] =
        (struct reject_range){ .w = w, .at = item->at, .from = from, .n = to - from };
    return ST_OK;
}

static int
by_place(const void *a, const void *b)
{
    const struct reject_range *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

enum st
rejects_settle(struct run *run, struct err *err)
{
    struct batch *b = &run->batch;
    enum st rc = ST_OK;

    if (b->n_reject_ranges > 0)
        qsort(b->reject_ranges, b->n_reject_ranges, sizeof *b->reject_ranges, by_place);
    for (size_t i = 0; i < b->n_reject_ranges && rc == ST_OK; i++) {
        const struct reject_range *r = &b->reject_ranges[i];

        rc = spool_copy(&r->w->spool, r->from, r->n, run->config->rejects, err);
    }
    return rc;
}
