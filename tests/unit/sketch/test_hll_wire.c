/*
 * Byte for byte what the server writes, and nothing else is read.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "vectors.h"

#define OWN    TESTS_DIR "/vectors/"
#define SHARED SHARED_DIR "/vectors/"

static struct cases cases;

static struct slice
encoded(const struct hll *h, uint8_t out[HLL_WIRE_MAX])
{
    size_t n = hll_encode(hll_view(h), out);

    return (struct slice){ (const char *)out, n };
}

static void
assert_wire(const char *name, const struct hll *h, const char *hex)
{
    uint8_t got[HLL_WIRE_MAX], want[HLL_WIRE_MAX];
    struct slice s = encoded(h, got);

    if (s.n != csv_hex(hex, want, sizeof want) || memcmp(got, want, s.n) != 0)
        fail_msg("%s: %zu bytes %02x%02x%02x..., not %.40s...", name, s.n, got[0], got[1], got[2], hex);
}

static void
assert_double(const char *name, double got, const char *text)
{
    double want = strtod(text, NULL);

    if (got != want && !(got != got && want != want))
        fail_msg("%s: cardinality %.17g, not %s", name, got, text);
}

/* What was written reads back as the same sketch, into an empty one and into one that holds it already. */
static void
assert_reads_back(const char *name, const struct hll *h)
{
    uint8_t wire[HLL_WIRE_MAX], again[HLL_WIRE_MAX];
    struct slice s = encoded(h, wire);
    struct hll copy = { 0 };
    struct err err;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(hll_decode(&copy, s, &err), ST_OK);
        if (!slice_eq(s, encoded(&copy, again)))
            fail_msg("%s: changed by reading it %d times", name, i + 1);
    }
}

static void
walk_vectors(const char *path, size_t hex_field, size_t cardinality_field)
{
    struct csv csv;
    const struct hll *h;

    if (!csv_open(&csv, path))
        skip();
    cases.n = 0;
    while (csv_next(&csv)) {
        h = case_add(&cases, csv.fields[0], csv.fields[1]);
        assert_wire(csv.fields[0], h, csv.fields[hex_field]);
        assert_double(csv.fields[0], hll_cardinality(h), csv.fields[cardinality_field]);
        assert_reads_back(csv.fields[0], h);
    }
    assert_true(cases.n > 50);
    csv_close(&csv);
}

static void
own_vectors(void **state)
{
    (void)state;
    assert_int_equal(access(OWN "hll_11_5.csv", R_OK), 0);
    walk_vectors(OWN "hll_11_5.csv", 2, 3);
}

static void
shared_vectors(void **state)
{
    (void)state;
    walk_vectors(SHARED "hll_11_5.csv", 3, 4);
}

/* Every pair of cases, decoded, united in both orders: the same bytes. */
static void
unions_of_vectors_commute(void **state)
{
    struct csv csv;
    uint8_t a[HLL_WIRE_MAX], b[HLL_WIRE_MAX];

    (void)state;
    cases.n = 0;
    assert_true(csv_open(&csv, OWN "hll_11_5.csv"));
    while (csv_next(&csv))
        case_add(&cases, csv.fields[0], csv.fields[1]);
    csv_close(&csv);
    for (size_t i = 0; i < cases.n; i++)
        for (size_t j = 0; j <= i; j++) {
            struct hll xy = { 0 }, yx = { 0 };

            hll_unite(&xy, hll_view(&cases.sketches[i]));
            hll_unite(&xy, hll_view(&cases.sketches[j]));
            hll_unite(&yx, hll_view(&cases.sketches[j]));
            hll_unite(&yx, hll_view(&cases.sketches[i]));
            if (!slice_eq(encoded(&xy, a), encoded(&yx, b)))
                fail_msg("%s, %s: the order of uniting shows", cases.names[i], cases.names[j]);
        }
}

/* What nodes of EIDA send: python-hll is FULL from 513 registers; read, it becomes the server's form. */
static void
eida_vectors(void **state)
{
    struct csv csv;
    uint8_t wire[HLL_WIRE_MAX];
    size_t n_differ = 0;

    (void)state;
    if (!csv_open(&csv, SHARED "eida_11_5.csv"))
        skip();
    cases.n = 0;
    while (csv_next(&csv)) {
        const struct hll *h = case_add(&cases, csv.fields[0], csv.fields[1]);
        size_t n = csv_hex(csv.fields[3], wire, sizeof wire);
        struct hll read = { 0 };
        struct err err;

        assert_wire(csv.fields[0], h, csv.fields[4]);
        assert_double(csv.fields[0], hll_cardinality(h), csv.fields[6]);
        assert_int_equal(hll_decode(&read, (struct slice){ (char *)wire, n }, &err), ST_OK);
        assert_wire(csv.fields[0], &read, csv.fields[4]);
        n_differ += strcmp(csv.fields[7], "no") == 0;
    }
    assert_true(n_differ > 0);
    csv_close(&csv);
}

static void
other_parameters_are_refused(void **state)
{
    static const char *const files[] = { SHARED "hll_10_4.csv", SHARED "hll_14_5.csv" };
    static uint8_t wire[16 * 1024];
    struct hll into = { 0 };
    struct csv csv;
    struct err err;

    (void)state;
    if (access(files[0], R_OK) != 0)
        skip();
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        assert_true(csv_open(&csv, files[i]));
        while (csv_next(&csv)) {
            struct slice s = { (char *)wire, csv_hex(csv.fields[3], wire, sizeof wire) };

            assert_int_equal(hll_decode(&into, s, &err), ST_CORRUPT);
            assert_int_equal(into.n, 0);
        }
        csv_close(&csv);
    }
}

