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

#define DEPTH_MAX 32
#define STEPS_MAX                                                                                  \
    20000 /* parts read, repeated ones included: "(a{99}){99}" must come to an end                 \
           */
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
    size_t at;
    unsigned steps;
    bool overflow; /* more places than there is room for */
    bool again;    /* a part is read once more, because it is repeated */
    char *run;     /* text that was just read, of each sequence that is open */
    size_t n_run;
    char *exact; /* of the whole pattern, as long as it is plain */
    size_t n_exact;
    int written; /* the byte that the last part of one byte is written as; -1: as a class */
    struct err *err;
    size_t n;
    struct symbol symbols[POSITIONS_MAX]; /* from here on nothing is cleared */
    struct positions follow[POSITIONS_MAX];
};

static bool read_alternatives(struct compiler *c, unsigned depth, struct part *out,
                              struct must *must);

static bool
wrong(struct compiler *c, size_t at, const char *why)
{
    err_fail(c->err, ST_USAGE, "cannot read the pattern of a user agent",
             "byte %zu of \"%.100s\": %s", at + 1, c->p->text.p, why);
    return false;
}

/* ---- sets ---- */

static void
unite(struct positions *into, const struct positions *from)
{
    for (size_t i = 0; i < ARRAY_LEN(into->w); i++)
        into->w[i] |= from->w[i];
}

static void
link_parts(struct compiler *c, const struct positions *last, const struct positions *first)
{
    for (size_t i = 0; i < c->n; i++)
        if (last->w[i / 64] >> i % 64 & 1)
            unite(&c->follow[i], first);
}

/* `a` and then `b`. */
static void
append(struct compiler *c, struct part *a, const struct part *b)
{
    link_parts(c, &a->last, &b->first);
    if (a->nullable)
        unite(&a->first, &b->first);
    if (b->nullable)
        unite(&a->last, &b->last);
    else
        a->last = b->last;
    a->nullable = a->nullable && b->nullable;
}

static void
add_byte(struct symbol *s, unsigned char byte)
{
    s->bytes[byte / 64] |= UINT64_C(1) << byte % 64;
}

static bool
has_byte(const struct symbol *s, unsigned char byte)
{
    return s->bytes[byte / 64] >> byte % 64 & 1;
}

/* Letters stand in the second word: capitals from bit 1 on, small ones 32 behind them. */
static void
fold_symbol(struct symbol *s)
{
    const uint64_t letters = UINT64_C(0x7fffffe);
    uint64_t both = (s->bytes[1] & letters) | (s->bytes[1] >> 32 & letters);

    s->bytes[1] |= both | both << 32;
}

