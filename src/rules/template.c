/*
 * The route compiler: a template in, a struct route out, or a message that points at the byte that
 * is wrong. Whatever could be read in two ways is refused here, so that the matcher (route.c) never
 * has to guess or to go back.
 */
#include "ingest/base.h"
#include "rules_priv.h"

struct compiler {
    struct slice    text;
    struct route   *route;
    struct segment  segments[SEGMENTS_MAX];
    size_t          n_segments;
    struct group    groups[SEGMENTS_MAX];
    size_t          n_groups;
    bool            after_stars; /* the segment before was `**` */
    bool            has_name, has_version;
    struct err     *err;
};

/* ---- saying what is wrong ---- */

/*
 * The defect, and below it the template with a caret under the byte at `at`, if there is room.
 * Bytes that a terminal would act on are shown as '?'.
 */
static enum st
malformed(const struct compiler *c, size_t at, const char *defect, const char *hint)
{
    char shown[sizeof c->err->cause];
    struct slice before = { c->text.p, at };
    size_t column = slice_is_text(before) ? slice_chars(before) : at;
    bool text = slice_is_text(c->text);

    err_set(c->err, ST_USAGE, "malformed route");
    err_hint(c->err, "%s", hint);
    err_cause(c->err, "byte %zu: %s", at + 1, defect);
    if (strlen(c->err->cause) + c->text.n + column + 4 > sizeof c->err->cause)
        return ST_USAGE;
    for (size_t i = 0; i < c->text.n; i++) {
        unsigned char byte = (unsigned char)c->text.p[i];
        bool bad = byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !text);

        shown[i] = bad ? '?' : (char)byte;
    }
    err_cause(c->err, "byte %zu: %s\n%.*s\n%*s^", at + 1, defect, (int)c->text.n, shown,
              (int)column, "");
    return ST_USAGE;
}

/* ---- the template as a whole ---- */

static size_t
text_until(struct slice s)
{
    size_t n = s.n;

    while (!slice_is_text((struct slice){ s.p, n }))
        n--;
    return n;
}

static enum st
check_bytes(const struct compiler *c)
{
    const struct slice s = c->text;

    if (s.n == 0)
        return malformed(c, 0, "the template is empty",
                         "write a path like /files/{name}-{version}.tar.gz");
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return malformed(c, i, "a control byte",
                             "write the path without it; paths are matched percent-decoded");
        if (s.p[i] == '?' || s.p[i] == '#')
            return malformed(c, i, "a query or fragment",
                             "leave it out: paths are matched without it");
    }
    if (!slice_is_text(s))
        return malformed(c, text_until(s), "not UTF-8", "write the template in UTF-8");
    if (s.p[0] != '/' && !slice_starts(s, SLICE("**")))
        return malformed(c, 0, "a path starts with '/'",
                         "start with '/', or with **/ for any depth");
    return ST_OK;
}

/* ---- one segment, at bytes `from` .. `to` of the template ---- */

static enum st
read_placeholder(struct compiler *c, size_t at, size_t n, struct segment *seg, enum piece *piece)
{
    struct slice word = { c->text.p + at + 1, n - 2 };

    if (slice_is(word, "name")) {
        if (seg->first == PIECE_NAME || seg->second == PIECE_NAME)
            return malformed(c, at, "{name} twice in one segment",
                             "{name} may come again behind a '/' only");
        *piece = PIECE_NAME;
        c->has_name = true;
        return ST_OK;
    }
    if (slice_is(word, "version")) {
        if (c->has_version)
            return malformed(c, at, "{version} comes twice",
                             "write {} for a segment that may be anything");
        *piece = PIECE_VERSION;
        c->has_version = true;
        return ST_OK;
    }
    return malformed(c, at, "no such placeholder", "there are {name}, {version} and {}");
}

static enum st
read_stars(const struct compiler *c, size_t at)
{
    if (at + 1 < c->text.n && c->text.p[at + 1] == '*')
        return malformed(c, at, "** inside a segment",
                         "write ** between slashes, for any number of segments");
    return malformed(c, at, "* is no placeholder",
                     "write {} for one segment, ** for any number of segments");
}

