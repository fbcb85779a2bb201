/*
 * The compiler of log formats: a server's format string in, the parts of a line out, or a message
 * that points at the byte that is wrong. Where a value could end in two ways it is refused here, so
 * that reading lines (format_custom.c) never has to go back.
 */
#include "ingest/base.h"

#include "log_build.h"

/* ---- parts as they come ---- */

enum st
log_build_malformed(struct log_build *b, size_t i, const char *defect, const char *hint)
{
    return log_malformed(b->source, b->text.at[i], b->err, hint, "%s", defect);
}

void
log_add_literal(struct log_build *b, char c)
{
    assert(b->n_literal < sizeof b->literal);
    b->literal[b->n_literal++] = c;
}

static bool
is_path(const struct log_var *var)
{
    return var->field == LOG_TARGET || var->field == LOG_URI;
}

/*
 * Variables that servers are told to write side by side, for together they are one value:
 * $host$request_uri, %U%q.
 */
static bool
joins(struct log_draft *last, const struct log_var *next)
{
    if (next->glue == GLUE_QUERY && (is_path(&last->var) || last->var.glue == GLUE_QUERY)) {
        last->dashed = last->dashed || next->dashed;
        return true;
    }
    if (last->var.glue != GLUE_HOST || !is_path(next))
        return false;
    last->var = *next;
    last->is_url = true;
    return true;
}

enum st
log_add_var(struct log_build *b, const struct log_var *var, size_t i, size_t end)
{
    const size_t from = b->text.at[i], to = b->text.at[end];

    if (b->n_drafts > 0 && b->n_literal == b->literal_from) {
        struct log_draft *last = &b->drafts[b->n_drafts - 1];
        const char *source = b->source.p;

        if (last->var.width == 0 && joins(last, var)) {
            last->to = to;
            return ST_OK;
        }
        if (last->var.width == 0)
            return log_malformed(
                b->source, from, b->err,
                "have the server write text between the two, a blank or a quote",
                "nothing tells where %.*s ends and this begins",
                (int)(last->to - last->from < 40 ? last->to - last->from : 40),
                source + last->from);
    }
    if (b->n_drafts == LOG_FORMAT_PARTS_MAX)
        return log_build_malformed(b, i, "too many variables", "leave out those that are not used");
    b->drafts[b->n_drafts++] = (struct log_draft){ .var = *var, .from = from, .to = to,
                                                   .text = b->literal_from, .end = b->n_literal };
    b->literal_from = b->n_literal;
    return ST_OK;
}

/* ---- nginx: $name and ${name} ---- */

static bool
is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static enum st
unknown_variable(struct log_build *b, size_t i, struct slice name)
{
    const char *near = log_name_nginx_near(name);
    char hint[200];

    snprintf(hint, sizeof hint,
             "%s%s%sa variable of your own (set, map, geo) is written $skip here",
             near != NULL ? "did you mean $" : "", near != NULL ? near : "",
             near != NULL ? "? " : "");
    return log_malformed(b->source, b->text.at[i], b->err, hint, "nginx has no variable $%.*s",
                         (int)(name.n < 40 ? name.n : 40), name.p);
}

/* The variable whose '$' stands at *i, which becomes its end. */
static enum st
take_nginx(struct log_build *b, size_t *i)
{
    const struct log_text *t = &b->text;
    size_t at = *i + 1, from;
    const struct log_var *var;
    struct slice name;
    bool braced = at < t->n && t->p[at] == '{';
    enum st rc;

    at += braced;
    for (from = at; at < t->n && is_name_byte(t->p[at]);)
        at++;
    name = (struct slice){ t->p + from, at - from };
    if (name.n == 0)
        return log_build_malformed(b, *i, "a '$' without a name", "write $name or ${name}");
    if (braced && (at == t->n || t->p[at++] != '}'))
        return log_build_malformed(b, *i, "the brace is not closed", "write ${name}");
    var = log_name_nginx(name);
    if (var == NULL)
        return unknown_variable(b, *i, name);
    rc = log_add_var(b, var, *i, at);
    *i = at;
    return rc;
}

/* ---- Apache: %letter, %{argument}letter, %>s, %!200{argument}letter ---- */

static enum st
unknown_directive(struct log_build *b, size_t i, struct slice letter)
{
    const char other = (char)(letter.p[0] ^ 0x20);

    if (letter.n == 1 && is_name_byte(other) &&
        log_name_apache((struct slice){ NULL, 0 }, (struct slice){ &other, 1 }) != NULL) {
        char hint[64];

        snprintf(hint, sizeof hint, "did you mean %%%c? a '%%' of your own is written %%%%", other);
        return log_build_malformed(b, i, "Apache has no such directive", hint);
    }
    return log_build_malformed(b, i, "Apache has no such directive",
                               "mod_log_config lists them; a '%' of your own is written %%");
}

