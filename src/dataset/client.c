/*
 * From a client as logged to the 64 bits that go into a sketch. Small sketches keep those bits as
 * they are, and all of IPv4 can be tried against an unkeyed hash in minutes: hence a keyed one,
 * unless told otherwise. Key files are in client_key.c.
 */
#include "ingest/dataset.h"
#include "ingest/address.h"
#include "dataset_priv.h"
#include "siphash.h"

#include <sodium.h>

static_assert(crypto_shorthash_BYTES == 8 && crypto_shorthash_KEYBYTES == 16,
              "SipHash-2-4, 64 bits");

#define SHORT_TEXT 1023

/*
 * What is hashed under the key: the address of a host, the network of an IPv6 one (a host
 * has 2^64 of addresses there, and changes them), or the text behind a byte that sets it apart from
 * addresses.
 *
 *   IPv4            a b c d            also ::ffff:a.b.c.d
 *   IPv6            the first 8 bytes
 *   else            FF text...
 *
 * This puts it at `out`, of all but IPv4.
 */
static size_t
put_message(struct slice client, char *out)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    uint8_t b[16];

    if (address_ipv6(client, b)) {
        if (memcmp(b, mapped, sizeof mapped) == 0) {
            memcpy(out, b + 12, 4);
            return 4;
        }
        memcpy(out, b, 8);
        return 8;
    }
    out[0] = (char)0xff;
    memcpy(out + 1, client.p, client.n);
    return client.n + 1;
}

static uint64_t
siphash(const uint8_t *key, const void *message, size_t n)
{
    uint8_t b[8];
    uint64_t v = 0;

    if (n == 4 || n == 8)
        return siphash_short(key, message, n);
    crypto_shorthash(b, message, n, key);
    for (size_t i = 8; i > 0; i--)
        v = v << 8 | b[i - 1];
    return v;
}

/* client_hash, with the memory for the message: client.n + 1 bytes at `scratch`. */
static inline bool
client_hash_in(const struct client_key *key, enum client_hash how, struct slice client, int32_t day,
               char *scratch, uint64_t *out)
{
    if (client.n == 0 || slice_is(client, "-"))
        return false;
    if (how == CLIENT_EIDA) {
        *out = (uint64_t)(int64_t)(int32_t)murmur3_x86_32(client.p, client.n);
    } else if (key->none) {
        uint64_t h[2];

        murmur3_x64_128(client.p, client.n, h);
        *out = h[0];
    } else {
        const struct client_epoch *epoch = &key->epochs[client_key_at(key, day)];
        uint8_t address[4];

        if (likely(address_ipv4(client, address)))
            *out = siphash_short(epoch->key, address, sizeof address);
        else
            *out = siphash(epoch->key, scratch, put_message(client, scratch));
    }
    return true;
}

bool
client_hash(const struct client_key *key, enum client_hash how, struct slice client, int32_t day,
            uint64_t *out)
{
    char room[SHORT_TEXT + 1], *more;
    bool is_client;

    static_assert(sizeof room >= 16, "an address");
    if (client.n <= SHORT_TEXT)
        return client_hash_in(key, how, client, day, room, out);
    if ((more = malloc(client.n + 1)) == NULL)
        return false;
    is_client = client_hash_in(key, how, client, day, more, out);
    free(more);
    return is_client;
}

/* ---- of a record ---- */

struct slice
record_client(const struct rules *rules, const struct record *rec)
{
    const struct client_rule *rule = &rules->pack->client;

    if (rule->from == CLIENT_FROM_NONE)
        return (struct slice){ NULL, 0 };
    if (rule->n_trusted_proxies > 0)
        return client_behind(rule, rec->client, rec->forwarded);
    return rec->client;
}

/* Half of all addresses are as long as the last one: they are told apart without a branch. */
static inline bool
is_last_client(const struct picker *p, struct slice client, int32_t day)
{
    uint32_t ours, last;

    if (client.n < sizeof ours || client.n > sizeof p->last_client.text)
        return client.n > 0 && client.n == p->last_client.n && day == p->last_client.day &&
               memcmp(client.p, p->last_client.text, client.n) == 0;
    memcpy(&ours, client.p + client.n - sizeof ours, sizeof ours);
    memcpy(&last, p->last_client.text + client.n - sizeof last, sizeof last);
    if (((ours ^ last) | (uint32_t)(client.n ^ p->last_client.n) |
         (uint32_t)(day ^ p->last_client.day)) != 0)
        return false;
    return memcmp(client.p, p->last_client.text, client.n) == 0;
}

/*
 * A client comes in bursts: a build fetches its crates one after another, a seismic request has a
 * record for each of its traces. So the last one's hash is kept (with its day, which chooses the
 * key).
 */
void
picker_client(struct picker *p, const struct record *rec, struct hit *hit)
{
    const struct client_rule *rule = &p->rules->pack->client;
    struct slice client = rec->client;

    if (unlikely(rule->n_trusted_proxies > 0 || rule->from == CLIENT_FROM_NONE))
        client = record_client(p->rules, rec);
    if (is_last_client(p, client, rec->day)) {
        hit->client = p->last_client.hash;
        hit->has_client = true;
        return;
    }
    assert(client.n <= LINE_BYTES_MAX);
    hit->has_client =
        client_hash_in(p->clients, p->dataset->clients, client, rec->day, p->scratch, &hit->client);
    if (hit->has_client && client.n <= sizeof p->last_client.text) {
        key_copy((uint8_t *)p->last_client.text, client.p, client.n);
        p->last_client.n = client.n;
        p->last_client.day = rec->day;
        p->last_client.hash = hit->client;
    }
}
