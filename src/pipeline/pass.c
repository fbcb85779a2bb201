/*
 * The crank of one input: blocks of lines become records, records hits, hits rows of the rollup;
 * and the books are kept: every line and record has one outcome, every day its lines. Nothing here
 * is locked or shared.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "catalogs.h"
#include "days.h"
#include "grown.h"
#include "pass.h"
#include "pipeline_priv.h"
#include "rejects.h"
#include "shadow.h"
#include "stream.h"

/*
 * Days and hours are those of all lines whose time could be read, counted or not: coverage is about
 * logs.
 */
static bool
day_is_kept(struct pass *p, const struct record *rec)
{
    if (rec->day != p->day_no) {
        p->day_no = rec->day;
        p->day = days_at(&p->w->days, rec->day);
    }
    return p->day != NULL;
}

static inline void
note_counted(struct payload *payload, int64_t time_us)
{
    if (time_us < payload->counted_first_us)
        payload->counted_first_us = time_us;
    if (time_us > payload->counted_last_us)
        payload->counted_last_us = time_us;
}

static void
note_day(struct pass *p, const struct record *rec, enum reason why)
{
    if (!day_is_kept(p, rec))
        return;
    p->day->lines += rec->first;
    p->day->hours |= UINT32_C(1) << rec->hour;
    if (why == KEEP) {
        p->day->count++;
        p->day->bytes += rec->bytes;
        note_counted(p->payload, rec->time_us);
    } else if (unlikely(why == FILTER_COMMENT)) { /* only those of documents have a day */
        p->day->listed = true;
    } else if (unlikely(why == FILTER_ADOPTED)) {
        p->day->elsewhere++;
    }
    if (rec->time_us < p->payload->first_us)
        p->payload->first_us = rec->time_us;
    if (rec->time_us > p->payload->last_us)
        p->payload->last_us = rec->time_us;
}

static void
close_line(struct pass *p)
{
    if (p->in_line)
        tally_add(&p->payload->lines, p->line_why);
    p->in_line = false;
}

void
pass_close_line(struct pass *p)
{
    close_line(p);
}

/* A line is counted if one of its records is; else it has the reason of its first record. */
static void
note_record(struct pass *p, const struct record *rec, enum reason why)
{
    if (rec->day != DAY_NONE)
        note_day(p, rec, why);
    tally_add(&p->payload->records, why);
    if (rec->first) {
        close_line(p);
        p->in_line = true;
        p->line_why = why;
    } else if (why == KEEP) {
        p->line_why = KEEP;
    }
}

/*
 * The sums of all hits together stay within 2^63 - 1, so that those of any key, total or day do. Of
 * a dataset whose sums are signed it is their sizes that are added here; latest ones are never added
 * up.
 */
static bool
sums_fit(struct pass *p, const struct hit *hit)
{
    const struct dataset *dataset = p->picker->dataset;
    int64_t *sums = p->payload->sums, sum;

    if (unlikely(dataset->keeps_latest))
        return true;
    for (size_t i = 0; i < dataset->n_sums; i++) {
        if (unlikely(__builtin_add_overflow(sums[i], llabs(hit->sums[i]), &sum))) {
            while (i-- > 0)
                sums[i] -= llabs(hit->sums[i]);
            return false;
        }
        sums[i] = sum;
    }
    return true;
}

/* What becomes of one record. KEEP: the hit is put with its key into the worker's batch of hits. */
static enum reason
pick(struct pass *p, const struct record *rec, struct hit *hit)
{
    struct worker *w = p->w;
    enum reason why = rec->why;

    if (rec->day != DAY_NONE && !day_is_kept(p, rec))
        return REJECT_TOO_MANY_DAYS;
    p->picker->key = (uint8_t *)w->keys + w->n_keys;
    if (why == KEEP)
        why = p->picker->dataset->pick(p->picker, rec, hit);
    if (why == KEEP && unlikely(w->run->stream != NULL))
        why = stream_take(w, p->picker, rec, hit);
    if (why != KEEP)
        return why;
    if (unlikely(rec->day < p->adopt_until)) /* the stream remembers it all the same */
        return FILTER_ADOPTED;
    if (!sums_fit(p, hit))
        return REJECT_NUMBER;
    w->n_keys += hit->key.n;
    return KEEP;
}

