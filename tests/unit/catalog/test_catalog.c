/* A catalog holds what it was given, whatever order that came in, and takes no path for another. */
#include "catalog_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SHA   "0123456789abcdef0123456789abcdef01234567"
#define SHA_2 "fedcba9876543210fedcba9876543210fedcba98"

static const struct slice none = { NULL, 0 };

static struct catalog *
fresh(enum catalog_kind kind)
{
    struct err err;
    struct catalog *c = catalog_new(kind, &err);

    assert_non_null(c);
    return c;
}

static struct catalog_entry
dist(const char *name)
{
    return (struct catalog_entry){ .name = slice_of(name),
                                   .version = SLICE("1.0"),
                                   .auth = SLICE("zef:a") };
}

static const struct kept *
keep(struct catalog *c, const char *name, int64_t rank)
{
    struct catalog_entry entry = dist(name);
    struct err err;
    const struct kept *k = catalog_keep(c, &entry, rank, &err);

    assert_non_null(k);
    return k;
}

static void
name_dist(struct catalog *c, const char *path, const char *meta_path, const struct kept *k)
{
    struct err err;

    assert_int_equal(
        dist_names(c, slice_of(path), meta_path == NULL ? none : slice_of(meta_path), k, &err),
        ST_OK);
}

/* NULL: the path finds nothing. */
static void
finds(const struct catalog *c, const char *path, const char *name)
{
    struct catalog_entry out;
    bool found = catalog_find(c, slice_of(path), &out);

    if (found != (name != NULL) || (found && !slice_eq(out.name, slice_of(name))))
        fail_msg("\"%s\" finds %.*s, not %s", path, found ? (int)out.name.n : 7,
                 found ? out.name.p : "nothing", name == NULL ? "nothing" : name);
}

/* ---- dists ---- */

static void
dist_in_every_shape_of_path(void **state)
{
    struct catalog *c = fresh(CATALOG_DISTS);

    (void)state;
    name_dist(c, "P/OL/" SHA ".tar.gz", "/dist/P/OL/" SHA ".tar.gz", keep(c, "Polyglot", 1));
    name_dist(c, "A/" SHA_2 ".tar.gz", NULL, keep(c, "A", 1));
    finds(c, "P/OL/" SHA ".tar.gz", "Polyglot");
    finds(c, "/P/OL/" SHA ".tar.gz", "Polyglot");
    finds(c, "/dist/P/OL/" SHA ".tar.gz", "Polyglot");
    finds(c, "https://360.zef.pm/P/OL/" SHA ".tar.gz", "Polyglot");
    finds(c, "/some/where/P/OL/" SHA ".tar.gz", "Polyglot");
    finds(c, "/P/OL/POLYGLOT_REGEXEN/" SHA ".tar.gz", "Polyglot");
    finds(c, SHA ".tar.gz", "Polyglot");
    finds(c, SHA, "Polyglot");
    finds(c, "/A/" SHA_2 ".tar.gz", "A");
    catalog_free(c);
}

static void
dist_that_is_not_there(void **state)
{
    struct catalog *c = fresh(CATALOG_DISTS);

    (void)state;
    name_dist(c, "P/OL/" SHA ".tar.gz", NULL, keep(c, "Polyglot", 1));
    finds(c, "", NULL);
    finds(c, "/", NULL);
    finds(c, "/dist/", NULL);
    finds(c, "://", NULL);
    finds(c, "P/OL/" SHA_2 ".tar.gz", NULL);
    finds(c, "P/OL/" SHA "0.tar.gz", NULL);                                 /* 41 digits */
    finds(c, "P/OL/0123456789ABCDEF0123456789ABCDEF01234567.tar.gz", NULL); /* of the wrong case */
    finds(c, "P/OL/", NULL);
    catalog_free(c);
}

