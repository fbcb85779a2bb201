/*
 * One stream: rules that fold repeats or put ranges together must see all lines of a run in the
 * order of their times. So its inputs are read by one worker, ordered by their first event, and
 * commit together. What an input has said to the window or the ranges cannot be taken back: if the
 * ledger then knows it, or its end is damaged, the others are read again without it.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/range_union.h"
#include "ingest/window.h"
#include "adopt.h"
#include "belt.h"
#include "pipeline_priv.h"
#include "shadow.h"
#include "stream.h"

#define PEEK_BLOCKS 16 /* in which an input's first event is looked for */

/* What one set of rules folds. */
struct fold {
    const struct rule_pack *pack;
    struct window *window;      /* NULL: repeats count */
    struct range_union *ranges; /* NULL: no parts are put together */
    struct table *table;        /* that the parts belong to; NULL: none have come */
};

struct stream {
    struct hash_secret secret;   /* of the names of objects */
    struct fold counted, shadow; /* of the run's rules, and of those of --shadow */
    bool failed;                /* there is no more room: see `failure` */
    struct err failure;
};

/* ---- beginning and end ---- */

static enum st
check_inputs(const struct run *run, struct err *err)
{
    for (size_t i = 0; i < run->n_items && run->n_items > 1; i++)
        if (run->items[i].source->is_stdin)
            return err_fail(err, ST_USAGE, "cannot count standard input beside other inputs",
                            "the rules want all lines in the order of their times");
    return ST_OK;
}

static enum st
fold_init(struct fold *f, const struct rule_pack *pack, size_t room, struct err *err)
{
    *f = (struct fold){ .pack = pack };
    if (!rule_pack_wants_stream(pack))
        return ST_OK;
    if (pack->client.from == CLIENT_FROM_NONE)
        return err_fail(err, ST_USAGE, "cannot count with these rules",
                        "a window or a union of ranges tells clients apart, and they count none");
    if (pack->window.kind != WINDOW_NONE && pack->range.kind == RANGE_UNION)
        room /= 2;
    if (pack->window.kind != WINDOW_NONE &&
        (f->window = window_new(&pack->window, room, err)) == NULL)
        return err->code;
    if (pack->range.kind == RANGE_UNION &&
        (f->ranges = range_union_new(pack->range.share, room, err)) == NULL)
        return err->code;
    return ST_OK;
}

static void
fold_reset(struct fold *f)
{
    if (f->window != NULL)
        window_reset(f->window);
    if (f->ranges != NULL)
        range_union_reset(f->ranges);
    f->table = NULL;
}

static void
fold_release(struct fold *f)
{
    window_free(f->window);
    range_union_free(f->ranges);
}

static bool
folds(const struct fold *f)
{
    return f->window != NULL || f->ranges != NULL;
}

enum st
stream_init(struct run *run, struct err *err)
{
    const struct rule_pack *pack = run->config->rules->pack;
    const struct rule_pack *shadow =
        run->config->shadow == NULL ? NULL : run->config->shadow->pack;
    bool both = shadow != NULL && rule_pack_wants_stream(shadow);
    size_t room = run->config->memory_bytes / 2;
    struct stream *s;
    enum st rc;

    if (!rule_pack_wants_stream(pack) && !both)
        return ST_OK;
    if ((rc = check_inputs(run, err)) != ST_OK)
        return rc;
    run->stream = s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_memory(err, "cannot count in one stream");
    hash_secret_random(&s->secret);
    both = both && rule_pack_wants_stream(pack);
    rc = fold_init(&s->counted, pack, both ? room / 2 : room, err);
    if (rc == ST_OK && shadow != NULL)
        rc = fold_init(&s->shadow, shadow, both ? room / 2 : room, err);
    return rc;
}

void
stream_release(struct run *run)
{
    if (run->stream == NULL)
        return;
    fold_release(&run->stream->counted);
    fold_release(&run->stream->shadow);
    free(run->stream);
    run->stream = NULL;
}

