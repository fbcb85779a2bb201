/*
 * Names as pict-rs keeps them: aliases, and the key of a variant, which is its operations in the
 * order of the query and then the kind of file.
 *
 *   process.jpg?src=a.png&thumbnail=256&blur=3.0   ->   thumbnail/256/blur/3/jpeg
 */
#include <math.h>

#include "pictrs.h"
#include "ingest/num.h"

/* ---- aliases ---- */

/* 8-4-4-4-12 hexadecimal digits, or all 32 of them in one, as lower-case ones between hyphens. */
static bool
uuid_digits(struct slice s, char out[36])
{
    size_t n = 0;

    for (size_t i = 0; i < 36; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        if (hyphen && s.n == 32) {
            out[i] = '-';
            continue;
        }
        out[i] = s.p[n++];
        if (hyphen ? out[i] != '-' : num_hex_digit(out[i]) < 0)
            return false;
        if (out[i] >= 'A' && out[i] <= 'F')
            out[i] = (char)(out[i] | 0x20);
    }
    return true;
}

static bool
is_uuid(struct slice s, char out[36])
{
    if (s.n == 38 && s.p[0] == '{' && s.p[37] == '}')
        s = (struct slice){ s.p + 1, 36 };
    else if (s.n == 45 && slice_starts(s, SLICE("urn:uuid:")))
        s = (struct slice){ s.p + 9, 36 };
    return (s.n == 36 || s.n == 32) && uuid_digits(s, out);
}

void
pictrs_alias(struct slice in, struct pictrs_text *out)
{
    const char *dot = in.n > 0 ? memchr(in.p, '.', in.n) : NULL;
    struct slice id = { in.p, dot == NULL ? in.n : (size_t)(dot - in.p) };
    char uuid[36];

    pictrs_clear(out);
    if (is_uuid(id, uuid))
        pictrs_add(out, uuid, sizeof uuid);
    else
        pictrs_add(out, id.p, id.n);
    pictrs_add(out, in.p + id.n, in.n - id.n);
}

/* ---- numbers ---- */

bool
pictrs_size(struct slice s, uint64_t *out)
{
    if (s.n > 1 && s.p[0] == '+')
        s = (struct slice){ s.p + 1, s.n - 1 };
    if (s.n == 0)
        return false;
    *out = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(s.p[i] - '0'), out))
            return false;
    return true;
}

static void
put_size(struct pictrs_text *out, const char *head, uint64_t size)
{
    char text[32];

    pictrs_put_text(out, head);
    pictrs_add(out, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, size));
}

static size_t
digits_at(struct slice s, size_t at)
{
    size_t n = 0;

    while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
        n++;
    return n;
}

/*
 * [+-] digits [. digits] [e [+-] digits], digits on one side of the point at least. strtod takes
 * more than that.
 */
static bool
is_decimal(struct slice s)
{
    size_t at = s.n > 0 && (s.p[0] == '+' || s.p[0] == '-'), whole = digits_at(s, at), part = 0;

    at += whole;
    if (at < s.n && s.p[at] == '.') {
        part = digits_at(s, at + 1);
        at += 1 + part;
    }
    if (whole + part == 0)
        return false;
    if (at < s.n && (s.p[at] | 0x20) == 'e') {
        size_t digits;

        at++;
        at += at < s.n && (s.p[at] == '+' || s.p[at] == '-');
        digits = digits_at(s, at);
        if (digits == 0)
            return false;
        at += digits;
    }
    return at == s.n;
}

/* "d.ddde+xx": the nearest to `value` of so many digits, or the next one above it. */
static void
print_digits(double value, int n_digits, bool next, char out[40])
{
    int at;

    snprintf(out, 40, "%.*e", n_digits - 1, value);
    if (!next)
        return;
    at = n_digits == 1 ? 0 : n_digits;
    while (at > 0 && out[at] == '9') {
        out[at] = '0';
        at -= at == 2 ? 2 : 1;
    }
    if (out[at] < '9')
        out[at]++;
}

/*
 * The shortest decimal that is read as `value` again, as "d.ddde+xx". Below a power of two numbers
 * lie closer together than above it: there the nearest one may be read as another number while the
 * one above it, as short, is not.
 */
static void
shortest(double value, char out[40])
{
    for (int n = 1; n < 17; n++)
        for (int next = 0; next < 2; next++) {
            print_digits(value, n, next == 1, out);
            if (strtod(out, NULL) == value)
                return;
        }
    print_digits(value, 17, false, out);
}

/* Never with an exponent, and without a point where none is needed: as Rust prints an f64. */
static void
put_decimal(struct pictrs_text *out, double value)
{
    char text[40], digits[20];
    int n = 0, point;

    if (signbit(value))
        pictrs_put(out, '-');
    shortest(fabs(value), text);
    for (const char *p = text; *p != 'e'; p++)
        if (*p != '.')
            digits[n++] = *p;
    point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1; /* digits before it */
    while (n > 1 && digits[n - 1] == '0')
        n--;
    if (point <= 0)
        pictrs_put(out, '0');
    for (int i = 0; i < point; i++)
        pictrs_put(out, i < n ? digits[i] : '0');
    if (n > point)
        pictrs_put(out, '.');
    for (int i = point; i < n; i++)
        pictrs_put(out, i < 0 ? '0' : digits[i]);
}

