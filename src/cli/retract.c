/*
 * `ingest retract`: the hits of one payload are taken out of the tables again, by subtraction, or,
 * with all other files of its days, by counting these without it. `--undo` counts it again.
 */
#include "ingest/base.h"

#include <unistd.h>

#include "ingest/clock.h"
#include "ingest/input.h"
#include "ingest/num.h"
#include "ingest/retracting.h"

#include "counting.h"
#include "row_text.h"

static const char what[] = "cannot retract";

struct taking {
    struct counting     counting; /* first: a run hands its address to the callbacks */
    struct retracting   retracting;
    struct retractable *of;
    size_t              n_of;
    struct source_list  named, others;
    struct digest       hash;      /* that was said in place of a file */
    bool                is_hash;
    const struct dataset *asked;   /* --dataset; NULL: it was not said */
    uint64_t            n_changes; /* rows that would change */
};

/* ---- what was done ---- */

static const char *
plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void
on_retracted(void *ctx, const struct target *t, const struct retracted *r)
{
    const struct taking *k = ctx;
    const char *table = t->dataset->table;
    bool back = k->retracting.back;
    char hits[32], payloads[32], changed[32], gone[32];

    progress_clear();
    if (option_is_on(k->counting.o, OPT_JSON)) {
        printf("{\"table\":\"%s\",\"%s\":{\"payloads\":%" PRId64 ",\"hits\":%" PRId64
               ",\"exact\":%s},\"rows\":{\"changed\":%" PRId64 ",\"%s\":%" PRId64 "}}\n",
               table, back ? "back" : "out", r->payloads, r->hits,
               back || r->changed == 0 || !t->has_sketch ? "true" : "false", r->changed,
               back ? "new" : "gone", r->gone);
        return;
    }
    if (k->counting.teller.quiet)
        return;
    printf("%s: %s hit%s of %s payload%s %s: %s row%s changed, %s %s\n", table,
           num_grouped((uint64_t)r->hits, hits), plural(r->hits),
           num_grouped((uint64_t)r->payloads, payloads), plural(r->payloads),
           r->hits == 1 ? (back ? "counts again" : "is out") : (back ? "count again" : "are out"),
           num_grouped((uint64_t)r->changed, changed),
           plural(r->changed), num_grouped((uint64_t)r->gone, gone), back ? "new" : "gone");
    if (!back && t->has_sketch && r->changed > 0)
        say_note("of the row%s changed, the numbers of clients are upper bounds until these days "
                 "are counted again (`ingest recount`)",
                 plural(r->changed));
}

static void
on_recounted(void *ctx, const struct target *t, const struct recounted *r)
{
    const struct taking *k = ctx;
    char out[32], payloads[32], before[32], after[32];
    size_t n = k->of[0].n_ids;

    progress_clear();
    if (option_is_on(k->counting.o, OPT_JSON))
        printf("{\"table\":\"%s\",\"out\":{\"payloads\":%zu,\"exact\":true},\"payloads\":%" PRId64
               ",\"rows\":{\"before\":%" PRId64 ",\"after\":%" PRId64 "}}\n",
               t->dataset->table, n, r->payloads, r->before, r->after);
    else if (!k->counting.teller.quiet)
        printf("%s: %s payload%s %s out: %s rows took the place of %s, from %s other%s\n",
               t->dataset->table, num_grouped(n, out), n == 1 ? "" : "s", n == 1 ? "is" : "are",
               num_grouped((uint64_t)r->after, after), num_grouped((uint64_t)r->before, before),
               num_grouped((uint64_t)r->payloads, payloads), plural(r->payloads));
}

/* ---- --diff: what would change ---- */

/* A row as it would be: false, if it would go. */
static bool
row_after(const struct taking *k, const struct target *t, const struct row *read,
          const struct row *there, struct row *after)
{
    bool any = false;

    if (k->others.n > 0 || there == NULL) {
        if (read != NULL)
            *after = *read;
        return read != NULL;
    }
    *after = *there;
    for (size_t i = 0; i < t->dataset->n_sums; i++) {
        if (k->retracting.back)
            after->sums[i] = after->sums[i] > INT64_MAX - read->sums[i]
                                 ? INT64_MAX
                                 : after->sums[i] + read->sums[i];
        else
            after->sums[i] -= read->sums[i];
        any = any || (t->has_sum[i] && after->sums[i] != 0);
    }
    return any;
}

