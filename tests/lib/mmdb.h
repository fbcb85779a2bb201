/*
 * Writes tiny files in MaxMind's DB format ("MaxMind DB File Format Specification", 2.0), for tests of who reads them.
 *
 *   tree: nodes of two 24-bit records, one bit of the address each; a record is the number of a node, that of nodes for
 *         "not there", or more: that plus 16 plus an offset into the data
 *   16 zero bytes, data, AB CD EF "MaxMind.com", metadata
 */
#ifndef TESTS_MMDB_H
#define TESTS_MMDB_H

#include "ingest/address.h"
#include "ingest/buf.h"

#define MMDB_NODES_MAX 4096
#define MMDB_NONE      UINT32_MAX
#define MMDB_DATA      UINT32_C(0x80000000) /* this bit: an offset into the data */

struct mmdb_tree {
    uint32_t   node[MMDB_NODES_MAX][2];
    uint32_t   n;
    struct buf data;
};

static inline void
mmdb_control(struct buf *b, unsigned type, size_t size)
{
    uint8_t c[2] = { (uint8_t)((type < 8 ? type << 5 : 0) | size), (uint8_t)(type - 7) };

    buf_add(b, c, type < 8 ? 1 : 2);
}

static inline void
mmdb_text(struct buf *b, const char *text)
{
    mmdb_control(b, 2, strlen(text));
    buf_text(b, text);
}

static inline void
mmdb_number(struct buf *b, unsigned type, unsigned value)
{
    mmdb_control(b, type, 2);
    buf_be16(b, (uint16_t)value);
}

static inline void
mmdb_start(struct mmdb_tree *t)
{
    *t = (struct mmdb_tree){ .n = 1, .node = { { MMDB_NONE, MMDB_NONE } } };
}

/* Data for a network: `path` is the keys to the text, separated by dots. IPv4 networks stand at ::/96, as MaxMind has them. */
static inline void
mmdb_put(struct mmdb_tree *t, const char *network, const char *path, const char *text)
{
    uint32_t at = 0, offset = (uint32_t)t->data.n;
    struct cidr net;
    char keys[64], *key, *rest = keys;

    if (!cidr_parse(slice_of(network), &net))
        abort();
    if (strchr(network, ':') == NULL)
        memset(net.address, 0, 12);
    snprintf(keys, sizeof keys, "%s", path);
    while ((key = strsep(&rest, ".")) != NULL) {
        mmdb_control(&t->data, 7, 1);
        mmdb_text(&t->data, key);
    }
    mmdb_text(&t->data, text);
    for (unsigned i = 0; i < net.bits; i++) {
        uint32_t *record = &t->node[at][net.address[i / 8] >> (7 - i % 8) & 1];

        if (i + 1 == net.bits) {
            *record = MMDB_DATA | offset;
            break;
        }
        if (*record == MMDB_NONE) {
            if (t->n == MMDB_NODES_MAX)
                abort();
            t->node[t->n][0] = t->node[t->n][1] = MMDB_NONE;
            *record = t->n++;
        }
        at = *record;
    }
}

static inline bool
mmdb_write(struct mmdb_tree *t, const char *path)
{
    FILE *f = fopen(path, "we");
    struct buf b = { 0 };
    bool ok;

    for (uint32_t i = 0; i < 2 * t->n; i++) {
        uint32_t r = t->node[i / 2][i % 2];
        uint8_t bytes[3];

        r = r == MMDB_NONE ? t->n : r & MMDB_DATA ? (r & ~MMDB_DATA) + t->n + 16 : r;
        bytes[0] = (uint8_t)(r >> 16);
        bytes[1] = (uint8_t)(r >> 8);
        bytes[2] = (uint8_t)r;
        buf_add(&b, bytes, sizeof bytes);
    }
    buf_add(&b, (char[16]){ 0 }, 16);
    buf_add(&b, t->data.p, t->data.n);
    buf_add(&b, "\xab\xcd\xefMaxMind.com", 14);
    mmdb_control(&b, 7, 9);
    mmdb_text(&b, "node_count");
    mmdb_control(&b, 6, 4);
    buf_be32(&b, t->n);
    mmdb_text(&b, "record_size");
    mmdb_number(&b, 5, 24);
    mmdb_text(&b, "ip_version");
    mmdb_number(&b, 5, 6);
    mmdb_text(&b, "binary_format_major_version");
    mmdb_number(&b, 5, 2);
    mmdb_text(&b, "binary_format_minor_version");
    mmdb_number(&b, 5, 0);
    mmdb_text(&b, "build_epoch");
    mmdb_control(&b, 9, 8);
    buf_be64(&b, 1700000000);
    mmdb_text(&b, "database_type");
    mmdb_text(&b, "Test-Country");
    mmdb_text(&b, "languages");
    mmdb_control(&b, 11, 0);
    mmdb_text(&b, "description");
    mmdb_control(&b, 7, 0);
    ok = f != NULL && !b.failed && fwrite(b.p, 1, b.n, f) == b.n;
    ok = f != NULL && fclose(f) == 0 && ok;
    buf_release(&b);
    buf_release(&t->data);
    return ok;
}

#endif