/* dists.path goes before meta.path, and both before the sha. */
static void
dist_by_the_best_name(void **state)
{
    struct catalog *c = fresh(CATALOG_DISTS);

    (void)state;
    name_dist(c, "A/BC/" SHA ".tar.gz", NULL, keep(c, "by path", 1));
    name_dist(c, "X/YZ/" SHA_2 ".tar.gz", "A/BC/" SHA ".tar.gz", keep(c, "by meta path", 9));
    name_dist(c, "Q/RS/" SHA ".tar.gz", "M/ET/" SHA_2 ".tar.gz", keep(c, "of the same sha", 9));
    finds(c, "/dist/A/BC/" SHA ".tar.gz", "by path");
    finds(c, "M/ET/" SHA_2 ".tar.gz", "of the same sha");
    finds(c, "else/where/" SHA ".tar.gz", "of the same sha");
    finds(c, "else/where/" SHA_2 ".tar.gz", "by meta path");
    catalog_free(c);
}

static void
dist_of_a_path_without_sha(void **state)
{
    struct catalog *c = fresh(CATALOG_DISTS);

    (void)state;
    name_dist(c, "odd", "/dist/" SHA ".tar.gz", keep(c, "odd", 1)); /* the sha of the meta then */
    name_dist(c, "", NULL, keep(c, "nameless", 1));
    finds(c, "/odd", "odd");
    finds(c, "/" SHA ".tar.gz", "odd");
    assert_int_equal(catalog_n(c), 2);
    catalog_free(c);
}

/* Rows come in any order, and the choice stays. */
static void
dist_twice(void **state)
{
    static const struct {
        const char *name;
        int64_t rank;
    } rows[] = { { "a", 5 }, { "c", 7 }, { "b", 7 }, { "d", 1 } };

    (void)state;
    for (size_t first = 0; first < ARRAY_LEN(rows); first++) {
        struct catalog *c = fresh(CATALOG_DISTS);

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            size_t at = (first + i * 3) % ARRAY_LEN(rows);

            name_dist(c, "A/BC/" SHA ".tar.gz", NULL, keep(c, rows[at].name, rows[at].rank));
        }
        finds(c, "A/BC/" SHA ".tar.gz", "c"); /* the greatest rank; of equals the greater text */
        finds(c, SHA, "c");
        catalog_free(c);
    }
}

/* Made at the same time: name, version, auth decide, in this order, whatever their lengths. */
static void
dist_twice_of_one_age(void **state)
{
    static const char *const rows[][3] = {
        { "a", "1", NULL },           { "b", NULL, "zef:zz" }, { "b", "", "zef:a" },
        { "b", "1.10", "zef:a" },     { "b", "1.9", NULL },    { "b", "1.9", "" },
        { "aaaaaaaaaaaa", "9", "9" },
    };

    (void)state;
    for (size_t first = 0; first < ARRAY_LEN(rows); first++) {
        struct catalog *c = fresh(CATALOG_DISTS);
        struct catalog_entry out;
        struct err err;

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            const char *const *row = rows[(first + i * 3) % ARRAY_LEN(rows)];
            struct catalog_entry entry = { .name = slice_of(row[0]) };

            entry.version = row[1] == NULL ? none : slice_of(row[1]);
            entry.auth = row[2] == NULL ? none : slice_of(row[2]);
            name_dist(c, "k", NULL, catalog_keep(c, &entry, 5, &err));
        }
        assert_true(catalog_find(c, SLICE("k"), &out));
        assert_true(slice_is(out.name, "b") && slice_is(out.version, "1.9") && out.auth.p != NULL);
        catalog_free(c);
    }
}

static void
texts_that_are_not_there(void **state)
{
    struct catalog_entry entry = { .name = SLICE("n"), .auth = SLICE("") }, out;
    struct catalog *c = fresh(CATALOG_DISTS);
    struct err err;

    (void)state;
    assert_int_equal(catalog_add(c, SLICE("k"), &entry, &err), ST_OK);
    assert_true(catalog_find(c, SLICE("k"), &out));
    assert_true(slice_is(out.name, "n"));
    assert_null(out.version.p);
    assert_non_null(out.auth.p);
    assert_int_equal(out.auth.n, 0);
    catalog_free(c);
}

