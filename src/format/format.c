/*
 * The list of formats, and the parser that every one of them stands behind: blocks of lines in,
 * arrays of records out. What a line means is left to the format files.
 */
#include "format_priv.h"
#include "syslog.h"

/* A line's unescaped text is at most twice the line, and SCRATCH_ENOUGH ends a call: this is never
 * reached. */
#define SCRATCH_CEILING (16 * MIB)

const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "formats.def"
#undef FORMAT
    NULL,
};

const struct format *
format_by_name(const char *name)
{
    for (size_t i = 0; formats[i] != NULL; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

/* ---- the parser ---- */

enum st
parser_init(struct parser *p, const struct format *format, const struct format_options *options,
            struct err *err)
{
    static const struct format_options nothing_said;

    *p = (struct parser){ .format = format, .options = options != NULL ? options : &nothing_said };
    arena_init(&p->scratch, SCRATCH_CEILING);
    if (format->state_bytes > 0) {
        p->state = calloc(1, format->state_bytes);
        if (p->state == NULL)
            return err_memory(err, "cannot hold the state of a log parser");
    }
    return ST_OK;
}

void
parser_feed(struct parser *p, const struct block *block)
{
    assert(p->at == p->end);
    p->at = block->p;
    p->end = block->p + block->n;
    p->line_no = block->first_line_no;
}

/* The loop of every format that has `line`: one line, one record. */
static void
parse_lines(struct parser *p, struct record *out, size_t max, size_t *n_records)
{
    size_t n = 0;

    arena_reset(&p->scratch);
    while (n < max && p->at < p->end && p->scratch.used_bytes < SCRATCH_ENOUGH) {
        char *next;
        struct slice line = line_at(p, &next);
        struct record *rec = &out[n++];

        record_begin(p, rec);
        if (unlikely(p->heads != HEADS_NONE))
            line = syslog_line(p, line);
        rec->why = line.n == 0 ? FILTER_BLANK : p->format->line(p, line, rec);
        p->at = next;
        p->line_no++;
    }
    *n_records = n;
}

enum st
parser_next(struct parser *p, struct record *out, size_t max, size_t *n, struct err *err)
{
    assert(max > 0);
    *n = 0;
    if (p->at == p->end)
        return ST_OK;
    if (p->format->block != NULL)
        return p->format->block(p, out, max, n, err);
    parse_lines(p, out, max, n);
    return ST_OK;
}

enum st
parser_end(struct parser *p, struct err *err)
{
    assert(p->at == p->end);
    return p->format->end != NULL ? p->format->end(p, err) : ST_OK;
}

void
parser_release(struct parser *p)
{
    arena_release(&p->scratch);
    free(p->state);
    *p = (struct parser){ 0 };
}

/* ---- which format is it? ---- */

struct tally {
    size_t seen, accepted;
};

static void
count(struct tally *tally, const struct parser *p, const struct record *rec,
    bool (*also)(const struct parser *p, const struct record *rec))
{
    if (!rec->first || rec->why == FILTER_COMMENT || rec->why == FILTER_BLANK)
        return;
    tally->seen++;
    tally->accepted += !reason_is_rejected(rec->why) && (also == NULL || also(p, rec));
}

int
share_of(const struct format *format, struct slice head,
    bool (*also)(const struct parser *p, const struct record *rec))
{
    struct err err; /* whatever goes wrong, it is not of this format */
    struct tally tally = { 0, 0 };
    struct parser p = { 0 };
    struct record rec;
    size_t n;
    char *copy = malloc(head.n + BLOCK_SLACK);

    if (copy == NULL)
        return 0;
    if (head.n > 0)
        memcpy(copy, head.p, head.n);
    memset(copy + head.n, 0, BLOCK_SLACK);
    if (parser_init(&p, format, NULL, &err) != ST_OK)
        goto release;
    parser_feed(&p, &(struct block){ .p = copy, .n = head.n, .first_line_no = 1 });
    for (;;) {
        if (parser_next(&p, &rec, 1, &n, &err) != ST_OK) {
            tally.accepted = 0;
            break;
        }
        if (n == 0)
            break;
        count(&tally, &p, &rec, also);
    }
release:
    parser_release(&p);
    free(copy);
    return tally.seen == 0 ? 0 : (int)(tally.accepted * 100 / tally.seen);
}

bool
format_is_document(struct slice head)
{
    for (size_t i = 0; formats[i] != NULL; i++)
        if (formats[i]->document && formats[i]->sniff(head) >= SNIFF_SURE)
            return true;
    return false;
}

int
format_share(const struct format *format, struct slice head)
{
    return share_of(format, head, NULL);
}

/* "cloudfront, combined or fdsnws" would need grammar; a list with commas does not. */
static void
hint_names(struct err *err)
{
    char names[160] = "";
    size_t n = 0;

    for (size_t i = 0; formats[i] != NULL && n < sizeof names; i++) {
        int added = snprintf(
            names + n, sizeof names - n, "%s%s", i == 0 ? "" : ", ", formats[i]->name);

        n += added > 0 ? (size_t)added : 0;
    }
    err_hint(err, "name the format with --format; the known ones are %s", names);
}

enum st
format_sniff(struct slice head, const struct format **out, int *score, struct err *err)
{
    const struct format *best = NULL, *equal = NULL;
    int high = 0;

    for (size_t i = 0; formats[i] != NULL; i++) {
        int s = formats[i]->sniff(head);

        if (s > high) {
            high = s;
            best = formats[i];
            equal = NULL;
        } else if (s == high && s > 0) {
            equal = formats[i];
        }
    }
    if (best != NULL && high >= SNIFF_SURE && equal == NULL) {
        *out = best;
        *score = high;
        return ST_OK;
    }
    err_set(err, ST_FORMAT, "cannot tell the log format");
    if (best == NULL)
        err_cause(err, "no known format fits its beginning");
    else if (high < SNIFF_SURE)
        err_cause(err, "the best fit is \"%s\", with %d of 100 lines", best->name, high);
    else
        err_cause(err, "\"%s\" and \"%s\" fit its beginning equally well", best->name, equal->name);
    hint_names(err);
    return ST_FORMAT;
}
