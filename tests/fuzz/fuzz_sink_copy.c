/*
 * Rows as COPY BINARY has them, read back by a decoder that knows the format from the manual alone: every field must be what
 * went in, of every dataset and with any of its columns left out.
 */
#include "ingest/clock.h"
#include "ingest/sketch.h"
#include "sink_priv.h"

#include "fuzz_bytes.h"

#define ROWS_MAX 16
#define DAY_2000 10957

struct text {
    char   p[256];
    size_t n;
    bool   null;
};

/* A row as it was meant. */
struct meant {
    struct text texts[KEY_COLS_MAX];
    int32_t     days[KEY_COLS_MAX];
    uint8_t     uuids[KEY_COLS_MAX][16];
    int64_t     ints[KEY_COLS_MAX], sums[SUMS_MAX];
    uint8_t     key[KEY_BYTES_MAX], sketch[HLL_WIRE_MAX];
    size_t      n_key, n_sketch; /* the latter 0: none is given */
};

static void
make_text(struct text *t, struct bytes *b)
{
    struct slice s = take_slice(b, take_byte(b) % (KEY_BYTES_MAX / KEY_COLS_MAX - 20));

    *t = (struct text){ .null = s.n % 7 == 3 };
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\0')
            t->p[t->n++] = s.p[i];
}

static void
make_row(struct meant *m, const struct dataset *d, struct bytes *b)
{
    uint8_t *at = m->key;
    struct hll h = { .n = 0 };
    uint64_t spread;

    for (size_t i = 0; i < d->n_keys; i++) {
        switch (d->keys[i].kind) {
        case COLUMN_TEXT:
            make_text(&m->texts[i], b);
            at = key_put_text(at, (struct slice){ m->texts[i].null ? NULL : m->texts[i].p, m->texts[i].n });
            break;
        case COLUMN_DAY:
            m->days[i] = (int32_t)(take_number(b, 3) % (DAY_MAX + 1));
            at = key_put_day(at, m->days[i]);
            break;
        case COLUMN_UUID:
            for (size_t k = 0; k < 16; k++)
                m->uuids[i][k] = take_byte(b);
            at = key_put_uuid(at, m->uuids[i]);
            break;
        case COLUMN_INT:
            m->ints[i] = (int64_t)take_number(b, 8);
            at = key_put_int(at, m->ints[i]);
            break;
        }
    }
    m->n_key = (size_t)(at - m->key);
    for (size_t i = 0; i < d->n_sums; i++)
        m->sums[i] = (int64_t)take_number(b, 8);
    /* Up to 765 hashes: every form. Times one they have no value, and the registers stay zero. */
    spread = take_byte(b) % 4 == 0 ? 1 : UINT64_C(0x9e3779b97f4a7c15);
    for (uint64_t n = take_byte(b) * UINT64_C(3); n > 0; n--)
        hll_add(&h, n * spread);
    m->n_sketch = take_byte(b) % 8 == 0 ? 0 : hll_encode(hll_view(&h), m->sketch);
}

/* A field's length, and its bytes in *out. */
static int32_t
field(struct bytes *in, struct slice *out)
{
    int32_t n = (int32_t)take_number(in, 4);

    MUST(n >= -1 && (n < 0 || (size_t)n <= in->n));
    *out = take_slice(in, n < 0 ? 0 : (size_t)n);
    return n;
}

static int64_t
number(struct bytes *in, size_t n_bytes)
{
    struct slice s;

    MUST(field(in, &s) == (int32_t)n_bytes);
    return (int64_t)take_number(&(struct bytes){ (const uint8_t *)s.p, s.n }, n_bytes);
}

static void
read_row(struct bytes *in, const struct meant *m, const struct target *t)
{
    const struct dataset *d = t->dataset;
    size_t n = take_number(in, 2), n_read = d->n_keys;
    struct slice s;

    if (d->has_node) {
        MUST((int32_t)number(in, 4) == t->node_id);
        n_read++;
    }
    for (size_t i = 0; i < d->n_keys; i++) {
        if (d->keys[i].kind == COLUMN_DAY) {
            int64_t day = number(in, d->keys[i].as_epoch ? 8 : 4);

            MUST(d->keys[i].as_epoch ? day == (int64_t)m->days[i] * 86400 : (int32_t)day == m->days[i] - DAY_2000);
        } else if (d->keys[i].kind == COLUMN_INT) {
            MUST(number(in, 8) == m->ints[i]);
        } else if (d->keys[i].kind == COLUMN_UUID) {
            MUST(field(in, &s) == 16 && memcmp(s.p, m->uuids[i], 16) == 0);
        } else {
            MUST((field(in, &s) < 0) == m->texts[i].null);
            MUST(m->texts[i].null || slice_eq(s, (struct slice){ m->texts[i].p, m->texts[i].n }));
        }
    }
    for (size_t i = 0; i < d->n_sums; i++)
        if (t->has_sum[i]) {
            MUST(number(in, 8) == m->sums[i]);
            n_read++;
        }
    if (t->has_sketch) {
        field(in, &s);
        MUST(m->n_sketch > 0 ? slice_eq(s, (struct slice){ (const char *)m->sketch, m->n_sketch })
                             : slice_is(s, "\x11\x8b\x7f"));
        n_read++;
    }
    MUST(n == n_read);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct meant rows[ROWS_MAX];
    struct bytes b = { data, size }, in;
    struct target t = { .has_sketch = take_byte(&b) % 4 != 0, .node_id = (int32_t)take_number(&b, 4) };
    size_t n_datasets = 0, n = 0;
    struct buf out = { 0 };
    struct slice head;
    uint8_t sums = take_byte(&b);

    while (datasets[n_datasets] != NULL)
        n_datasets++;
    t.dataset = datasets[take_byte(&b) % n_datasets];
    for (size_t i = 0; i < SUMS_MAX; i++)
        t.has_sum[i] = sums >> i & 1;
    copy_encode_header(&out);
    for (; b.n > 0 && n < ROWS_MAX; n++) {
        struct row row = { 0 };

        make_row(&rows[n], t.dataset, &b);
        row.key = (struct slice){ (const char *)rows[n].key, rows[n].n_key };
        memcpy(row.sums, rows[n].sums, sizeof row.sums);
        row.sketch = (struct slice){ rows[n].n_sketch == 0 ? NULL : (const char *)rows[n].sketch, rows[n].n_sketch };
        copy_encode_row(&out, &t, &row);
    }
    copy_encode_trailer(&out);
    MUST(!out.failed);
    in = (struct bytes){ (const uint8_t *)out.p, out.n };
    head = take_slice(&in, 11);
    MUST(slice_is(head, "PGCOPY\n\xff\r\n\0") && take_number(&in, 8) == 0);
    for (size_t i = 0; i < n; i++)
        read_row(&in, &rows[i], &t);
    MUST(take_number(&in, 2) == UINT16_MAX && in.n == 0);
    buf_release(&out);
    return 0;
}
