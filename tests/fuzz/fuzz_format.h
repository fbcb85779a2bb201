/*
 * What every format's fuzz target does: parse the bytes as one block and again cut at line ends, a few records a call,
 * with other bytes behind each block; hold both to the contract of records, and to each other.
 */
#ifndef INGEST_FUZZ_FORMAT_H
#define INGEST_FUZZ_FORMAT_H

#include "ingest/base.h"
#include "ingest/format.h"
#include "ingest/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: a fuzz build may be one without. */
#define MUST(x)                                                                 \
    do {                                                                        \
        if (!(x)) {                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x); \
            abort();                                                            \
        }                                                                       \
    } while (0)

struct fuzz_sum {
    uint64_t digest, n_records, n_lines, last_line;
    enum st  rc;
};

static inline void
fuzz_add(struct fuzz_sum *sum, const void *p, size_t n)
{
    struct digest d = hash_plain(p, n);
    uint64_t h;

    memcpy(&h, d.b, sizeof h);
    sum->digest = (sum->digest ^ h) * UINT64_C(0x9e3779b97f4a7c15) + n;
}

static inline void
fuzz_given(struct fuzz_sum *sum, const struct given *g)
{
    int64_t numbers[] = { g->summed, g->n_requests, g->n_ok, g->n_failed, g->is_change, g->change };
    struct slice texts[] = { g->name, g->version, g->sketch };

    MUST(g->n_requests >= 0 && g->n_ok >= 0 && g->n_failed >= 0);
    MUST(g->is_change ? g->change == 1 || g->change == -1 : g->change == 0);
    fuzz_add(sum, numbers, sizeof numbers);
    fuzz_add(sum, g->emote, sizeof g->emote);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        fuzz_add(sum, texts[i].p == NULL ? "" : texts[i].p, texts[i].n);
}

static inline void
fuzz_record(struct fuzz_sum *sum, const struct record *r)
{
    int64_t numbers[] = { (int64_t)r->why, r->first, r->hour, r->day, (int64_t)r->line_no };

    MUST(r->why < REASONS_N);
    MUST(r->day == DAY_NONE || (r->day >= 0 && r->day <= DAY_MAX));
    MUST(r->hour < 24);
    MUST(r->first ? r->line_no == sum->last_line + 1 : r->line_no == sum->last_line);
    sum->n_lines += r->first;
    sum->last_line = r->line_no;
    sum->n_records++;
    fuzz_add(sum, numbers, sizeof numbers);
    if (r->why == KEEP) {
        int64_t more[] = { r->path_decodes, r->status, (int64_t)r->range, r->time_us, r->bytes, r->ok,
            r->range_first, r->range_end };
        struct slice texts[] = { r->method, r->path, r->agent, r->client, r->network, r->station, r->location,
            r->channel, r->country, r->forwarded, r->marked };

        MUST(r->day != DAY_NONE && r->bytes >= 0 && r->status <= 999);
        MUST(r->time_us >= 0 && r->time_us < (INT64_C(1) + DAY_MAX) * DAY_US);
        fuzz_add(sum, more, sizeof more);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            MUST(texts[i].p != NULL || texts[i].n == 0);
            fuzz_add(sum, texts[i].p == NULL ? "" : texts[i].p, texts[i].n);
        }
        if (r->given != NULL)
            fuzz_given(sum, r->given);
    }
}

static inline void
fuzz_document(struct fuzz_sum *sum, const struct document *d)
{
    int64_t numbers[] = { d->is_payload, d->has_hash, d->hash, d->is_generated, d->generated_us };

    MUST(slice_is_text(slice_of(d->version)) && slice_chars(slice_of(d->version)) <= DOCUMENT_VERSION_MAX);
    fuzz_add(sum, numbers, sizeof numbers);
    fuzz_add(sum, d->version, strlen(d->version));
}