/* Everything that is not literal text, left to right; the literals are what lies between. */
static enum st
read_segment(struct compiler *c, size_t from, size_t to, struct segment *seg)
{
    const char *p = c->text.p;
    size_t literal = from, n_placeholders = 0;

    *seg = (struct segment){ 0 };
    for (size_t i = from; i < to; i++) {
        const char *close;
        size_t n;
        enum piece piece = PIECE_NONE;
        enum st st;

        if (p[i] == '*')
            return read_stars(c, i);
        if (p[i] == '}')
            return malformed(c, i, "a brace closes that was not opened",
                             "write {name}, {version} or {}");
        if (p[i] != '{')
            continue;
        close = memchr(p + i, '}', to - i);
        if (close == NULL)
            return malformed(c, i, "the brace is not closed", "write {name}, {version} or {}");
        n = (size_t)(close - p) + 1 - i;
        if (n == 2) {
            if (i != from || i + n != to)
                return malformed(c, i, "{} beside other text", "{} is a whole segment: /{}/");
            seg->any = true;
            return ST_OK;
        }
        if ((st = read_placeholder(c, i, n, seg, &piece)) != ST_OK)
            return st;
        if (n_placeholders > 0 && i == literal)
            return malformed(c, i, "nothing tells where {name} and {version} part",
                             "write what stands between them, like {name}-{version}");
        if (n_placeholders++ == 0) {
            seg->head = (struct slice){ p + literal, i - literal };
            seg->first = piece;
        } else {
            seg->sep = (struct slice){ p + literal, i - literal };
            seg->second = piece;
        }
        literal = i + n;
        i = literal - 1;
    }
    if (n_placeholders == 0)
        seg->head = (struct slice){ p + literal, to - literal };
    else
        seg->tail = (struct slice){ p + literal, to - literal };
    seg->split = seg->first == PIECE_NAME && slice_is(seg->sep, "-") ? SPLIT_NUMERIC : SPLIT_LAST;
    return ST_OK;
}

/* What route_end.h tells at a look. */
static void
classify(struct segment *seg)
{
    const size_t n = seg->head.n;

    if (seg->any)
        seg->fit = FIT_ELSE;
    else if (seg->first == PIECE_NONE)
        seg->fit = FIT_LITERAL;
    else if (seg->second != PIECE_NONE)
        seg->fit = FIT_TWO;
    else if (n > 0 || seg->tail.n > 0)
        seg->fit = FIT_ELSE;
    else
        seg->fit = seg->first == PIECE_NAME ? FIT_NAME : FIT_VERSION;
    if (seg->fit == FIT_LITERAL && n > 0 && n <= sizeof seg->word) {
        memset(&seg->mask, 0xff, n);
        memcpy(&seg->word, seg->head.p, n);
    }
}

/* ---- all segments ---- */

static enum st
add_stars(struct compiler *c, size_t from, size_t to)
{
    if (c->after_stars)
        return malformed(c, from, "** twice in a row",
                         "one ** already takes any number of segments");
    c->after_stars = true;
    if (c->n_segments == 0)
        c->route->open_start = true;
    if (to == c->text.n)
        c->route->open_end = true;
    return ST_OK;
}

static enum st
add_segment(struct compiler *c, size_t from, size_t to)
{
    enum st st;

    if (c->n_segments == SEGMENTS_MAX)
        return malformed(c, from, "too many segments", "write ** for those that do not matter");
    if (c->n_groups == 0 || c->after_stars)
        c->groups[c->n_groups++] = (struct group){ .first = (uint8_t)c->n_segments };
    c->after_stars = false;
    st = read_segment(c, from, to, &c->segments[c->n_segments]);
    classify(&c->segments[c->n_segments]);
    c->n_segments++;
    c->groups[c->n_groups - 1].n++;
    return st;
}

static bool
group_has_name(const struct compiler *c, const struct group *g)
{
    for (size_t i = g->first; i < (size_t)g->first + g->n; i++)
        if (c->segments[i].first == PIECE_NAME || c->segments[i].second == PIECE_NAME)
            return true;
    return false;
}

static bool
group_floats(const struct compiler *c, size_t g)
{
    return (g > 0 || c->route->open_start) && (g + 1 < c->n_groups || c->route->open_end);
}

