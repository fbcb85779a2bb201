/*
 * One pattern from its text: a regular expression without look-around and back references, which is
 * what lists of user agents are written in. Read from left to right, each byte becomes a place (see
 * agent_priv.h), each part knows where it may begin and end, and parts are put together.
 *
 * Beside that, the longest text that every match must hold is kept (of each alternative of the
 * whole pattern one), so that most patterns are never looked at for most user agents.
 */
#include "ingest/base.h"
#include "agent_priv.h"

#define DEPTH_MAX   32
#define STEPS_MAX   20000 /* parts read: "(a{99}){99}" must come to an end */
#define FACTORS_MAX 64
#define UNLIMITED   INT_MAX
#define REPEAT_MAX  255

/* A part of the pattern: can it be empty, where may it begin, where may it end? */
struct part {
    bool nullable;
    struct positions first, last;
};

/* Texts of which every match holds one; none: nothing is known. */
struct must {
    size_t n;
    struct slice text[FACTORS_MAX];
};

struct compiler {
    struct pattern *p;
    struct arena *arena;
    struct pattern_source in;
    unsigned steps;
    bool overflow; /* more places than there is room for */
    bool again;    /* a part is read once more, because it is repeated */
    char *run;     /* text that was just read, of each sequence that is open */
    size_t n_run;
    char *exact; /* of the whole pattern, as long as it is plain */
    size_t n_exact;
    int written; /* the byte that the last part of one byte is written as; -1: as a class */
    size_t n;
    struct symbol symbols[POSITIONS_MAX]; /* from here on nothing is cleared */
    struct positions follow[POSITIONS_MAX];
};

static bool read_alternatives(struct compiler *c, unsigned depth, struct part *out,
                              struct must *must);

/* ---- places ---- */

static void
link_parts(struct compiler *c, const struct positions *last, const struct positions *first)
{
    for (size_t i = 0; i < c->n; i++)
        if (last->w[i / 64] >> i % 64 & 1)
            positions_unite(&c->follow[i], first);
}

/* `a` and then `b`. */
static void
append(struct compiler *c, struct part *a, const struct part *b)
{
    link_parts(c, &a->last, &b->first);
    if (a->nullable)
        positions_unite(&a->first, &b->first);
    if (b->nullable)
        positions_unite(&a->last, &b->last);
    else
        a->last = b->last;
    a->nullable = a->nullable && b->nullable;
}

static void
place(struct compiler *c, const struct symbol *s, struct part *out)
{
    *out = (struct part){ 0 };
    if (c->n == POSITIONS_MAX) {
        c->overflow = true; /* which is well if all of the pattern turns out to be plain text */
        return;
    }
    c->symbols[c->n] = *s;
    if (c->in.fold)
        symbol_fold(&c->symbols[c->n]);
    c->follow[c->n] = (struct positions){ 0 };
    out->first.w[c->n / 64] = out->last.w[c->n / 64] = UINT64_C(1) << c->n % 64;
    c->n++;
}

/* ---- text that must be there ---- */

static size_t
shortest(const struct must *must)
{
    size_t least = must->n == 0 ? 0 : SIZE_MAX;

    for (size_t i = 0; i < must->n; i++)
        least = must->text[i].n < least ? must->text[i].n : least;
    return least;
}

/* The run of text from `from` on ends here; the longest is kept. */
static void
end_run(struct compiler *c, size_t from, struct must *must)
{
    struct slice run = { c->run + from, c->n_run - from };

    c->n_run = from;
    if (c->again || run.n <= shortest(must))
        return;
    must->text[0] = arena_copy(c->arena, run);
    must->n = 1;
}

/* One or the other: what either of them must hold. */
static void
join_alternative(struct must *must, const struct must *one, bool first)
{
    if (!first && (must->n == 0 || one->n == 0 || must->n + one->n > FACTORS_MAX)) {
        must->n = 0;
        return;
    }
    memcpy(must->text + must->n, one->text, one->n * sizeof *one->text);
    must->n += one->n;
}