void
stream_begin(struct run *run)
{
    struct stream *s = run->stream;

    if (s == NULL)
        return;
    fold_reset(&s->counted);
    fold_reset(&s->shadow);
    s->failed = false;
}

/* ---- the order of the inputs ---- */

/* The time of the first record that has one. False: none was found. */
static bool
find_first(struct parser *parser, struct worker *w, int64_t *first_us)
{
    struct block block;
    struct err ignored;

    for (int i = 0; i < PEEK_BLOCKS && lines_next(w->lines, &block, &ignored) == ST_OK; i++) {
        size_t n = 1;

        parser_feed(parser, &block);
        while (n > 0) {
            if (parser_next(parser, w->records, RECORDS_MAX, &n, &ignored) != ST_OK)
                return false;
            for (size_t k = 0; k < n; k++)
                if (w->records[k].day != DAY_NONE) {
                    *first_us = w->records[k].time_us;
                    return true;
                }
        }
        lines_used(w->lines, parser->line_no);
    }
    return false;
}

/* What is wrong with an input is said when it is read; here it goes to the end. */
static int64_t
first_event(struct run *run, const struct source *source)
{
    struct worker *w = &run->workers[0];
    int64_t first_us = INT64_MAX;
    struct input *in = NULL;
    struct choice choice;
    struct parser parser;
    struct err ignored;

    if (source->is_stdin || source->trouble != ST_OK ||
        input_open(&in, source, &run->ledger.secret, &run->input_options, &ignored) != ST_OK)
        return INT64_MAX;
    lines_start(w->lines, in);
    if (input_choose(run->config, w->lines, &choice, &ignored) == ST_OK && choice.format != NULL &&
        parser_init(&parser, choice.format, run->config->format_options, &ignored) == ST_OK) {
        find_first(&parser, w, &first_us);
        parser_release(&parser);
    }
    lines_stop(w->lines);
    input_close(in);
    return first_us;
}

enum st
stream_order(struct run *run, struct err *err)
{
    for (size_t i = 0; run->stream != NULL && i < run->n_items; i++) {
        if (run->items[i].fate != FATE_TODO)
            continue;
        if (run_signals(run) > 0)
            return err_fail(err, ST_STOPPED, "stopped",
                            "a signal came before anything was counted");
        run->items[i].first_us = run->n_items == 1 ? 0 : first_event(run, run->items[i].source);
    }
    return ST_OK;
}

int
stream_by_time(const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
    int names;

    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    if ((names = strcmp(x->source->path, y->source->path)) != 0)
        return names;
    return (x->at > y->at) - (x->at < y->at);
}

/* ---- one record ---- */

static struct fold *
fold_of(const struct run *run, const struct rules *rules)
{
    struct stream *s = run->stream;

    return s == NULL                      ? NULL
           : rules == run->config->rules  ? &s->counted
           : rules == run->config->shadow ? &s->shadow
                                          : NULL;
}

const struct hash_secret *
stream_secret(const struct run *run, const struct rules *rules)
{
    const struct fold *f = fold_of(run, rules);

    return f != NULL && folds(f) ? &run->stream->secret : NULL;
}

static enum reason
fail(struct stream *s, const struct err *err)
{
    s->failed = true;
    s->failure = *err;
    return FILTER_RANGE;
}

enum st
stream_check(const struct stream *s, struct err *err)
{
    if (s->failed)
        *err = s->failure;
    return s->failed ? err->code : ST_OK;
}

