/*
 * `ingest known` and `ingest accept`: the ledger's tests (docs/EXACTLY-ONCE.md) without any
 * counting. A file is decoded only when neither its times nor its bytes as stored say who it is.
 */
#include "ingest/base.h"

#include "ingest/known.h"
#include "belt.h"
#include "pipeline_priv.h"

struct asking {
    const struct run_config *config;
    struct pg               *pg;
    struct ledger            ledger;
    struct ledger_scope      scope;
    struct decoder_room      room;
    char                    *window; /* for decoded bytes, which nobody looks at */
    known_answer            *answer;
    int64_t                 *ids;    /* of the payloads that the inputs are; 0: not known */
};

static enum st
asking_open(struct asking *a, const struct run_config *c, enum pg_mode mode, struct err *err)
{
    *a = (struct asking){ .config = c };
    decoder_room_init(&a->room, c->memory_bytes);
    return ledger_enter(c, mode, &a->pg, &a->ledger, &a->scope, err);
}

static void
asking_release(struct asking *a)
{
    free(a->window);
    free(a->ids);
    decoder_room_release(&a->room);
    pg_close(a->pg);
}

/* What is wrong with an input is told; the others go on. */
static void
tell_trouble(const struct asking *a, const struct source *source, struct err *err)
{
    snprintf(err->path, sizeof err->path, "%s", source->path);
    if (a->config->refused != NULL)
        a->config->refused(a->config->ctx, err);
}

static enum st
not_listed(const struct source *source, struct err *err)
{
    return err_fail(err, source->trouble, "cannot read input", "%s", source->cause);
}

/* ---- is it known? ---- */

static enum st
look_for_signals(const struct run_config *c, struct err *err)
{
    if (c->signals == NULL || *c->signals == 0)
        return ST_OK;
    return err_fail(err, ST_STOPPED, "stopped", "a signal came");
}

#define FILES_AT_ONCE 4096

/* Test 1, for many at once: a year of logs is one question and not ten thousand. */
static enum st
by_times(struct asking *a, const struct source_list *inputs, bool *known, struct err *err)
{
    struct {
        const struct file_id *files[FILES_AT_ONCE];
        struct known          found[FILES_AT_ONCE];
    } *q = malloc(sizeof *q); /* stacks may be small */
    enum st rc = ST_OK;

    if (q == NULL)
        return err_memory(err, "cannot ask the ledger for files");
    for (size_t from = 0; rc == ST_OK && !a->config->recheck && from < inputs->n;
         from += FILES_AT_ONCE) {
        size_t n = inputs->n - from < FILES_AT_ONCE ? inputs->n - from : FILES_AT_ONCE;

        for (size_t i = 0; i < n; i++)
            q->files[i] = &inputs->at[from + i].file;
        rc = ledger_find_files(&a->ledger, &a->scope, q->files, n, q->found, err);
        for (size_t i = 0; rc == ST_OK && i < n; i++) {
            known[from + i] = q->found[i].id != 0 && !q->found[i].unterminated &&
                              !q->found[i].partial && inputs->at[from + i].trouble == ST_OK;
            a->ids[from + i] = q->found[i].id;
        }
    }
    free(q);
    return rc;
}

/* Test 2. */
static enum st
by_bytes(struct asking *a, const struct source *source, bool *known, int64_t *id, struct err *err)
{
    struct known_stored *found = NULL;
    struct digest stored;
    size_t n = 0;
    enum st rc;

    if (source->is_stdin)
        return ST_OK;
    rc = ledger_find_sizes(&a->ledger, &a->scope, &source->file.size, 1, &found, &n, err);
    if (rc == ST_OK && n > 0)
        rc = input_digest_stored(source, &a->ledger.secret, &stored, err);
    for (size_t i = 0; rc == ST_OK && i < n && !*known; i++) {
        *known = digest_eq(&found[i].stored, &stored) && !found[i].known.unterminated &&
                 !found[i].known.partial;
        *id = found[i].known.id;
    }
    free(found);
    return rc == ST_EOF ? ST_OK : rc; /* ST_EOF: another file than the one that was listed */
}

/* Test 3: all of it is decoded. */
static enum st
by_content(struct asking *a, const struct source *source, bool *known, int64_t *id, struct err *err)
{
    struct input_options options = { .room = &a->room,
                                     .require_integrity = a->config->require_integrity };
    const struct identity *identity;
    struct input_result result;
    struct input *in = NULL;
    struct known found;
    size_t n;
    enum st rc;

    if (a->window == NULL && (a->window = malloc(LINES_WINDOW)) == NULL)
        return err_memory(err, "cannot read input");
    if ((rc = input_open(&in, source, &a->ledger.secret, &options, err)) != ST_OK)
        return rc;
    while ((rc = input_read(in, a->window, LINES_WINDOW, &n, err)) == ST_OK) {
        input_identify(in, a->window, n);
        if ((rc = look_for_signals(a->config, err)) != ST_OK)
            break;
    }
    if (rc == ST_EOF)
        input_result(in, &result);
    input_close(in);
    if (rc != ST_EOF)
        return rc;
    identity = &result.identity;
    rc = ledger_find_contents(&a->ledger, &a->scope, &identity, 1, &found, err);
    *known = rc == ST_OK && found.id != 0 && result.unterminated_bytes == 0;
    *id = *known ? found.id : 0;
    return rc;
}