/* ---- parts ---- */

static bool
read_group(struct compiler *c, unsigned depth, struct part *out, struct must *must)
{
    size_t from = c->in.at++;
    struct slice t = c->in.text;

    if (depth == DEPTH_MAX)
        return pattern_wrong(&c->in, from, "too many brackets within one another");
    if (c->in.at < t.n && t.p[c->in.at] == '?') {
        if (c->in.at + 1 >= t.n || t.p[c->in.at + 1] != ':')
            return pattern_wrong(&c->in, from,
                                 "of all (?...) only (?:...) is known, and (?i) at the beginning");
        c->in.at += 2;
    }
    if (!read_alternatives(c, depth + 1, out, must))
        return false;
    if (c->in.at >= t.n)
        return pattern_wrong(&c->in, from, "this \"(\" is never closed");
    c->in.at++;
    return true;
}

/* `\b` at the pattern's beginning or end: a byte that belongs to no word, or the text's edge. */
static bool
read_edge(struct compiler *c, unsigned depth, struct part *out)
{
    struct symbol s = { .start = c->in.at == 0, .end = c->in.at > 0 };

    if (depth > 0 || (c->in.at > 0 && c->in.at + 2 < c->in.text.n))
        return pattern_wrong(&c->in, c->in.at,
                             "\\b is known at the beginning and the end of a pattern only");
    symbol_add_named(&s, 'W');
    c->in.at += 2;
    place(c, &s, out);
    return true;
}

/*
 * One byte, class or group. *byte: what it stands for if that is one letter or sign, else -1.
 * `must` is set for a group.
 */
static bool
read_atom(struct compiler *c, unsigned depth, struct part *out, int *byte, struct must *must)
{
    struct slice t = c->in.text;
    struct symbol s = { 0 };
    char b = t.p[c->in.at];

    must->n = 0;
    *byte = c->written = -1;
    if (++c->steps > STEPS_MAX)
        return pattern_wrong(&c->in, c->in.at, "too much is repeated too often");
    if (b == '*' || b == '+' || b == '?')
        return pattern_wrong(&c->in, c->in.at,
                             "there is nothing to repeat; write \\ before it if the sign is meant");
    if (b == '(')
        return read_group(c, depth, out, must);
    if (b == '\\' && c->in.at + 1 < t.n && t.p[c->in.at + 1] == 'b')
        return read_edge(c, depth, out);
    if (b == '[') {
        if (!symbol_read_class(&c->in, &s))
            return false;
    } else if (b == '\\') {
        if (!symbol_read_escape(&c->in, &s, &c->written))
            return false;
    } else {
        c->in.at++;
        s.start = b == '^';
        s.end = b == '$';
        if (b == '.')
            memset(s.bytes, 0xff, sizeof s.bytes);
        else if (!s.start && !s.end)
            symbol_add(&s, (unsigned char)(c->written = (unsigned char)b));
    }
    *byte = c->written >= 0 ? (unsigned char)lower((char)c->written) : symbol_only(&s);
    place(c, &s, out);
    return true;
}

static bool
read_number(struct compiler *c, int *out)
{
    struct slice t = c->in.text;
    size_t from = c->in.at;

    for (*out = 0; c->in.at < t.n && t.p[c->in.at] >= '0' && t.p[c->in.at] <= '9'; c->in.at++)
        *out = *out > REPEAT_MAX ? *out : *out * 10 + (t.p[c->in.at] - '0');
    return c->in.at > from;
}

/* {n}, {n,} or {n,m}; anything else behind a brace is text. */
static bool
read_braces(struct compiler *c, int *low, int *high)
{
    struct slice t = c->in.text;
    size_t from = c->in.at++;
    bool ok = read_number(c, low);

    *high = *low;
    if (ok && c->in.at < t.n && t.p[c->in.at] == ',') {
        c->in.at++;
        if (!read_number(c, high))
            *high = UNLIMITED;
    }
    if (!ok || c->in.at >= t.n || t.p[c->in.at] != '}') {
        c->in.at = from;
        *low = *high = 1;
        return true;
    }
    c->in.at++;
    if (*low > REPEAT_MAX || (*high > REPEAT_MAX && *high != UNLIMITED) || *high < *low)
        return pattern_wrong(&c->in, from, "numbers up to 255, the smaller one first");
    return true;
}