/* A part is filtered for now; stream_settle() says what becomes of it. */
static enum reason
take_part(struct stream *s, struct fold *f, const struct pending *p, const struct digest *object,
          const struct record *rec, const struct hit *hit)
{
    struct range_part part = {
        .object = *object,
        .client = hit->client,
        .has_client = hit->has_client,
        .day = hit->day,
        .first = rec->range_first,
        .end = rec->range_end,
        .bytes = rec->bytes,
        .key = hit->key,
        .input = p->item->at,
    };
    struct err err;
    enum st rc;

    if (part.first < 0 || part.end <= part.first)
        return FILTER_RANGE; /* the log does not say which */
    f->table = p->table;
    rc = range_union_part(f->ranges, &part, &err);
    if (rc == ST_EOF)
        return REJECT_NUMBER;
    return rc == ST_OK ? FILTER_RANGE : fail(s, &err);
}

enum reason
stream_take(struct worker *w, const struct picker *picker, const struct record *rec,
            const struct hit *hit)
{
    struct pending *p = &w->pending[w->n_pending];
    struct stream *s = w->run->stream;
    struct fold *f;
    bool again = false;
    struct err err;

    if (picker->object_secret == NULL)
        return KEEP;
    f = fold_of(w->run, picker->rules);
    p->item->fed = true;
    if (f->ranges != NULL && rec->status == 206 && p->before)
        return FILTER_RANGE;
    if (f->ranges != NULL && rec->status == 206)
        return take_part(s, f, p, &picker->object, rec, hit);
    if (f->ranges != NULL && rec->status == 200 &&
        range_union_whole(f->ranges, &picker->object, rec->bytes, &err) != ST_OK)
        return fail(s, &err);
    if (f->window != NULL && hit->has_client &&
        window_ask(f->window, hit->client, &picker->object, rec->time_us, rec->day, &again, &err) !=
            ST_OK)
        return fail(s, &err);
    return again ? FILTER_REPEAT : KEEP;
}

/* ---- what cannot be taken back ---- */

bool
stream_leave_out(struct run *run)
{
    struct batch *b = &run->batch;
    bool counted = false, spoilt = false;

    if (run->stream == NULL)
        return false;
    for (size_t i = 0; i < b->n_items; i++) {
        struct item *item = b->items[i];

        counted = counted || item->fate == FATE_COUNTED;
        if (item->fed && !item->left_out && item->fate != FATE_COUNTED && item->fate != FATE_TODO)
            spoilt = item->left_out = true;
    }
    return spoilt && counted;
}

void
stream_forget_parts(struct run *run)
{
    struct stream *s = run->stream;

    if (s == NULL || !run->items[0].source->is_stdin)
        return;
    if (s->counted.ranges != NULL)
        range_union_reset(s->counted.ranges);
    if (s->shadow.ranges != NULL)
        range_union_reset(s->shadow.ranges);
}

/* ---- ranges, at the end ---- */

static void
move_records(struct run *run, const struct range_input *in, enum reason to, uint64_t n)
{
    struct payload *payload = run->items[in->input].payload;

    assert(run->batch.records.by[FILTER_RANGE] >= n && run->batch.lines.by[FILTER_RANGE] >= n);
    run->batch.records.by[FILTER_RANGE] -= n;
    run->batch.records.by[to] += n;
    run->batch.lines.by[FILTER_RANGE] -= n;
    run->batch.lines.by[to] += n;
    if (payload == NULL) /* it is kept for a database only */
        return;
    payload->records.by[FILTER_RANGE] -= n;
    payload->records.by[to] += n;
    payload->lines.by[FILTER_RANGE] -= n;
    payload->lines.by[to] += n;
}

/* One download and its bytes more: for the table's sums, and for those of its payload. */
static bool
sums_fit(const int64_t sums[SUMS_MAX], int64_t bytes)
{
    return sums[0] < INT64_MAX && sums[1] <= INT64_MAX - bytes;
}

static void
add_to_payload(struct payload *payload, const struct range_group *g)
{
    payload->sums[0]++;
    payload->sums[1] += g->bytes;
    for (size_t i = 0; i < payload->n_days; i++)
        if (payload->days[i].day == g->day) {
            payload->days[i].count++;
            payload->days[i].bytes += g->bytes;
        }
}

