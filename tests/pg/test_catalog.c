/* catalog/ against a real server: rows as the systems have them, and rows as nobody wants them. */
#include "pgtest.h"

#include "ingest/catalog.h"

#define SHA(x) "000000000000000000000000000000000000000" #x

static struct catalog *
loaded(struct pg *pg, enum catalog_kind kind, const char *schema)
{
    struct catalog *c = NULL;
    struct err err = { 0 };

    must(catalog_load(&c, kind, pg, schema, &err), &err, "load");
    return c;
}

static void
refused(struct pg *pg, enum catalog_kind kind, const char *cause, const char *hint)
{
    struct catalog *c = NULL;
    struct err err = { 0 };

    assert_int_equal(catalog_load(&c, kind, pg, "nowhere", &err), ST_DB);
    assert_null(c);
    if (strstr(err.cause, cause) == NULL || strstr(err.hint, hint) == NULL)
        fail_msg("it says: %s: %s (%s)", err.what, err.cause, err.hint);
    sql(pg, "BEGIN; COMMIT"); /* the connection is as before */
}

/* ---- Zeco ---- */

static struct pg *
with_dists(const char *name)
{
    struct pg *pg = fresh(name);

    sql(pg,
        "CREATE TABLE dists (id uuid NOT NULL, dist text NOT NULL, path text NOT NULL, meta jsonb NOT NULL,"
        " created timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, deleted timestamp)");
    return pg;
}

#define DIST                                                                                       \
    "INSERT INTO dists (id, dist, path, meta, created, deleted) VALUES (gen_random_uuid(), 'x', "

static void
finds(const struct catalog *c, const char *path, const char *name, const char *version)
{
    struct catalog_entry out;

    if (!catalog_find(c, slice_of(path), &out)) {
        if (name != NULL)
            fail_msg("%s is not found", path);
        return;
    }
    if (name == NULL || !slice_eq(out.name, slice_of(name)) ||
        (version == NULL) != (out.version.p == NULL) ||
        (version != NULL && !slice_eq(out.version, slice_of(version))))
        fail_msg("%s is %.*s %.*s", path, (int)out.name.n, out.name.p, (int)out.version.n,
                 out.version.p);
}

static void
dists_of_every_kind(void **state)
{
    struct pg *pg = with_dists("catalog_dists");
    struct catalog_entry out;
    struct catalog *c;

    (void)state;
    sql(pg,
        DIST "'A/BC/" SHA(
            1) ".tar.gz', '{\"name\":\"Über::Modul\",\"version\":\"1.*+x\",\"auth\":\"zef:ä\"}', '2024-01-01', NULL)");
    sql(pg, DIST "'D/" SHA(2) ".tar.gz', '{\"name\":\"D\",\"path\":\"/dist/X/" SHA(
                3) ".tar.gz\"}', 'infinity', '2024-01-01')");
    sql(pg,
        DIST "'E/" SHA(
            4) ".tar.gz', '{\"name\":\"old\",\"version\":\"1\"}', '-infinity', NULL),"
               " (gen_random_uuid(), 'x', 'E/" SHA(
                   4) ".tar.gz', '{\"name\":\"gone\",\"version\":\"1\"}', '2024-05-01', '2024-05-02'),"
                      " (gen_random_uuid(), 'x', 'E/" SHA(
                          4) ".tar.gz', '{\"name\":\"new\",\"version\":\"1\"}', '2024-03-01', NULL)");
    c = loaded(pg, CATALOG_DISTS, "zeco");
    assert_int_equal(catalog_n(c), 5);
    assert_int_equal(catalog_n_skipped(c), 0);
    finds(c, "/A/BC/" SHA(1) ".tar.gz", "Über::Modul", "1.*+x");
    finds(c, "/D/" SHA(2) ".tar.gz", "D", NULL);
    finds(c, "/X/" SHA(3) ".tar.gz", "D", NULL);
    finds(c, "/E/" SHA(4) ".tar.gz", "new", "1"); /* not deleted, and the last one made */
    finds(c, "/E/" SHA(5) ".tar.gz", NULL, NULL);
    assert_true(catalog_find(c, slice_of("A/BC/" SHA(1) ".tar.gz"), &out));
    assert_true(slice_eq(out.auth, slice_of("zef:ä")));
    catalog_free(c);
    pg_close(pg);
}

