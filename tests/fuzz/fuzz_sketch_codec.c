/*
 * A list of things done to a sketch (hashes added one by one or by the thousand, bytes of a stranger decoded, other sketches
 * united) and to a model of it that has nothing but a list of hashes and plain registers. After each step both must be
 * the same bytes, and those bytes must come back as they were.
 */
#include "ingest/sketch.h"

#include "fuzz_bytes.h"

struct model {
    uint64_t set[HLL_EXPLICIT_MAX + 1];
    size_t   n;
    bool     in_registers;
    unsigned reg[HLL_REGISTERS];
};

/* The storage specification's words: the low bits are the register, the value is the place of the lowest set bit above. */
static void
model_fold(struct model *m, uint64_t hash)
{
    unsigned index = (unsigned)(hash % HLL_REGISTERS), place = 1;
    uint64_t rest = hash / HLL_REGISTERS;

    if (rest == 0)
        return;
    for (; rest % 2 == 0; rest /= 2)
        place++;
    if (place > 31)
        place = 31;
    if (m->reg[index] < place)
        m->reg[index] = place;
}

static void
model_promote(struct model *m)
{
    if (!m->in_registers)
        for (size_t i = 0; i < m->n; i++)
            model_fold(m, m->set[i]);
    m->in_registers = true;
    m->n = 0;
}

static void
model_add(struct model *m, uint64_t hash)
{
    if (m->in_registers) {
        model_fold(m, hash);
        return;
    }
    for (size_t i = 0; i < m->n; i++)
        if (m->set[i] == hash)
            return;
    m->set[m->n++] = hash;
    if (m->n > HLL_EXPLICIT_MAX)
        model_promote(m);
}

static void
model_unite(struct model *m, const struct model *other)
{
    if (other->in_registers) {
        model_promote(m);
        for (size_t i = 0; i < HLL_REGISTERS; i++)
            m->reg[i] = m->reg[i] > other->reg[i] ? m->reg[i] : other->reg[i];
    }
    for (size_t i = 0; i < other->n; i++)
        model_add(m, other->set[i]);
}

static void
put_bits(uint8_t *out, size_t *at, unsigned value, unsigned bits)
{
    while (bits-- > 0) {
        out[*at / 8] = (uint8_t)(out[*at / 8] | (value >> bits & 1) << (7 - *at % 8));
        ++*at;
    }
}

static size_t
model_encode(struct model *m, uint8_t out[HLL_WIRE_MAX])
{
    size_t at = 24, n_set = 0;

    memset(out, 0, HLL_WIRE_MAX);
    memcpy(out, "\x11\x8b\x7f", 3);
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        n_set += m->reg[i] != 0;
    if (!m->in_registers && m->n > 0) {
        out[0] = 0x12;
        for (size_t i = 0; i < m->n; i++) { /* the smallest first */
            for (size_t j = i + 1; j < m->n; j++)
                if ((int64_t)m->set[j] < (int64_t)m->set[i]) {
                    uint64_t swap = m->set[i];

                    m->set[i] = m->set[j];
                    m->set[j] = swap;
                }
            put_bits(out, &at, (unsigned)(m->set[i] >> 32), 32);
            put_bits(out, &at, (unsigned)m->set[i], 32);
        }
    } else if (m->in_registers) {
        out[0] = n_set < 640 ? 0x13 : 0x14;
        for (unsigned i = 0; i < HLL_REGISTERS; i++) {
            if (out[0] == 0x13 && m->reg[i] == 0)
                continue;
            if (out[0] == 0x13)
                put_bits(out, &at, i, HLL_LOG2M);
            put_bits(out, &at, m->reg[i], HLL_REGWIDTH);
        }
    }
    return at / 8;
}

