/*
 * What is seldom asked of such a line: which field is marked, and whether there is a virtual host
 * in front.
 */
#include "clf.h"

#include "ingest/address.h"

/* "www.example.org:443"; not an IPv6 address, which has more than one colon. */
static bool
ends_in_port(struct slice host)
{
    const char *colon = memchr(host.p, ':', host.n);
    size_t digits = 0;

    if (colon == NULL || colon == host.p)
        return false;
    for (const char *p = colon + 1; p < host.p + host.n; p++, digits++)
        if (*p < '0' || *p > '9')
            return false;
    return digits >= 1 && digits <= 5;
}

bool
clf_has_vhost(struct slice first, struct slice second)
{
    uint8_t address[16];

    return address_any(second, address) || (ends_in_port(first) && !field_is_dash(second));
}

void
clf_mark(const struct parser *p, struct slice line, bool has_vhost, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct slice vhost = { NULL, 0 };
    struct clf_pieces in;

    if ((has_vhost && !take_until(&c, ' ', &vhost)) || !clf_take_common(&c, &in))
        return;
    if (!cursor_done(&c) && !clf_take_combined(&c, &in))
        return;
    record_mark(p,
                (struct named[]){ { "vhost", vhost },
                                  { "client", in.client },
                                  { "ident", in.ident },
                                  { "user", in.user },
                                  { "time", in.time },
                                  { "request", in.request },
                                  { "status", in.status },
                                  { "bytes", in.bytes },
                                  { "referer", in.referer },
                                  { "agent", in.agent },
                                  { "rest", in.rest } },
                11, rec);
}
