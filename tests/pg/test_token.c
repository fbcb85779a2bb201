/* Whose token it is, asked of a real server: of the tables that ingest made, and of EIDA's own. */
#include "pgtest.h"

#include "ingest/migrate.h"
#include "ingest/nodes.h"
#include "ingest/token.h"

#define SECRET "abcdefghijKLMNOP0123"
#define VALID  "now() - interval '1 day', now() + interval '1 day'"

enum kind { OURS, LIVE };

/* What of EIDA's own tables these functions look at. */
static const char live_tables[] =
    "CREATE TABLE nodes (id serial PRIMARY KEY, name text, contact text,"
    " created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());"
    "CREATE TABLE tokens (id serial PRIMARY KEY, node_id integer REFERENCES nodes,"
    " value varchar(32), valid_from timestamptz NOT NULL, valid_until timestamptz NOT NULL,"
    " created_at timestamptz DEFAULT now(), updated_at timestamptz);";

static struct pg *
with_tables(const char *name, enum kind kind)
{
    static const char *const sets[] = { "eida" };
    struct migrate_options options = { .no_sketches = true };
    struct pg *pg = fresh(name);
    struct err err = { 0 };

    if (kind == OURS)
        must(migrate_up(pg, sets, 1, &options, &err), &err, "migrate");
    else
        sql(pg, live_tables);
    sql(pg, "INSERT INTO nodes (id, name) VALUES (11, 'GFZ'), (12, 'ETH')");
    return pg;
}

/* A token of node 11 between two times. */
static void
put(struct pg *pg, enum kind kind, int node, const char *secret, const char *times)
{
    char text[512];

    snprintf(text, sizeof text,
             kind == OURS ? "INSERT INTO tokens (node_id, digest, valid_from, valid_until)"
                            " VALUES (%d, sha256('%s'), %s)"
                          : "INSERT INTO tokens (node_id, value, valid_from, valid_until)"
                            " VALUES (%d, '%s', %s)",
             node, secret, times);
    sql(pg, text);
}

/* Nothing in a message may show the secret. */
static void
says(struct pg *pg, const char *secret, const char *node, enum st want, const char *words)
{
    struct token_node found;
    struct err err = { 0 };
    enum st rc = token_check(pg, secret, node, &found, &err);

    if (rc != want || strstr(err.cause, words) == NULL)
        fail_msg("%d and \"%s\" instead of %d and \"%s\"", (int)rc, err.cause, (int)want, words);
    assert_string_equal(err.what, "cannot count with this token");
    assert_null(strstr(err.cause, secret));
    assert_null(strstr(err.hint, secret));
}

static void
is_node(struct pg *pg, const char *secret, int32_t id, const char *name)
{
    struct token_node found = { 0 };
    struct err err = { 0 };

    must(token_check(pg, secret, NULL, &found, &err), &err, "check");
    assert_int_equal(found.id, id);
    assert_string_equal(found.name, name);
    must(token_check(pg, secret, name, &found, &err), &err, "check by name");
}

static void
a_valid_token_gives_its_node(void **state)
{
    (void)state;
    for (enum kind kind = OURS; kind <= LIVE; kind++) {
        struct pg *pg = with_tables(kind == OURS ? "valid_ours" : "valid_live", kind);

        put(pg, kind, 11, SECRET, VALID);
        put(pg, kind, 12, "another", VALID);
        is_node(pg, SECRET, 11, "GFZ");
        is_node(pg, "another", 12, "ETH");
        says(pg, SECRET, "ETH", ST_USAGE, "it belongs to node \"GFZ\", not to \"ETH\"");
        says(pg, "unknown", NULL, ST_DB, "no node has it");
        says(pg, "abcdefghijklmnop0123", NULL, ST_DB, "no node has it"); /* another case */
        says(pg, "' OR true --", NULL, ST_DB, "no node has it");
        pg_close(pg);
    }
}

/* Ours may hold tokens that were copied from EIDA's own. */
static void
a_value_in_our_table_counts_where_there_is_no_digest(void **state)
{
    struct pg *pg = with_tables("copied", OURS);

    (void)state;
    put(pg, LIVE, 11, SECRET, VALID);
    is_node(pg, SECRET, 11, "GFZ");
    sql(pg, "UPDATE tokens SET digest = sha256('other')");
    says(pg, SECRET, NULL, ST_DB, "no node has it");
    is_node(pg, "other", 11, "GFZ");
    pg_close(pg);
}

