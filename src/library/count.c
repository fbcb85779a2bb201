/*
 * One input, from its bytes to the rollup of its dataset. The same stations as in pipeline/pass.c,
 * without what a database asks for; tests hold the rows of both equal.
 */
#include "ingest/base.h"

#include "ingest/clock.h"

#include "library_priv.h"

/* ---- one record, told to the caller ---- */

static struct ingest_text
text_of(struct slice s)
{
    return (struct ingest_text){ s.p, s.n };
}

/* For those who want the parser. False: they have had enough. */
static bool
tell_record(struct ingest *h, const struct record *rec, enum reason why)
{
    struct ingest_record out = {
        .why = reason_name(why),
        .rejected = reason_is_rejected(why),
        .line_no = rec->line_no,
        .first = rec->first,
        .day = rec->day == DAY_NONE ? INGEST_NO_DAY : rec->day,
    };

    if (!reason_is_rejected(rec->why)) {
        out.time_us = rec->time_us;
        out.status = rec->status;
        out.bytes = rec->bytes;
        out.method = text_of(rec->method);
        out.path = text_of(rec->path);
        out.query = text_of(rec->query);
        out.agent = text_of(rec->agent);
        out.client = text_of(rec->client);
        out.forwarded = text_of(rec->forwarded);
        out.country = text_of(rec->country);
        out.network = text_of(rec->network);
        out.station = text_of(rec->station);
        out.location = text_of(rec->location);
        out.channel = text_of(rec->channel);
    }
    return h->record(h->ctx, &out) == 0;
}

/* ---- the books of the input ---- */

static void
close_line(struct intake *r)
{
    if (r->in_line)
        tally_add(&r->lines, r->line_why);
    if (r->in_line && reason_is_rejected(r->line_why) && r->first_line == 0) {
        r->first_line = r->line_no;
        r->first_why = r->line_why;
    }
    r->in_line = false;
}

/* A line is counted if one of its records is; else it has the reason of its first record. */
static void
note_record(struct intake *r, const struct record *rec, enum reason why)
{
    tally_add(&r->records, why);
    if (rec->first) {
        close_line(r);
        r->in_line = true;
        r->line_why = why;
        r->line_no = rec->line_no;
    } else if (why == KEEP) {
        r->line_why = KEEP;
    }
}

/* The sums of all hits together stay within 2^63 - 1, so that those of any key or total do. */
static bool
sums_fit(struct intake *r, const struct hit *hit)
{
    const struct dataset *d = r->book->dataset;

    if (d->keeps_latest)
        return true;
    for (size_t i = 0; i < d->n_sums; i++)
        if (llabs(hit->sums[i]) > INT64_MAX - r->sums[i])
            return false;
    for (size_t i = 0; i < d->n_sums; i++)
        r->sums[i] += llabs(hit->sums[i]);
    return true;
}

/* ---- records ---- */

/* What becomes of one record. KEEP: the hit stands with its key among those that are added next. */
static enum reason
pick(struct ingest *h, struct intake *r, const struct record *rec, struct hit *hit)
{
    struct picker *picker = &r->book->picker;
    enum reason why = rec->why;

    if (rec->day != DAY_NONE && days_at(&h->days, rec->day) == NULL)
        return REJECT_TOO_MANY_DAYS;
    picker->key = (uint8_t *)h->keys + h->n_keys;
    if (why == KEEP)
        why = r->book->dataset->pick(picker, rec, hit);
    if (why == KEEP && !sums_fit(r, hit))
        why = REJECT_NUMBER;
    if (why != KEEP)
        return why;
    h->n_keys += hit->key.n;
    if (unlikely(r->book->watches_days) && client_key_is_dropped(&h->client_key, rec->day))
        r->keyless_day = rec->day;
    return KEEP;
}

static enum st
add_hits(struct ingest *h, struct intake *r, size_t n, struct err *err)
{
    size_t added;
    enum st rc = rollup_add_many(r->book->input, h->hits, n, &added, err);

    assert(rc != ST_EOF); /* sums_fit */
    h->n_keys = 0;
    return rc;
}

static enum st
take_records(struct ingest *h, struct intake *r, size_t n, struct err *err)
{
    size_t n_hits = 0;
    enum st rc;

    for (size_t i = 0; i < n; i++) {
        const struct record *rec = &h->batch[i];
        enum reason why = pick(h, r, rec, &h->hits[n_hits]);

        n_hits += why == KEEP;
        note_record(r, rec, why);
        if (h->record != NULL && !tell_record(h, rec, why))
            return err_set(err, ST_STOPPED, "stopped by the callback");
        if (h->n_keys > sizeof h->keys - KEY_BYTES_MAX) {
            if ((rc = add_hits(h, r, n_hits, err)) != ST_OK)
                return rc;
            n_hits = 0;
        }
    }
    return add_hits(h, r, n_hits, err);
}

static enum st
take_too_long(struct ingest *h, struct intake *r, const struct block *block, struct err *err)
{
    for (uint64_t i = 0; i < block->n_too_long; i++) {
        struct record rec = {
            .why = REJECT_LINE_TOO_LONG,
            .first = true,
            .day = DAY_NONE,
            .line_no = block->first_line_no - block->n_too_long + i,
        };

        note_record(r, &rec, rec.why);
        if (h->record != NULL && !tell_record(h, &rec, rec.why))
            return err_set(err, ST_STOPPED, "stopped by the callback");
    }
    return ST_OK;
}

