/*
 * What holds for every dataset: descriptions that other rooms can rely on, keys that sort as their
 * columns do.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

static void
names_find_their_dataset(void **state)
{
    (void)state;
    assert_ptr_equal(dataset_by_name("stats"), &dataset_stats);
    assert_ptr_equal(dataset_by_name("dataselect_stats"), &dataset_dataselect_stats);
    assert_null(dataset_by_name("stat"));
    assert_null(dataset_by_name(""));
    for (size_t i = 0; datasets[i] != NULL; i++)
        assert_ptr_equal(dataset_by_name(datasets[i]->name), datasets[i]);
}

static size_t
n_statements(const char *const *list)
{
    size_t n = 0;

    for (; list != NULL && list[n] != NULL; n++) {
        const char *text = list[n];

        for (; text[0] == '{'; text = strchr(text, '}') + 1) { /* conditions */
            const char *end = strchr(text, '}'), *dot = strchr(text, '.');

            assert_true(slice_starts(slice_of(text), SLICE("{has:")) ||
                        slice_starts(slice_of(text), SLICE("{no:")));
            assert_true(end != NULL && dot != NULL && dot < end);
        }
        assert_true(text[0] != '\0');
        assert_null(strstr(text, "{has:"));
    }
    return n;
}

static bool
is_right(const char *name)
{
    return strcmp(name, "SELECT") == 0 || strcmp(name, "INSERT") == 0 ||
           strcmp(name, "UPDATE") == 0 || strcmp(name, "DELETE") == 0;
}

/* What a dataset says beside its columns. */
static void
assert_extras(const struct dataset *d)
{
    assert_true(n_statements(d->before) + n_statements(d->after) + n_statements(d->instead) <= 32);
    for (const struct table_right *r = d->rights; r != NULL && r->table != NULL; r++)
        assert_true(is_right(r->right));
    assert_false(d->keeps_latest && d->signed_sums);
    assert_true(d->instead == NULL || (d->uniques == NULL && d->rights != NULL));
    assert_int_equal(d->variant != NULL, d->variant_column != NULL);
    if (d->variant != NULL) {
        assert_string_equal(d->variant->name, d->name);
        assert_string_equal(d->variant->table, d->table);
        assert_true(d->variant->has_node == d->has_node &&
                    d->variant->has_ecosystem == d->has_ecosystem &&
                    d->variant->catalog == d->catalog);
    }
    assert_int_equal(d->catalog != CATALOG_NONE, d->entry_key != NULL);
}

static void
descriptions_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; datasets[i] != NULL; i++) {
        const struct dataset *d = datasets[i];
        size_t n_days = 0;

        assert_true(d->name[0] != '\0' && d->table[0] != '\0' && d->about[0] != '\0' &&
                    d->migrations[0] != '\0');
        assert_true(d->n_keys > 0 && d->n_keys <= KEY_COLS_MAX && d->n_sums > 0 &&
                    d->n_sums <= SUMS_MAX);
        for (size_t k = 0; k < KEY_COLS_MAX; k++) {
            assert_int_equal(d->keys[k].name != NULL, k < d->n_keys);
            assert_int_equal(d->keys[k].chars_max > 0,
                             k < d->n_keys && d->keys[k].kind == COLUMN_TEXT);
            n_days += k < d->n_keys && d->keys[k].kind == COLUMN_DAY;
            assert_true(!d->keys[k].as_epoch || d->keys[k].kind == COLUMN_DAY);
        }
        for (size_t k = 0; k < SUMS_MAX; k++)
            assert_int_equal(d->sums[k] != NULL, k < d->n_sums);
        assert_int_equal(n_days, d->instead == NULL); /* which its table is looked through by */
        assert_extras(d);
        assert_int_equal(d->group != NULL, d->total != NULL);
        assert_non_null(d->pick);
    }
}

/* ---- keys ---- */

