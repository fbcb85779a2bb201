/*
 * A sketch as bytes, exactly as postgresql-hll writes them (HLL storage specification 1.0.0).
 *
 *   byte 0    version 1 (high nibble), type (low nibble): 1 EMPTY, 2 EXPLICIT, 3 SPARSE, 4 FULL
 *   byte 1    regwidth - 1 (3 bits), log2m (5 bits)
 *   byte 2    0, sparseon (1 bit), explicit cutoff (6 bits: 63 is "auto")
 *   EXPLICIT  the hashes, 8 bytes each, big-endian, ascending as signed numbers
 *   SPARSE    for each register that is not zero: index (11 bits), value (5 bits); ascending
 *   FULL      all registers, 5 bits each
 */
#include "hll_priv.h"

enum { UNDEFINED, EMPTY, EXPLICIT, SPARSE, FULL };

#define HEADER_BYTES 3
#define PARAMETERS   ((HLL_REGWIDTH - 1) << 5 | HLL_LOG2M)
#define CUTOFF       0x7f /* sparseon, auto */
#define FULL_BYTES   (HLL_REGISTERS * HLL_REGWIDTH / 8)
#define SPARSE_MAX   (FULL_BYTES / 2 - 1) /* words; as many bytes as FULL would be: FULL */

static_assert(HLL_LOG2M + HLL_REGWIDTH == 16, "a word of SPARSE is two bytes");
static_assert(HEADER_BYTES + FULL_BYTES == HLL_WIRE_MAX, "FULL is the longest form");
static_assert(HEADER_BYTES + HLL_EXPLICIT_MAX * 8 == HLL_WIRE_MAX, "with the fullest EXPLICIT");

static uint64_t
load64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static void
store64(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, sizeof v);
}

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "store64 swaps");

/* ---- writing ---- */

static size_t
encode_explicit(const uint64_t *set, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        store64(out + i * sizeof *set, set[i]);
    return n * sizeof *set;
}

static size_t
encode_sparse(const uint8_t *registers, uint8_t *out)
{
    uint8_t *p = out;

    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        if (registers[i] != 0) {
            unsigned word = i << HLL_REGWIDTH | registers[i];

            *p++ = (uint8_t)(word >> 8);
            *p++ = (uint8_t)word;
        }
    return (size_t)(p - out);
}

/* Eight registers are five bytes. */
static size_t
encode_full(const uint8_t *registers, uint8_t *out)
{
    for (size_t i = 0; i < HLL_REGISTERS; i += 8, out += 5) {
        uint64_t bits = 0;

        for (size_t j = 0; j < 8; j++)
            bits = bits << HLL_REGWIDTH | registers[i + j];
        for (int j = 0; j < 5; j++)
            out[j] = (uint8_t)(bits >> (32 - 8 * j));
    }
    return FULL_BYTES;
}

size_t
hll_encode(struct hll_view view, uint8_t out[HLL_WIRE_MAX])
{
    uint8_t *payload = out + HEADER_BYTES;
    unsigned type = EMPTY;
    struct hll h;
    size_t n = 0;

    if (view.registers == NULL && view.n > HLL_EXPLICIT_MAX) {
        hll_clear(&h);
        hll_unite(&h, view);
        view = hll_view(&h);
    }
    if (view.registers == NULL) {
        if (view.n > 0) {
            type = EXPLICIT;
            n = encode_explicit(view.set, view.n, payload);
        }
    } else if (HLL_REGISTERS - count_zero(view.registers) <= SPARSE_MAX) {
        type = SPARSE;
        n = encode_sparse(view.registers, payload);
    } else {
        type = FULL;
        n = encode_full(view.registers, payload);
    }
    out[0] = (uint8_t)(1 << 4 | type);
    out[1] = PARAMETERS;
    out[2] = CUTOFF;
    return HEADER_BYTES + n;
}

/* ---- reading ---- */

#define defect(err, ...) err_fail((err), ST_CORRUPT, "cannot read a sketch", __VA_ARGS__)

static enum st
check_header(struct slice wire, struct err *err)
{
    const uint8_t *p = (const uint8_t *)wire.p;

    if (wire.n < HEADER_BYTES)
        return defect(err, "it has %u bytes, its header alone has 3", (unsigned)wire.n);
    if (p[0] >> 4 != 1)
        return defect(err, "unknown schema version %u", p[0] >> 4);
    if ((p[0] & 15) == UNDEFINED || (p[0] & 15) > FULL)
        return defect(err, "type %u is not one that has a count", p[0] & 15);
    if (p[1] >> 5 != HLL_REGWIDTH - 1)
        return defect(err, "registers of %u bits, not 5", (p[1] >> 5) + 1u);
    if ((p[1] & 31) != HLL_LOG2M)
        return defect(err, "2^%u registers, not 2^11", p[1] & 31);
    if (p[2] != CUTOFF)
        return defect(err, "explicit threshold and sparse mode are 0x%02x, not 0x7f", p[2]);
    return ST_OK;
}

