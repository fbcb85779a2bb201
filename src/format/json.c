/*
 * What json.h does not do inline: stepping over values, escapes, and numbers as Python prints them.
 */
#include "json.h"
#include "ingest/num.h"

#include <float.h>
#include <math.h>

/* ---- scalars ---- */

static inline bool
is_digit(const char *p, const char *end)
{
    return p < end && (unsigned char)(*p - '0') <= 9;
}

/* Steps over one or more digits; NULL if there is none. */
static const char *
digits_end(const char *p, const char *end)
{
    if (!is_digit(p, end))
        return NULL;
    do {
        p++;
    } while (is_digit(p, end));
    return p;
}

/* RFC 8259, 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool
read_number(struct json *j, struct json_value *v)
{
    const char *p = j->at;

    v->kind = JSON_INTEGER;
    p += *p == '-';
    if (p < j->end && *p == '0')
        p++;
    else if ((p = digits_end(p, j->end)) == NULL)
        return false;
    if (p < j->end && *p == '.') {
        v->kind = JSON_REAL;
        if ((p = digits_end(p + 1, j->end)) == NULL)
            return false;
    }
    if (p < j->end && (*p == 'e' || *p == 'E')) {
        v->kind = JSON_REAL;
        p++;
        p += p < j->end && (*p == '+' || *p == '-');
        if ((p = digits_end(p, j->end)) == NULL)
            return false;
    }
    v->text = (struct slice){ j->at, (size_t)(p - j->at) };
    j->at = p;
    return true;
}

static inline bool
read_word(struct json *j, struct slice word, enum json_kind kind, struct json_value *v)
{
    if ((size_t)(j->end - j->at) < word.n || memcmp(j->at, word.p, word.n) != 0)
        return false;
    v->kind = kind;
    v->text = (struct slice){ j->at, word.n };
    j->at += word.n;
    return true;
}

/* A value that holds no other. json_peek has been called. */
static bool
read_scalar(struct json *j, struct json_value *v)
{
    v->escaped = false;
    switch (j->at < j->end ? *j->at : '\0') {
    case '"':
        return json_string(j, v);
    case 't':
        return read_word(j, SLICE("true"), JSON_TRUE, v);
    case 'f':
        return read_word(j, SLICE("false"), JSON_FALSE, v);
    case 'n':
        return read_word(j, SLICE("null"), JSON_NULL, v);
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return read_number(j, v);
    default:
        return false;
    }
}

/* ---- objects and arrays ---- */

/*
 * Steps over the object or array at j->at. What is open is a stack of bits (1: an object), the
 * innermost lowest, so that neither the C stack nor memory depends on the input. Not inlined: its
 * registers would be saved for every number.
 */
static __attribute__((noinline)) bool
skip_container(struct json *j, unsigned depth)
{
    unsigned open = 0, open_max = JSON_DEPTH_MAX - depth;
    uint64_t objects = 0;
    bool inside = false; /* a value of the innermost one was read */
    struct json_value ignored;

    for (;;) {
        char c = json_peek(j);

        if (c == '{' || c == '[') {
            if (open == open_max)
                return false;
            objects = objects << 1 | (c == '{');
            open++;
            j->at++;
            inside = false;
        } else if (!read_scalar(j, &ignored)) {
            return false;
        }
        /* Close what ends here; what remains open wants its next value. */
        for (;;) {
            enum json_step step =
                objects & 1 ? json_member(j, &inside, &ignored) : json_element(j, &inside);

            if (step == JSON_BAD)
                return false;
            if (step == JSON_NEXT)
                break;
            objects >>= 1;
            inside = true;
            if (--open == 0)
                return true;
        }
    }
}

bool
json_other_value(struct json *j, unsigned depth, struct json_value *v)
{
    char c = json_peek(j);
    const char *from = j->at;

    if (c != '{' && c != '[')
        return read_scalar(j, v);
    if (depth >= JSON_DEPTH_MAX || !skip_container(j, depth))
        return false;
    v->kind = c == '{' ? JSON_OBJECT : JSON_ARRAY;
    v->escaped = false;
    v->text = (struct slice){ from, (size_t)(j->at - from) };
    return true;
}

/* ---- escapes ---- */

/* Four hexadecimal digits as a number, or -1. */
static int
hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)p[i], digit;

        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (c | 0x20) - 'a' + 10;
        else
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

const char *
json_escape_end(const char *p, const char *end)
{
    if (end - p < 2)
        return NULL;
    switch (p[1]) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return p + 2;
    case 'u':
        return end - p >= 6 && hex4(p + 2) >= 0 ? p + 6 : NULL;
    default:
        return NULL;
    }
}

static char *
put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/*
 * The character of the \uXXXX at *p, two of them where they are a pair (RFC 8259, 7); *p is behind
 * it then.
 */
