/*
 * An index of quotes that goes along with a parser: lines whose quotes stand where they are expected are read from it, and all
 * others by the format's general way, which knows nothing of it.
 */
#ifndef INGEST_FORMAT_QUOTE_INDEX_H
#define INGEST_FORMAT_QUOTE_INDEX_H

#include "ingest/format.h"
#include "scan.h"

/* Of text[0 .. some 4 KiB) in the block p->n_fed; marks before `at` are used up. Zeroed memory is an empty one. */
struct quote_index {
    uint64_t      n_fed;
    const char   *text;
    size_t        at;
    struct quotes quotes;
};

/* Forgets what stands before p->at: lines that went the general way, or all of another block. */
static inline void
quote_index_sync(struct quote_index *q, const struct parser *p)
{
    if (q->n_fed != p->n_fed)
        q->at = q->quotes.n = 0;
    while (q->at < q->quotes.n && q->text + q->quotes.mark[q->at] < p->at)
        q->at++;
}

/*
 * Are the next `n` marks from p->at on at hand, q->at being the first of them? A few lines are looked at twice, because the
 * index that begins before them has too few marks left.
 */
static inline bool
quote_index_has(struct quote_index *q, const struct parser *p, size_t n)
{
    size_t left = (size_t)(p->end - p->at);

    if (likely(q->quotes.n - q->at >= n))
        return true;
    q->n_fed = p->n_fed;
    q->text = p->at;
    q->at = 0;
    scan_quotes(&q->quotes, p->at, left < QUOTES_BYTES_MAX ? left : QUOTES_BYTES_MAX);
    return q->quotes.n >= n;
}

#endif
