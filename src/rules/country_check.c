/*
 * Is a MaxMind DB file whole? libmaxminddb trusts much of what it reads: in 1.7 a damaged number or
 * pointer makes it read beyond the file. So each file is gone through once before it is opened
 * ("MaxMind DB File Format Specification", 2.0).
 *
 *   search tree: nodes of two records of 24, 28 or 32 bits, each a node, nothing or a value
 *   16 bytes
 *   data section: values
 *   AB CD EF "MaxMind.com"
 *   metadata: one value, a map
 *
 * A value begins with a control byte: 3 bits of type, 5 of size; a pointer is an offset into the
 * section it stands in.
 */
#include "country_priv.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/slice.h"

static const char what[] = "cannot read the countries of addresses";

#define MARKER         "\xab\xcd\xefMaxMind.com"
#define MARKER_BYTES   (sizeof MARKER - 1)
#define METADATA_BYTES (128 * KIB) /* the marker lies in the last of them */
#define METADATA_STEPS 65536       /* values, those behind pointers counted each time */
#define GAP_BYTES      16
#define DEPTH_MAX      32 /* City and Enterprise files have 4 */

/* clang-format off */
enum type {
    POINTER = 1, TEXT, DOUBLE, BYTES, UINT16, UINT32, MAP,
    INT32, UINT64, UINT128, ARRAY, BOOLEAN = 14, FLOAT, /* with a byte of type of their own */
};
/* clang-format on */

/* A section whose values may point at each other. */
struct section {
    const uint8_t *p;
    size_t n;
    uint64_t steps; /* values that may still be looked at: a file that takes more is made to */
    uint8_t *seen; /* a bit for each byte: what begins there is good; NULL: nothing is remembered */
    const char *why; /* it is damaged */
    size_t at;       /* and where */
};

struct head {
    enum type type;
    size_t size;   /* of a pointer its target */
    size_t behind; /* the offset of what follows */
};

static bool
damaged(struct section *s, size_t at, const char *why)
{
    s->why = why;
    s->at = at;
    return false;
}

