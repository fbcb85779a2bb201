/*
 * The pattern of a line, from the line: it is walked member by member, and cut where values begin
 * and end.
 */
#include "json_pattern.h"

#define OBJECTS_MAX 4 /* within one another */
#define NOBODY      UINT_MAX /* an object that has no name: nor have its members */

struct learner {
    struct json_pattern *pattern;
    pattern_namer       *name;
    const void          *ctx;
    const char          *from; /* where the literal begins */
    size_t               n_marks; /* in front of that */
    uint64_t             named;   /* a bit for each name so far */
};

static size_t
marks_of(const char *p, const char *end)
{
    size_t n = 0;

    for (; p < end; p++)
        n += quotes_marks(*p);
    return n;
}

static size_t
bytes_before_mark(const char *p, const char *end)
{
    const char *at = p;

    while (at < end && !quotes_marks(*at))
        at++;
    return (size_t)(at - p);
}

/* A literal ends, so it is known now what stands behind the number in front of it. */
static void
end_number(struct learner *l, const char *end)
{
    struct json_pattern *t = l->pattern;
    struct pattern_value *before = t->values + t->n_values - 1;

    if (t->n_values == 0) {
        t->first = bytes_before_mark(l->from, end);
    } else if (!before->is_string) {
        before->mark = (uint16_t)l->n_marks;
        before->behind = (uint16_t)bytes_before_mark(l->from, end);
    }
}

/* The value at j->at, a string or a number. */
static bool
learn_value(struct learner *l, struct json *j, unsigned depth, unsigned name)
{
    struct json_pattern *t = l->pattern;
    struct pattern_value *value = t->values + t->n_values;
    const char *at = j->at;
    size_t n = (size_t)(at - l->from);
    struct json_value v;

    if (t->n_values == PATTERN_VALUES || n > PATTERN_LITERAL || !json_value(j, depth, &v) ||
        v.escaped)
        return false;
    if (v.kind != JSON_STRING &&
        (v.kind != JSON_INTEGER || v.text.n > 7 || *at == '0' || *at == '-'))
        return false;
    end_number(l, at);
    *value = (struct pattern_value){ .n_literal = (uint32_t)n,
                                     .mask = UINT32_MAX >> (PATTERN_LITERAL - n),
                                     .name = (uint16_t)name,
                                     .is_string = v.kind == JSON_STRING };
    memcpy(value->literal, l->from, n);
    l->n_marks += marks_of(l->from, at);
    if (value->is_string) {
        value->mark = (uint16_t)l->n_marks;
        l->n_marks += 2;
    }
    l->from = j->at;
    t->n_values++;
    return true;
}

static bool
learn_object(struct learner *l, struct json *j, unsigned depth, unsigned outer)
{
    struct json_value key;
    bool inside = false;
    enum json_step step;

    j->at++;
    while ((step = json_member(j, &inside, &key)) == JSON_NEXT) {
        unsigned name = outer == NOBODY || key.escaped ? 0 : l->name(l->ctx, outer, key.text);
        char c = json_peek(j);

        if (key.escaped || name > 63 || (name != 0 && (l->named >> name & 1) != 0))
            return false;
        l->named |= UINT64_C(1) << name;
        if (c == '{' ? depth == OBJECTS_MAX ||
                           !learn_object(l, j, depth + 1, name == 0 ? NOBODY : name)
                     : !learn_value(l, j, depth, name))
            return false;
    }
    return step == JSON_END;
}

void
json_pattern_learn(struct json_pattern *t, struct slice line, pattern_namer *name, const void *ctx)
{
    struct json j = { line.p, line.p + line.n };
    struct learner l = { t, name, ctx, line.p, 0, 0 };

    *t = (struct json_pattern){ 0 };
    if (line.n == 0 || *line.p != '{' || !learn_object(&l, &j, 1, 0) || t->n_values == 0 ||
        (size_t)(j.end - l.from) > PATTERN_LITERAL || marks_of(l.from, j.end) > 0) {
        t->n_values = 0;
        return;
    }
    end_number(&l, j.end);
    t->n_tail = (size_t)(j.end - l.from);
    memcpy(t->tail, l.from, t->n_tail);
    t->n_marks = l.n_marks + 1;
}