static void
sums_text(struct buf *b, const struct target *t, const struct row *row, bool json)
{
    const char *comma = "";

    for (size_t i = 0; i < t->dataset->n_sums; i++) {
        if (!t->has_sum[i])
            continue;
        buf_printf(b, json ? "%s\"%s\":%" PRId64 : "%s%s %" PRId64, comma, t->dataset->sums[i],
                   row->sums[i]);
        comma = json ? "," : ", ";
    }
}

static void
change_text(struct buf *b, const struct target *t, struct slice key, const struct row *before,
            const struct row *after)
{
    buf_text(b, t->dataset->table);
    buf_text(b, " ");
    row_key_text(b, t->dataset, key);
    buf_text(b, ": ");
    if (before != NULL)
        sums_text(b, t, before, false);
    buf_text(b, before == NULL ? "would be new: " : after == NULL ? " would go" : " would be ");
    if (after != NULL)
        sums_text(b, t, after, false);
}

static void
change_json(struct buf *b, const struct taking *k, const struct target *t, struct slice key,
            const struct row *before, const struct row *after)
{
    const struct row *const rows[] = { before, after };

    buf_text(b, "{");
    sink_key_json(b, t->dataset, k->counting.config.node, key);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        buf_printf(b, ",\"%s\":%s", i == 0 ? "before" : "after", rows[i] == NULL ? "null" : "{");
        if (rows[i] != NULL) {
            sums_text(b, t, rows[i], true);
            buf_text(b, "}");
        }
    }
    buf_text(b, "}");
}

/* What is taken off is there. */
static bool
holds(const struct taking *k, const struct target *t, const struct row *there,
      const struct row *after)
{
    if (k->others.n > 0 || k->retracting.back)
        return true;
    for (size_t i = 0; i < t->dataset->n_sums; i++)
        if (there == NULL || (t->has_sum[i] && after->sums[i] < 0))
            return false;
    return true;
}

static enum st
table_has_less(const struct target *t, struct slice key, struct err *err)
{
    struct buf text = { 0 };

    row_key_text(&text, t->dataset, key);
    err_fail(err, ST_CORRUPT, what, "table \"%s\" has less than was counted, as in %.100s",
             t->dataset->table, buf_str(&text) == NULL ? "a row" : text.p);
    err_hint(err, "it was changed by others: `ingest status --audit` shows where, `ingest recount` "
                  "puts it right");
    buf_release(&text);
    return ST_CORRUPT;
}

static enum st
on_differs(void *ctx, const struct target *t, const struct row *read, const struct row *there,
           struct err *err)
{
    struct taking *k = ctx;
    struct buf line = { 0 };
    struct row after;
    bool stays;

    if (read == NULL && k->others.n == 0) /* nothing of ours */
        return ST_OK;
    if (signals_seen > 0)
        return err_fail(err, ST_STOPPED, "stopped", "a signal came; not all rows were told");
    k->n_changes++;
    stays = row_after(k, t, read, there, &after);
    if (stays && !holds(k, t, there, &after))
        return table_has_less(t, read->key, err);
    if (option_is_on(k->counting.o, OPT_JSON))
        change_json(&line, k, t, (there != NULL ? there : read)->key, there, stays ? &after : NULL);
    else
        change_text(&line, t, (there != NULL ? there : read)->key, there, stays ? &after : NULL);
    progress_clear();
    say_text(stdout, line.p, line.n);
    putchar('\n');
    stays = line.failed;
    buf_release(&line);
    if (stays)
        return err_memory(err, "cannot tell what would change");
    return ferror(stdout) ? err_fail(err, ST_DISK, "cannot write to standard output", "%s",
                                     strerror(errno))
                          : ST_OK;
}

static void
on_compared(void *ctx, const struct target *t, const struct compared *n)
{
    (void)ctx, (void)t, (void)n;
}

/* ---- what is meant ---- */

/* Options of counting: they would leave something out, or are for what is counted first. */
static enum st
check_options(const struct options *o, struct err *err)
{
    static const enum option_id others[] = { OPT_DONE,  OPT_REJECTS, OPT_REPLACE, OPT_OUTPUT,
                                             OPT_TO,    OPT_DISTINCT, OPT_DEADLINE,
                                             OPT_SINCE, OPT_UNTIL,    OPT_DRY_RUN };

    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (o->value[others[i]].origin == FROM_COMMAND_LINE) {
            err_fail(err, ST_USAGE, what, "--%s is one of counting", option_defs[others[i]].name);
            if (others[i] == OPT_DRY_RUN)
                err_hint(err, "--diff shows what would change");
            return ST_USAGE;
        }
    if (o->n_arguments > 1 || (option_is_on(o, OPT_UNDO) && o->value[OPT_FILES_FROM].text != NULL))
        return ST_OK;
    err_fail(err, ST_USAGE, what, "no FILE is named");
    err_hint(err, "ingest retract FILE, or with all other files of its days behind it");
    return ST_USAGE;
}