static void
dists_that_are_malformed(void **state)
{
    struct pg *pg = with_dists("catalog_malformed");
    struct catalog *c;

    (void)state;
    sql(pg, DIST "'1', '[]', now(), NULL)");
    sql(pg, DIST "'2', '\"text\"', now(), NULL)");
    sql(pg, DIST "'3', 'null', now(), NULL)");
    sql(pg, DIST "'4', '7', now(), NULL)");
    sql(pg, DIST "'5', '{}', now(), NULL)");
    sql(pg, DIST "'6', '{\"name\":{\"a\":1}}', now(), NULL)");
    sql(pg, DIST "'7', '{\"name\":\"\"}', now(), NULL)");
    sql(pg, DIST "'8', jsonb_build_object('name', repeat('x', 5000000)), now(), NULL)");
    sql(pg, DIST "'9', jsonb_build_object('name', 'n', 'auth', repeat('ä', 513)), now(), NULL)");
    sql(pg, DIST "repeat('p', 5000000), jsonb_build_object('name', 'long path'), now(), NULL)");
    sql(pg, DIST "'', '{\"name\":\"no path\"}', now(), NULL)");
    sql(pg, DIST "'good', jsonb_build_object('name', repeat('ä', 512)), now(), NULL)");
    c = loaded(pg, CATALOG_DISTS, "zeco");
    assert_int_equal(catalog_n_skipped(c), 9);
    assert_int_equal(catalog_n(c), 3);
    assert_true(catalog_held_bytes(c) < MIB);
    for (int i = 1; i <= 9; i++)
        finds(c, (char[]){ (char)('0' + i), '\0' }, NULL, NULL);
    catalog_free(c);
    pg_close(pg);
}

/* More than one piece of the cursor; and the schema of the name goes before the search path. */
static void
many_dists_in_a_schema(void **state)
{
    struct pg *pg = with_dists("catalog_many");
    struct catalog *c;

    (void)state;
    sql(pg, DIST "'a', '{\"name\":\"on the path\"}', now(), NULL)");
    sql(pg,
        "CREATE SCHEMA \"Ze\"\"co\"; CREATE TABLE \"Ze\"\"co\".dists (LIKE dists INCLUDING DEFAULTS);"
        "INSERT INTO \"Ze\"\"co\".dists SELECT gen_random_uuid(), 'x', 'A/' || n || '.tar.gz',"
        " jsonb_build_object('name', 'N' || n) FROM generate_series(1, 25000) n");
    c = loaded(pg, CATALOG_DISTS, "Ze\"co");
    assert_int_equal(catalog_n(c), 25000);
    finds(c, "/A/1.tar.gz", "N1", NULL);
    finds(c, "/A/25000.tar.gz", "N25000", NULL);
    finds(c, "/a", NULL, NULL);
    catalog_free(c);
    c = loaded(pg, CATALOG_DISTS, "elsewhere");
    finds(c, "/a", "on the path", NULL);
    catalog_free(c);
    pg_close(pg);
}

static void
dists_as_a_boolean_has_them_deleted(void **state)
{
    struct pg *pg = with_dists("catalog_boolean");
    struct catalog *c;

    (void)state;
    sql(pg, "ALTER TABLE dists ALTER deleted TYPE boolean USING false");
    sql(pg, DIST "'a', '{\"name\":\"gone\"}', '2024-03-01', true)");
    sql(pg, DIST "'a', '{\"name\":\"there\"}', '2024-01-01', false)");
    c = loaded(pg, CATALOG_DISTS, "zeco");
    finds(c, "a", "there", NULL);
    catalog_free(c);
    pg_close(pg);
}

static void
tables_that_are_not_there(void **state)
{
    struct pg *pg = fresh("catalog_none");

    (void)state;
    refused(pg, CATALOG_DISTS,
            "table \"dists\" is neither in schema nowhere nor along the search path", "migrate up");
    refused(pg, CATALOG_ARTIFACTS, "table \"job_artifacts\"", "migrate up");
    sql(pg, "CREATE TABLE dists (path text)");
    refused(pg, CATALOG_DISTS, "does not exist", "");
    sql(pg, "CREATE TABLE job_artifacts (id bigint, job bigint)");
    refused(pg, CATALOG_ARTIFACTS, "no foreign keys lead", "are not those of builds.rs");
    pg_close(pg);
}

/* ---- builds.rs ---- */

static const char builds_common[] =
    "CREATE TABLE crates (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);"
    "CREATE TABLE crate_versions (id bigserial PRIMARY KEY, crate bigint NOT NULL REFERENCES crates, version text NOT NULL);"
    "INSERT INTO crates (name) VALUES ('serde'), ('Serde');"
    "INSERT INTO crate_versions (crate, version) VALUES (1, '1.0.0+5'), (2, '1.0.0+5');";
static const char builds_artifacts[] =
    "CREATE TABLE job_artifacts (id bigserial PRIMARY KEY, job bigint NOT NULL REFERENCES jobs, name text NOT NULL);"
    "INSERT INTO job_artifacts (job, name) SELECT j, 'serde_1.0.0+5_x86_64.tar.gz' FROM generate_series(1, 5) j;"
    "INSERT INTO job_artifacts (job, name) VALUES (1, 'serde_1.0.0+5_x86_64.deb'), (6, 'Serde_1.0.0+5_x86_64.tar.gz'), (1, '');";

static void
finds_id(const struct catalog *c, const char *path, int64_t id)
{
    struct catalog_entry out;

    catalog_find(c, slice_of(path), &out);
    if (out.id != id)
        fail_msg("%s is %" PRId64 ", not %" PRId64, path, out.id, id);
}