static bool
read_quantifier(struct compiler *c, int *low, int *high)
{
    struct slice t = c->in.text;
    size_t from = c->in.at;
    char q = c->in.at < t.n ? t.p[c->in.at] : '\0';

    *low = *high = 1;
    if (q == '{') {
        if (!read_braces(c, low, high))
            return false;
    } else if (q == '?' || q == '*' || q == '+') {
        c->in.at++;
        *low = q == '+';
        *high = q == '?' ? 1 : UNLIMITED;
    }
    if (c->in.at == from)
        return true;
    if ((unsigned char)t.p[from - 1] >= 0x80)
        return pattern_wrong(&c->in, from,
                             "put (...) around a letter beyond ASCII that is repeated");
    if (c->in.at < t.n && t.p[c->in.at] == '?')
        c->in.at++; /* as few as can be: which is no question of whether it fits */
    return true;
}

/* The part at `from`, read once as *part, `low` to `high` times. */
static bool
repeat(struct compiler *c, unsigned depth, size_t from, int low, int high, struct part *part)
{
    int n = high != UNLIMITED ? high : low > 1 ? low : 1;
    size_t behind = c->in.at;
    bool again = c->again;

    if (high == 0)
        *part = (struct part){ .nullable = true };
    if (n <= 1 && high == UNLIMITED)
        link_parts(c, &part->last, &part->first);
    if (low == 0)
        part->nullable = true;
    c->again = true;
    for (int k = 2; k <= n; k++) {
        struct part copy;
        struct must ignored;
        int byte;

        c->in.at = from;
        if (!read_atom(c, depth, &copy, &byte, &ignored))
            return false;
        if (k == n && high == UNLIMITED)
            link_parts(c, &copy.last, &copy.first);
        if (k > low)
            copy.nullable = true;
        append(c, part, &copy);
    }
    c->again = again;
    c->in.at = behind;
    return true;
}

/* A part of a sequence whose run began at `from`: goes it on, or ends it here? */
static void
note_text(struct compiler *c, size_t from, int byte, int low, int high, const struct must *inner,
          struct must *must)
{
    if (byte >= 0 && low > 0 && !c->again)
        c->run[c->n_run++] = (char)byte;
    if (byte < 0 || low != 1 || high != 1)
        end_run(c, from, must);
    if (low > 0 && shortest(inner) > shortest(must))
        *must = *inner;
}

/* The whole pattern is plain as long as each part is one byte and written as such. */
static void
note_plain(struct compiler *c, int byte, int low, int high)
{
    if (byte < 0 || c->written < 0 || low != 1 || high != 1)
        c->p->plain = false;
    else
        c->exact[c->n_exact++] = (char)c->written;
}

static bool
read_sequence(struct compiler *c, unsigned depth, struct part *out, struct must *must)
{
    struct slice t = c->in.text;
    size_t run = c->n_run;

    *out = (struct part){ .nullable = true };
    must->n = 0;
    while (c->in.at < t.n && t.p[c->in.at] != '|' && t.p[c->in.at] != ')') {
        size_t from = c->in.at;
        struct must inner;
        struct part part;
        int byte, low, high;

        if (!read_atom(c, depth, &part, &byte, &inner) || !read_quantifier(c, &low, &high))
            return false;
        note_text(c, run, byte, low, high, &inner, must);
        if (depth == 0)
            note_plain(c, byte, low, high);
        if (!repeat(c, depth, from, low, high, &part))
            return false;
        append(c, out, &part);
    }
    end_run(c, run, must);
    if (depth == 0 && c->in.at < t.n && t.p[c->in.at] == ')')
        return pattern_wrong(&c->in, c->in.at, "this \")\" closes nothing");
    return true;
}