static enum st
add_hits(struct pass *p, size_t n, struct err *err)
{
    size_t added;
    enum st rc = rollup_add_many(p->rollup, p->w->hits, n, &added, err);

    assert(rc != ST_EOF); /* sums_fit */
    p->w->n_keys = 0;
    return rc;
}

static enum st
take_records(struct pass *p, const struct record *records, size_t n, struct err *err)
{
    struct worker *w = p->w;
    size_t n_hits = 0;
    enum st rc;

    for (size_t i = 0; i < n; i++) {
        enum reason why = pick(p, &records[i], &w->hits[n_hits]);

        if (unlikely(why >= FILTER_UNKNOWN_DIST) &&
            (rc = parked_take(p, &records[i], &why, err)) != ST_OK)
            return rc;
        n_hits += why == KEEP;
        note_record(p, &records[i], why);
        if (unlikely(reason_is_rejected(why) || p->rejects.open_line != 0) &&
            (rc = rejects_see(p, &records[i], why, err)) != ST_OK)
            return rc;
        if (w->n_keys > sizeof w->keys - KEY_BYTES_MAX) {
            if ((rc = add_hits(p, n_hits, err)) != ST_OK)
                return rc;
            n_hits = 0;
        }
    }
    return add_hits(p, n_hits, err);
}

static enum st
take_block(struct pass *p, const struct block *block, struct err *err)
{
    struct worker *w = p->w;
    size_t n;

    rejects_feed(p, block);
    for (uint64_t i = 0; i < block->n_too_long; i++) {
        enum st rc = rejects_see_too_long(p, block->first_line_no - block->n_too_long + i, err);

        if (rc != ST_OK)
            return rc;
        close_line(p);
        tally_add(&p->payload->lines, REJECT_LINE_TOO_LONG);
        tally_add(&p->payload->records, REJECT_LINE_TOO_LONG);
    }
    parser_feed(&p->parser, block);
    for (;;) {
        int64_t start = clock_monotonic_us(), parsed;
        enum st rc = parser_next(&p->parser, w->records, RECORDS_MAX, &n, err);

        parsed = clock_monotonic_us();
        w->us.parse += parsed - start;
        if (rc != ST_OK || n == 0)
            return rc;
        if ((rc = take_records(p, w->records, n, err)) != ST_OK)
            return rc;
        if (unlikely(p->shadow != NULL) && (rc = shadow_take(p, w->records, n, err)) != ST_OK)
            return rc;
        if (unlikely(w->days.no_memory)) /* which is no fault of these lines */
            return err_memory(err, "cannot hold the days of an input");
        w->us.rollup += clock_monotonic_us() - parsed;
    }
}

enum st
pass_turn(struct pass *p, struct err *err)
{
    struct run *run = p->w->run;
    uint64_t stored = 0, lines = 0;
    struct block block;

    for (;;) {
        enum st rc = lines_next(p->w->lines, &block, err);

        atomic_fetch_add(&run->progress_stored, lines_stored_bytes(p->w->lines) - stored);
        p->w->item_stored += lines_stored_bytes(p->w->lines) - stored;
        stored = lines_stored_bytes(p->w->lines);
        if (rc == ST_EOF)
            break;
        if (rc != ST_OK)
            return rc;
        rc = unlikely(p->grown) ? grown_take(p, &block, take_block, err)
                                : take_block(p, &block, err);
        if (rc != ST_OK)
            return rc;
        if (run->stream != NULL && (rc = stream_check(run->stream, err)) != ST_OK)
            return rc;
        lines_used(p->w->lines, p->parser.line_no);
        atomic_fetch_add(&run->progress_decoded, block.n);
        atomic_fetch_add(&run->progress_lines, p->parser.line_no - 1 - lines);
        lines = p->parser.line_no - 1;
        if (run_signals(run) >= 2)
            return err_fail(err, ST_STOPPED, "stopped", "a second signal came");
    }
    close_line(p);
    if (p->grown) {
        enum st rc = grown_end(p, err);

        if (rc != ST_OK)
            return rc;
    }
    return parser_end(&p->parser, err);
}