static uint32_t
take_u(const char **p, const char *end, bool *lone)
{
    uint32_t c = (uint32_t)hex4(*p + 2), low;

    *p += 6;
    if (c < 0xd800 || c > 0xdfff)
        return c;
    if (c <= 0xdbff && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
        low = (uint32_t)hex4(*p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *p += 6;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    *lone = true;
    return c;
}

size_t
json_unescape(struct slice text, char *out, bool *lone)
{
    static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
    const char *p = text.p, *end = p + text.n;
    char *to = out;

    *lone = false;
    while (p < end) {
        const char *letter;

        if (*p != '\\') {
            *to++ = *p++;
        } else if (p[1] == 'u') {
            to = put_utf8(to, take_u(&p, end, lone));
        } else {
            letter = strchr(letters, p[1]);
            *to++ = letter != NULL ? bytes[letter - letters] : p[1];
            p += 2;
        }
    }
    return (size_t)(to - out);
}

bool
json_short_text(const struct json_value *v, char *buf, size_t cap, struct slice *out)
{
    bool lone;

    if (v->kind != JSON_STRING || (v->escaped && v->text.n > cap))
        return false;
    *out = v->text;
    if (v->escaped)
        *out = (struct slice){ buf, json_unescape(v->text, buf, &lone) };
    return true;
}

bool
json_is(const struct json_value *v, const char *literal)
{
    char buf[128];
    struct slice text;

    return json_short_text(v, buf, sizeof buf, &text) && slice_eq(text, slice_of(literal));
}

/* ---- numbers ---- */

bool
json_u63(const struct json_value *v, int64_t *out)
{
    uint32_t few;

    if (v->kind != JSON_INTEGER)
        return false;
    if (likely(num_eight(v->text.p, v->text.n, &few))) {
        *out = few;
        return true;
    }
    if (slice_is(v->text, "-0")) {
        *out = 0;
        return true;
    }
    return num_u63(v->text, out);
}

/*
 * The fewest digits that read back as `d` (positive and finite), as one digit, a point, the others
 * and an exponent. The nearest text of n digits is almost always it; below a power of two the gap
 * is half as wide, and the next text above may be the only one of its length that reads back.
 */
static void
shortest(double d, char text[JSON_PYTHON_BYTES])
{
    for (int n = 0; n < DBL_DECIMAL_DIG; n++) {
        char above[JSON_PYTHON_BYTES];

        snprintf(text, JSON_PYTHON_BYTES, "%.*e", n, d);
        if (strtod(text, NULL) == d)
            return;
        memcpy(above, text, sizeof above);
        if (above[n == 0 ? 0 : n + 1] == '9')
            continue; /* would carry: then a shorter text was tried already */
        above[n == 0 ? 0 : n + 1]++;
        if (strtod(above, NULL) == d) {
            memcpy(text, above, sizeof above);
            return;
        }
    }
}

/*
 * float.__repr__: the shortest digits; an exponent of at least two digits where the point would
 * stand more than 16 places to the right or 4 to the left of the first digit (Objects/floatobject.c
 * and Python/pystrtod.c of CPython).
 */
static struct slice
python_real(double d, char buf[JSON_PYTHON_BYTES])
{
    char text[JSON_PYTHON_BYTES], digits[JSON_PYTHON_BYTES];
    const char *sign = signbit(d) ? "-" : "";
    int exponent, n_digits = 0, n;

    if (isinf(d)) {
        n = snprintf(buf, JSON_PYTHON_BYTES, "%sinf", sign);
        return (struct slice){ buf, (size_t)n };
    }
    shortest(fabs(d), text);
    for (const char *p = text; *p != 'e' && *p != '\0'; p++)
        if (*p != '.')
            digits[n_digits++] = *p;
    digits[n_digits] = '\0';
    exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);

    if (exponent < -4 || exponent >= 16)
        n = snprintf(buf, JSON_PYTHON_BYTES, "%s%c%s%se%+03d", sign, digits[0],
            n_digits > 1 ? "." : "", digits + 1, exponent);
    else if (exponent < 0)
        n = snprintf(buf, JSON_PYTHON_BYTES, "%s0.%.*s%s", sign, -exponent - 1, "0000", digits);
    else if (n_digits > exponent + 1)
        n = snprintf(buf, JSON_PYTHON_BYTES, "%s%.*s.%s", sign, exponent + 1, digits,
            digits + exponent + 1);
    else
        n = snprintf(buf, JSON_PYTHON_BYTES, "%s%s%.*s.0", sign, digits, exponent + 1 - n_digits,
            "0000000000000000");
    return (struct slice){ buf, (size_t)n };
}

/*
 * strtod stops behind the number: a value is always followed by a byte that no number has. The
 * program runs in the "C" locale, which a program that never calls setlocale is in.
 */
struct slice
json_python_number(const struct json_value *v, char buf[JSON_PYTHON_BYTES])
{
    if (v->kind == JSON_INTEGER)
        return slice_is(v->text, "-0") ? SLICE("0") : v->text;
    return python_real(strtod(v->text.p, NULL), buf);
}