static size_t
big_endian(const uint8_t *p, size_t n)
{
    size_t v = 0;

    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

static bool
pointer_head(struct section *s, size_t at, struct head *h)
{
    static const size_t base[4] = { 0, 2048, 2048 + 524288, 0 };
    unsigned kind = s->p[at] >> 3 & 3, more = kind + 1;

    if (s->n - at - 1 < more)
        return damaged(s, at, "a pointer is cut off");
    h->size = base[kind] + big_endian(s->p + at + 1, more);
    if (kind < 3)
        h->size += (size_t)(s->p[at] & 7) << 8 * more;
    h->behind = at + 1 + more;
    return h->size < s->n || damaged(s, at, "a pointer leads nowhere");
}

/* Is this a size that values of the type have? */
static bool
size_fits(enum type type, size_t size)
{
    static const uint8_t most[] = {
        [UINT16] = 2, [UINT32] = 4, [INT32] = 4, [UINT64] = 8, [UINT128] = 16, [BOOLEAN] = 1
    };

    if (type == DOUBLE || type == FLOAT)
        return size == (type == DOUBLE ? 8 : 4);
    return type == TEXT || type == BYTES || type == MAP || type == ARRAY ||
           (type < ARRAY_LEN(most) && size <= most[type]);
}

static bool
head_at(struct section *s, size_t at, struct head *h)
{
    static const size_t base[3] = { 29, 285, 65821 };
    size_t begin = at, more;

    if (at >= s->n)
        return damaged(s, at, "a value is missing");
    h->type = s->p[at] >> 5;
    if (h->type == POINTER)
        return pointer_head(s, at, h);
    h->size = s->p[at++] & 31;
    if (h->type == 0) {
        if (at == s->n)
            return damaged(s, begin, "a value is cut off");
        h->type = 7 + s->p[at++];
    }
    more = h->size < 29 ? 0 : h->size - 28;
    if (s->n - at < more)
        return damaged(s, begin, "a value is cut off");
    if (more > 0)
        h->size = base[more - 1] + big_endian(s->p + at, more);
    at += more;
    if (!size_fits(h->type, h->size))
        return damaged(s, begin, "a value has no type, or none of this size");
    h->behind = at;
    if (h->type == MAP || h->type == ARRAY || h->type == BOOLEAN)
        return true;
    if (s->n - at < h->size)
        return damaged(s, begin, "a value is cut off");
    h->behind = at + h->size;
    return true;
}

static bool value_at(struct section *s, size_t at, unsigned depth, size_t *behind);

/* What is pointed to is gone through the first time. */
static bool
target_at(struct section *s, size_t at, unsigned depth)
{
    size_t behind;

    if (s->seen != NULL) {
        if (s->seen[at / 8] >> at % 8 & 1)
            return true;
        s->seen[at / 8] |= (uint8_t)(1 << at % 8);
    }
    return value_at(s, at, depth + 1, &behind);
}

/* A key is text, here or where it points. Into *behind where its value begins. */
static bool
key_at(struct section *s, size_t at, struct slice *key, size_t *behind)
{
    struct head h;

    if (!head_at(s, at, &h))
        return false;
    *behind = h.behind;
    if (h.type == POINTER && !head_at(s, h.size, &h))
        return false;
    if (h.type != TEXT)
        return damaged(s, at, "a key is no text");
    *key = (struct slice){ (const char *)s->p + h.behind - h.size, h.size };
    return true;
}

static bool
value_at(struct section *s, size_t at, unsigned depth, size_t *behind)
{
    struct head h, target;
    struct slice key;

    if (depth > DEPTH_MAX)
        return damaged(s, at, "values lie too deep in one another");
    if (s->steps-- == 0)
        return damaged(s, at, "values lie over one another");
    if (!head_at(s, at, &h))
        return false;
    *behind = h.behind;
    if (h.type == POINTER) {
        if (!head_at(s, h.size, &target))
            return false;
        if (target.type == POINTER)
            return damaged(s, at, "a pointer leads to another");
        return target_at(s, h.size, depth);
    }
    for (size_t i = 0; (h.type == MAP || h.type == ARRAY) && i < h.size; i++)
        if ((h.type == MAP && !key_at(s, *behind, &key, behind)) ||
            !value_at(s, *behind, depth + 1, behind))
            return false;
    return true;
}

/* An unsigned number of the metadata; 0: there is none. */
static size_t
number_of(struct section *s, const char *name)
{
    struct head map, value;
    struct slice key;
    size_t at;

    if (!head_at(s, 0, &map) || map.type != MAP)
        return 0;
    at = map.behind;
    for (size_t i = 0; i < map.size; i++) {
        if (!key_at(s, at, &key, &at) || !head_at(s, at, &value))
            return 0;
        if (slice_eq(key, slice_of(name))) {
            if (value.type == POINTER && !head_at(s, value.size, &value))
                return 0;
            return value.type == UINT16 || value.type == UINT32
                       ? big_endian(s->p + value.behind - value.size, value.size)
                       : 0;
        }
        if (!value_at(s, at, 0, &at))
            return 0;
    }
    return 0;
}

static size_t
record_of(const uint8_t *node, size_t bits, unsigned side)
{
    if (bits == 28)
        return side == 0 ? (size_t)(node[3] >> 4) << 24 | big_endian(node, 3)
                         : big_endian(node + 3, 4) & 0x0fffffff;
    return big_endian(node + side * bits / 8, bits / 8);
}

/* Every record is a node, "nothing", or leads to a value. `tree` is what the file begins with. */
static bool
check_records(const uint8_t *tree, size_t n_nodes, size_t bits, struct section *data,
              struct section *whole)
{
    for (size_t i = 0; i < 2 * n_nodes; i++) {
        size_t node = i / 2 * (bits / 4), record = record_of(tree + node, bits, i % 2);

        if (record <= n_nodes)
            continue;
        record -= n_nodes;
        if (record < GAP_BYTES || record - GAP_BYTES >= data->n)
            return damaged(whole, node, "the search tree leads nowhere");
        if (!target_at(data, record - GAP_BYTES, 0))
            return damaged(whole, (size_t)(data->p - tree) + data->at, data->why);
    }
    return true;
}

/* Where the metadata begin; 0: nowhere. */
static size_t
find_metadata(const uint8_t *p, size_t n)
{
    size_t from = n > METADATA_BYTES ? n - METADATA_BYTES : 0, found = 0;
    const uint8_t *at = p + from;

    while ((at = memmem(at, n - (size_t)(at - p), MARKER, MARKER_BYTES)) != NULL)
        found = (size_t)((at += MARKER_BYTES) - p);
    return found;
}

/* ST_OK, also where the file is damaged: whole->why; ST_MEMORY. */
static enum st
check_file(struct section *whole, struct err *err)
{
    size_t from = find_metadata(whole->p, whole->n), behind, n_nodes, bits, tree;
    struct section metadata = { whole->p + from, whole->n - from, METADATA_STEPS, NULL, NULL, 0 };
    struct section data = { 0 };

    if (from == 0) {
        damaged(whole, whole->n, "it has no metadata: it is another file, or cut short");
        return ST_OK;
    }
    if (!value_at(&metadata, 0, 0, &behind)) {
        damaged(whole, from + metadata.at, metadata.why);
        return ST_OK;
    }
    metadata.steps = METADATA_STEPS;
    n_nodes = number_of(&metadata, "node_count");
    metadata.steps = METADATA_STEPS;
    bits = number_of(&metadata, "record_size");
    tree = n_nodes * (bits / 4); /* of 32 bits and 16: no overflow */
    if (n_nodes == 0 || (bits != 24 && bits != 28 && bits != 32) || tree > UINT32_MAX ||
        tree + GAP_BYTES + MARKER_BYTES > from) {
        damaged(whole, from, "its search tree is larger than the file, or of no known kind");
        return ST_OK;
    }
    data.p = whole->p + tree + GAP_BYTES;
    data.n = from - MARKER_BYTES - tree - GAP_BYTES;
    data.steps = 16 * (uint64_t)data.n + METADATA_STEPS;
    data.seen = calloc(1, data.n / 8 + 1);
    if (data.seen == NULL)
        return err_memory(err, what);
    check_records(whole->p, n_nodes, bits, &data, whole);
    free(data.seen);
    return ST_OK;
}

static enum st
refuse(const char *cause, struct err *err)
{
    return err_fail(err, ST_USAGE, what, "%s", cause);
}

static enum st
check_open_file(int fd, struct err *err)
{
    struct section whole = { 0 };
    struct stat st;
    void *map;
    enum st rc;

    if (fstat(fd, &st) != 0)
        return refuse(strerror(errno), err);
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return refuse(S_ISREG(st.st_mode) ? "it is empty" : "it is no regular file", err);
    whole.n = (size_t)st.st_size;
    map = mmap(NULL, whole.n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return refuse(strerror(errno), err);
    whole.p = map;
    rc = check_file(&whole, err);
    munmap(map, whole.n);
    if (rc != ST_OK || whole.why == NULL)
        return rc;
    err_fail(err, ST_USAGE, what, "it is no MaxMind DB, or damaged: byte %zu: %s", whole.at,
             whole.why);
    err_hint(err, "fetch it again; what downloads it should check its sum");
    return ST_USAGE;
}

enum st
country_check(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum st rc;

    if (fd < 0)
        return refuse(strerror(errno), err);
    rc = check_open_file(fd, err);
    close(fd);
    return rc;
}