static bool
read_hash(const char *text, struct digest *out)
{
    if (strlen(text) != 2 * sizeof out->b || access(text, F_OK) == 0)
        return false;
    for (size_t i = 0; i < sizeof out->b; i++) {
        int high = num_hex_digit(text[2 * i]), low = num_hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out->b[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum st
list_inputs(struct taking *k, const struct options *o, struct err *err)
{
    bool back = k->retracting.back;
    struct options named = *o;
    enum st rc;

    if (!back) {
        named.n_arguments = 2;
        named.value[OPT_FILES_FROM].text = NULL;
    }
    if ((rc = inputs_list(&named, 1, &signals_seen, &k->named, err)) != ST_OK)
        return rc;
    for (size_t i = 0; i < k->named.n; i++)
        if (k->named.at[i].is_stdin)
            return err_fail(err, ST_USAGE, what,
                            "a payload is read twice, which standard input cannot be");
    if (!back && k->named.n != 1)
        return err_fail(err, ST_USAGE, what, "%s is %zu files: one is taken out at a time",
                        o->arguments[1], k->named.n);
    if (back || (o->n_arguments == 2 && o->value[OPT_FILES_FROM].text == NULL))
        return ST_OK;
    return inputs_list(o, 2, &signals_seen, &k->others, err);
}

static void
tell_hashes(const struct taking *k)
{
    char hex[33];

    for (size_t i = 0; i < k->n_of && k->counting.teller.verbose; i++) {
        for (size_t b = 0; b < sizeof k->of[i].hash.b; b++)
            snprintf(hex + 2 * b, 3, "%02x", k->of[i].hash.b[b]);
        say_note("payload %s of dataset %s, %zu beginning%s with it", hex, k->of[i].dataset,
                 k->of[i].n_ids - 1, k->of[i].n_ids == 2 ? "" : "s");
    }
}

/* Of several names of one payload one is enough. */
static void
forget_doubles(struct taking *k)
{
    size_t n = 0;

    for (size_t i = 0; i < k->n_of; i++) {
        bool again = false;

        for (size_t j = 0; j < n; j++)
            again = again || k->of[j].id == k->of[i].id;
        if (again)
            retractable_release(&k->of[i]);
        else
            k->of[n++] = k->of[i];
    }
    k->n_of = n;
}

static enum st
find(struct taking *k, const char *name, bool is_hash, const struct digest *hash, struct err *err)
{
    const struct run_config *c = &k->counting.config;
    enum st rc;

    k->n_of = is_hash ? 1 : k->named.n;
    if ((k->of = calloc(k->n_of + 1, sizeof *k->of)) == NULL)
        return err_memory(err, what);
    if (!is_hash) {
        rc = retracting_find(c, k->named.at, k->named.n,
                             k->retracting.back ? RETRACT_BACK : RETRACT_OUT, k->of, err);
        forget_doubles(k);
        return rc;
    }
    if ((rc = retracting_find_hash(c, hash, k->of, err)) != ST_OK || k->others.n + k->named.n > 0)
        return rc;
    if (k->of[0].path[0] != '\0')
        return source_list_add(&k->named, k->of[0].path, err);
    err_fail(err, ST_USAGE, what, "no file of payload %s was seen on this host", name);
    err_hint(err, "name the file: it has to be read, as only what it holds can be taken out");
    return ST_USAGE;
}

/* ---- the days of a recount ---- */

static int32_t
next_month(int32_t month)
{
    return clock_month(month + 31);
}

/*
 * All days that it counts in, whole. They are none of the rules, which must have the fingerprint of
 * those who count.
 */
static enum st
choose_days(struct taking *k, const struct options *o, struct err *err)
{
    struct counting *c = &k->counting;
    struct options without = *o;
    enum st rc;

    if (k->of[0].first > k->of[0].last)
        return err_fail(err, ST_CORRUPT, what,
                        "nothing of it counts, so there is nothing to count again");
    without.value[OPT_SINCE].text = without.value[OPT_UNTIL].text = NULL;
    if ((rc = counting_read(c, &without, err)) != ST_OK)
        return rc;
    c->o = o;
    c->config.dataset = dataset_by_name(k->of[0].dataset);
    c->rules.since = k->of[0].first;
    c->rules.until = k->of[0].last + 1;
    if (c->config.dataset->bucket == BUCKET_MONTH) {
        c->rules.since = clock_month(k->of[0].first);
        c->rules.until = next_month(clock_month(k->of[0].last));
    }
    return ST_OK;
}

/* ---- the command ---- */

static enum st
configure(struct taking *k, const struct options *o, struct err *err)
{
    struct counting *c = &k->counting;
    enum st rc;

    if ((rc = misplaced_check(o, BY_RETRACT, err)) != ST_OK ||
        (rc = check_options(o, err)) != ST_OK || (rc = counting_prepare(c, o, err)) != ST_OK)
        return rc;
    counting_note_sources(o);
    c->config.sink = RUN_RETRACT;
    c->config.partial = option_is_on(o, OPT_PARTIAL);
    c->config.retracted = on_retracted;
    c->config.recounted = on_recounted;
    c->config.differs = on_differs;
    c->config.compared = on_compared;
    c->config.retracting = &k->retracting;
    c->config.verdict = NULL;
    c->config.deadline_us = 0;
    return counting_read(c, o, err);
}

static enum st
prepare(struct taking *k, const struct options *o, struct err *err)
{
    enum st rc;

    if ((rc = configure(k, o, err)) != ST_OK)
        return rc;
    k->is_hash = !k->retracting.back && read_hash(o->arguments[1], &k->hash);
    if (k->is_hash)
        rc = o->n_arguments == 2 && o->value[OPT_FILES_FROM].text == NULL
                 ? ST_OK
                 : inputs_list(o, 2, &signals_seen, &k->others, err);
    else
        rc = list_inputs(k, o, err);
    return rc == ST_OK ? counting_enter(&k->counting, err) : rc;
}

static void
release_found(struct taking *k)
{
    for (size_t i = 0; i < k->n_of; i++)
        retractable_release(&k->of[i]);
    free(k->of);
    k->of = NULL;
    k->n_of = 0;
}

/* What is to be taken out, or to come back, as the ledger has it now. */
static enum st
aim(struct taking *k, const struct options *o, struct err *err)
{
    struct counting *c = &k->counting;
    enum st rc;

    release_found(k);
    c->config.dataset = k->asked;
    rc = find(k, o->n_arguments > 1 ? o->arguments[1] : "", k->is_hash, &k->hash, err);
    if (rc != ST_OK)
        return rc;
    tell_hashes(k);
    k->retracting.of = k->of;
    k->retracting.n = k->n_of;
    c->config.dataset = dataset_by_name(k->of[0].dataset);
    if (k->others.n == 0)
        return ST_OK;
    c->config.sink = k->retracting.show ? RUN_VERIFY : RUN_RECOUNT;
    return choose_days(k, o, err);
}

int
cli_retract(const struct options *o)
{
    struct taking k = { .counting = { .place.local.users_fd = -1, .keep.fd = -1 } };
    struct source_list *inputs;
    struct err err = { 0 };
    int status, tries = 0;
    enum st rc;

    signals_catch();
    source_list_init(&k.named);
    source_list_init(&k.others);
    k.retracting.back = option_is_on(o, OPT_UNDO);
    k.retracting.show = option_is_on(o, OPT_DIFF);
    rc = prepare(&k, o, &err);
    k.asked = k.counting.config.dataset;
    if (rc == ST_OK)
        rc = aim(&k, o, &err);
    inputs = k.others.n > 0 ? &k.others : &k.named;
    if (rc == ST_OK && (rc = fence_inputs(&k.counting, inputs, &err)) == ST_OK) {
        rc = run(&k.counting.config, inputs, &k.counting.summary, &err);
        while (rc == ST_EOF && tries++ < CORRECT_TRIES) /* others have corrected meanwhile */
            if ((rc = aim(&k, o, &err)) == ST_OK) {
                summary_release(&k.counting.summary);
                rc = run(&k.counting.config, inputs, &k.counting.summary, &err);
            }
    }
    if (rc == ST_EOF)
        rc = err.code = ST_DB;
    k.counting.o = o;
    status = counting_finish(&k.counting, rc, &err);
    if (status == 0 && k.n_changes > 0)
        status = EXIT_REFUSED;
    release_found(&k);
    source_list_release(&k.named);
    source_list_release(&k.others);
    return status;
}