/* The directive whose '%' stands at *i, which becomes its end. */
static enum st
take_apache(struct log_build *b, size_t *i)
{
    const struct log_text *t = &b->text;
    struct slice argument = { NULL, 0 }, letter;
    const struct log_var *found;
    struct log_var var;
    size_t at = *i + 1;
    bool final = false;
    enum st rc;

    for (; at < t->n && strchr("0123456789,!<>{", t->p[at]) != NULL && t->p[at] != '\0'; at++) {
        const char *close;

        final = final || t->p[at] == '>';
        if (t->p[at] != '{')
            continue;
        close = memchr(t->p + at, '}', t->n - at);
        if (close == NULL)
            return log_build_malformed(b, at, "the brace is not closed", "write %{name}i");
        argument = (struct slice){ t->p + at + 1, (size_t)(close - t->p) - at - 1 };
        at = (size_t)(close - t->p);
    }
    letter = (struct slice){ t->p + at, at < t->n && t->p[at] == '^' ? 3 : 1 };
    if (at + letter.n > t->n)
        return log_build_malformed(b, *i, "a '%' without a letter",
                                   "a '%' of your own is written %%");
    at += letter.n;
    if (slice_is(letter, "t")) {
        size_t from = argument.p == NULL ? 0 : (size_t)(argument.p - t->p);

        rc = log_add_strftime(b, *i, at, from, from + argument.n);
    } else {
        found = log_name_apache(argument, letter);
        if (found == NULL)
            return unknown_directive(b, *i, letter);
        var = *found;
        var.rank = (uint8_t)(var.rank + (var.field == LOG_STATUS && !final)); /* %>s before %s */
        rc = log_add_var(b, &var, *i, at);
    }
    *i = at;
    return rc;
}

/* ---- the string as a whole ---- */

/* Whose variables are these? The first that can be one tells; 0: there is none. */
static char
find_sigil(const struct log_text *t)
{
    if (t->sigil != 0)
        return t->sigil;
    for (size_t i = 0; i + 1 < t->n; i++) {
        if (t->p[i] == '$' && (is_name_byte(t->p[i + 1]) || t->p[i + 1] == '{'))
            return '$';
        if (t->p[i] == '%' && t->p[i + 1] != '\0' &&
            (is_name_byte(t->p[i + 1]) || strchr("{<>!^%", t->p[i + 1]) != NULL))
            return '%';
    }
    return 0;
}

static enum st
read_string(struct log_build *b, char sigil)
{
    const struct log_text *t = &b->text;

    for (size_t i = 0; i < t->n;) {
        enum st rc;

        if (t->p[i] != sigil) {
            log_add_literal(b, t->p[i++]);
        } else if (sigil == '%' && i + 1 < t->n && t->p[i + 1] == '%') {
            log_add_literal(b, '%');
            i += 2;
        } else if ((rc = sigil == '$' ? take_nginx(b, &i) : take_apache(b, &i)) != ST_OK) {
            return rc;
        }
    }
    return ST_OK;
}

/* ---- what is used ---- */

static bool
is_whole_time(enum log_field field)
{
    return field >= LOG_CLF && field <= LOG_MICROS;
}

static bool
is_piece_of_time(enum log_field field)
{
    return field >= LOG_YEAR && field <= LOG_ZONE;
}

static bool
is_target(enum log_field field)
{
    return field == LOG_REQUEST || field == LOG_TARGET || field == LOG_URI;
}

/* Do two variables give the same to a record, so that one of them is not needed? */
static bool
same_role(enum log_field a, enum log_field b)
{
    return a == b || (is_whole_time(a) && is_whole_time(b)) || (is_target(a) && is_target(b)) ||
           (a == LOG_MONTH && b == LOG_MONTH_NAME) || (a == LOG_MONTH_NAME && b == LOG_MONTH);
}

static bool
has_field(const struct log_build *b, bool (*is)(enum log_field field))
{
    for (size_t i = 0; i < b->n_drafts; i++)
        if (is(b->drafts[i].var.field))
            return true;
    return false;
}

static bool
has(const struct log_build *b, enum log_field field)
{
    for (size_t i = 0; i < b->n_drafts; i++)
        if (b->drafts[i].var.field == field)
            return true;
    return false;
}

/* Of those with one role the best stays, and the first of equals. */
static void
choose_fields(struct log_build *b)
{
    const bool whole = has_field(b, is_whole_time);

    for (size_t i = 0; i < b->n_drafts; i++) {
        struct log_var *best = &b->drafts[i].var;

        if (whole && is_piece_of_time(best->field))
            best->field = LOG_SKIP;
        for (size_t k = i + 1; k < b->n_drafts && best->field != LOG_SKIP; k++) {
            struct log_var *other = &b->drafts[k].var;

            if (!same_role(best->field, other->field))
                continue;
            if (other->rank < best->rank)
                best->field = LOG_SKIP;
            else
                other->field = LOG_SKIP;
        }
    }
}