static bool
read_alternatives(struct compiler *c, unsigned depth, struct part *out, struct must *must)
{
    *out = (struct part){ 0 };
    must->n = 0;
    for (bool first = true;; first = false) {
        struct must one_must;
        struct part one;

        if (!read_sequence(c, depth, &one, &one_must))
            return false;
        join_alternative(must, &one_must, first);
        out->nullable = out->nullable || one.nullable;
        positions_unite(&out->first, &one.first);
        positions_unite(&out->last, &one.last);
        if (c->in.at >= c->in.text.n || c->in.text.p[c->in.at] != '|')
            return true;
        c->p->plain = false;
        c->in.at++;
    }
}

/* ---- the whole ---- */

static bool
is_start(const struct symbol *s)
{
    return s->start && !s->end && (s->bytes[0] | s->bytes[1] | s->bytes[2] | s->bytes[3]) == 0;
}

static bool
read_pattern(struct compiler *c, struct must *must)
{
    struct pattern *p = c->p;
    struct part all;

    p->plain = true;
    if (slice_starts(p->text, SLICE("(?i)"))) {
        p->fold = c->in.fold = true;
        c->in.at = 4;
    }
    if (!read_alternatives(c, 0, &all, must))
        return false;
    if (all.nullable)
        return pattern_wrong(&c->in, 0, "it fits every user agent");
    if (c->overflow && !p->plain)
        return pattern_wrong(&c->in, 0, "longer than 256 bytes, with more in it than plain text");
    p->first = all.first;
    p->last = all.last;
    p->anchored = !p->plain;
    for (size_t i = 0; i < c->n; i++)
        if (all.first.w[i / 64] >> i % 64 & 1) {
            p->anchored = p->anchored && is_start(&c->symbols[i]);
            for (size_t k = 0; k < ARRAY_LEN(p->begins.bytes); k++)
                p->begins.bytes[k] |= c->symbols[i].bytes[k];
        }
    return true;
}

/* What was read, in memory that lasts. */
static bool
keep(struct compiler *c, const struct must *must)
{
    struct pattern *p = c->p;

    p->exact = (struct slice){ c->exact, c->n_exact };
    p->n_factors = must->n;
    p->factors = arena_alloc(c->arena, (p->n_factors + 1) * sizeof *p->factors);
    p->n = p->plain ? 0 : c->n;
    p->symbols = arena_alloc(c->arena, (p->n + 1) * sizeof *p->symbols);
    p->follow = arena_alloc(c->arena, (p->n + 1) * sizeof *p->follow);
    if (p->factors == NULL || p->symbols == NULL || p->follow == NULL)
        return false;
    for (size_t i = 0; i < p->n_factors; i++)
        if (must->text[i].p == NULL)
            return false;
    memcpy(p->factors, must->text, p->n_factors * sizeof *p->factors);
    memcpy(p->symbols, c->symbols, p->n * sizeof *p->symbols);
    memcpy(p->follow, c->follow, p->n * sizeof *p->follow);
    return true;
}

enum st
pattern_compile(struct pattern *p, struct arena *arena, struct err *err)
{
    struct compiler *c = malloc(sizeof *c);
    struct must must;
    enum st rc = ST_OK;

    if (c != NULL) {
        memset(c, 0, offsetof(struct compiler, symbols));
        c->p = p;
        c->arena = arena;
        c->in = (struct pattern_source){ .text = p->text, .fold = p->fold, .err = err };
        c->run = malloc(p->text.n + 1);
        c->exact = arena_alloc(arena, p->text.n + 1);
    }
    if (c == NULL || c->run == NULL || c->exact == NULL)
        rc = err_memory(err, "cannot hold the patterns of user agents");
    else if (!read_pattern(c, &must))
        rc = ST_USAGE;
    else if (!keep(c, &must))
        rc = err_memory(err, "cannot hold the patterns of user agents");
    if (c != NULL)
        free(c->run);
    free(c);
    return rc;
}