static void
keys_are_checked(void **state)
{
    static const struct {
        const char *name, *version;
        size_t      repeat; /* of the name */
        enum reason want;
    } cases[] = {
        { "a", "1", 1, KEEP },
        { "a", NULL, 1, KEEP },
        { "a", "1", 512, KEEP },
        { "a", "1", 513, REJECT_KEY_TOO_LONG },
        { "\xc3\xa9", "1", 512, KEEP },                /* letters are counted, not bytes */
        { "\xc3\xa9", "1", 513, REJECT_KEY_TOO_LONG },
        { "\xe2\x82\xac", "1", 397, KEEP },            /* 1191 + 1 + 8 bytes: just KEY_BYTES_MAX */
        { "\xe2\x82\xac", "12", 397, REJECT_KEY_TOO_LONG },
        { "\xe2\x82\xac", "1", 398, REJECT_KEY_TOO_LONG },
        { "\xff", "1", 1, REJECT_ENCODING },
        { "\xff", "1", 600, REJECT_ENCODING },         /* the first test that decides */
        { "a", "\xc3", 1, REJECT_ENCODING },
        { "a", "\xed\xa0\x80", 513, REJECT_ENCODING },
        { "\xc0\x80", "1", 1, REJECT_ENCODING },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t unit = strlen(cases[i].name), n = unit * cases[i].repeat;
        char *name = malloc(n);
        struct slice texts[2] = { { name, n }, { NULL, 0 } };

        assert_non_null(name);
        for (size_t k = 0; k < n; k++)
            name[k] = cases[i].name[k % unit];
        if (cases[i].version != NULL)
            texts[1] = slice_of(cases[i].version);
        if (key_check(&dataset_stats, texts) != cases[i].want)
            fail_msg("case %zu: %s", i, reason_name(key_check(&dataset_stats, texts)));
        free(name);
    }
}

static void
nul_in_a_key(void **state)
{
    struct slice texts[2] = { SLICE("a\0b"), { NULL, 0 } };

    (void)state;
    assert_int_equal(key_check(&dataset_stats, texts), REJECT_ENCODING);
}

struct plain_key {
    char    name[8];
    bool    has_version;
    char    version[8];
    int32_t day;
};

static int
sign(int v)
{
    return (v > 0) - (v < 0);
}

/* Columns as the database orders them with "C" collation and NULLS FIRST. strcmp compares bytes as
 * unsigned. */
static int
compare_plain(const struct plain_key *a, const struct plain_key *b)
{
    int c = strcmp(a->name, b->name);

    if (c == 0)
        c = a->has_version - b->has_version;
    if (c == 0 && a->has_version)
        c = strcmp(a->version, b->version);
    return c != 0 ? sign(c) : (a->day > b->day) - (a->day < b->day);
}

static size_t
encode(const struct plain_key *k, uint8_t out[KEY_BYTES_MAX])
{
    uint8_t *end = key_put_text(out, slice_of(k->name));

    end = key_put_text(end, k->has_version ? slice_of(k->version) : (struct slice){ NULL, 0 });
    return (size_t)(key_put_day(end, k->day) - out);
}

static uint32_t seed = 99;

static uint32_t
next(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 16) % below;
}

static void
random_text(char out[8])
{
    size_t n = next(5);

    for (size_t i = 0; i < n; i++)
        out[i] = "\x01\x02 ab\x7f\xc3\xff"[next(8)];
    out[n] = '\0';
}

static void
bytes_sort_as_columns_do(void **state)
{
    int n_equal = 0;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        static const int32_t days[] = { DAY_NONE + 1, -1, 0, 1, 255, 256, 19723, DAY_MAX };
        struct plain_key k[2];
        uint8_t bytes[2][KEY_BYTES_MAX];
        size_t n[2], shorter;
        int got;

        for (int i = 0; i < 2; i++) {
            random_text(k[i].name);
            k[i].has_version = next(3) > 0;
            random_text(k[i].version);
            k[i].day = days[next(ARRAY_LEN(days))];
        }
        if (next(2) == 0)
            memcpy(k[1].name, k[0].name, sizeof k[1].name);
        for (int i = 0; i < 2; i++)
            n[i] = encode(&k[i], bytes[i]);
        shorter = n[0] < n[1] ? n[0] : n[1];
        got = sign(memcmp(bytes[0], bytes[1], shorter));
        if (got == 0)
            assert_int_equal(n[0], n[1]); /* no key is the beginning of another */
        assert_int_equal(got, compare_plain(&k[0], &k[1]));
        n_equal += got == 0;
    }
    assert_true(n_equal > 100);
}

static void
release_takes_anything(void **state)
{
    struct picker none = { 0 };

    (void)state;
    picker_release(NULL);
    picker_release(&none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_find_their_dataset),
        cmocka_unit_test(descriptions_are_whole),
        cmocka_unit_test(keys_are_checked),
        cmocka_unit_test(nul_in_a_key),
        cmocka_unit_test(bytes_sort_as_columns_do),
        cmocka_unit_test(release_takes_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