static enum st
ask(struct asking *a, const struct source *source, bool known, int64_t *id, struct err *err)
{
    enum known_word word;
    enum st rc = ST_OK;

    if (!known && source->trouble != ST_OK)
        rc = not_listed(source, err);
    else if (!known && (rc = by_bytes(a, source, &known, id, err)) == ST_OK && !known)
        rc = by_content(a, source, &known, id, err);
    if (rc != ST_OK && !err_is_of_input(rc))
        return rc;
    word = rc != ST_OK ? KNOWN_TROUBLE : known ? KNOWN_YES : KNOWN_NO;
    if (word != KNOWN_YES)
        *id = 0;
    if (word == KNOWN_TROUBLE)
        tell_trouble(a, source, err);
    a->answer(a->config->ctx, source, word);
    return ST_OK;
}

/* ---- is it known because it was adopted? ---- */

static int
by_payload(const void *a, const void *b)
{
    const struct adopted *x = a, *y = b;

    return (x->payload > y->payload) - (x->payload < y->payload);
}

/* One question for all: who asks of a year of logs with -v is told of each that others have counted. */
static enum st
tell_adopted(struct asking *a, const struct source_list *inputs, struct err *err)
{
    struct adopted *found = NULL;
    char line[600];
    size_t n;
    enum st rc;

    if (a->config->choice == NULL)
        return ST_OK;
    rc = ledger_find_adopted(&a->ledger, a->ids, inputs->n, &found, &n, err);
    for (size_t i = 0; rc == ST_OK && n > 0 && i < inputs->n; i++) {
        struct adopted key = { .payload = a->ids[i] };
        const struct adopted *of = bsearch(&key, found, n, sizeof *found, by_payload);

        if (of == NULL)
            continue;
        snprintf(line, sizeof line, "%.500s: adopted, %" PRId64 " of %" PRId64 " day%s",
                 inputs->at[i].path, of->days, of->all, of->all == 1 ? "" : "s");
        a->config->choice(a->config->ctx, line);
    }
    free(found);
    return rc;
}

/* ---- accept ---- */

static enum st
accept(struct asking *a, const struct source *source, struct err *err)
{
    struct digest stored;
    bool found = false;
    enum st rc = source->trouble == ST_OK ? ST_OK : not_listed(source, err);

    if (rc == ST_OK && !source->is_stdin) {
        rc = input_digest_stored(source, &a->ledger.secret, &stored, err);
        if (rc == ST_EOF)
            rc = err_fail(err, ST_CHANGED, "cannot accept input", "the file changed meanwhile");
        if (rc == ST_OK)
            rc = ledger_accept(&a->ledger, source->file.size, &stored, &found, err);
    }
    if (rc != ST_OK && !err_is_of_input(rc))
        return rc;
    if (rc != ST_OK) {
        tell_trouble(a, source, err);
        a->answer(a->config->ctx, source, KNOWN_TROUBLE);
    } else if (found || !source->walked) {
        a->answer(a->config->ctx, source, found ? KNOWN_YES : KNOWN_NO);
    }
    return ST_OK;
}

/* ---- all of them ---- */

enum st
known_ask(const struct run_config *config, const struct source_list *inputs, known_answer *answer,
          struct err *err)
{
    bool *known = calloc(inputs->n + 1, sizeof *known);
    struct asking a;
    enum st rc = asking_open(&a, config, PG_READ_ONLY, err);

    a.answer = answer;
    a.ids = calloc(inputs->n + 1, sizeof *a.ids);
    if (rc == ST_OK)
        rc = known == NULL || a.ids == NULL ? err_memory(err, "cannot ask the ledger for files")
                                            : by_times(&a, inputs, known, err);
    for (size_t i = 0; rc == ST_OK && i < inputs->n; i++)
        if ((rc = ask(&a, &inputs->at[i], known[i], &a.ids[i], err)) == ST_OK)
            rc = look_for_signals(config, err);
    if (rc == ST_OK)
        rc = tell_adopted(&a, inputs, err);
    asking_release(&a);
    free(known);
    return rc == ST_DB_RETRY ? ST_DB : rc;
}

enum st
known_accept(const struct run_config *config, const struct source_list *inputs,
             known_answer *answer, struct err *err)
{
    struct asking a;
    enum st rc = asking_open(&a, config, PG_READ_WRITE, err);

    a.answer = answer;
    for (size_t i = 0; rc == ST_OK && i < inputs->n; i++)
        if ((rc = accept(&a, &inputs->at[i], err)) == ST_OK)
            rc = look_for_signals(config, err);
    asking_release(&a);
    return rc == ST_DB_RETRY ? ST_DB : rc;
}
