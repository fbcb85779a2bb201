/*
 * Evaluating the `inputs` of a file of vectors (tests/vectors/make-vectors has the notation) with our own sketches.
 */
#ifndef INGEST_TESTS_VECTORS_H
#define INGEST_TESTS_VECTORS_H

#include "../../vectors/csv.h"
#include "ingest/hash.h"
#include "ingest/sketch.h"

#define CASES_MAX 256

struct cases {
    size_t          n;
    char            names[CASES_MAX][64];
    struct hll      sketches[CASES_MAX];
};

static inline uint64_t
text_hash(const char *p, size_t n)
{
    uint64_t h[2];

    murmur3_x64_128(p, n, h);
    return h[0];
}

/* EIDA's: 32 bits, sign-extended. */
static inline uint64_t
eida_hash(const char *p, size_t n)
{
    return (uint64_t)(int64_t)(int32_t)murmur3_x86_32(p, n);
}

static inline const struct hll *
case_named(const struct cases *c, const char *name, size_t n)
{
    for (size_t i = 0; i < c->n; i++)
        if (strlen(c->names[i]) == n && memcmp(c->names[i], name, n) == 0)
            return &c->sketches[i];
    fail_msg("no case %.*s", (int)n, name);
    return NULL;
}

static inline void
add_union(struct cases *c, struct hll *h, const char *args)
{
    size_t x = strcspn(args, ","), y = strcspn(args + x + 1, ")");

    hll_unite(h, hll_view(case_named(c, args, x)));
    hll_unite(h, hll_view(case_named(c, args + x + 1, y)));
}

/* Each string of a|b|c. */
static inline void
add_texts(struct hll *h, const char *list, uint64_t (*hash)(const char *, size_t))
{
    for (;;) {
        size_t n = strcspn(list, "|");

        hll_add(h, hash(list, n));
        if (list[n] == '\0')
            return;
        list += n + 1;
    }
}

/* 'F' A..B or A..B: F with %d replaced, upwards or downwards. `width` 0: as text; else as a number of so many bytes. */
static inline void
add_range(struct hll *h, const char *range, size_t width,
          uint64_t (*hash)(const char *, size_t))
{
    const char *digits = strrchr(range, ' ') != NULL ? strrchr(range, ' ') + 1 : range;
    char text[128], *end;
    long long from = strtoll(digits, &end, 10), to = strtoll(end + 2, NULL, 10);

    for (long long i = from;; i += from <= to ? 1 : -1) {
        if (width > 0) {
            int64_t v = i; /* little-endian, as on the server */
            hll_add(h, hash((const char *)&v, width));
        } else {
            int head = range[0] == '\'' ? (int)(strstr(range, "%d") - range) - 1 : 0;
            int n = snprintf(text, sizeof text, "%.*s%lld", head, range + 1, i);
            hll_add(h, hash(text, (size_t)n));
        }
        if (i == to)
            return;
    }
}

static inline void
add_term(struct cases *c, struct hll *h, char *term)
{
    char *rest = strchr(term, ' ') != NULL ? strchr(term, ' ') + 1 : term + strlen(term);

    if (strncmp(term, "union(", 6) == 0) {
        add_union(c, h, term + 6);
    } else if (strncmp(term, "bigint ", 7) == 0) {
        add_range(h, rest, 8, text_hash);
    } else if (strncmp(term, "integer ", 8) == 0) {
        add_range(h, rest, 4, text_hash);
    } else if (strncmp(term, "text ", 5) == 0) {
        add_range(h, rest, 0, text_hash);
    } else if (strncmp(term, "mmh32 ", 6) == 0 || strncmp(term, "ids ", 4) == 0) {
        add_range(h, rest, 0, eida_hash);
    } else if (strncmp(term, "texts ", 6) == 0) {
        add_texts(h, rest, text_hash);
    } else if (strncmp(term, "idlist ", 7) == 0) {
        add_texts(h, rest, eida_hash);
    } else if (strcmp(term, "empty_text") == 0) {
        hll_add(h, text_hash("", 0));
    } else if (strcmp(term, "empty_id") == 0) {
        hll_add(h, eida_hash("", 0));
    } else if (strncmp(term, "hash ", 5) == 0) {
        for (char *p = rest; *p != '\0'; p += *p == ',')
            hll_add(h, strtoull(p, &p, 0));
    } else if (strncmp(term, "seq ", 4) == 0) {
        uint64_t base = strtoull(rest, &rest, 0), step = strtoull(rest, &rest, 0);
        uint64_t count = strtoull(rest, NULL, 0);

        for (uint64_t k = 0; k < count; k++)
            hll_add(h, base + k * step);
    } else {
        assert_string_equal(term, "empty");
    }
}

/* The sketch of `inputs`, remembered under `name` for later unions. Spoils `inputs`. */
static inline const struct hll *
case_add(struct cases *c, const char *name, char *inputs)
{
    struct hll *h = &c->sketches[c->n];

    assert_true(c->n < CASES_MAX);
    snprintf(c->names[c->n], sizeof c->names[c->n], "%s", name);
    *h = (struct hll){ 0 };
    for (char *term = inputs, *next; term != NULL; term = next) {
        next = strstr(term, " + ");
        if (next != NULL) {
            *next = '\0';
            next += 3;
        }
        add_term(c, h, term);
    }
    c->n++;
    return h;
}

#endif