/*
 * A {name} in a floating group that must equal one elsewhere would make the matcher try every place
 * against every other: quadratic in a path that a stranger writes.
 */
static enum st
check_floating_names(const struct compiler *c)
{
    size_t with_name = 0, floating = 0;

    for (size_t g = 0; g < c->n_groups; g++) {
        bool has = group_has_name(c, &c->groups[g]);

        with_name += has;
        floating += has && group_floats(c, g);
    }
    if (floating > 0 && with_name > 1)
        return malformed(c, c->text.n, "a {name} with ** on both sides comes again elsewhere",
                         "write {} instead of one of them, or leave a ** out");
    return ST_OK;
}

static enum st
read_segments(struct compiler *c)
{
    size_t at = c->text.p[0] == '/';

    for (;;) {
        const char *slash = memchr(c->text.p + at, '/', c->text.n - at);
        size_t to = slash == NULL ? c->text.n : (size_t)(slash - c->text.p);
        bool stars = to - at == 2 && memcmp(c->text.p + at, "**", 2) == 0;
        enum st st = stars ? add_stars(c, at, to) : add_segment(c, at, to);

        if (st != ST_OK)
            return st;
        if (slash == NULL)
            break;
        at = to + 1;
    }
    if (!c->has_name)
        return malformed(c, c->text.n, "no {name}",
                         "put {name} where the name stands, like /files/{name}.zip");
    return check_floating_names(c);
}

/* ---- laying out the route ---- */

static void *
keep(struct arena *arena, const void *from, size_t bytes)
{
    void *p = arena_alloc(arena, bytes);

    if (p != NULL && bytes > 0)
        memcpy(p, from, bytes);
    return p;
}

/* Indexes of the group's segments, those with one placeholder or none first, or only the others. */
static size_t
put_order(const struct compiler *c, const struct group *g, bool two, uint8_t *out)
{
    size_t n = 0;

    for (size_t i = g->first; i < (size_t)g->first + g->n; i++)
        if ((c->segments[i].second != PIECE_NONE) == two)
            out[n++] = (uint8_t)i;
    return n;
}

static enum st
lay_out(struct compiler *c, struct arena *arena)
{
    struct route *r = c->route;
    const struct slice s = c->text;
    uint8_t order[SEGMENTS_MAX], anchored[SEGMENTS_MAX];
    size_t head = 0, tail = s.n;

    for (int two = 0; two <= 1; two++)
        for (size_t g = 0; g < c->n_groups; g++)
            if (!group_floats(c, g))
                r->n_anchored += put_order(c, &c->groups[g], two, anchored + r->n_anchored);
    for (size_t g = 0; g < c->n_groups; g++) {
        uint8_t *at = order + c->groups[g].first;

        at += put_order(c, &c->groups[g], false, at);
        put_order(c, &c->groups[g], true, at);
    }
    /* Literal text has neither braces nor stars, so these are the literals at both ends. */
    while (head < s.n && s.p[head] != '{' && s.p[head] != '*')
        head++;
    while (tail > 0 && s.p[tail - 1] != '}' && s.p[tail - 1] != '*')
        tail--;
    r->text = s;
    r->head = (struct slice){ s.p, head };
    r->tail = (struct slice){ s.p + tail, s.n - tail };
    r->relative = s.p[0] != '/';
    r->n_segments = c->n_segments;
    r->n_groups = c->n_groups;
    r->from_end = c->n_groups == 1 && !r->open_end;
    r->segments = keep(arena, c->segments, c->n_segments * sizeof c->segments[0]);
    r->groups = keep(arena, c->groups, c->n_groups * sizeof c->groups[0]);
    r->order = keep(arena, order, c->n_segments);
    r->anchored = keep(arena, anchored, r->n_anchored);
    if (r->segments == NULL || r->groups == NULL || r->order == NULL || r->anchored == NULL)
        return err_memory(c->err, "cannot hold the routes");
    return ST_OK;
}

enum st
route_compile(struct route *route, struct slice text, struct arena *arena, struct err *err)
{
    struct compiler c = { .text = text, .route = route, .err = err };
    enum st st;

    *route = (struct route){ 0 };
    if ((st = check_bytes(&c)) != ST_OK || (st = read_segments(&c)) != ST_OK)
        return st;
    return lay_out(&c, arena);
}
