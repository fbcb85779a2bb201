/*
 * Does a compiled pattern fit somewhere in a text? All places that a match may have reached are
 * kept at once (see struct pattern), so that each byte is looked at once whatever the pattern is.
 */
#include "ingest/base.h"
#include "agent_priv.h"

/* Where a match may go next: on from where it is, or it begins here. */
static struct positions
reach(const struct pattern *p, const struct positions *now)
{
    struct positions next = p->first;

    for (size_t w = 0; w < ARRAY_LEN(now->w); w++)
        for (uint64_t left = now->w[w]; left != 0; left &= left - 1)
            positions_unite(&next, &p->follow[w * 64 + (size_t)__builtin_ctzll(left)]);
    return next;
}

static bool
is_done(const struct pattern *p, const struct positions *now)
{
    uint64_t done = 0;

    for (size_t w = 0; w < ARRAY_LEN(now->w); w++)
        done |= now->w[w] & p->last.w[w];
    return done != 0;
}

static bool
is_nowhere(const struct positions *now)
{
    uint64_t any = 0;

    for (size_t w = 0; w < ARRAY_LEN(now->w); w++)
        any |= now->w[w];
    return any == 0;
}

/* One byte more. */
static void
step(const struct pattern *p, struct positions *now, unsigned char byte)
{
    struct positions next = reach(p, now);

    for (size_t w = 0; w < ARRAY_LEN(next.w); w++) {
        now->w[w] = 0;
        for (uint64_t left = next.w[w]; left != 0; left &= left - 1) {
            int bit = __builtin_ctzll(left);

            if (symbol_has(&p->symbols[w * 64 + (size_t)bit], byte))
                now->w[w] |= UINT64_C(1) << bit;
        }
    }
}

/* An edge of the text takes no byte, so it may be passed as often as it is asked for. */
static void
pass_edge(const struct pattern *p, struct positions *now, bool start, bool end)
{
    bool more = true;

    while (more) {
        struct positions next = reach(p, now);

        more = false;
        for (size_t i = 0; i < p->n; i++) {
            const struct symbol *s = &p->symbols[i];
            uint64_t bit = UINT64_C(1) << i % 64;

            if ((next.w[i / 64] & ~now->w[i / 64] & bit) &&
                ((start && s->start) || (end && s->end))) {
                now->w[i / 64] |= bit;
                more = true;
            }
        }
    }
}

bool
pattern_fits(const struct pattern *p, struct slice text, bool whole)
{
    struct positions now = { 0 };
    bool nowhere;

    assert(!p->plain);
    pass_edge(p, &now, true, whole && text.n == 0);
    if (is_done(p, &now))
        return true;
    nowhere = is_nowhere(&now);
    for (size_t i = 0; i < text.n && !(nowhere && p->anchored); i++) {
        if (nowhere && !symbol_has(&p->begins, (unsigned char)text.p[i])) /* as most bytes are */
            continue;
        step(p, &now, (unsigned char)text.p[i]);
        if (is_done(p, &now))
            return true;
        nowhere = is_nowhere(&now);
    }
    if (whole && text.n > 0)
        pass_edge(p, &now, false, true);
    return is_done(p, &now);
}