static void
look_at_artifacts(struct pg *pg)
{
    struct catalog *c;

    c = loaded(pg, CATALOG_ARTIFACTS, "buildsrs");
    assert_int_equal(catalog_n(c), 7);
    assert_int_equal(catalog_n_skipped(c), 1);
    finds_id(c, "/api/v1/crates/serde/1.0.0+5/x86_64/serde_1.0.0+5_x86_64.tar.gz",
             3); /* of success, the last to end */
    finds_id(c, "/crates/serde/1.0.0+5/binaries/x86_64", 3);
    finds_id(c, "serde_1.0.0+5_x86_64.deb", 6);
    finds_id(c, "/crates/Serde/1.0.0+5/x86_64/Serde_1.0.0+5_x86_64.tar.gz", 7);
    finds_id(c, "/crates/serde/1.0.0/x86_64/serde_1.0.0+5_x86_64.tar.gz", 0);
    catalog_free(c);
    sql(pg, "UPDATE jobs SET success = NULL"); /* then the one that ended last, of equal ones the
                                                  greatest id */
    c = loaded(pg, CATALOG_ARTIFACTS, "buildsrs");
    finds_id(c, "serde_1.0.0+5_x86_64.tar.gz", 5);
    catalog_free(c);
}

#define JOBS                                                                                       \
    "(1, 2, true, 10), (1, 1, true, NULL), (1, 1, true, 20), (1, 1, false, 99), (1, 1, NULL, 99), (2, 1, true, 1)"

static void
artifacts_by_target(void **state)
{
    struct pg *pg = fresh("catalog_targets");

    (void)state;
    sql(pg, builds_common);
    sql(pg,
        "CREATE TABLE targets (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);"
        "INSERT INTO targets (name) VALUES ('x86_64'), ('x86_64b');"
        "CREATE TABLE jobs (id bigserial PRIMARY KEY, crate_version bigint NOT NULL REFERENCES crate_versions,"
        " target bigint NOT NULL REFERENCES targets, success bool, ended bigint);"
        "INSERT INTO jobs (crate_version, target, success, ended) VALUES " JOBS ";"
        "UPDATE jobs SET target = 1");
    sql(pg, builds_artifacts);
    look_at_artifacts(pg);
    pg_close(pg);
}

static void
artifacts_by_task_and_triple(void **state)
{
    struct pg *pg = fresh("catalog_triples");

    (void)state;
    sql(pg, builds_common);
    sql(pg,
        "CREATE TABLE triples (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE);"
        "INSERT INTO triples (name) VALUES ('x86_64');"
        "CREATE TABLE task_kinds (id bigserial PRIMARY KEY, name text NOT NULL);"
        "INSERT INTO task_kinds (name) VALUES ('tarball');"
        "CREATE TABLE tasks (id bigserial PRIMARY KEY, kind bigint NOT NULL REFERENCES task_kinds,"
        " version bigint NOT NULL REFERENCES crate_versions, triple bigint NOT NULL REFERENCES triples);"
        "INSERT INTO tasks (kind, version, triple) VALUES (1, 1, 1), (1, 2, 1);"
        "CREATE TABLE jobs (id bigserial PRIMARY KEY, task bigint NOT NULL REFERENCES tasks, success bool, ended bigint);"
        "INSERT INTO jobs (task, success, ended) SELECT a, c, d FROM (VALUES " JOBS
        ") v(a, b, c, d)");
    sql(pg, builds_artifacts);
    look_at_artifacts(pg);
    pg_close(pg);
}

static void
tables_that_may_not_be_read(void **state)
{
    struct pg *pg = with_dists("catalog_rights"), *lean;

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS catalog_lean; CREATE ROLE catalog_lean LOGIN");
    sql(pg, "CREATE SCHEMA nowhere; CREATE TABLE nowhere.dists (LIKE dists)");
    lean = connect_to("dbname=catalog_rights user=catalog_lean");
    refused(lean, CATALOG_DISTS, "the role catalog_lean lacks USAGE on SCHEMA nowhere",
            "GRANT USAGE ON SCHEMA nowhere TO");
    sql(pg, "GRANT USAGE ON SCHEMA nowhere TO catalog_lean");
    refused(lean, CATALOG_DISTS, "lacks SELECT on nowhere.dists",
            "GRANT SELECT ON nowhere.dists TO");
    sql(pg, "GRANT SELECT (path, meta, created, deleted) ON nowhere.dists TO catalog_lean");
    catalog_free(loaded(lean, CATALOG_DISTS, "nowhere"));
    pg_close(lean);
    sql(pg, "DROP OWNED BY catalog_lean; DROP ROLE catalog_lean");
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dists_of_every_kind),
        cmocka_unit_test(dists_that_are_malformed),
        cmocka_unit_test(many_dists_in_a_schema),
        cmocka_unit_test(dists_as_a_boolean_has_them_deleted),
        cmocka_unit_test(tables_that_are_not_there),
        cmocka_unit_test(artifacts_by_target),
        cmocka_unit_test(artifacts_by_task_and_triple),
        cmocka_unit_test(tables_that_may_not_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