/* ---- artifacts ---- */

static void
is_artifact(const struct catalog *c, const char *path, int64_t id)
{
    struct catalog_entry out;
    bool found = catalog_find(c, slice_of(path), &out);

    if (found != (id != 0) || out.id != id)
        fail_msg("\"%s\" finds %" PRId64 ", not %" PRId64, path, out.id, id);
}

static void
put_artifact(struct catalog *c, const char *crate, const char *target, const char *file, int64_t id,
             int64_t rank)
{
    struct catalog_entry entry = { .id = id };
    struct err err;
    const struct kept *k = catalog_keep(c, &entry, rank, &err);

    assert_non_null(k);
    assert_int_equal(artifact_names(c, slice_of(crate), SLICE("1.0.0+5"), slice_of(target),
                                    slice_of(file), k, &err),
                     ST_OK);
}

static void
artifact_in_every_shape_of_path(void **state)
{
    struct catalog *c = fresh(CATALOG_ARTIFACTS);

    (void)state;
    put_artifact(c, "my_crate", "x86_64", "my_crate_1.0.0+5_x86_64.tar.gz", 7, 1);
    put_artifact(c, "my_crate", "x86_64", "my_crate_1.0.0+5_x86_64.metadata.json", 8, 1);
    is_artifact(c, "/api/v1/crates/my_crate/1.0.0+5/x86_64/my_crate_1.0.0+5_x86_64.tar.gz", 7);
    is_artifact(c, "/crates/my_crate/1.0.0+5/x86_64/my_crate_1.0.0+5_x86_64.tar.gz", 7);
    is_artifact(c, "my_crate/1.0.0+5/x86_64/my_crate_1.0.0+5_x86_64.metadata.json", 8);
    is_artifact(c, "/crates/my_crate/1.0.0+5/binaries/x86_64", 7); /* the tarball of the target */
    is_artifact(c, "/bucket/my_crate_1.0.0+5_x86_64.metadata.json", 8);
    is_artifact(c, "my_crate_1.0.0+5_x86_64.tar.gz", 7);
    is_artifact(c, "/crates/My_Crate/1.0.0+5/binaries/x86_64", 0);
    is_artifact(c, "/crates/my-crate/1.0.0+5/x86_64/my_crate_1.0.0+5_x86_64.tar.gz", 0);
    is_artifact(c, "/crates/other/1.0.0+5/x86_64/my_crate_1.0.0+5_x86_64.tar.gz", 0);
    is_artifact(c, "/bucket/my_crate_1.0.0+5_x86_64.deb", 0);
    is_artifact(c, "/", 0);
    is_artifact(c, "", 0);
    catalog_free(c);
}

/* By hand, a name of one part or of four ends in a file's; of others the last part is none. */
static void
artifact_by_hand_has_a_file_where_it_names_one(void **state)
{
    static const char *const keys[] = { "alone.deb", "two/parts", "my/1.0/three", "my/1.0/t/four.deb", "a/1.0/binaries/t/five" };
    struct catalog *c = fresh(CATALOG_ARTIFACTS);
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct catalog_entry entry = { .id = (int64_t)i + 1 };

        assert_int_equal(catalog_add(c, slice_of(keys[i]), &entry, &err), ST_OK);
        is_artifact(c, keys[i], entry.id);
    }
    is_artifact(c, "bucket/alone.deb", 1);
    is_artifact(c, "bucket/parts", 0);
    is_artifact(c, "bucket/three", 0);
    is_artifact(c, "bucket/four.deb", 4);
    is_artifact(c, "bucket/five", 0);
    catalog_free(c);
}

static void
artifact_twice(void **state)
{
    struct catalog *c = fresh(CATALOG_ARTIFACTS);

    (void)state;
    put_artifact(c, "a", "t", "a.deb", 3, 50);
    put_artifact(c, "a", "t", "a.deb", 9, 40);
    is_artifact(c, "/crates/a/1.0.0+5/t/a.deb", 3);
    put_artifact(c, "a", "t", "a.deb", 4, 50); /* of equal rank the greater id */
    put_artifact(c, "a", "t", "a.deb", 2, 50);
    is_artifact(c, "/crates/a/1.0.0+5/t/a.deb", 4);
    is_artifact(c, "a.deb", 4);
    catalog_free(c);
}