static enum st
take_block(struct ingest *h, struct intake *r, const struct block *block, struct err *err)
{
    enum st rc = take_too_long(h, r, block, err);
    size_t n;

    if (rc != ST_OK)
        return rc;
    parser_feed(&r->parser, block);
    while ((rc = parser_next(&r->parser, h->batch, RECORDS_MAX, &n, err)) == ST_OK && n > 0) {
        if ((rc = take_records(h, r, n, err)) != ST_OK)
            return rc;
        if (h->days.no_memory)
            return err_memory(err, "cannot hold the days of an input");
    }
    return rc;
}

/* ---- the input ---- */

static enum st
take_lines(struct ingest *h, struct intake *r, struct err *err)
{
    struct block block;
    enum st rc;

    while ((rc = lines_next(h->cutter, &block, err)) == ST_OK) {
        if ((rc = take_block(h, r, &block, err)) != ST_OK)
            break;
        lines_used(h->cutter, r->parser.line_no);
    }
    if (rc == ST_EOF)
        rc = parser_end(&r->parser, err);
    close_line(r);
    if (err_is_of_input(rc) && err->line_no == 0)
        err->line_no = r->parser.line_no;
    return rc;
}

static enum st
read_lines(struct ingest *h, struct intake *r, const struct choice *choice, struct err *err)
{
    enum st rc = book_open(h, choice->dataset, &r->book, err);

    r->format = choice->format;
    if (rc == ST_OK)
        rc = parser_init(&r->parser, choice->format, &h->format_options, err);
    if (rc != ST_OK)
        return rc;
    days_reset(&h->days);
    h->n_keys = 0;
    rc = take_lines(h, r, err);
    parser_release(&r->parser);
    return rc;
}

/* Are so many lines rejected that the format must have been mistaken? */
static enum st
judge(const struct ingest *h, const struct intake *r, struct err *err)
{
    const struct tally *lines = &r->lines;
    uint64_t rejected = tally_rejected(lines);
    uint64_t judged = lines->read - lines->by[FILTER_BLANK] - lines->by[FILTER_COMMENT];

    if (rejected * 100 <= judged * (uint64_t)h->asked.max_reject_percent)
        return ST_OK;
    err_fail(err, ST_FORMAT, "refused to count this input",
             "%" PRIu64 " of %" PRIu64 " lines are rejected as %s, the first for `%s`: %s",
             rejected, judged, r->format->name, reason_name(r->first_why),
             reason_about(r->first_why));
    err->line_no = r->first_line;
    return ST_FORMAT;
}

static enum st
judge_days(const struct intake *r, struct err *err)
{
    char day[11];

    if (r->keyless_day == DAY_NONE)
        return ST_OK;
    clock_format_day(r->keyless_day, day);
    return err_fail(err, ST_FORMAT, "cannot count this input",
                    "the client key of %s is destroyed", day);
}

/* All of it was read, and all is good. */
static enum st
keep(struct ingest *h, struct intake *r, const char *dataset, const struct input_result *result,
     bool *known, struct err *err)
{
    struct ledger_key key = { .dataset = dataset, .hash = result->identity.hash };
    enum st rc;

    *known = seen_has(&h->seen, &key);
    if (*known)
        return ST_OK;
    if (r->book != NULL &&
        ((rc = judge(h, r, err)) != ST_OK || (rc = judge_days(r, err)) != ST_OK))
        return rc;
    if (r->book != NULL && !book_add_sums(r->book, r->sums))
        return err_fail(err, ST_CORRUPT, "cannot count this input",
                        "with it a sum is more than 2^63 - 1");
    if ((rc = seen_add(&h->seen, &key, err)) != ST_OK ||
        (r->book != NULL && (rc = book_keep(r->book, err)) != ST_OK))
        return rc;
    totals_count(h, r, result);
    return ST_OK;
}

/* Of an empty container the checksums are read, too. */
static enum st
read_empty(struct ingest *h, struct err *err)
{
    struct block block;
    enum st rc = lines_next(h->cutter, &block, err);

    return rc == ST_EOF ? ST_OK : rc;
}

static enum st
count_open(struct ingest *h, struct input *in, bool *known, struct err *err)
{
    struct intake intake = { .keyless_day = DAY_NONE };
    struct input_result result;
    struct choice choice;
    enum st rc;

    lines_start(h->cutter, in);
    if ((rc = input_choose(&h->asked, h->cutter, &choice, err)) != ST_OK)
        return rc;
    if (choice.format == NULL || choice.dataset == NULL)
        rc = read_empty(h, err);
    else
        rc = read_lines(h, &intake, &choice, err);
    if (rc != ST_OK)
        return rc;
    input_result(in, &result);
    return keep(h, &intake, choice.dataset == NULL ? "none" : choice.dataset->name, &result, known,
                err);
}

enum st
count_input(struct ingest *h, const struct source *source, bool *known, struct err *err)
{
    locale_t before = uselocale(h->locale); /* of this thread alone */
    struct input *in = NULL;
    enum st rc = input_open(&in, source, &h->secret, &h->input_options, err);

    *known = false;
    if (rc == ST_OK)
        rc = count_open(h, in, known, err);
    input_close(in);
    uselocale(before);
    if (err_is_of_input(rc) || rc == ST_STOPPED) /* other failures are none of the input's */
        snprintf(err->path, sizeof err->path, "%s", source->path);
    h->totals.known += rc == ST_OK && *known;
    h->totals.refused += err_is_of_input(rc);
    return rc;
}
