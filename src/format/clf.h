/*
 * The lines of Apache's and nginx's access logs, cut and read: what `common` and `combined` share with the formats that have
 * the virtual host in front. The client, the user and the request are the words of strangers; where a field ends when they
 * play tricks is fixed in docs/COUNTING.md.
 */
#ifndef INGEST_FORMAT_CLF_H
#define INGEST_FORMAT_CLF_H

#include "format_priv.h"
#include "memo.h"
#include "request.h"

/* Inlined for sure: a piece that nobody asks for is then never stored. */
#define CLF_INLINE inline __attribute__((always_inline))

#define CLF_TIME_BYTES 26 /* 10/Oct/2000:13:55:36 -0700 */

/* What a line is cut into before anything is read. */
struct clf_pieces {
    struct slice client, ident, user, time, request, status, bytes;
    struct slice referer, agent; /* of combined */
    struct slice rest;           /* what stands behind all that */
    bool         request_escaped;
};

/*
 * ident user [time]: the user may hold blanks and brackets, so the time is the first " [" that
 * closes where a time must. Leaves the cursor on the quote of the request.
 */
static CLF_INLINE bool
clf_take_time(struct cursor *c, struct clf_pieces *out)
{
    const char *user =
        c->at; /* the first byte of the user, or, where that is empty, the blank behind it */
    const char *at = user;

    for (at += at < c->end;;) {
        at = scan_byte(at, c->end, '[');
        if (c->end - at < 1 + CLF_TIME_BYTES + 3)
            return false;
        if (at[-1] == ' ' && memcmp(at + 1 + CLF_TIME_BYTES, "] \"", 3) == 0)
            break;
        at++;
    }
    out->user = (struct slice){ user, (size_t)(at - 1 - user) };
    out->time = (struct slice){ at + 1, CLF_TIME_BYTES };
    c->at = at + 1 + CLF_TIME_BYTES + 2;
    return true;
}

/* What nearly every line has: "- - [", where the general way finds the same pieces with three searches. */
static CLF_INLINE bool
clf_take_nobody(struct cursor *c, struct clf_pieces *out)
{
    const char *at = c->at;

    if (c->end - at < 5 + CLF_TIME_BYTES + 3 || memcmp(at, "- - [", 5) != 0 ||
        memcmp(at + 5 + CLF_TIME_BYTES, "] \"", 3) != 0)
        return false;
    out->ident = (struct slice){ at, 1 };
    out->user = (struct slice){ at + 2, 1 };
    out->time = (struct slice){ at + 5, CLF_TIME_BYTES };
    c->at = at + 5 + CLF_TIME_BYTES + 2;
    return true;
}

/* A blank, a status and a blank, which three digits mostly are. */
static CLF_INLINE bool
clf_take_status(struct cursor *c, struct slice *out)
{
    if (likely(c->end - c->at >= 5 && c->at[0] == ' ' && c->at[4] == ' ' && c->at[1] != ' ' &&
               c->at[2] != ' ' && c->at[3] != ' ')) {
        *out = (struct slice){ c->at + 1, 3 };
        c->at += 5;
        return true;
    }
    return take_byte(c, ' ') && take_until(c, ' ', out);
}

/* client ident user [time] "request" status bytes */
static CLF_INLINE bool
clf_take_common(struct cursor *c, struct clf_pieces *out)
{
    if (!take_until(c, ' ', &out->client) ||
        !(clf_take_nobody(c, out) || (take_until(c, ' ', &out->ident) && clf_take_time(c, out))) ||
        !take_quoted(c, &out->request, &out->request_escaped) || !clf_take_status(c, &out->status))
        return false;
    out->bytes = take_word(c, ' ');
    out->referer = out->agent = out->rest = (struct slice){ NULL, 0 };
    return true;
}

/* ...  "referer" "agent", and perhaps more behind a blank */
static CLF_INLINE bool
clf_take_combined(struct cursor *c, struct clf_pieces *out)
{
    bool escaped;

    if (likely(c->end - c->at > 5 && memcmp(c->at, " \"-\" ", 5) == 0)) { /* no referer */
        out->referer = (struct slice){ c->at + 2, 1 };
        c->at += 5;
    } else if (!take_byte(c, ' ') || !take_quoted(c, &out->referer, &escaped) ||
               !take_byte(c, ' ')) {
        return false;
    }
    if (!take_quoted(c, &out->agent, &escaped))
        return false;
    if (cursor_done(c))
        return true;
    if (!take_byte(c, ' '))
        return false;
    out->rest = (struct slice){ c->at, (size_t)(c->end - c->at) };
    return true;
}

static inline enum reason
clf_read(struct parser *p, struct clf_memo *memo, const struct clf_pieces *in, struct record *rec)
{
    if (!memo_clf(memo, in->time.p, &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    if (!field_status(in->status, &rec->status) || !field_bytes_here(in->bytes, &rec->bytes))
        return REJECT_NUMBER;
    request_split(in->request, rec);
    if (unlikely(in->request_escaped && !request_unescape(&p->scratch, &rec->path)))
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    rec->path_decodes = 1;
    rec->client = in->client;
    rec->agent = in->agent;
    return KEEP;
}

/*
 * Marks the field of the line that the options name: cuts it once more, so that a run that names none pays nothing. The line
 * must be one that the format takes.
 */
void clf_mark(const struct parser *p, struct slice line, bool has_vhost, struct record *rec);

/*
 * Does the line begin with a virtual host? So if its second word is an address; or if the first one ends in a port and the
 * second is not the "-" that stands for no ident.
 */
bool clf_has_vhost(struct slice first, struct slice second);

#endif