static enum st
check_fields(struct log_build *b)
{
    const bool nginx = b->text.sigil == '$';

    if (!has_field(b, is_whole_time) && !has_field(b, is_piece_of_time))
        return log_build_malformed(b, b->text.n, "no time in it",
                                   nginx ? "have the server write [$time_local]"
                                         : "have the server write %t");
    if (!has_field(b, is_whole_time) &&
        (!has(b, LOG_YEAR) || !has(b, LOG_DAY) || (!has(b, LOG_MONTH) && !has(b, LOG_MONTH_NAME))))
        return log_build_malformed(b, b->text.n, "a time without year, month and day",
                                   "have the server write %t, or %{%Y-%m-%dT%T%z}t");
    if (!has_field(b, is_target))
        return log_build_malformed(b, b->text.n, "no path in it",
                                   nginx ? "have the server write \"$request\""
                                         : "have the server write \\\"%r\\\"");
    return ST_OK;
}

/* ---- laying out ---- */

static bool
ends_with_quote(struct slice s)
{
    return s.n > 0 && s.p[s.n - 1] == '"';
}

static enum log_end
choose_end(const struct log_build *b, const struct log_var *var, struct slice before,
           struct slice after)
{
    if (var->width > 0)
        return LOG_END_WIDTH;
    if (after.n == 0)
        return LOG_END_LINE;
    if (b->text.escape != LOG_ESCAPE_NONE && ends_with_quote(before) && after.p[0] == '"')
        return LOG_END_QUOTE;
    if (var->word)
        return LOG_END_BYTE;
    return var->list ? LOG_END_LIST : LOG_END_TEXT;
}

/* A request and a user agent hold blanks, always; so a blank alone cannot end one. */
static enum st
check_end(struct log_build *b, const struct log_draft *d, const struct log_part *part)
{
    if ((d->var.field != LOG_REQUEST && d->var.field != LOG_AGENT) ||
        part->end != LOG_END_TEXT || !slice_is(part->after, " "))
        return ST_OK;
    return log_malformed(b->source, d->from, b->err, "have the server write it in double quotes",
                         "nothing but a blank ends this, and it holds blanks");
}

static enum st
lay_out(struct log_build *b, struct log_format *out, struct arena *arena)
{
    struct log_part *parts = arena_alloc(arena, b->n_drafts * sizeof *parts);
    struct slice source = arena_copy(arena, b->source);
    struct slice literal = arena_copy(arena, (struct slice){ b->literal, b->n_literal });
    enum st rc;

    if (parts == NULL || source.p == NULL || literal.p == NULL)
        return err_memory(b->err, "cannot hold the log format");
    *out = (struct log_format){ .escape = b->text.escape, .parts = parts, .n_parts = b->n_drafts,
                                .before = { literal.p, b->drafts[0].end } };
    for (size_t i = 0; i < b->n_drafts; i++) {
        const struct log_draft *d = &b->drafts[i], *next = d + 1;
        const bool last = i + 1 == b->n_drafts;
        const size_t end = last ? b->n_literal : next->end;
        const size_t from = last ? b->literal_from : next->text;
        struct slice before = { literal.p + d->text, d->end - d->text };
        struct slice after = { literal.p + from, end - from };

        parts[i] = (struct log_part){
            .field = d->var.field, .end = choose_end(b, &d->var, before, after),
            .width = d->var.width, .word = d->var.word, .is_url = d->is_url,
            .dashed = d->dashed && b->text.escape == LOG_ESCAPE_DEFAULT,
            .name = { source.p + d->from, d->to - d->from }, .after = after,
        };
        out->has_body_bytes |= d->var.field == LOG_BYTES && d->var.body;
        if ((rc = check_end(b, d, &parts[i])) != ST_OK)
            return rc;
    }
    return ST_OK;
}

static enum st
compile(struct log_build *b, struct log_format *out, struct arena *arena)
{
    enum st rc = log_unwrap(&b->text, b->source, b->err);

    if (rc != ST_OK)
        return rc;
    b->text.sigil = find_sigil(&b->text);
    if (b->text.sigil == 0)
        return log_build_malformed(b, 0, "no variable in it",
                                   "give the string itself: '$remote_addr - ...' or '%h %l ...'");
    if ((rc = read_string(b, b->text.sigil)) != ST_OK)
        return rc;
    choose_fields(b);
    rc = check_fields(b);
    return rc == ST_OK ? lay_out(b, out, arena) : rc;
}

enum st
log_format_compile(struct log_format *out, struct slice text, struct arena *arena, struct err *err)
{
    struct log_build *b;
    enum st rc;

    if (text.n == 0 || text.n > LOG_FORMAT_BYTES_MAX)
        return err_fail(err, ST_USAGE, "malformed log format", "it has %zu bytes; 1 to %d are read",
                        text.n, LOG_FORMAT_BYTES_MAX);
    b = calloc(1, sizeof *b); /* some 20 KiB: too much for a stack that may be a thread's */
    if (b == NULL)
        return err_memory(err, "cannot hold the log format");
    b->source = text;
    b->err = err;
    rc = compile(b, out, arena);
    free(b);
    return rc;
}