/* A stranger's bytes as the model reads them; only after hll_check took them. */
static void
model_decode(struct model *m, struct slice wire)
{
    static struct model other;
    struct bytes b = { (const uint8_t *)wire.p + 3, wire.n - 3 };

    other = (struct model){ .in_registers = wire.p[0] >= 0x13 };
    while (wire.p[0] == 0x12 && b.n > 0)
        model_add(&other, take_number(&b, 8));
    while (wire.p[0] == 0x13 && b.n > 0) {
        unsigned word = (unsigned)take_number(&b, 2);

        other.reg[word / 32] = word % 32;
    }
    for (size_t i = 0; wire.p[0] == 0x14 && i < HLL_REGISTERS; i++)
        for (size_t bit = i * 5; bit < i * 5 + 5; bit++)
            other.reg[i] = other.reg[i] * 2 + (b.p[bit / 8] >> (7 - bit % 8) & 1);
    model_unite(m, &other);
}

static uint64_t
scattered(uint64_t i)
{
    i = (i ^ i >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    i = (i ^ i >> 27) * UINT64_C(0x94d049bb133111eb);
    return i ^ i >> 31;
}

static void
hold_equal(const struct hll *h, struct model *m)
{
    uint8_t mine[HLL_WIRE_MAX], theirs[HLL_WIRE_MAX], again[HLL_WIRE_MAX];
    size_t n = hll_encode(hll_view(h), mine);
    struct hll back = { 0 };
    struct err err = { 0 };

    MUST(n == model_encode(m, theirs) && memcmp(mine, theirs, n) == 0);
    MUST(hll_check((struct slice){ (char *)mine, n }, &err) == ST_OK);
    MUST(hll_decode(&back, (struct slice){ (char *)mine, n }, &err) == ST_OK);
    MUST(hll_encode(hll_view(&back), again) == n && memcmp(mine, again, n) == 0);
}

static void
step(struct hll *h, struct model *m, struct bytes *b)
{
    uint8_t what = take_byte(b);
    struct err err = { 0 };
    struct slice wire;
    struct hll before;
    enum st rc;

    switch (what % 4) {
    case 0: { /* few, of any shape */
        for (unsigned i = 0; i <= what / 64; i++) {
            uint64_t hash = take_number(b, 8);

            hll_add(h, hash);
            model_add(m, hash);
        }
        return;
    }
    case 1: { /* many, through the sort and the view of a set that may be too large for one */
        uint64_t many[1020], from = take_number(b, 2);
        size_t n = (size_t)(what / 4 + 1) * 16;

        for (size_t i = 0; i < n && i < ARRAY_LEN(many); i++)
            many[i] = scattered(from + i / 2);
        n = n < ARRAY_LEN(many) ? n : ARRAY_LEN(many);
        for (size_t i = 0; i < n; i++)
            model_add(m, many[i]);
        hll_unite(h, (struct hll_view){ .set = many, .n = hll_sort(many, n) });
        return;
    }
    case 2: /* a stranger's */
        wire = take_slice(b, (size_t)take_number(b, 2) % (HLL_WIRE_MAX + 2));
        before = *h;
        rc = hll_check(wire, &err);
        MUST(rc == ST_OK || (rc == ST_CORRUPT && err.cause[0] != '\0'));
        MUST(hll_decode(h, wire, &err) == rc);
        if (rc == ST_OK)
            model_decode(m, wire);
        else
            MUST(memcmp(&before, h, sizeof before) == 0);
        return;
    default: /* itself, and nothing */
        before = *h;
        hll_unite(h, hll_view(&before));
        hll_unite(h, (struct hll_view){ 0 });
        return;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model two[2];
    struct bytes b = { data, size };
    struct hll h[2] = { { .n = 0 }, { .n = 0 } };
    double count;

    memset(two, 0, sizeof two);
    for (unsigned steps = 0; b.n > 0 && steps < 64; steps++) {
        unsigned which = b.p[0] / 8 % 2;

        step(&h[which], &two[which], &b);
        hold_equal(&h[which], &two[which]);
    }
    hll_unite(&h[0], hll_view(&h[1]));
    model_unite(&two[0], &two[1]);
    hold_equal(&h[0], &two[0]);
    count = hll_cardinality(&h[0]);
    MUST(count >= 0 || count != count); /* NaN: saturated */
    return 0;
}
