/*
 * The same access logs where one file serves many sites: `vhost_combined`, as Debian's Apache names
 * it, and `vhost_common` begin with the virtual host and perhaps its port.
 */
#include "clf.h"

struct vhost {
    struct clf_memo memo;
    struct slice    host; /* of the line read last: a sniff asks for it */
};

static enum reason
vhost_common_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct vhost *v = p->state;
    struct clf_pieces pieces;

    if (!take_until(&c, ' ', &v->host) || !clf_take_common(&c, &pieces) || !cursor_done(&c))
        return REJECT_FIELDS;
    if (wants_mark(p))
        clf_mark(p, line, true, rec);
    return clf_read(p, &v->memo, &pieces, rec);
}

static enum reason
vhost_combined_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct vhost *v = p->state;
    struct clf_pieces pieces;

    if (!take_until(&c, ' ', &v->host) || !clf_take_common(&c, &pieces) ||
        !clf_take_combined(&c, &pieces))
        return REJECT_FIELDS;
    if (wants_mark(p))
        clf_mark(p, line, true, rec);
    return clf_read(p, &v->memo, &pieces, rec);
}

static bool
has_vhost(const struct parser *p, const struct record *rec)
{
    const struct vhost *v = p->state;

    return clf_has_vhost(v->host, rec->client);
}

static int
vhost_common_sniff(struct slice head)
{
    return share_of(&format_vhost_common, head, has_vhost);
}

static int
vhost_combined_sniff(struct slice head)
{
    return share_of(&format_vhost_combined, head, has_vhost);
}

#define LINE(time, rest) "example.org:443 192.0.2.7 - - [" time "] \"GET /a HTTP/1.1\" " rest

static const struct format_example common_examples[] = {
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42"), KEEP, 200, 42 },
    { "example.org 2001:db8::1 - john doe [01/Mar/2024:00:00:01 +0000] \"GET /a\" 304 -", KEEP, 304,
      0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), REJECT_FIELDS, 0, 0 },
    { LINE("01/Mar/2024:24:00:00 +0000", "200 42"), REJECT_TIME, 0, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 -1"), REJECT_NUMBER, 0, 0 },
};

static const struct format_example combined_examples[] = {
    { LINE("01/Mar/2024:00:00:01 +0000", "200 442 \"-\" \"curl/8\""), KEEP, 200, 442 },
    { "example.org 192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a\" 206 42 \"-\" \"-\" 0.003",
      KEEP, 206, 42 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42"), REJECT_FIELDS, 0, 0 },
    { "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"-\" \"curl/8\"",
      REJECT_FIELDS, 0, 0 },
    { LINE("31/Feb/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), REJECT_TIME, 0, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "20 42 \"-\" \"curl/8\""), REJECT_NUMBER, 0, 0 },
};

const struct format format_vhost_common = {
    .name = "vhost_common",
    .about = "common log with the virtual host in front of each line",
    .dataset = "stats",
    .line = vhost_common_line,
    .sniff = vhost_common_sniff,
    .state_bytes = sizeof(struct vhost),
    .examples = common_examples,
    .n_examples = ARRAY_LEN(common_examples),
};

const struct format format_vhost_combined = {
    .name = "vhost_combined",
    .about = "web server access log with the virtual host in front of each line",
    .dataset = "stats",
    .line = vhost_combined_line,
    .sniff = vhost_combined_sniff,
    .state_bytes = sizeof(struct vhost),
    .examples = combined_examples,
    .n_examples = ARRAY_LEN(combined_examples),
};