static enum st
add_download(struct run *run, const struct range_group *g, struct err *err)
{
    struct table *t = run->stream->counted.table;
    struct payload *payload = run->items[g->inputs->input].payload;
    struct rollup *rollup;
    struct hit hit = { .key = g->key,
                       .day = g->day,
                       .sums = { 1, g->bytes },
                       .client = g->client,
                       .has_client = g->has_client };
    enum st rc;

    if (g->day < adopt_until(run)) {
        move_records(run, g->inputs, FILTER_ADOPTED, 1);
        return ST_OK;
    }
    if (!sums_fit(t->sums, g->bytes) || (payload != NULL && !sums_fit(payload->sums, g->bytes)))
        return ST_OK; /* it stays filtered */
    if ((rollup = worker_batch_rollup(&run->workers[0], t, err)) == NULL)
        return err->code;
    if ((rc = rollup_add(rollup, &hit, err)) != ST_OK)
        return rc;
    t->sums[0]++;
    t->sums[1] += g->bytes;
    t->first_day = g->day < t->first_day ? g->day : t->first_day;
    t->last_day = g->day > t->last_day ? g->day : t->last_day;
    if (payload != NULL)
        add_to_payload(payload, g);
    if (!summary_add_day(summary_table(&run->batch.days, t->dataset->table), g->day))
        return err_memory(err, "cannot list days");
    move_records(run, g->inputs, KEEP, 1); /* where its last part stands */
    return ST_OK;
}

/* With a window of a day, a download that was counted as a whole is not counted again in parts. */
static enum st
is_repeat(const struct fold *f, const struct range_group *g, bool *again, struct err *err)
{
    *again = false;
    if (f->pack->window.kind != WINDOW_DAY || !g->has_client)
        return ST_OK;
    return window_ask(f->window, g->client, &g->object, g->day * DAY_US, g->day, again,
                      err);
}

static enum st
settle_group(void *ctx, const struct range_group *g, struct err *err)
{
    struct run *run = ctx;
    bool again;
    enum st rc;

    if (g->fate == RANGE_NO_SIZE)
        for (const struct range_input *in = g->inputs; in != NULL; in = in->next)
            move_records(run, in, FILTER_SIZE_UNKNOWN, in->n);
    if (g->fate != RANGE_REACHED)
        return ST_OK;
    if ((rc = is_repeat(&run->stream->counted, g, &again, err)) != ST_OK)
        return rc;
    if (!again)
        return add_download(run, g, err);
    move_records(run, g->inputs, FILTER_REPEAT, 1);
    return ST_OK;
}

static enum st
settle_shadow(void *ctx, const struct range_group *g, struct err *err)
{
    struct run *run = ctx;
    bool again;
    enum st rc;

    if (g->fate != RANGE_REACHED)
        return ST_OK;
    if ((rc = is_repeat(&run->stream->shadow, g, &again, err)) != ST_OK || again)
        return rc;
    return shadow_add(run, g->key, g->day, err);
}

enum st
stream_settle(struct run *run, struct err *err)
{
    struct stream *s = run->stream;
    char line[160];
    enum st rc = ST_OK;

    if (s == NULL)
        return ST_OK;
    if (s->counted.ranges != NULL)
        rc = range_union_each(s->counted.ranges, settle_group, run, err);
    if (rc == ST_OK && s->shadow.ranges != NULL)
        rc = range_union_each(s->shadow.ranges, settle_shadow, run, err);
    if (rc == ST_OK && s->counted.window != NULL && window_n_late(s->counted.window) > 0 &&
        run->config->choice != NULL) {
        snprintf(line, sizeof line,
                 "%" PRIu64 " lines came too late to be compared with others of their time",
                 window_n_late(s->counted.window));
        run->config->choice(run->config->ctx, line);
    }
    return rc;
}
