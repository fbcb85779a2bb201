/*
 * The access logs of Apache and nginx: `common`, and `combined`, which adds referer and agent.
 */
#include "clf_quick.h"

static enum reason
common_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct clf_pieces pieces;

    if (!clf_take_common(&c, &pieces) || !cursor_done(&c))
        return REJECT_FIELDS;
    if (wants_mark(p))
        clf_mark(p, line, false, rec);
    return clf_read(p, p->state, &pieces, rec);
}

static enum reason
combined_line(struct parser *p, struct slice line, struct record *rec)
{
    struct clf_quick *quick = p->state;
    struct cursor c = cursor_at(line);
    struct clf_pieces pieces;

    if (!clf_take_common(&c, &pieces) || !clf_take_combined(&c, &pieces))
        return REJECT_FIELDS;
    if (wants_mark(p))
        clf_mark(p, line, false, rec);
    return clf_read(p, &quick->memo, &pieces, rec);
}

/* A line with a virtual host in front reads as one without, whose client is that host: it must not
 * be taken for that. */
static bool
has_no_vhost(const struct parser *p, const struct record *rec)
{
    const char *second = rec->client.p + rec->client.n + 1; /* in the line, behind a blank */

    (void)p;
    return !clf_has_vhost(rec->client, (struct slice){ second, strcspn(second, " ") });
}

static int
common_sniff(struct slice head)
{
    return share_of(&format_common, head, has_no_vhost);
}

static int
combined_sniff(struct slice head)
{
    return share_of(&format_combined, head, has_no_vhost);
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
    .quick = clf_quick,
    .sniff = combined_sniff,
    .state_bytes = sizeof(struct clf_quick),
    .clear_bytes = offsetof(struct clf_quick, index.quotes.mark),
    .examples = combined_examples,
    .n_examples = ARRAY_LEN(combined_examples),
};