struct defect {
    const char *worry, *hex, *cause; /* `cause`: a part of it; NULL: it is good */
    size_t      zeros;               /* bytes of 0 behind the hex */
};

static const struct defect defects[] = {
    { "nothing", "", "0 bytes", 0 },
    { "header_cut", "118b", "2 bytes", 0 },
    { "version_0", "018b7f", "version 0", 0 },
    { "version_2", "218b7f", "version 2", 0 },
    { "ascii", "68656c6c6f2121", "version 6", 0 },
    { "undefined", "108b7f", "type 0", 0 },
    { "type_5", "158b7f", "type 5", 0 },
    { "type_15", "1f8b7f", "type 15", 0 },
    { "regwidth_6", "11ab7f", "6 bits", 0 },
    { "log2m_14", "118e7f", "2^14", 0 },
    { "regwidth_8_log2m_20", "12f47f0000000000000000", "8 bits", 0 },
    { "expthresh_64", "118b47", "0x47", 0 },
    { "sparse_off", "118b3f", "0x3f", 0 },
    { "header_padding", "118bff", "0xff", 0 },
    { "empty", "118b7f", NULL, 0 },
    { "empty_with_more", "118b7f00", "1 bytes more", 0 },
    { "explicit_none", "128b7f", "0 hashes", 0 },
    { "explicit_7_bytes", "128b7f00000000000000", "7 bytes", 0 },
    { "explicit_9_bytes", "128b7f000000000000000000", "9 bytes", 0 },
    { "explicit_one", "128b7f0000000000000001", NULL, 0 },
    { "explicit_signed_order", "128b7f8000000000000000ffffffffffffffff00000000000000007fffffffffffffff", NULL, 0 },
    { "explicit_unsigned_order", "128b7f0000000000000001ffffffffffffffff", "place 1", 0 },
    { "explicit_descending", "128b7f00000000000000020000000000000001", "place 1", 0 },
    { "explicit_repeated", "128b7f000000000000000100000000000000020000000000000002", "place 2", 0 },
    { "explicit_161", "128b7f", "161 hashes", 161 * 8 },
    { "sparse_none", "138b7f", NULL, 0 },
    { "sparse_two", "138b7f0021ffff", NULL, 0 },
    { "sparse_odd", "138b7f002100", "3 bytes", 0 },
    { "sparse_one_byte", "138b7f21", "1 bytes", 0 },
    { "sparse_out_of_order", "138b7f00410021", "register 1", 0 },
    { "sparse_repeated", "138b7f00210022", "register 1", 0 },
    { "sparse_zero_value", "138b7f00210040", "register 2", 0 },
    { "sparse_640", "138b7f", "640 registers", 1280 },
    { "full_all_zero", "148b7f", NULL, 1280 },
    { "full_short", "148b7f", "1279 bytes", 1279 },
    { "full_long", "148b7f", "1281 bytes", 1281 },
    { "full_no_payload", "148b7f", "0 bytes", 0 },
};

/* The bytes stand in a block of their exact size, so that a read past the end is seen by the sanitizer. */
static enum st
decode_exact(struct hll *into, const uint8_t *bytes, size_t n, struct err *err)
{
    char *exact = malloc(n + (n == 0));
    enum st rc;

    assert_non_null(exact);
    if (n > 0)
        memcpy(exact, bytes, n);
    rc = hll_decode(into, (struct slice){ exact, n }, err);
    free(exact);
    return rc;
}

static void
every_defect_is_named(void **state)
{
    static uint8_t wire[4096], before[HLL_WIRE_MAX], after[HLL_WIRE_MAX];
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(defects); i++) {
        const struct defect *d = &defects[i];
        size_t n = csv_hex(d->hex, wire, sizeof wire);
        struct hll into = { 0 };

        memset(wire + n, 0, d->zeros);
        hll_add(&into, 42);
        hll_add(&into, 43);
        encoded(&into, before);
        err = (struct err){ 0 };

        enum st rc = decode_exact(&into, wire, n + d->zeros, &err);

        if (rc != (d->cause == NULL ? ST_OK : ST_CORRUPT))
            fail_msg("%s: %s", d->worry, rc == ST_OK ? "was read" : err.cause);
        if (d->cause != NULL) {
            if (strstr(err.cause, d->cause) == NULL)
                fail_msg("%s: \"%s\" does not say \"%s\"", d->worry, err.cause, d->cause);
            assert_true(slice_eq((struct slice){ (char *)before, 19 }, encoded(&into, after)));
        }
    }
}

static void
random_bytes_do_no_harm(void **state)
{
    uint8_t wire[HLL_WIRE_MAX + 8];
    uint64_t x = 88172645463325252u;
    struct err err;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct hll into = { 0 };
        size_t n = (size_t)round % (sizeof wire + 1);

        for (size_t i = 0; i < n; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            wire[i] = (uint8_t)(x >> 32);
        }
        if (n >= 3 && round % 4 != 0) {
            wire[0] = (uint8_t)(0x10 | (round % 5));
            wire[1] = 0x8b;
            wire[2] = 0x7f;
        }
        if (decode_exact(&into, wire, n, &err) == ST_OK)
            assert_true(hll_encode(hll_view(&into), wire) <= HLL_WIRE_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_vectors),
        cmocka_unit_test(shared_vectors),
        cmocka_unit_test(unions_of_vectors_commute),
        cmocka_unit_test(eida_vectors),
        cmocka_unit_test(other_parameters_are_refused),
        cmocka_unit_test(every_defect_is_named),
        cmocka_unit_test(random_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
