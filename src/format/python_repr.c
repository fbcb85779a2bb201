/*
 * Python's way to write down what it has read from JSON. The text goes out as it is made: only the
 * keys of the objects around the place at hand are kept, to find those that come twice.
 */
#include "python_repr.h"

/* Members are stepped over before they are put, so each level costs a walk more. */
#define REPR_DEPTH_MAX 8

struct repr {
    struct arena *scratch;
    python_put   *put;
    void         *ctx;
    unsigned      depth; /* of the value at hand */
};

static inline void
put_text(const struct repr *r, const char *text)
{
    r->put(r->ctx, text, strlen(text));
}

/* ---- strings ---- */

static bool
is_printable(uint32_t c)
{
#define R(first, last) { first, last },
    static const struct {
        uint32_t first, last;
    } not_printable[] = {
#include "python_printable.def"
    };
#undef R
    size_t low = 0, high = ARRAY_LEN(not_printable);

    while (low < high) { /* the first range that ends at c or behind it */
        size_t middle = low + (high - low) / 2;

        if (not_printable[middle].last < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low == ARRAY_LEN(not_printable) || c < not_printable[low].first;
}

/*
 * The character at *p of UTF-8 that is well-formed but for surrogates, which have their three
 * bytes.
 */
static uint32_t
take_char(const char **p)
{
    const unsigned char *b = (const unsigned char *)*p;
    unsigned more = b[0] < 0x80 ? 0 : b[0] < 0xe0 ? 1 : b[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? b[0] : b[0] & (0x3fu >> more);

    for (unsigned i = 1; i <= more; i++)
        c = c << 6 | (b[i] & 0x3f);
    *p += 1 + more;
    return c;
}

static void
put_escape(const struct repr *r, uint32_t c)
{
    char text[12];

    switch (c) {
    case '\t':
        put_text(r, "\\t");
        return;
    case '\n':
        put_text(r, "\\n");
        return;
    case '\r':
        put_text(r, "\\r");
        return;
    case '\\': case '\'':
        snprintf(text, sizeof text, "\\%c", (char)c);
        break;
    default:
        snprintf(text, sizeof text, c < 0x100     ? "\\x%02" PRIx32
                                    : c < 0x10000 ? "\\u%04" PRIx32
                                                  : "\\U%08" PRIx32, c);
    }
    put_text(r, text);
}

/* Behind the characters from `p` on that are ASCII, printed as they are whatever the quotes. */
static const char *
plain_end(const char *p, const char *end)
{
    while (p < end && *p >= ' ' && *p < 0x7f && *p != '\\' && *p != '\'')
        p++;
    return p;
}

/* Single quotes, but for a text that holds some and no double ones. */
static void
put_string(const struct repr *r, struct slice s)
{
    const char *p = s.p, *end = s.p + s.n, *plain = p; /* `plain`: not put so far */
    bool in_double = false;

    p = plain_end(p, end);
    if (p < end)
        in_double = memchr(p, '\'', (size_t)(end - p)) != NULL && memchr(s.p, '"', s.n) == NULL;
    put_text(r, in_double ? "\"" : "'");
    while (p < end) {
        const char *from = p;
        uint32_t c = take_char(&p);
        bool as_it_is = c < 0x80 ? c >= ' ' && c != 0x7f && c != '\\' && (c != '\'' || in_double)
                                 : is_printable(c);

        if (!as_it_is) {
            r->put(r->ctx, plain, (size_t)(from - plain));
            put_escape(r, c);
            plain = p;
        }
        p = plain_end(p, end);
    }
    r->put(r->ctx, plain, (size_t)(end - plain));
    put_text(r, in_double ? "\"" : "'");
}

/* ---- objects ---- */

struct member {
    struct slice key;
    const char  *value; /* of the last one of this key; NULL: it is not the first one of its key */
    size_t       nth;
};

static int
by_key(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
    int order = memcmp(x->key.p, y->key.p, n);

    if (order == 0)
        order = (x->key.n > y->key.n) - (x->key.n < y->key.n);
    return order != 0 ? order : (x->nth > y->nth) - (x->nth < y->nth);
}

static int
by_place(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    return (x->nth > y->nth) - (x->nth < y->nth);
}

/*
 * Few members are compared with each other; many are sorted, so that time stays near their number.
 */
#define FEW 16

static bool
has_doubles(const struct member *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++)
            if (slice_eq(m[i].key, m[k].key))
                return true;
    return false;
}

static void
unite_doubles(struct member *m, size_t n)
{
    if (n <= FEW && !has_doubles(m, n))
        return;
    qsort(m, n, sizeof *m, by_key);
    for (size_t first = 0, i = 1; i < n; i++) {
        if (!slice_eq(m[first].key, m[i].key)) {
            first = i;
            continue;
        }
        m[first].value = m[i].value;
        m[i].value = NULL;
    }
    qsort(m, n, sizeof *m, by_place);
}

/*
 * Reads the members of the object at j->at, up to `max` of them into `m`. *n: how many there are; j
 * is behind the object. False: no memory.
 */
static bool
read_members(const struct repr *r, struct json *j, struct member *m, size_t max, size_t *n)
{
    struct json_value key, value;
    bool inside = false, lone;

    *n = 0;
    j->at++;
    while (json_member(j, &inside, &key) == JSON_NEXT) {
        json_peek(j);
        if (*n < max) {
            m[*n] = (struct member){ .value = j->at, .nth = *n };
            if (!json_text(r->scratch, &key, &lone, &m[*n].key))
                return false;
        }
        if (!json_value(j, 1, &value))
            return false; /* cannot be: it was checked */
        ++*n;
    }
    return true;
}

static bool put_value(struct repr *r, struct json *j);

static bool
put_members(struct repr *r, struct member *m, size_t n, const char *end)
{
    const char *comma = "";

    unite_doubles(m, n);
    put_text(r, "{");
    for (size_t i = 0; i < n; i++) {
        struct json value = { m[i].value, end };

        if (m[i].value == NULL)
            continue;
        put_text(r, comma);
        comma = ", ";
        put_string(r, m[i].key);
        put_text(r, ": ");
        if (!put_value(r, &value))
            return false;
    }
    put_text(r, "}");
    return true;
}

/*
 * Nearly all have few members, and find room here; what has more is read again with room for all.
 */
static bool
put_object(struct repr *r, struct json *j)
{
    struct member few[FEW], *many = few;
    struct json again = *j;
    size_t n;

    if (!read_members(r, j, few, FEW, &n))
        return false;
    if (n > FEW) {
        many = arena_alloc(r->scratch, n * sizeof *many);
        if (many == NULL || !read_members(r, &again, many, n, &n))
            return false;
    }
    return put_members(r, many, n, j->end);
}

static bool
put_array(struct repr *r, struct json *j)
{
    const char *comma = "[";
    bool inside = false;

    j->at++;
    while (json_element(j, &inside) == JSON_NEXT) {
        put_text(r, comma);
        comma = ", ";
        if (!put_value(r, j))
            return false;
    }
    put_text(r, *comma == '[' ? "[]" : "]");
    return true;
}

static bool
put_container(struct repr *r, struct json *j)
{
    bool good;

    if (r->depth == REPR_DEPTH_MAX)
        return false;
    r->depth++;
    good = *j->at == '{' ? put_object(r, j) : put_array(r, j);
    r->depth--;
    return good;
}

static bool
put_value(struct repr *r, struct json *j)
{
    char number[JSON_PYTHON_BYTES];
    struct json_value v;
    struct slice text;
    bool lone;

    switch (json_peek(j)) {
    case '{': case '[':
        return put_container(r, j);
    }
    if (!json_value(j, 1, &v))
        return false; /* cannot be: it was checked */
    switch (v.kind) {
    case JSON_STRING:
        if (!json_text(r->scratch, &v, &lone, &text))
            return false;
        put_string(r, text);
        break;
    case JSON_TRUE:
        put_text(r, "True");
        break;
    case JSON_FALSE:
        put_text(r, "False");
        break;
    case JSON_NULL:
        put_text(r, "None");
        break;
    default:
        text = json_python_number(&v, number);
        r->put(r->ctx, text.p, text.n);
    }
    return true;
}

bool
python_repr(struct slice text, struct arena *scratch, python_put *put, void *ctx)
{
    struct repr r = { .scratch = scratch, .put = put, .ctx = ctx };
    struct json j = { text.p, text.p + text.n };

    return slice_is_text(text) && put_value(&r, &j);
}
