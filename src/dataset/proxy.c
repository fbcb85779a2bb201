/*
 * Who asked, where proxies stand between. X-Forwarded-For is a list to which each proxy appends the
 * address that asked it; all of it may be invented, but for what a proxy of ours has written: so it
 * is read from its end, and only as long as the one who wrote is trusted.
 *
 *   peer 10.0.0.2 (trusted)    "6.6.6.6, 192.0.2.7, 10.0.0.1"    the client is 192.0.2.7
 */
#include "ingest/base.h"
#include "dataset_priv.h"

/* Nobody has as many proxies in a row; a client could send a mebibyte of them. */
#define HOPS_MAX 64

static bool
is_trusted(const struct client_rule *rule, const uint8_t address[16])
{
    for (size_t i = 0; i < rule->n_trusted_proxies; i++)
        if (cidr_has(&rule->trusted_proxies[i], address))
            return true;
    return false;
}

/* Blanks at both ends, which a W3C log writes as %20 or '+'. */
static struct slice
trim(struct slice s)
{
    for (;;) {
        if (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '+'))
            s = (struct slice){ s.p + 1, s.n - 1 };
        else if (slice_starts(s, SLICE("%20")))
            s = (struct slice){ s.p + 3, s.n - 3 };
        else
            break;
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '+'))
        s.n--;
    while (s.n >= 3 && memcmp(s.p + s.n - 3, "%20", 3) == 0)
        s.n -= 3;
    return s;
}

/* Some write a port behind: "192.0.2.7:4711", "[2001:db8::1]:4711". */
static struct slice
without_port(struct slice s)
{
    const char *end;

    if (s.n > 0 && s.p[0] == '[') {
        end = memchr(s.p, ']', s.n);
        return end == NULL ? s : (struct slice){ s.p + 1, (size_t)(end - s.p) - 1 };
    }
    end = memchr(s.p, ':', s.n);
    if (end != NULL && memchr(end + 1, ':', s.n - (size_t)(end + 1 - s.p)) == NULL)
        s.n = (size_t)(end - s.p);
    return s;
}

/* The last element of the list, which gets shorter by it. False: there is none. */
static bool
take_hop(struct slice *list, struct slice *out)
{
    const char *comma;

    if (list->n == 0)
        return false;
    comma = memrchr(list->p, ',', list->n);
    *out = comma == NULL ? *list
                         : (struct slice){ comma + 1, list->n - (size_t)(comma + 1 - list->p) };
    list->n = comma == NULL ? 0 : (size_t)(comma - list->p);
    *out = without_port(trim(*out));
    return true;
}

struct slice
client_behind(const struct client_rule *rule, struct slice peer, struct slice forwarded)
{
    struct slice client = without_port(peer), hop;
    uint8_t address[16];

    if (!address_any(client, address))
        return peer;
    for (int hops = 0; hops < HOPS_MAX && is_trusted(rule, address); hops++) {
        if (!take_hop(&forwarded, &hop) || !address_any(hop, address))
            break; /* "unknown", rubbish: what we know best is who wrote that */
        client = hop;
    }
    return client.p == peer.p ? peer : client;
}
