/*
 * Method, path and query of a request to pict-rs: which file it names, which variant of it, and
 * which times of access the server would set. A front may put any path before pict-rs's own;
 * Lemmy's has one shape that it makes into pict-rs's.
 */
#include "pictrs.h"

enum capture { CAPTURE_NONE, CAPTURE_ALIAS, CAPTURE_EXTENSION };

/*
 * A path ends in `directory`, then `stem`, then what is captured, which is not empty and has no
 * '/'. What GET, HEAD and POST touch; the alias that a request names is touched by any method.
 */
static const struct endpoint {
    const char *directory, *stem;
    enum capture capture;
    bool is_lemmy;
    unsigned get, head, post;
} endpoints[] = {
    { "/image/", "original", CAPTURE_NONE, false, PICTRS_PROXY, PICTRS_PROXY, 0 },
    { "/image/original/", "", CAPTURE_ALIAS, false, 0, 0, 0 },
    { "/image/", "process.", CAPTURE_EXTENSION, false, PICTRS_VARIANT | PICTRS_PROXY,
      PICTRS_VARIANT, 0 },
    { "/image/", "process_backgrounded.", CAPTURE_EXTENSION, false, 0, 0, 0 },
    { "/image/details/", "process.", CAPTURE_EXTENSION, false, PICTRS_VARIANT | PICTRS_PROXY, 0,
      0 },
    { "/image/details/", "original", CAPTURE_NONE, false, PICTRS_PROXY, 0, 0 },
    { "/image/details/original/", "", CAPTURE_ALIAS, false, 0, 0, 0 },
    { "/image/", "blurhash", CAPTURE_NONE, false, PICTRS_PROXY, 0, 0 },
    { "/internal/", "purge", CAPTURE_NONE, false, 0, 0, PICTRS_PROXY },
    { "/internal/", "delete", CAPTURE_NONE, false, 0, 0, PICTRS_PROXY },
    { "/internal/", "aliases", CAPTURE_NONE, false, PICTRS_PROXY, 0, 0 },
    { "/internal/", "identifier", CAPTURE_NONE, false, PICTRS_PROXY, 0, 0 },
    { "/pictrs/image/", "", CAPTURE_ALIAS, true, PICTRS_VARIANT, PICTRS_VARIANT, 0 },
};

static bool
ends_with(struct slice s, struct slice tail)
{
    return s.n >= tail.n && memcmp(s.p + s.n - tail.n, tail.p, tail.n) == 0;
}

static const struct endpoint *
find_endpoint(struct slice path, struct slice *captured)
{
    const char *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;
    size_t n = slash == NULL ? 0 : (size_t)(slash + 1 - path.p);
    struct slice directory = { path.p, n }, last = { path.p + n, path.n - n };

    for (size_t i = 0; n > 0 && i < ARRAY_LEN(endpoints); i++) {
        const struct endpoint *e = &endpoints[i];
        struct slice stem = slice_of(e->stem);

        *captured = (struct slice){ last.p + stem.n, last.n - stem.n };
        if (slice_starts(last, stem) && (captured->n > 0) == (e->capture != CAPTURE_NONE) &&
            ends_with(directory, slice_of(e->directory)))
            return e;
    }
    return NULL;
}

/* ---- what is named ---- */

/* The first of src, alias and proxy that the query has, wherever it stands. */
static bool
read_source(struct slice query, struct pictrs_request *out)
{
    struct pictrs_text text;

    pictrs_clear(&out->name);
    if (!pictrs_value(query, "src", &text) && !pictrs_value(query, "alias", &text)) {
        out->by_url = true;
        if (!pictrs_value(query, "proxy", &text))
            return false;
    }
    if (text.full) {
        out->name.full = true;
        return true;
    }
    if (out->by_url)
        return pictrs_url(pictrs_slice(&text), &out->name);
    pictrs_alias(pictrs_slice(&text), &out->name);
    return out->name.n > 0 || out->name.full;
}

static bool
read_name(const struct endpoint *e, struct slice captured, struct slice query,
          struct pictrs_request *out)
{
    out->by_url = false;
    if (e->capture != CAPTURE_ALIAS)
        return read_source(query, out);
    pictrs_alias(captured, &out->name);
    return true;
}

/* ---- variants ---- */

/*
 * Lemmy asks pict-rs for the original where neither parameter is said; else for process.FORMAT, the
 * format being that of the file's name where none is said. *variant: which it is.
 */
static bool
read_lemmy(struct slice file, struct slice query, unsigned filters, bool *variant,
           struct pictrs_text *key)
{
    struct pictrs_text format, thumbnail;
    bool has_format = pictrs_value(query, "format", &format);
    bool has_thumbnail = pictrs_value(query, "thumbnail", &thumbnail);
    const char *dot = memrchr(file.p, '.', file.n), *kind;
    struct slice ext =
        dot == NULL ? file : (struct slice){ dot + 1, file.n - (size_t)(dot - file.p) - 1 };
    char text[40];
    uint64_t size;

    *variant = has_format || has_thumbnail;
    pictrs_clear(key);
    if (!*variant)
        return true;
    if ((kind = pictrs_extension(has_format ? pictrs_slice(&format) : ext)) == NULL)
        return false;
    if (has_thumbnail) {
        if (thumbnail.full || !pictrs_size(pictrs_slice(&thumbnail), &size) || size > INT32_MAX)
            return false;
        snprintf(text, sizeof text, "thumbnail/%" PRIu64 "/", size);
        if (filters == 0 || (filters & 1u << MEDIA_THUMBNAIL))
            pictrs_put_text(key, text);
    }
    pictrs_put_text(key, kind);
    return true;
}

static bool
read_key(const struct endpoint *e, struct slice captured, struct slice query, unsigned filters,
         struct pictrs_request *out)
{
    bool variant = true;

    pictrs_clear(&out->key);
    if (!(out->touches & PICTRS_VARIANT))
        return true;
    if (!e->is_lemmy)
        return pictrs_variant(query, captured, filters, &out->key);
    if (!read_lemmy(captured, query, filters, &variant, &out->key))
        return false;
    if (!variant)
        out->touches &= ~(unsigned)PICTRS_VARIANT;
    return true;
}

/* ---- all of it ---- */

/* A log without methods has those that say GET. */
static unsigned
touched_by(const struct endpoint *e, struct slice method)
{
    if (method.n == 0 || slice_is(method, "GET"))
        return e->get;
    if (slice_is(method, "HEAD"))
        return e->head;
    return slice_is(method, "POST") ? e->post : 0;
}

enum reason
pictrs_read(struct slice method, struct slice path, struct slice query, unsigned filters,
            struct pictrs_request *out)
{
    struct slice captured;
    const struct endpoint *e = find_endpoint(path, &captured);

    if (e == NULL || !read_name(e, captured, query, out))
        return FILTER_NOT_A_DOWNLOAD;
    out->touches = touched_by(e, method);
    /* The alias behind a URL is asked for with it; a proxy is not, when its alias is. */
    if (!out->by_url)
        out->touches = (out->touches & ~(unsigned)PICTRS_PROXY) | PICTRS_ALIAS;
    else if (out->touches & PICTRS_PROXY)
        out->touches |= PICTRS_ALIAS;
    if (out->touches == 0)
        return (e->get | e->head | e->post) == 0 ? FILTER_NOT_A_DOWNLOAD : FILTER_METHOD;
    if (!read_key(e, captured, query, filters, out))
        return FILTER_NOT_A_DOWNLOAD;
    return out->name.full || out->key.full ? REJECT_KEY_TOO_LONG : KEEP;
}
