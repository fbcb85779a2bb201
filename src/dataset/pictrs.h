/*
 * What a request to pict-rs touches, told from its URL as that server reads it. The rules are those of docs/COUNTING.md,
 * "What counts for `access`"; each file has one step:
 *
 *   pictrs_query.c     the pairs of a query, decoded
 *   pictrs_url.c       the URL of a proxied image, as the URL standard writes it down
 *   pictrs_key.c       aliases, and the key of a variant
 *   pictrs_request.c   method, path and query -> what is touched
 */
#ifndef INGEST_DATASET_PICTRS_H
#define INGEST_DATASET_PICTRS_H

#include "ingest/base.h"
#include "ingest/reason.h"
#include "ingest/rule_pack.h"
#include "ingest/slice.h"

#define PICTRS_TEXT_MAX 4096 /* bytes of one decoded value, and of what is made of it; no key is half as long */

/* A text of bounded length. What does not fit is lost, and leaves it `full`: it is of no use then. */
struct pictrs_text {
    size_t n;
    bool   full;
    char   p[PICTRS_TEXT_MAX];
};

static inline void
pictrs_clear(struct pictrs_text *t)
{
    t->n = 0;
    t->full = false;
}

static inline void
pictrs_add(struct pictrs_text *t, const char *p, size_t n)
{
    if (n > sizeof t->p - t->n) {
        t->full = true;
        return;
    }
    if (n > 0)
        memcpy(t->p + t->n, p, n);
    t->n += n;
}

static inline void
pictrs_put(struct pictrs_text *t, char c)
{
    pictrs_add(t, &c, 1);
}

static inline void
pictrs_put_text(struct pictrs_text *t, const char *text)
{
    pictrs_add(t, text, strlen(text));
}

static inline struct slice
pictrs_slice(const struct pictrs_text *t)
{
    return (struct slice){ t->p, t->n };
}

/* ---- pictrs_query.c ---- */

/*
 * The next pair of a query that is form-urlencoded (URL standard, 5.1), still encoded; empty ones are passed over. False: there
 * is no more.
 */
bool pictrs_pair(struct slice *rest, struct slice *name, struct slice *value);

/* The byte that "%XX" at `p` stands for; -1: there is none. */
int pictrs_percent(const char *p, const char *end);

/* %XX undone, '+' is a blank, and what is no UTF-8 then becomes U+FFFD. */
void pictrs_form_decode(struct slice s, struct pictrs_text *out);

/* The same where U+FFFD has to be put into bytes that were decoded otherwise. */
void pictrs_repair(struct pictrs_text *t);

/* The value of the first pair of that name, decoded. False: there is none. */
bool pictrs_value(struct slice query, const char *name, struct pictrs_text *out);

/*
 * A query of a log of CloudFront, which encodes once more what it writes, '%' with it: without that layer, in `room` (query.n
 * bytes), if it is there. It is not where a byte is encoded that CloudFront leaves alone: ':' or '/', as in every URL.
 */
struct slice pictrs_unwrap(struct slice query, char *room);

/* ---- pictrs_url.c ---- */

/*
 * An http or https URL as the URL standard (url.spec.whatwg.org, 4.4 and 4.5) reads it without a base and writes it down
 * again. False: it is none. `in` is UTF-8; *out may be full, and then holds nothing.
 */
bool pictrs_url(struct slice in, struct pictrs_text *out);

/* ---- pictrs_key.c ---- */

/* A UUID before the first dot, in any of its four spellings, as 36 lower-case characters; all else as it is. */
void pictrs_alias(struct slice in, struct pictrs_text *out);

/*
 * The key of the variant that `process.EXT?query` asks for, where pict-rs takes these `filters` (1u << MEDIA_...; 0: all). False: it
 * answers such a request with 400.
 */
bool pictrs_variant(struct slice query, struct slice ext, unsigned filters, struct pictrs_text *out);

/* "jpg" -> "jpeg"; NULL: pict-rs makes no such files. */
const char *pictrs_extension(struct slice ext);

/* A size as Rust reads a usize: digits, perhaps with a '+' in front. */
bool pictrs_size(struct slice s, uint64_t *out);

/* ---- pictrs_request.c ---- */

enum pictrs_touch {
    PICTRS_VARIANT = 1, /* variants.accessed, of the hash behind `name` and of `key` */
    PICTRS_PROXY = 2,   /* proxies.accessed */
    PICTRS_ALIAS = 4,   /* aliases.accessed, where there is such a column */
};

struct pictrs_request {
    unsigned           touches; /* of enum pictrs_touch, at least one */
    bool               by_url;  /* `name` is the URL of a proxied image; else an alias */
    struct pictrs_text name, key; /* the key is empty where no variant is touched */
};

/*
 * KEEP with *out filled; FILTER_NOT_A_DOWNLOAD, FILTER_METHOD; REJECT_KEY_TOO_LONG: a text does not fit. `path` is clean (path_clean),
 * `query` as sent, its p NULL where there is none; `method` empty: not known; `filters` as for pictrs_variant.
 */
enum reason pictrs_read(struct slice method, struct slice path, struct slice query, unsigned filters,
                        struct pictrs_request *out);

#endif
