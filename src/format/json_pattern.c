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
    const char          *from;  /* where the literal begins */
    uint64_t             named; /* a bit for each name so far */
};

/* The literal ends at `end`, and the value behind it is a string or not. False: it is too long. */
static bool
put_literal(struct learner *l, const char *end, unsigned name, bool is_string)
{
    struct json_pattern *t = l->pattern;
    size_t n = (size_t)(end - l->from);

    if (n > PATTERN_LITERAL || n == 0)
        return false;
    t->values[t->n_values] = (struct pattern_value){ .n_literal = (uint32_t)n,
                                                     .mask = UINT32_MAX >> (PATTERN_LITERAL - n),
                                                     .name = (uint16_t)name,
                                                     .is_string = is_string };
    memcpy(t->values[t->n_values].literal, l->from, n);
    return true;
}

/* The value at j->at, a string or a number. */
static bool
learn_value(struct learner *l, struct json *j, unsigned depth, unsigned name)
{
    const char *at = j->at;
    struct json_value v;

    if (l->pattern->n_values == PATTERN_VALUES || !json_value(j, depth, &v) || v.escaped)
        return false;
    if (v.kind != JSON_STRING &&
        (v.kind != JSON_INTEGER || v.text.n > 7 || *at == '0' || *at == '-'))
        return false;
    if (!put_literal(l, at, name, v.kind == JSON_STRING))
        return false;
    l->pattern->n_values++;
    l->from = j->at;
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
        unsigned said = outer == NOBODY || key.escaped ? 0 : l->name(l->ctx, outer, key.text);
        unsigned name = said & ~PATTERN_OBJECT;

        if (key.escaped || name > 63 || (name != 0 && (l->named >> name & 1) != 0))
            return false;
        l->named |= UINT64_C(1) << name;
        if (json_peek(j) != '{') {
            if (!learn_value(l, j, depth, name))
                return false;
        } else if ((name != 0 && said == name) || depth == OBJECTS_MAX ||
                   !learn_object(l, j, depth + 1, name == 0 ? NOBODY : name)) {
            return false;
        }
    }
    return step == JSON_END;
}

void
json_pattern_learn(struct json_pattern *t, struct slice line, pattern_namer *name, const void *ctx)
{
    struct json j = { line.p, line.p + line.n };
    struct learner l = { t, name, ctx, line.p, 0 };
    const char *quote = memchr(line.p, '"', line.n);

    *t = (struct json_pattern){ 0 };
    if (quote == NULL || *line.p != '{' || !learn_object(&l, &j, 1, 0) ||
        !put_literal(&l, j.end, 0, false))
        t->n_values = 0;
    else
        t->first = (size_t)(quote - line.p);
}