/* The one byte that it stands for, in lower case; -1: there are several, or none. */
static int
only_byte(const struct symbol *s)
{
    int found = -1;

    if (s->start || s->end)
        return -1;
    for (int i = 0; i < 256; i++)
        if (has_byte(s, (unsigned char)i)) {
            int c = (unsigned char)lower((char)i);

            if (found >= 0 && found != c)
                return -1;
            found = c;
        }
    return found;
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
    if (c->p->fold)
        fold_symbol(&c->symbols[c->n]);
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

/* ---- bytes and classes ---- */

/* The sets that have a letter of their own. False: `letter` names none. */
static bool
add_named(struct symbol *s, char letter)
{
    struct symbol set = { 0 };

    for (int i = 0; i < 256; i++) {
        bool digit = i >= '0' && i <= '9', blank = i == ' ' || (i >= '\t' && i <= '\r');
        bool word = digit || i == '_' || (lower((char)i) >= 'a' && lower((char)i) <= 'z');

        switch (lower(letter)) {
        case 'd':
            word = digit;
            break;
        case 's':
            word = blank;
            break;
        case 'w':
            break;
        default:
            return false;
        }
        if (word == (letter == lower(letter)))
            add_byte(&set, (unsigned char)i);
    }
    for (size_t i = 0; i < ARRAY_LEN(set.bytes); i++)
        s->bytes[i] |= set.bytes[i];
    return true;
}

/* What stands behind a backslash. *byte -1: a set. */
static bool
read_escape(struct compiler *c, struct symbol *s, int *byte)
{
    static const char letters[] = "tnrfv", bytes[] = "\t\n\r\f\v";
    size_t from = c->at;
    const char *found;
    char e;

    if (++c->at >= c->p->text.n)
        return wrong(c, from, "a backslash with nothing behind it");
    e = c->p->text.p[c->at++];
    *byte = -1;
    if (add_named(s, e))
        return true;
    if ((found = memchr(letters, e, sizeof letters - 1)) != NULL)
        e = bytes[found - letters];
    else if ((lower(e) >= 'a' && lower(e) <= 'z') || (e >= '0' && e <= '9'))
        return wrong(
            c, from,
            "this escape is not known; \\d \\w \\s \\D \\W \\S \\t are, and \\ before a sign");
    *byte = (unsigned char)e;
    add_byte(s, (unsigned char)e);
    return true;
}

/* One end of a range, or one member, of a class. *byte -1: a set. */
static bool
read_member(struct compiler *c, struct symbol *s, int *byte)
{
    unsigned char b = (unsigned char)c->p->text.p[c->at];

    if (b == '\\')
        return read_escape(c, s, byte);
    if (b >= 0x80)
        return wrong(c, c->at, "only ASCII may stand in [...]");
    if (b == '[' && c->at + 1 < c->p->text.n && c->p->text.p[c->at + 1] == ':')
        return wrong(c, c->at, "[:names:] are not known");
    c->at++;
    *byte = b;
    add_byte(s, b);
    return true;
}

static bool
read_class(struct compiler *c, struct symbol *s)
{
    size_t from = c->at++;
    struct slice t = c->p->text;
    bool inverted = c->at < t.n && t.p[c->at] == '^', empty = true;

    c->at += inverted;
    for (; c->at < t.n && (empty || t.p[c->at] != ']'); empty = false) {
        size_t member = c->at;
        int low, high;

        if (!read_member(c, s, &low))
            return false;
        if (c->at + 1 >= t.n || t.p[c->at] != '-' || t.p[c->at + 1] == ']')
            continue;
        c->at++;
        if (!read_member(c, s, &high))
            return false;
        if (low < 0 || high < low)
            return wrong(c, member, "this range goes backwards or has no end");
        for (int i = low; i <= high; i++)
            add_byte(s, (unsigned char)i);
    }
    if (c->at >= t.n)
        return wrong(c, from, "this \"[\" is never closed");
    c->at++;
    if (c->p->fold)
        fold_symbol(s);
    for (size_t i = 0; inverted && i < ARRAY_LEN(s->bytes); i++)
        s->bytes[i] = ~s->bytes[i];
    return true;
}

/* ---- parts ---- */

static bool
read_group(struct compiler *c, unsigned depth, struct part *out, struct must *must)
{
    size_t from = c->at++;
    struct slice t = c->p->text;

    if (depth == DEPTH_MAX)
        return wrong(c, from, "too many brackets within one another");
    if (c->at < t.n && t.p[c->at] == '?') {
        if (c->at + 1 >= t.n || t.p[c->at + 1] != ':')
            return wrong(c, from, "of all (?...) only (?:...) is known, and (?i) at the beginning");
        c->at += 2;
    }
    if (!read_alternatives(c, depth + 1, out, must))
        return false;
    if (c->at >= t.n)
        return wrong(c, from, "this \"(\" is never closed");
    c->at++;
    return true;
}

/* `\b` at the pattern's beginning or end: a byte that belongs to no word, or the text's edge. */
static bool
read_edge(struct compiler *c, unsigned depth, struct part *out)
{
    struct symbol s = { .start = c->at == 0, .end = c->at > 0 };

    if (depth > 0 || (c->at > 0 && c->at + 2 < c->p->text.n))
        return wrong(c, c->at, "\\b is known at the beginning and the end of a pattern only");
    add_named(&s, 'W');
    c->at += 2;
    place(c, &s, out);
    return true;
}

/* One byte, class or group. *byte: what it stands for if that is one letter or sign, else -1.
 * `must` is set for a group. */
static bool
read_atom(struct compiler *c, unsigned depth, struct part *out, int *byte, struct must *must)
{
    struct slice t = c->p->text;
    struct symbol s = { 0 };
    char b = t.p[c->at];

    must->n = 0;
    *byte = c->written = -1;
    if (++c->steps > STEPS_MAX)
        return wrong(c, c->at, "too much is repeated too often");
    if (b == '*' || b == '+' || b == '?')
        return wrong(c, c->at,
                     "there is nothing to repeat; write \\ before it if the sign is meant");
    if (b == '(')
        return read_group(c, depth, out, must);
    if (b == '\\' && c->at + 1 < t.n && t.p[c->at + 1] == 'b')
        return read_edge(c, depth, out);
    if (b == '[') {
        if (!read_class(c, &s))
            return false;
    } else if (b == '\\') {
        if (!read_escape(c, &s, &c->written))
            return false;
    } else {
        c->at++;
        s.start = b == '^';
        s.end = b == '$';
        if (b == '.')
            memset(s.bytes, 0xff, sizeof s.bytes);
        else if (!s.start && !s.end)
            add_byte(&s, (unsigned char)(c->written = (unsigned char)b));
    }
    *byte = c->written >= 0 ? (unsigned char)lower((char)c->written) : only_byte(&s);
    place(c, &s, out);
    return true;
}

static bool
read_number(struct compiler *c, int *out)
{
    struct slice t = c->p->text;
    size_t from = c->at;

    for (*out = 0; c->at < t.n && t.p[c->at] >= '0' && t.p[c->at] <= '9'; c->at++)
        *out = *out > REPEAT_MAX ? *out : *out * 10 + (t.p[c->at] - '0');
    return c->at > from;
}

/* {n}, {n,} or {n,m}; anything else behind a brace is text. */
static bool
read_braces(struct compiler *c, int *low, int *high)
{
    struct slice t = c->p->text;
    size_t from = c->at++;
    bool ok = read_number(c, low);

    *high = *low;
    if (ok && c->at < t.n && t.p[c->at] == ',') {
        c->at++;
        if (!read_number(c, high))
            *high = UNLIMITED;
    }
    if (!ok || c->at >= t.n || t.p[c->at] != '}') {
        c->at = from;
        *low = *high = 1;
        return true;
    }
    c->at++;
    if (*low > REPEAT_MAX || (*high > REPEAT_MAX && *high != UNLIMITED) || *high < *low)
        return wrong(c, from, "numbers up to 255, the smaller one first");
    return true;
}

static bool
read_quantifier(struct compiler *c, int *low, int *high)
{
    struct slice t = c->p->text;
    size_t from = c->at;
    char q = c->at < t.n ? t.p[c->at] : '\0';

    *low = *high = 1;
    if (q == '{') {
        if (!read_braces(c, low, high))
            return false;
    } else if (q == '?' || q == '*' || q == '+') {
        c->at++;
        *low = q == '+';
        *high = q == '?' ? 1 : UNLIMITED;
    }
    if (c->at == from)
        return true;
    if ((unsigned char)t.p[from - 1] >= 0x80)
        return wrong(c, from, "put (...) around a letter beyond ASCII that is repeated");
    if (c->at < t.n && t.p[c->at] == '?')
        c->at++; /* as few as can be: which is no question of whether it fits */
    return true;
}

/* The part at `from`, read once as *part, `low` to `high` times. */
static bool
repeat(struct compiler *c, unsigned depth, size_t from, int low, int high, struct part *part)
{
    int n = high != UNLIMITED ? high : low > 1 ? low : 1;
    size_t behind = c->at;
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

        c->at = from;
        if (!read_atom(c, depth, &copy, &byte, &ignored))
            return false;
        if (k == n && high == UNLIMITED)
            link_parts(c, &copy.last, &copy.first);
        if (k > low)
            copy.nullable = true;
        append(c, part, &copy);
    }
    c->again = again;
    c->at = behind;
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
    struct slice t = c->p->text;
    size_t run = c->n_run;

    *out = (struct part){ .nullable = true };
    must->n = 0;
    while (c->at < t.n && t.p[c->at] != '|' && t.p[c->at] != ')') {
        size_t from = c->at;
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
    if (depth == 0 && c->at < t.n && t.p[c->at] == ')')
        return wrong(c, c->at, "this \")\" closes nothing");
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
        unite(&out->first, &one.first);
        unite(&out->last, &one.last);
        if (c->at >= c->p->text.n || c->p->text.p[c->at] != '|')
            return true;
        c->p->plain = false;
        c->at++;
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
        p->fold = true;
        c->at = 4;
    }
    if (!read_alternatives(c, 0, &all, must))
        return false;
    if (all.nullable)
        return wrong(c, 0, "it fits every user agent");
    if (c->overflow && !p->plain)
        return wrong(c, 0, "longer than 256 bytes, with more in it than plain text");
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
        c->err = err;
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

/* ---- does it fit? ---- */

/* Where a match may go next: on from where it is, or it begins here. */
static struct positions
reach(const struct pattern *p, const struct positions *now)
{
    struct positions next = p->first;

    for (size_t w = 0; w < ARRAY_LEN(now->w); w++)
        for (uint64_t left = now->w[w]; left != 0; left &= left - 1)
            unite(&next, &p->follow[w * 64 + (size_t)__builtin_ctzll(left)]);
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

            if (has_byte(&p->symbols[w * 64 + (size_t)bit], byte))
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
        if (nowhere && !has_byte(&p->begins, (unsigned char)text.p[i])) /* as most bytes are */
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
