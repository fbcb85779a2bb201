/*
 * The access logs of Apache and nginx: `common`, and `combined`, which adds referer and agent. The
 * client, the user and the request are the words of strangers; where a field ends when they play
 * tricks is fixed in docs/COUNTING.md.
 */
#include "format_priv.h"
#include "memo.h"
#include "request.h"

#define CLF_TIME_BYTES 26 /* 10/Oct/2000:13:55:36 -0700 */

/* What a line is cut into before anything is read. */
struct pieces {
    struct slice client, time, request, status, bytes, agent;
    bool         request_escaped;
};

/*
 * ident user [time]: the user may hold blanks and brackets, so the time is the first " [" that
 * closes where a time must. Leaves the cursor on the quote of the request.
 */
static inline bool
take_time(struct cursor *c, struct slice *out)
{
    const char *at =
        c->at; /* the first byte of the user, or, where that is empty, the blank behind it */

    for (at += at < c->end;;) {
        at = scan_byte(at, c->end, '[');
        if (c->end - at < 1 + CLF_TIME_BYTES + 3)
            return false;
        if (at[-1] == ' ' && memcmp(at + 1 + CLF_TIME_BYTES, "] \"", 3) == 0)
            break;
        at++;
    }
    *out = (struct slice){ at + 1, CLF_TIME_BYTES };
    c->at = at + 1 + CLF_TIME_BYTES + 2;
    return true;
}

/* client ident user [time] "request" status bytes */
static inline bool
take_common(struct cursor *c, struct pieces *out)
{
    struct slice ident;

    if (!take_until(c, ' ', &out->client) || !take_until(c, ' ', &ident) ||
        !take_time(c, &out->time) || !take_quoted(c, &out->request, &out->request_escaped) ||
        !take_byte(c, ' ') || !take_until(c, ' ', &out->status))
        return false;
    out->bytes = take_word(c, ' ');
    return true;
}

/* ...  "referer" "agent", and perhaps more behind a blank */
static inline bool
take_combined(struct cursor *c, struct pieces *out)
{
    struct slice referer;
    bool escaped;

    return take_byte(c, ' ') && take_quoted(c, &referer, &escaped) && take_byte(c, ' ') &&
           take_quoted(c, &out->agent, &escaped) && (cursor_done(c) || *c->at == ' ');
}

/* ---- the line ---- */

static inline enum reason
read_pieces(struct parser *p, const struct pieces *in, struct record *rec)
{
    if (!memo_clf(p->state, in->time.p, &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    if (!field_status(in->status, &rec->status) || !field_bytes(in->bytes, &rec->bytes))
        return REJECT_NUMBER;
    request_split(in->request, rec);
    if (unlikely(in->request_escaped && !request_unescape(&p->scratch, &rec->path)))
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    rec->path_decodes = 1;
    rec->client = in->client;
    rec->agent = in->agent;
    return KEEP;
}

static enum reason
common_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct pieces pieces;

    pieces.agent = (struct slice){ NULL, 0 };
    if (!take_common(&c, &pieces) || !cursor_done(&c))
        return REJECT_FIELDS;
    return read_pieces(p, &pieces, rec);
}

static enum reason
combined_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct pieces pieces;

    if (!take_common(&c, &pieces) || !take_combined(&c, &pieces))
        return REJECT_FIELDS;
    return read_pieces(p, &pieces, rec);
}

static int
common_sniff(struct slice head)
{
    return format_share(&format_common, head);
}

static int
combined_sniff(struct slice head)
{
    return format_share(&format_combined, head);
}

#define LINE(time, rest) "192.0.2.7 - - [" time "] \"GET /a HTTP/1.1\" " rest

static const struct format_example common_examples[] = {
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42"), KEEP, 200, 42 },
    { LINE("01/Mar/2024:00:00:01 +0000", "304 -"), KEEP, 304, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), REJECT_FIELDS, 0, 0 },
    { LINE("01/Mar/2024:24:00:00 +0000", "200 42"), REJECT_TIME, 0, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 -1"), REJECT_NUMBER, 0, 0 },
};

static const struct format_example combined_examples[] = {
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), KEEP, 200, 42 },
    { LINE("29/Feb/2024:23:59:60 -0330", "206 42 \"-\" \"-\" 0.003"), KEEP, 206, 42 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42"), REJECT_FIELDS, 0, 0 },
    { LINE("31/Feb/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), REJECT_TIME, 0, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "20 42 \"-\" \"curl/8\""), REJECT_NUMBER, 0, 0 },
};

const struct format format_common = {
    .name = "common",
    .about = "web server access log without referer and agent (Common Log Format)",
    .dataset = "stats",
    .line = common_line,
    .sniff = common_sniff,
    .state_bytes = sizeof(struct clf_memo),
    .examples = common_examples,
    .n_examples = ARRAY_LEN(common_examples),
};

const struct format format_combined = {
    .name = "combined",
    .about = "web server access log of Apache or nginx, one request a line",
    .dataset = "stats",
    .line = combined_line,
    .sniff = combined_sniff,
    .state_bytes = sizeof(struct clf_memo),
    .examples = combined_examples,
    .n_examples = ARRAY_LEN(combined_examples),
};
