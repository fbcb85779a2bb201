/*
 * The list of formats, and the parser that every one of them stands behind: blocks of lines in,
 * arrays of records out. What a line means is left to the format files.
 */
#include "format_priv.h"
#include "syslog.h"

/*
 * A line's unescaped text is at most twice the line, and SCRATCH_ENOUGH ends a call: this is never
 * reached.
 */
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

    *p = (struct parser){ .format = format, .options = options != NULL ? options : &nothing_said,
                          .heads = format->own_heads ? HEADS_NONE : HEADS_LOOK };
    arena_init(&p->scratch, SCRATCH_CEILING);
    if (format->state_bytes > 0) {
        p->state = malloc(format->state_bytes);
        if (p->state == NULL)
            return err_memory(err, "cannot hold the state of a log parser");
        memset(p->state, 0, format->clear_bytes > 0 ? format->clear_bytes : format->state_bytes);
    }
    return ST_OK;
}

void
parser_feed(struct parser *p, const struct block *block)
{
    size_t mark = 0;

    assert(p->at == p->end);
    if (p->line_no == 0 && block->first_line_no == 1) /* the beginning of the input */
        mark = utf8_mark((struct slice){ block->p, block->n });
    p->at = block->p + mark;
    p->end = block->p + block->n;
    p->line_no = block->first_line_no;
    p->n_fed++;
}

static inline void
parse_line(struct parser *p, struct record *rec)
{
    char *next;
    struct slice line = line_at(p, &next);

    record_begin(p, rec);
    if (unlikely(p->heads != HEADS_NONE))
        line = syslog_line(p, line);
    rec->why = line.n == 0 ? FILTER_BLANK : p->format->line(p, line, rec);
    p->at = next;
    p->line_no++;
}

/* The loop of every format that has `line`: one line, one record. */
static void
parse_lines(struct parser *p, struct record *out, size_t max, size_t *n_records)
{
    size_t n = 0;

    arena_reset(&p->scratch);
    while (n < max && p->at < p->end && p->scratch.used_bytes < SCRATCH_ENOUGH) {
        if (p->format->quick != NULL && p->heads != HEADS_LOOK) {
            n += p->format->quick(p, out + n, max - n);
            if (n == max || p->at == p->end)
                break;
        }
        parse_line(p, &out[n++]);
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