/* ---- operations ---- */

static bool
put_identity(struct slice value, struct pictrs_text *out)
{
    (void)value;
    (void)out;
    return true;
}

static bool
put_thumbnail(struct slice value, struct pictrs_text *out)
{
    uint64_t size;

    if (!pictrs_size(value, &size))
        return false;
    put_size(out, "thumbnail/", size);
    return true;
}

/* The filter as pict-rs writes it; NULL: it knows no such filter, and takes its usual one. */
static const char *
filter_name(struct slice s)
{
    static const char *const names[] = { "Lanczos",       "LanczosSharp", "Lanczos2",
                                         "Lanczos2Sharp", "Mitchell",     "RobidouxSharp" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (s.n == strlen(names[i]) && strncasecmp(s.p, names[i], s.n) == 0)
            return names[i];
    return NULL;
}

/* N, FILTER.N, FILTER.aN: of at most N pixels on each side, or of an area of N by N. */
static bool
put_resize(struct slice value, struct pictrs_text *out)
{
    const char *dot = value.n > 0 ? memchr(value.p, '.', value.n) : NULL, *filter = NULL;
    struct slice rest = value;
    bool area = false;
    uint64_t size;

    if (dot != NULL) {
        filter = filter_name((struct slice){ value.p, (size_t)(dot - value.p) });
        rest = (struct slice){ dot + 1, value.n - (size_t)(dot - value.p) - 1 };
        area = rest.n > 0 && rest.p[0] == 'a';
        while (rest.n > 0 && rest.p[0] == 'a')
            rest = (struct slice){ rest.p + 1, rest.n - 1 };
    }
    if (!pictrs_size(rest, &size))
        return false;
    pictrs_put_text(out, "resize/");
    if (filter != NULL)
        pictrs_put_text(out, filter);
    put_size(out, area ? ".a" : filter != NULL ? "." : "", size);
    return true;
}

/* WxH, and what may follow behind another x is not looked at. */
static bool
put_crop(struct slice value, struct pictrs_text *out)
{
    uint64_t size[2];

    for (int i = 0; i < 2; i++) {
        const char *x = value.n > 0 ? memchr(value.p, 'x', value.n) : NULL;
        struct slice side = { value.p, x == NULL ? value.n : (size_t)(x - value.p) };

        if ((i == 0 && x == NULL) || !pictrs_size(side, &size[i]) || size[i] < 1 || size[i] > 20)
            return false;
        if (x != NULL)
            value = (struct slice){ x + 1, value.n - side.n - 1 };
    }
    put_size(out, "crop/", size[0]);
    put_size(out, "x", size[1]);
    return true;
}

static bool
put_blur(struct slice value, struct pictrs_text *out)
{
    char text[PICTRS_TEXT_MAX + 1];
    double sigma;

    if (!is_decimal(value))
        return false;
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    sigma = strtod(text, NULL); /* in the "C" locale: the program never leaves it */
    if (!isfinite(sigma))
        return false;
    pictrs_put_text(out, "blur/");
    put_decimal(out, sigma);
    return true;
}

typedef bool put_operation(struct slice value, struct pictrs_text *out);

static put_operation *const operations[MEDIA_FILTERS_N] = {
    [MEDIA_BLUR] = put_blur,     [MEDIA_CROP] = put_crop,           [MEDIA_IDENTITY] = put_identity,
    [MEDIA_RESIZE] = put_resize, [MEDIA_THUMBNAIL] = put_thumbnail,
};

/* By its name in any case; MEDIA_FILTERS_N: pict-rs passes over such a pair. */
static enum media_filter
operation_by_name(struct slice name, unsigned filters)
{
    int f = 0;

    for (; f < MEDIA_FILTERS_N; f++) {
        const char *known = media_filter_name((enum media_filter)f);

        if ((filters == 0 || (filters & 1u << f)) && name.n == strlen(known) &&
            strncasecmp(name.p, known, name.n) == 0)
            break;
    }
    return (enum media_filter)f;
}

const char *
pictrs_extension(struct slice ext)
{
    static const char *const same[] = { "apng", "avif", "gif", "jpeg", "jxl", "png", "webp" };

    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        if (slice_eq(ext, slice_of(same[i])))
            return same[i];
    return slice_is(ext, "jpg") ? "jpeg" : NULL;
}

bool
pictrs_variant(struct slice query, struct slice ext, unsigned filters, struct pictrs_text *out)
{
    const char *kind = pictrs_extension(ext);
    struct pictrs_text text;
    struct slice name, value;

    pictrs_clear(out);
    if (kind == NULL)
        return false;
    while (pictrs_pair(&query, &name, &value)) {
        enum media_filter op;
        size_t before = out->n;

        pictrs_form_decode(name, &text);
        op = operation_by_name(pictrs_slice(&text), filters);
        if (op == MEDIA_FILTERS_N)
            continue;
        if (!slice_eq(pictrs_slice(&text), slice_of(media_filter_name(op))))
            return false; /* let pass, and then not known */
        pictrs_form_decode(value, &text);
        if (text.full || !operations[op](pictrs_slice(&text), out))
            return false;
        if (out->n > before)
            pictrs_put(out, '/');
    }
    pictrs_put_text(out, kind);
    return true;
}