/* ---- by hand, and many ---- */

/* What it holds is what its owner subtracts from the memory that may be used. */
static void
what_it_holds_is_told(void **state)
{
    struct catalog *c = fresh(CATALOG_ARTIFACTS);
    size_t before = catalog_held_bytes(c), texts = 0;
    char key[48];

    (void)state;
    for (int64_t i = 1; i <= 5000; i++) {
        struct catalog_entry entry = { .id = i };
        struct err err;

        snprintf(key, sizeof key, "a/1.0/t/file%" PRId64, i);
        texts += strlen(key);
        assert_int_equal(catalog_add(c, slice_of(key), &entry, &err), ST_OK);
    }
    assert_true(catalog_held_bytes(c) >= before + texts + 2 * 5000 * sizeof *c->slots);
    assert_true(catalog_held_bytes(c) <= before + 2 * (texts + 5000 * (8 * sizeof *c->slots + 256)));
    catalog_free(c);
}

static void
added_first_wins(void **state)
{
    struct catalog *c = fresh(CATALOG_DISTS);
    struct catalog_entry first = dist("first"), second = dist("second");
    struct err err;

    (void)state;
    assert_int_equal(catalog_add(c, SLICE("A/" SHA ".tar.gz"), &first, &err), ST_OK);
    assert_int_equal(catalog_add(c, SLICE("A/" SHA ".tar.gz"), &second, &err), ST_OK);
    finds(c, "A/" SHA ".tar.gz", "first");
    finds(c, SHA, "first");
    catalog_free(c);
}

static uint32_t
next(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 8;
}

/* Against a plain array: random short paths, of which many come again, and as many that were never
 * put in. */
static void
same_as_a_naive_map(void **state)
{
    enum { N = 20000, SPACE = 15000 };
    static struct {
        int64_t rank, id;
    } naive[SPACE];
    uint32_t x = 5;

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct catalog *c = fresh(CATALOG_ARTIFACTS);
        struct err err;
        char name[32];

        memset(naive, 0, sizeof naive);
        for (int i = 1; i <= N; i++) {
            uint32_t at = next(&x) % (SPACE / 2);
            int64_t rank = next(&x) % 3 + 1;
            struct catalog_entry entry = { .id = i };
            const struct kept *k = catalog_keep(c, &entry, rank, &err);

            snprintf(name, sizeof name, "%x", at);
            assert_int_equal(catalog_name(c, NAME_FILE, slice_of(name), k, &err), ST_OK);
            if (rank >= naive[at].rank) {
                naive[at].rank = rank;
                naive[at].id = i;
            }
        }
        for (uint32_t at = 0; at < SPACE; at++) {
            snprintf(name, sizeof name, "/x/%x", at);
            is_artifact(c, name, naive[at].id);
        }
        assert_int_equal(catalog_n(c), N);
        assert_true(catalog_held_bytes(c) > N * 16);
        catalog_free(c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dist_in_every_shape_of_path),
        cmocka_unit_test(dist_that_is_not_there),
        cmocka_unit_test(dist_by_the_best_name),
        cmocka_unit_test(dist_of_a_path_without_sha),
        cmocka_unit_test(dist_twice),
        cmocka_unit_test(dist_twice_of_one_age),
        cmocka_unit_test(texts_that_are_not_there),
        cmocka_unit_test(artifact_in_every_shape_of_path),
        cmocka_unit_test(artifact_by_hand_has_a_file_where_it_names_one),
        cmocka_unit_test(artifact_twice),
        cmocka_unit_test(what_it_holds_is_told),
        cmocka_unit_test(added_first_wins),
        cmocka_unit_test(same_as_a_naive_map),
    };

    catalog_free(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