/* How many bytes of `p` the next block has: about `want`, up to the end of a line; a document is cut anywhere. */
static inline size_t
fuzz_cut(const struct format *f, const uint8_t *p, size_t n, size_t want)
{
    if (f->document)
        return want >= n || n - want <= 3 ? n : want + 3; /* a byte order mark is never cut: blocks are not that small */

    const uint8_t *feed = want >= n ? NULL : memchr(p + want, '\n', n - want);

    return feed == NULL ? n : (size_t)(feed - p) + 1;
}

static inline struct fuzz_sum
fuzz_parse(const struct format *f, const struct format_options *options, const uint8_t *data, size_t size,
    size_t block_bytes, size_t max, int slack)
{
    struct fuzz_sum sum = { .rc = ST_OK };
    struct record *records = malloc(max * sizeof *records);
    struct parser p;
    struct err err = { 0 };
    uint64_t line_no = 1;

    MUST(records != NULL && parser_init(&p, f, options, &err) == ST_OK);
    for (size_t at = 0, len; at < size && sum.rc == ST_OK; at += len) {
        char *copy;
        size_t n = 1;
        bool unended;

        len = fuzz_cut(f, data + at, size - at, block_bytes);
        copy = malloc(len + BLOCK_SLACK);
        MUST(copy != NULL);
        memcpy(copy, data + at, len);
        memset(copy + len, slack, BLOCK_SLACK);
        parser_feed(&p, &(struct block){ .p = copy, .n = len, .first_line_no = line_no });
        while (n > 0 && sum.rc == ST_OK) {
            sum.rc = parser_next(&p, records, max, &n, &err);
            MUST(n <= max);
            for (size_t i = 0; i < n; i++)
                fuzz_record(&sum, &records[i]);
        }
        MUST(sum.rc == ST_OK || (sum.rc == ST_FORMAT && err.line_no == sum.last_line + 1 && err.cause[0] != '\0'));
        for (size_t i = 0; i < len; i++)
            line_no += copy[i] == '\n';
        /* What has no line feed is a last line, but for a byte order mark with nothing behind it. */
        unended = copy[len - 1] != '\n' && (at > 0 || len != 3 || memcmp(copy, "\xef\xbb\xbf", 3) != 0);
        MUST(sum.rc != ST_OK || sum.n_lines + 1 == (f->document ? p.line_no : line_no + unended));
        free(copy);
    }
    if (sum.rc == ST_OK)
        sum.rc = parser_end(&p, &err);
    MUST(sum.rc == ST_OK || sum.rc == ST_FORMAT);
    if (sum.rc == ST_OK)
        fuzz_document(&sum, &p.document);
    parser_release(&p);
    free(records);
    return sum;
}

/* `options` NULL: nothing is said. */
static inline int
fuzz_format_with(const char *name, const struct format_options *options, const uint8_t *data, size_t size)
{
    const struct format *f = format_by_name(name);
    struct fuzz_sum whole, cut;

    MUST(f != NULL);
    if (size < 1)
        return 0;
    whole = fuzz_parse(f, options, data, size, SIZE_MAX, 256, 0);
    cut = fuzz_parse(f, options, data, size, size % 97, 1 + size % 5, "\n\t\"}]0\\ "[size % 8]);
    MUST(whole.rc == cut.rc && whole.n_records == cut.n_records && whole.digest == cut.digest);
    return 0;
}

/* The quick way from the first line on, beside the general one. */
static inline void
fuzz_both_ways(const char *name, const uint8_t *data, size_t size)
{
    struct format quick = *format_by_name(name), general;
    struct fuzz_sum want, got;

    quick.own_heads = true; /* nobody looks for heads of syslog */
    general = quick;
    general.quick = NULL;
    want = fuzz_parse(&general, NULL, data, size, SIZE_MAX, 256, 0);
    got = fuzz_parse(&quick, NULL, data, size, size % 997, 1 + size % 5, "\n\t\"}]0\\ "[size % 8]);
    MUST(want.rc == got.rc && want.n_records == got.n_records && want.digest == got.digest);
}

static inline int
fuzz_format(const char *name, const uint8_t *data, size_t size)
{
    return fuzz_format_with(name, NULL, data, size);
}

#endif
