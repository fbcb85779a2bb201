/*
 * Traces of an fdsnws log, read by what is new in them. The first, and one that has more that is
 * new than is worth comparing, is walked member by member and is the model of those behind it.
 */
#include "trace.h"

#define MEMBER_KEY(upper, key) { key, sizeof(key) - 1 },
static const struct slice trace_keys[] = { TRACE_MEMBERS(MEMBER_KEY) };
#undef MEMBER_KEY

static const struct shape_keys of_trace = { trace_keys, ARRAY_LEN(trace_keys) };

/* Reads the object at j->at, member by member. False: no JSON. */
static inline bool
walk_trace(struct shape *shape, struct json *j, struct json_value t[TRACE_MEMBERS_N])
{
    struct shape_walk w = shape_begin(shape, &of_trace);
    enum json_step step;

    j->at++;
    for (size_t i = 0; i < TRACE_MEMBERS_N; i++)
        t[i].kind = JSON_ABSENT;
    while ((step = shape_next(&w, j)) == JSON_NEXT)
        if (!json_value(j, 3, &t[w.name]))
            return false;
    return step == JSON_END;
}

#define ALIKE_CHANGES 3 /* where more is new, it is walked faster than compared */

/* How many bytes are the same at `a` and `b`, at most n; up to 15 more may be looked at. */
static inline size_t
same_bytes(const char *a, const char *b, size_t n)
{
    size_t i = 0;

#if defined(__SSE2__)
    for (; i < n; i += 16) {
        __m128i va = _mm_loadu_si128((const void *)(a + i));
        __m128i vb = _mm_loadu_si128((const void *)(b + i));
        unsigned differ = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(va, vb)) ^ 0xffff;

        if (differ != 0) {
            i += (unsigned)__builtin_ctz(differ);
            break;
        }
    }
    return i < n ? i : n;
#else
    while (i < n && a[i] == b[i])
        i++;
    return i;
#endif
}

/*
 * Which string or number of the model the byte at `its` is in, or stands right behind: a number may
 * go on there. 0: none that has a name. *from and *end are where it begins and ends in the text.
 */
static inline unsigned
value_at(const struct trace_model *m, const char *its, const char **from, const char **end)
{
    for (unsigned name = 1; name < TRACE_MEMBERS_N; name++) {
        const struct json_value *v = &m->t[name];
        size_t quote = v->kind == JSON_STRING;

        if ((quote || v->kind == JSON_INTEGER) && its >= v->text.p - quote &&
            its <= v->text.p + v->text.n + quote) {
            *from = v->text.p - quote;
            *end = v->text.p + v->text.n + quote;
            return name;
        }
    }
    return 0;
}

/*
 * Reads the object at j->at where it is like the model but for a few values. False: it is not, and
 * j is where it was.
 */
static inline bool
walk_alike(struct json *j, const struct trace_model *m, struct json_value t[TRACE_MEMBERS_N])
{
    const char *start = j->at, *its = m->from, *from, *end;

    memcpy(t, m->t, sizeof m->t);
    for (unsigned changes = 0; changes <= ALIKE_CHANGES && j->end - j->at >= m->end - its;
         changes++) {
        size_t n = same_bytes(j->at, its, (size_t)(m->end - its));
        unsigned name;

        j->at += n;
        its += n;
        if (its == m->end)
            return true;
        /* Nothing the same behind a value that was read: the seam is another. */
        if (n == 0 || (name = value_at(m, its, &from, &end)) == 0)
            break;
        j->at -= its - from;
        if (!json_value(j, 3, &t[name]))
            break;
        its = end;
    }
    j->at = start;
    return false;
}

const struct json_value *
trace_read(struct trace_reader *r, struct json *j)
{
    struct trace_model *model = &r->model;
    struct json at = *j; /* its address is not given away, so that it can stay in registers */
    const struct json_value *t = r->alike;

    if (model->end == NULL || !walk_alike(&at, model, r->alike)) {
        model->from = at.at;
        model->end = NULL;
        if (!walk_trace(&r->shape, &at, model->t))
            return NULL;
        model->end = at.at;
        t = model->t;
    }
    *j = at;
    return t;
}
