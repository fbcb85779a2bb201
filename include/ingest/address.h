/*
 * IP addresses from text. Strict: what is not exactly an address is none, and stays the text it is.
 */
#ifndef INGEST_ADDRESS_H
#define INGEST_ADDRESS_H

#include "ingest/base.h"
#include "ingest/slice.h"

bool address_ipv4(struct slice s, uint8_t out[4]);  /* four decimal numbers without leading zeros */
bool address_ipv6(struct slice s, uint8_t out[16]); /* RFC 4291, 2.2; no zone, brackets, port */

/* Either, as 16 bytes: IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
bool address_any(struct slice s, uint8_t out[16]);

/* A network: all addresses whose first `bits` bits are those of `address` (RFC 4632, RFC 4291 2.3). */
struct cidr {
    uint8_t address[16]; /* as address_any gives it; the bits behind are 0 */
    uint8_t bits;        /* 0..128; of an IPv4 network 96 more than written */
};

/* "192.0.2.0/24", "2001:db8::/32", or one address. False: malformed, or bits are set behind the prefix. */
bool cidr_parse(struct slice s, struct cidr *out);
bool cidr_has(const struct cidr *net, const uint8_t address[16]);
/* As cidr_parse takes it; `out` holds at least CIDR_TEXT bytes. */
#define CIDR_TEXT 52
void cidr_format(const struct cidr *net, char out[CIDR_TEXT]);

#endif