static void
times_are_told(void **state)
{
    static const struct {
        const char *times, *words;
    } cases[] = {
        { "'2020-01-01', '2021-02-03 04:05:06'", "it was valid until 2021-02-03 04:05:06 UTC" },
        { "'2120-01-01 10:00', '2121-02-03'", "it is valid from 2120-01-01 10:00:00 UTC on, not yet" },
        { "'2121-01-01', '2020-01-01'", "it is valid from 2121" }, /* never: revoked before it began */
    };

    (void)state;
    for (enum kind kind = OURS; kind <= LIVE; kind++) {
        struct pg *pg = with_tables(kind == OURS ? "times_ours" : "times_live", kind);

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            put(pg, kind, 11, SECRET, cases[i].times);
            says(pg, SECRET, NULL, ST_DB, cases[i].words);
            sql(pg, "DELETE FROM tokens");
        }
        pg_close(pg);
    }
}

/* EIDA's rule: now() BETWEEN valid_from AND valid_until, both included. now() is the transaction's. */
static void
both_ends_are_included(void **state)
{
    struct pg *pg = with_tables("ends", LIVE);

    (void)state;
    put(pg, LIVE, 11, SECRET, VALID);
    sql(pg, "BEGIN; UPDATE tokens SET valid_from = now(), valid_until = now()");
    is_node(pg, SECRET, 11, "GFZ");
    sql(pg, "UPDATE tokens SET valid_until = now() - interval '1 microsecond'");
    says(pg, SECRET, NULL, ST_DB, "it was valid until");
    sql(pg, "UPDATE tokens SET valid_from = now() + interval '1 microsecond', valid_until = now() + interval '1 day'");
    says(pg, SECRET, NULL, ST_DB, "not yet");
    sql(pg, "ROLLBACK");
    pg_close(pg);
}

/* EIDA's own table keeps no two apart. */
static void
a_token_that_two_have(void **state)
{
    struct pg *pg = with_tables("twice", LIVE);

    (void)state;
    put(pg, LIVE, 12, SECRET, "now() - interval '2 days', now() - interval '1 day'");
    put(pg, LIVE, 11, SECRET, VALID);
    is_node(pg, SECRET, 11, "GFZ"); /* only one of them is valid */
    put(pg, LIVE, 11, SECRET, VALID);
    is_node(pg, SECRET, 11, "GFZ");
    put(pg, LIVE, 12, SECRET, VALID);
    says(pg, SECRET, NULL, ST_DB, "have it");
    pg_close(pg);
}

static void
revoked_is_over(void **state)
{
    (void)state;
    for (enum kind kind = OURS; kind <= LIVE; kind++) {
        struct pg *pg = with_tables(kind == OURS ? "revoked_ours" : "revoked_live", kind);
        struct token_new made;
        struct err err = { 0 };

        must(tokens_add(pg, "GFZ", NULL, NULL, &made, &err), &err, "add");
        assert_true(made.in_clear == (kind == LIVE));
        is_node(pg, made.token, 11, "GFZ");
        must(tokens_revoke(pg, made.id, &err), &err, "revoke");
        says(pg, made.token, NULL, ST_DB, "it was valid until");
        pg_close(pg);
    }
}

static void
what_is_missing_is_named(void **state)
{
    struct pg *pg = fresh("no_tokens");
    struct token_node found;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(token_check(pg, SECRET, NULL, &found, &err), ST_DB);
    assert_non_null(strstr(err.hint, "ingest migrate up eida"));
    sql(pg, live_tables);
    sql(pg, "DROP ROLE IF EXISTS token_reader; CREATE ROLE token_reader; GRANT SELECT ON nodes TO token_reader;"
            " SET ROLE token_reader");
    assert_int_equal(token_check(pg, SECRET, NULL, &found, &err), ST_DB);
    assert_non_null(strstr(err.cause, "permission denied for table tokens"));
    sql(pg, "RESET ROLE; GRANT SELECT ON tokens TO token_reader; SET ROLE token_reader");
    says(pg, SECRET, NULL, ST_DB, "no node has it"); /* SELECT is all it takes */
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_token_gives_its_node),
        cmocka_unit_test(a_value_in_our_table_counts_where_there_is_no_digest),
        cmocka_unit_test(times_are_told),
        cmocka_unit_test(both_ends_are_included),
        cmocka_unit_test(a_token_that_two_have),
        cmocka_unit_test(revoked_is_over),
        cmocka_unit_test(what_is_missing_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
