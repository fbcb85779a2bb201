/*
 * A look at single lines, for `ingest explain`: an input goes through the same parts as in
 * worker.c and pass.c, one record at a time, and ends here instead of in a rollup.
 *
 * Parsers may write into their block, so the lines that are shown come from a copy.
 */
#include "ingest/base.h"

#include "ingest/look.h"
#include "belt.h"

struct look {
    struct hash_secret secret; /* identities are of no interest here */
    struct input      *in;
    struct lines      *lines;
    struct rules       plain_rules;
    struct client_key  clients;
    struct parser      parser;
    bool               has_parser;
    struct picker      picker;
    struct record      record;
    struct hit         hit;
    struct buf         copy;     /* of the block */
    size_t             copy_at;  /* where line `copy_line` begins in it */
    uint64_t           copy_line;
    uint64_t           too_long; /* lines before the block that are still to be told */
    uint64_t           too_long_line; /* the first of them */
    uint64_t           n_lines;
};

static enum st
start(struct look *l, const struct run_config *c, const struct look_choice *choice, struct err *err)
{
    enum st rc;

    if (choice->format == NULL || choice->dataset == NULL)
        return ST_OK;
    client_key_throwaway(&l->clients);
    if ((rc = picker_init(&l->picker, choice->dataset, choice->rules, &l->clients, err)) != ST_OK ||
        (rc = parser_init(&l->parser, choice->format, c->format_options, err)) != ST_OK)
        return rc;
    l->has_parser = true;
    return ST_OK;
}

enum st
look_open(struct look **out, const struct run_config *c, const struct source *source,
          struct look_choice *choice, struct err *err)
{
    struct look *l = calloc(1, sizeof *l);
    struct choice found;
    enum st rc;

    *out = l;
    *choice = (struct look_choice){ .score = -1 };
    if (l == NULL)
        return err_memory(err, "cannot look at an input");
    hash_secret_random(&l->secret);
    if ((rc = plain_rules_init(&l->plain_rules, c, err)) != ST_OK)
        return rc;
    if ((l->lines = lines_new(err)) == NULL)
        return ST_MEMORY;
    rc = input_open(&l->in, source, &l->secret, NULL, err);
    choice->unknown = rc == ST_FORMAT;
    if (rc != ST_OK)
        return rc;
    lines_start(l->lines, l->in);
    rc = input_choose(c, l->lines, &found, err);
    *choice = (struct look_choice){
        .format = found.format,
        .dataset = found.dataset,
        .rules = found.dataset != NULL && found.dataset->has_ecosystem ? c->rules : &l->plain_rules,
        .unknown = rc == ST_FORMAT && found.format == NULL,
        .score = found.score,
        .codec = input_codec(l->in),
        .head = found.head,
    };
    return rc != ST_OK ? rc : start(l, c, choice, err);
}

/* Makes room for the block's text beside the block. */
static enum st
next_block(struct look *l, struct err *err)
{
    struct block block;
    enum st rc;

    if (l->parser.line_no > 0)
        lines_used(l->lines, l->parser.line_no);
    if ((rc = lines_next(l->lines, &block, err)) != ST_OK)
        return rc;
    l->too_long = block.n_too_long;
    l->too_long_line = block.first_line_no - block.n_too_long;
    l->copy_at = 0;
    l->copy_line = block.first_line_no;
    buf_reset(&l->copy);
    if (!buf_add(&l->copy, block.p, block.n))
        return err_memory(err, "cannot hold a block of lines");
    parser_feed(&l->parser, &block);
    return ST_OK;
}

/* Lines come in order: each search goes on where the one before ended. */
static struct slice
text_of(struct look *l, uint64_t line_no)
{
    const char *end = l->copy.p + l->copy.n, *at = l->copy.p + l->copy_at, *feed = NULL;

    for (;; l->copy_line++, at = feed + 1) {
        feed = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (l->copy_line >= line_no || feed == NULL)
            break;
    }
    l->copy_at = (size_t)(at - l->copy.p);
    if (feed == NULL)
        feed = end;
    if (feed > at && feed < end && feed[-1] == '\r')
        feed--;
    return (struct slice){ at, (size_t)(feed - at) };
}

static void
tell(struct look *l, struct look_record *out)
{
    struct record *rec = &l->record;

    l->picker.ecosystem[0] = '\0'; /* each line for itself: what a table holds is not known here */
    *out = (struct look_record){ .line_no = rec->line_no,
                                 .text = l->parser.format->document ? (struct slice){ NULL, 0 }
                                                                    : text_of(l, rec->line_no),
                                 .record = rec,
                                 .why = rec->why };
    if (out->why == KEEP)
        out->why = l->picker.dataset->pick(&l->picker, rec, &l->hit);
    if (out->why == KEEP)
        out->hit = &l->hit;
    out->ecosystem = l->picker.ecosystem;
}

static void
tell_too_long(struct look *l, struct look_record *out)
{
    l->record = (struct record){ .why = REJECT_LINE_TOO_LONG,
                                 .first = true,
                                 .day = DAY_NONE,
                                 .line_no = l->too_long_line };
    *out = (struct look_record){ .line_no = l->too_long_line,
                                 .record = &l->record,
                                 .why = REJECT_LINE_TOO_LONG,
                                 .ecosystem = "" };
    l->n_lines = l->too_long_line++;
    l->too_long--;
}

/* One record, or ST_EOF where the block has no more. */
static enum st
next_record(struct look *l, uint64_t from, struct look_record *out, struct err *err)
{
    enum st rc;
    size_t n;

    while (l->too_long > 0) {
        tell_too_long(l, out);
        if (out->line_no >= from)
            return ST_OK;
    }
    while ((rc = parser_next(&l->parser, &l->record, 1, &n, err)) == ST_OK && n > 0) {
        l->n_lines = l->record.line_no;
        if (l->record.line_no < from)
            continue;
        tell(l, out);
        return ST_OK;
    }
    if (rc != ST_OK && err->line_no == 0)
        err->line_no = l->parser.line_no;
    return rc == ST_OK ? ST_EOF : rc;
}

enum st
look_next(struct look *l, uint64_t from, struct look_record *out, struct err *err)
{
    enum st rc;

    if (!l->has_parser) { /* nothing in it, or half a line */
        struct block block;

        return lines_next(l->lines, &block, err);
    }
    while ((rc = next_record(l, from, out, err)) == ST_EOF)
        if ((rc = next_block(l, err)) != ST_OK)
            break;
    return rc == ST_EOF && parser_end(&l->parser, err) != ST_OK ? err->code : rc;
}

uint64_t
look_lines(const struct look *l)
{
    return l->n_lines;
}

uint64_t
look_unterminated(const struct look *l)
{
    struct input_result result;

    input_result(l->in, &result);
    return result.unterminated_bytes;
}

void
look_close(struct look *l)
{
    if (l == NULL)
        return;
    if (l->has_parser)
        parser_release(&l->parser);
    picker_release(&l->picker);
    buf_release(&l->copy);
    lines_free(l->lines);
    input_close(l->in);
    rules_release(&l->plain_rules);
    free(l);
}
