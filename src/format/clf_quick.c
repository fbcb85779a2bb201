/*
 * Lines of one shape: nobody logged in, nothing with a backslash, numbers where numbers belong.
 *
 *     192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] "GET /a HTTP/1.1" 200 42 "-" "curl/8"
 *                                                ^0              ^1       ^2^3^4     ^5  LF 6
 *
 * Such a line is known by its first seven marks: six quotes and the line feed, or a blank behind
 * the last quote. Between two marks there is no other quote, so all that is left to look at is what
 * stands beside them.
 */
#include "clf_quick.h"

#define LINE_MARKS 7
#define HEAD_BYTES (6 + CLF_TIME_BYTES + 2) /* " - - [" time "] ", in front of the first quote */

/* Is there a blank in it? Most clients fit into one vector, nearly all into two. */
static inline bool
has_blank(const char *p, size_t n)
{
#if defined(__SSE2__)
    if (likely(n <= 32)) {
        const __m128i blank = _mm_set1_epi8(' ');
        __m128i low = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)p), blank);
        __m128i high = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(p + 16)), blank);
        uint64_t bits = (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;

        return (bits & ((UINT64_C(1) << n) - 1)) != 0;
    }
#endif
    return scan_byte(p, p + n, ' ') != p + n;
}

static inline bool
read_time(struct clf_quick *q, const char *text, struct record *rec)
{
    if (unlikely(!q->timed || memcmp(text, q->time, CLF_TIME_BYTES) != 0)) {
        if (!memo_clf(&q->memo, text, &rec->time_us))
            return false;
        record_date(rec);
        memcpy(q->time, text, CLF_TIME_BYTES);
        q->time_us = rec->time_us;
        q->day = rec->day;
        q->hour = rec->hour;
        q->timed = true;
        return true;
    }
    rec->time_us = q->time_us;
    rec->day = q->day;
    rec->hour = q->hour;
    return true;
}

/*
 * Where in the index the next line begins, `last` being the sixth quote of this one; 0: there it is
 * not, or what stands behind that quote is unusual.
 */
static inline size_t
line_end(const struct quote_index *q, const char *last)
{
    size_t at = q->at + LINE_MARKS;

    if (likely(last[1] == '\n'))
        return at;
    if (last[1] != ' ' && (last[1] != '\r' || last[2] != '\n'))
        return 0;
    while (q->text[q->quotes.mark[at - 1]] != '\n')
        if (++at > q->quotes.n)
            return 0;
    return at;
}

/* The line at p->at, whose marks are at hand. False: it goes the general way. */
static inline bool
quick_line(struct parser *p, struct clf_quick *q, struct record *rec)
{
    struct quote_index *index = &q->index;
    const uint32_t *mark = index->quotes.mark + index->at;
    const char *text = index->text, *line = p->at;
    const char *request = text + mark[0], *status = text + mark[1], *referer = text + mark[2];
    const char *between = text + mark[3], *last = text + mark[5];
    size_t n_client = (size_t)(request - HEAD_BYTES - line), end;
    uint32_t bytes;

    if (request - line < HEAD_BYTES || memcmp(request - HEAD_BYTES, " - - [", 6) != 0 ||
        memcmp(request - 2, "] \"", 3) != 0 || memcmp(status, "\" ", 2) != 0 || status[5] != ' ' ||
        memcmp(referer - 1, " \"", 2) != 0 || memcmp(between, "\" \"", 3) != 0 || *last != '"' ||
        has_blank(line, n_client))
        return false;
    record_begin(p, rec);
    if (!num_status((struct slice){ status + 2, 3 }, &rec->status) ||
        !num_eight(status + 6, (size_t)(referer - 1 - (status + 6)), &bytes) ||
        !read_time(q, request - 2 - CLF_TIME_BYTES, rec) || (end = line_end(index, last)) == 0)
        return false;
    rec->bytes = bytes;
    request_split((struct slice){ request + 1, (size_t)(status - request - 1) }, rec);
    rec->path_decodes = 1;
    rec->client = (struct slice){ line, n_client };
    rec->agent = (struct slice){ between + 3, (size_t)(last - between - 3) };
    rec->why = KEEP;
    p->at += text + index->quotes.mark[end - 1] + 1 - line;
    p->line_no++;
    index->at = end;
    return true;
}

size_t
clf_quick(struct parser *p, struct record *out, size_t max)
{
    struct clf_quick *q = p->state;
    size_t n = 0;

    if (wants_mark(p) || p->heads != HEADS_NONE)
        return 0;
    quote_index_sync(&q->index, p);
    while (n < max && p->at < p->end && quote_index_has(&q->index, p, LINE_MARKS) &&
           quick_line(p, q, &out[n]))
        n++;
    return n;
}