static enum st
check_explicit(const uint8_t *p, size_t n_bytes, struct err *err)
{
    size_t n = n_bytes / 8;

    if (n_bytes % 8 != 0)
        return defect(err, "an explicit set of %u bytes, not a multiple of 8", (unsigned)n_bytes);
    if (n == 0 || n > HLL_EXPLICIT_MAX)
        return defect(err, "an explicit set of %u hashes, not 1 to 160", (unsigned)n);
    for (size_t i = 1; i < n; i++)
        if ((int64_t)load64(p + 8 * (i - 1)) >= (int64_t)load64(p + 8 * i))
            return defect(err, "the hash at place %u is not above the one before it", (unsigned)i);
    return ST_OK;
}

static enum st
check_sparse(const uint8_t *p, size_t n_bytes, struct err *err)
{
    int last = -1;

    if (n_bytes % 2 != 0)
        return defect(err, "a sparse sketch of %u bytes, with a byte too many", (unsigned)n_bytes);
    if (n_bytes / 2 > SPARSE_MAX)
        return defect(err, "a sparse sketch of %u registers, over 639", (unsigned)n_bytes / 2);
    for (size_t i = 0; i < n_bytes; i += 2) {
        int index = (p[i] << 8 | p[i + 1]) >> HLL_REGWIDTH;

        if (index <= last)
            return defect(err, "register %u is out of order or repeated", (unsigned)index);
        if ((p[i + 1] & REGISTER_MAX) == 0)
            return defect(err, "register %u is zero in a sparse sketch", (unsigned)index);
        last = index;
    }
    return ST_OK;
}

static void
fold_sparse(uint8_t *registers, const uint8_t *p, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i += 2) {
        uint8_t *reg = &registers[(p[i] << 8 | p[i + 1]) >> HLL_REGWIDTH];
        uint8_t value = p[i + 1] & REGISTER_MAX;

        *reg = *reg > value ? *reg : value;
    }
}

static void
fold_full(uint8_t *registers, const uint8_t *p)
{
    uint8_t wide[HLL_REGISTERS];

    for (size_t i = 0; i < HLL_REGISTERS; i += 8, p += 5) {
        uint64_t bits = 0;

        for (size_t j = 0; j < 5; j++)
            bits = bits << 8 | p[j];
        for (size_t j = 0; j < 8; j++)
            wide[i + j] = bits >> (35 - HLL_REGWIDTH * j) & REGISTER_MAX;
    }
    fold_registers(registers, wide);
}

enum st
hll_check(struct slice wire, struct err *err)
{
    enum st rc = check_header(wire, err);

    if (rc != ST_OK)
        return rc;

    const uint8_t *p = (const uint8_t *)wire.p + HEADER_BYTES;
    size_t n_bytes = wire.n - HEADER_BYTES;

    switch (wire.p[0] & 15) {
    case EMPTY:
        return n_bytes == 0 ? ST_OK
                            : defect(err, "an empty sketch with %u bytes more", (unsigned)n_bytes);
    case EXPLICIT:
        return check_explicit(p, n_bytes, err);
    case SPARSE:
        return check_sparse(p, n_bytes, err);
    default:
        return n_bytes == FULL_BYTES
                   ? ST_OK
                   : defect(err, "a full sketch of %u bytes, not 1280", (unsigned)n_bytes);
    }
}

enum st
hll_decode(struct hll *into, struct slice wire, struct err *err)
{
    enum st rc = hll_check(wire, err);

    if (rc != ST_OK)
        return rc;

    const uint8_t *p = (const uint8_t *)wire.p + HEADER_BYTES;
    size_t n_bytes = wire.n - HEADER_BYTES;
    uint64_t set[HLL_EXPLICIT_MAX];

    switch (wire.p[0] & 15) {
    case EXPLICIT:
        for (size_t i = 0; i < n_bytes / 8; i++)
            set[i] = load64(p + 8 * i);
        hll_unite(into, (struct hll_view){ .set = set, .n = n_bytes / 8 });
        break;
    case SPARSE:
        hll_promote(into);
        fold_sparse(into->u.registers, p, n_bytes);
        break;
    case FULL:
        hll_promote(into);
        fold_full(into->u.registers, p);
        break;
    }
    return ST_OK;
}
