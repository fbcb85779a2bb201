/* db/ against a real server: what a session is pinned to, which failures may be tried again, COPY
 * and COMMIT. */
#include "pgtest.h"

#include "ingest/clock.h"

static void
roles_and_environment_change_nothing(void **state)
{
    struct pg *pg = fresh("pins"), *odd;
    struct err err = { 0 };

    (void)state;
    sql(pg,
        "DROP ROLE IF EXISTS odd; CREATE ROLE odd SUPERUSER LOGIN;"
        "ALTER ROLE odd SET statement_timeout = '50ms'; ALTER ROLE odd SET "
        "default_transaction_isolation = 'serializable';"
        "ALTER ROLE odd SET DateStyle = 'German'; ALTER ROLE odd SET TimeZone = 'Asia/Kathmandu';"
        "ALTER ROLE odd SET bytea_output = 'escape'; ALTER ROLE odd SET synchronous_commit = off;"
        "ALTER ROLE odd SET client_encoding = 'LATIN1'; ALTER ROLE odd SET search_path = "
        "'nowhere', '$user';"
        "ALTER ROLE odd SET idle_in_transaction_session_timeout = '50ms'; ALTER ROLE odd SET "
        "lock_timeout = '1ms'");
    setenv("PGCLIENTENCODING", "SQL_ASCII", 1);
    setenv("PGDATESTYLE", "SQL, DMY", 1);
    setenv("PGTZ", "Europe/Berlin", 1);
    odd = connect_to("dbname=pins user=odd");
    unsetenv("PGCLIENTENCODING");
    unsetenv("PGDATESTYLE");
    unsetenv("PGTZ");
    must(pg_begin(odd, &err), &err, "begin");
    assert_string_equal(sql_text(odd, "SHOW client_encoding"), "UTF8");
    assert_string_equal(sql_text(odd, "SHOW transaction_isolation"), "read committed");
    assert_string_equal(sql_text(odd, "SHOW synchronous_commit"), "on");
    assert_string_equal(sql_text(odd, "SHOW statement_timeout"), "0");
    assert_string_equal(sql_text(odd, "SHOW lock_timeout"), "1min");
    assert_string_equal(sql_text(odd, "SHOW search_path"), "nowhere, \"$user\"");
    assert_string_equal(sql_text(odd, "SELECT '2024-02-03'::date"), "2024-02-03");
    assert_string_equal(sql_text(odd, "SELECT '2024-02-03 00:00Z'::timestamptz"),
                        "2024-02-03 00:00:00+00");
    assert_string_equal(sql_text(odd, "SELECT '\\x00ff'::bytea"), "\\x00ff");
    assert_string_equal(sql_text(odd, "SELECT 'Gr\xc3\xb6\xc3\x9f" "e'"), "Gr\xc3\xb6\xc3\x9f" "e");
    assert_string_equal(sql_text(odd, "SHOW application_name"), "ingest");
    sql(odd, "SELECT pg_sleep(0.1)");
    usleep(100000);
    sql(odd, "SELECT 1");
    pg_rollback(odd);
    pg_close(odd);
    pg_close(pg);
}

static void
other_encodings_are_refused(void **state)
{
    struct pg *pg = connect_to("dbname=postgres");
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP DATABASE IF EXISTS ascii");
    sql(pg, "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE "
            "'C'");
    assert_null(pg_connect("dbname=ascii", PG_READ_WRITE, &err));
    assert_int_equal(err.code, ST_DB);
    assert_non_null(strstr(err.cause, "SQL_ASCII"));
    pg_close(pg);
}

static void
reading_connections_cannot_write(void **state)
{
    struct err err = { 0 };
    struct pg *pg = fresh("reading"), *reader = pg_connect("dbname=reading", PG_READ_ONLY, &err);

    (void)state;
    assert_non_null(reader);
    assert_int_equal(pg_script(reader, "test", "CREATE TABLE t (a int)", &err), ST_DB);
    assert_string_equal(pg_sqlstate(reader), "25006");
    must(pg_begin(reader, &err), &err, "begin");
    assert_int_equal(pg_script(reader, "test", "CREATE TABLE t (a int)", &err), ST_DB);
    pg_rollback(reader);
    pg_close(reader);
    sql(pg, "DROP ROLE IF EXISTS looker; CREATE ROLE looker LOGIN; ALTER ROLE looker SET "
            "default_transaction_read_only = on");
    assert_null(pg_connect("dbname=reading user=looker", PG_READ_WRITE, &err));
    assert_int_equal(err.code, ST_DB);
    assert_non_null(strstr(err.hint, "default_transaction_read_only"));
    pg_close(pg);
}

static void
no_server_is_no_reason_to_wait(void **state)
{
    struct err err = { 0 };

    (void)state;
    assert_null(pg_connect("host=/nonexistent", PG_READ_WRITE, &err));
    assert_int_equal(err.code, ST_DB);
    assert_null(pg_connect("dbname=no_such_database", PG_READ_WRITE, &err));
    assert_int_equal(err.code, ST_DB);
    assert_non_null(strstr(err.cause, "no_such_database"));
}

static void
full_server_is_worth_a_retry(void **state)
{
    struct pg *pg = fresh("crowded"), *one;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS few; CREATE ROLE few LOGIN CONNECTION LIMIT 1");
    one = connect_to("dbname=crowded user=few");
    assert_null(pg_connect("dbname=crowded user=few", PG_READ_WRITE, &err));
    assert_int_equal(err.code, ST_DB_RETRY);
    pg_close(one);
    pg_close(pg);
}

static void
passwords_never_show(void **state)
{
    static const char *const addresses[] = {
        "postgresql://u:geheim@/x/nonexistent?host=/nonexistent&bogus=1",
        "postgresql://u:ge@heim@localhost:1/db",
        "postgresql://u:geheim/x@localhost/db",
        "user=u password=geheim host=/nonexistent nonsense",
        "postgresql://u:geheim@127.0.0.1:1/db",
        "host=/nonexistent password='geheim",
        "postgresql://u:12/heim@localhost/db",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct err err = { 0 };

        assert_null(pg_connect(addresses[i], PG_READ_WRITE, &err));
        if (strstr(err.what, "heim") || strstr(err.cause, "heim") || strstr(err.hint, "heim"))
            fail_msg("%s: %s: %s (%s)", addresses[i], err.what, err.cause, err.hint);
    }
    struct pg *pg = connect_to("dbname=postgres password=geheim");

    assert_null(strstr(pg_where(pg), "geheim"));
    assert_non_null(strstr(pg_where(pg), "dbname=postgres"));
    pg_close(pg);
}

static void
failed_transaction_does_not_commit(void **state)
{
    struct pg *pg = fresh("failed");
    struct err err = { 0 };
    bool unknown = true;

    (void)state;
    sql(pg, "CREATE TABLE t (a int)");
    must(pg_begin(pg, &err), &err, "begin");
    sql(pg, "INSERT INTO t VALUES (1)");
    assert_int_equal(pg_script(pg, "cannot divide", "SELECT 1/0", &err), ST_DB);
    assert_string_equal(err.what, "cannot divide");
    assert_string_equal(pg_sqlstate(pg), "22012");
    assert_int_equal(pg_commit(pg, &unknown, &err), ST_DB);
    assert_false(unknown);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 0);
    must(pg_begin(pg, &err), &err, "begin");
    sql(pg, "INSERT INTO t VALUES (1)");
    must(pg_commit(pg, &unknown, &err), &err, "commit");
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 1);
    pg_close(pg);
}

static void
deferred_failure_at_commit_is_known(void **state)
{
    struct pg *pg = fresh("deferred");
    struct err err = { 0 };
    bool unknown = true;

    (void)state;
    sql(pg, "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    must(pg_begin(pg, &err), &err, "begin");
    sql(pg, "INSERT INTO t VALUES (1), (1)");
    assert_int_equal(pg_commit(pg, &unknown, &err), ST_DB);
    assert_false(unknown);
    assert_string_equal(pg_sqlstate(pg), "23505");
    pg_close(pg);
}

static void
kill_backend(struct pg *admin, struct pg *victim)
{
    char text[96];
    int64_t left;

    snprintf(text, sizeof text, "SELECT pg_terminate_backend(%d)::int", pg_backend_pid(victim));
    sql_int(admin, text);
    snprintf(text, sizeof text, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
             pg_backend_pid(victim));
    for (int i = 0; (left = sql_int(admin, text)) > 0 && i < 500; i++)
        usleep(10000);
    assert_int_equal(left, 0);
}

static void
killed_connection_may_be_tried_again(void **state)
{
    enum { IDLE, STATEMENT, COPYING, COPY_END, COMMITTING, PLACES };
    struct pg *admin = fresh("killed");
    char block[65536];

    (void)state;
    memset(block, 0, sizeof block);
    sql(admin, "CREATE TABLE t (a bytea)");
    for (int place = IDLE; place < PLACES; place++) {
        struct pg *pg = connect_to("dbname=killed");
        struct err err = { 0 };
        enum st st = ST_OK;
        bool unknown = false;
        int64_t n;

        if (place != IDLE)
            must(pg_begin(pg, &err), &err, "begin");
        if (place == COPYING || place == COPY_END)
            must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
        kill_backend(admin, pg);
        if (place == COPYING)
            for (int i = 0; i < 200 && st == ST_OK; i++)
                st = pg_copy_put(pg, block, sizeof block, &err);
        if (place == COPYING && st == ST_OK)
            st = pg_copy_end(pg, &n, &err);
        else if (place == COPY_END)
            st = pg_copy_end(pg, &n, &err);
        else if (place == COMMITTING)
            st = pg_commit(pg, &unknown, &err);
        else if (place != COPYING)
            st = pg_script(pg, "cannot ask", "SELECT 1", &err);
        assert_int_equal(st, ST_DB_RETRY);
        assert_int_equal(unknown, place == COMMITTING);
        assert_false(pg_is_alive(pg));
        assert_int_equal(pg_script(pg, "cannot ask", "SELECT 1", &err), ST_DB_RETRY);
        pg_rollback(pg);
        must(pg_reconnect(pg, &err), &err, "reconnect");
        assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 0);
        pg_close(pg);
    }
    pg_close(admin);
}

static void
copy_reports_at_the_end(void **state)
{
    struct pg *pg = fresh("copying");
    struct err err = { 0 };
    int64_t n = -1;

    (void)state;
    sql(pg, "CREATE TABLE t (a int CHECK (a > 0))");
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(pg_copy_put(pg, "1\n2\n", 4, &err), &err, "put");
    must(pg_copy_end(pg, &n, &err), &err, "end");
    assert_int_equal(n, 2);

    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(pg_copy_put(pg, "3\n0\n", 4, &err), &err, "put");
    assert_int_equal(pg_copy_end(pg, &n, &err), ST_DB);
    assert_string_equal(pg_sqlstate(pg), "23514");
    assert_string_equal(err.what, "cannot copy");

    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(pg_copy_put(pg, "4\n", 2, &err), &err, "put");
    pg_copy_abort(pg, "changed my mind");
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 2);

    must(pg_begin(pg, &err), &err, "begin");
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(pg_copy_put(pg, "5\n", 2, &err), &err, "put");
    pg_rollback(pg); /* in the midst of it */
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 2);
    assert_int_equal(pg_copy_start(pg, "cannot copy", "SELECT 1", &err), ST_BUG);
    pg_close(pg);
}

static void
messages_are_cleaned_and_cut(void **state)
{
    struct pg *pg = fresh("messages");
    struct err err = { 0 };
    const char *last;

    (void)state;
    assert_int_equal(pg_script(pg, "test",
                               "DO $$ BEGIN RAISE EXCEPTION E'a\\x1b[31mb\\nc\\u202Ed' USING "
                               "DETAIL = E'e\\tf'; END $$",
                               &err),
                     ST_DB);
    assert_string_equal(err.cause, "P0001: a [31mb c d; e f");
    assert_int_equal(pg_script(pg, "test",
                               "DO $$ BEGIN RAISE EXCEPTION '%', repeat('\xc3\xb6', 5000); END $$",
                               &err),
                     ST_DB);
    assert_true(strlen(err.cause) < sizeof err.cause);
    assert_true(slice_is_text(slice_of(err.cause)));
    sql(pg, "DO $$ BEGIN FOR i IN 1..500 LOOP RAISE NOTICE E'hello\\n%', i; END LOOP; END $$");
    assert_true(pg_notices(pg, &last) >= 500);
    assert_non_null(strstr(last, "500"));
    assert_null(strchr(last, '\n'));
    pg_close(pg);
}

static void
missing_rights_name_the_grant(void **state)
{
    static const struct {
        const char *sql, *hint;
    } cases[] = {
        { "INSERT INTO public.t VALUES (1)", "GRANT SELECT, INSERT, UPDATE ON \"t\" TO \"poor\"" },
        { "SELECT * FROM ingest.payloads", "GRANT USAGE ON SCHEMA \"ingest\" TO \"poor\"" },
        { "CREATE TEMP TABLE x (a int)", "GRANT TEMP ON DATABASE \"rights\" TO \"poor\"" },
        { "CREATE SCHEMA ingest2", "GRANT CREATE ON DATABASE \"rights\" TO \"poor\"" },
        { "CREATE TABLE public.x (a int)", "GRANT USAGE, CREATE ON SCHEMA \"public\" TO \"poor\"" },
        { "DROP TABLE public.t", "do this as the role that owns it" },
    };
    struct pg *pg = fresh("rights"), *poor;
    struct err err = { 0 };

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN; CREATE TABLE t (a int); CREATE "
            "SCHEMA ingest;"
            "CREATE TABLE ingest.payloads (a int); REVOKE TEMP ON DATABASE rights FROM PUBLIC");
    poor = connect_to("dbname=rights user=poor");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(pg_script(poor, "test", cases[i].sql, &err), ST_DB);
        if (strstr(err.hint, cases[i].hint) == NULL)
            fail_msg("%s: %s: %s", cases[i].sql, err.cause, err.hint);
    }
    sql(pg, "GRANT USAGE ON SCHEMA ingest TO poor");
    assert_int_equal(pg_script(poor, "test", "SELECT * FROM ingest.payloads", &err), ST_DB);
    assert_non_null(strstr(err.hint, "ON ingest.\"payloads\" TO"));
    pg_close(poor);
    pg_close(pg);
}

static void
values_and_arrays_arrive(void **state)
{
    struct pg *pg = fresh("parameters");
    struct err err = { 0 };
    struct pg_result *r = NULL;
    struct pg_array ints, texts, bytes;
    uint8_t out[4];

    (void)state;
    pg_array_begin(&ints);
    pg_array_int(&ints, INT64_MIN);
    pg_array_null(&ints);
    pg_array_int(&ints, INT64_MAX);
    pg_array_begin(&texts);
    pg_array_text(&texts, SLICE("a\"b\\c,{} NULL'\n"));
    pg_array_text(&texts, SLICE("NULL"));
    pg_array_text(&texts, SLICE(""));
    pg_array_begin(&bytes);
    pg_array_bytea(&bytes, "\0\\\"\xff", 4);
    const char *values[] = { pg_array_end(&ints), pg_array_end(&texts), pg_array_end(&bytes),
                             NULL };

    must(pg_run(pg, "test",
                "SELECT ($1::bigint[])[1], ($1::bigint[])[2], ($1::bigint[])[3], ($2::text[])[1], "
                "($2::text[])[2],"
                " cardinality($2::text[]), ($3::bytea[])[1], $4::text",
                4, values, &r, &err),
         &err, "arrays");
    assert_true(pg_int(r, 0, 0) == INT64_MIN);
    assert_true(pg_is_null(r, 0, 1));
    assert_true(pg_int(r, 0, 2) == INT64_MAX);
    assert_string_equal(pg_text(r, 0, 3).p, "a\"b\\c,{} NULL'\n");
    assert_string_equal(pg_text(r, 0, 4).p, "NULL");
    assert_int_equal(pg_int(r, 0, 5), 3);
    assert_true(pg_bytea(r, 0, 6, out, 4) == 4);
    assert_memory_equal(out, "\0\\\"\xff", 4);
    assert_true(pg_bytea(r, 0, 6, out, 3) == SIZE_MAX);
    assert_true(pg_bytea(r, 0, 4, out, 4) == SIZE_MAX);
    assert_null(pg_text(r, 0, 7).p);
    pg_free(r);
    pg_array_release(&ints);
    pg_array_release(&texts);
    pg_array_release(&bytes);
    pg_close(pg);
}

static void
locks_and_deadlocks_may_be_tried_again(void **state)
{
    struct pg *a = fresh("locks"), *b = connect_to("dbname=locks");
    struct err err = { 0 };

    (void)state;
    sql(a, "CREATE TABLE t (a int)");
    must(pg_begin(a, &err), &err, "begin");
    sql(a, "LOCK TABLE t");
    must(pg_begin(b, &err), &err, "begin");
    sql(b, "SET LOCAL lock_timeout = '20ms'");
    assert_int_equal(pg_script(b, "test", "SELECT * FROM t", &err), ST_DB_RETRY);
    assert_string_equal(pg_sqlstate(b), "55P03");
    pg_close(a);
    pg_close(b);
}

/* Heard is what was said, once; silence, and a connection that is gone, are told apart. */
static void
what_is_said_is_heard_once(void **state)
{
    struct pg *a = fresh("heard"), *b = connect_to("dbname=heard");
    struct err err = { 0 };
    int64_t begun = clock_monotonic_us();
    bool heard = true;
    enum st rc = ST_OK;

    (void)state;
    must(pg_listen(a, "news", &err), &err, "listen");
    must(pg_wait(a, 1, &heard, &err), &err, "wait");
    assert_false(heard);
    sql(b, "NOTIFY news");
    must(pg_wait(a, 60000, &heard, &err), &err, "wait");
    assert_true(heard);
    must(pg_wait(a, 1, &heard, &err), &err, "wait");
    assert_false(heard);
    sql(b, "NOTIFY news; NOTIFY news");
    assert_int_equal(sql_int(a, "SELECT 1"), 1); /* the news comes along with the answer, or soon */
    must(pg_wait(a, 60000, &heard, &err), &err, "wait");
    assert_true(heard);
    assert_true(clock_monotonic_us() - begun < INT64_C(50) * 1000000);
    sql(b, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'heard' AND pid <> pg_backend_pid()");
    for (int i = 0; i < 100 && rc == ST_OK; i++) /* its last words may come before its end */
        rc = pg_wait(a, 1000, &heard, &err);
    for (int i = 0; i < 2; i++) { /* found out, and known */
        assert_int_equal(rc, ST_DB_RETRY);
        assert_string_equal(err.what, "cannot wait for notifications");
        rc = pg_wait(a, 60000, &heard, &err);
    }
    pg_close(a);
    pg_close(b);
}

/* Goes on so often, and then no more. */
static bool
run_out(void *ctx)
{
    int *left = ctx;

    return (*left)-- > 0;
}

/* A statement that is waited for no longer is cancelled, and the session goes on; answers that come in time are what they always were. */
static void
patience_comes_to_its_end(void **state)
{
    struct pg *pg = fresh("patience"), *other = connect_to("dbname=patience");
    struct err err = { 0 };
    struct pg_result *r = NULL;
    int64_t begun = clock_monotonic_us();
    int left = 2;

    (void)state;
    pg_set_patience(pg, run_out, &left);
    assert_int_equal(pg_run(pg, "sleep", "SELECT pg_sleep(100)", 0, NULL, NULL, &err), ST_STOPPED);
    assert_string_equal(err.what, "stopped");
    assert_int_equal(pg_script(pg, "sleep", "SELECT 1; SELECT pg_sleep(100); SELECT 2", &err), ST_STOPPED);
    assert_true(clock_monotonic_us() - begun < INT64_C(60) * 1000000);
    assert_true(pg_is_alive(pg));
    left = INT32_MAX;
    assert_int_equal(sql_int(pg, "SELECT 42 FROM pg_sleep(0.5)"), 42);
    must(pg_run(pg, "many", "SELECT repeat('x', 1000) FROM generate_series(1, 20000)", 0, NULL, &r, &err), &err, "many");
    assert_int_equal(pg_rows(r), 20000);
    pg_free(r);
    assert_int_equal(pg_script(pg, "wrong", "SELECT 1; SELECT 1/0; SELECT 2", &err), ST_DB);
    assert_string_equal(pg_sqlstate(pg), "22012");
    /* Inside a transaction what is cancelled is rolled back with it. */
    sql(other, "CREATE TABLE t (n int)");
    sql(other, "BEGIN; LOCK TABLE t");
    left = 1;
    must(pg_begin(pg, &err), &err, "begin");
    assert_int_equal(pg_run(pg, "insert", "INSERT INTO t VALUES (1)", 0, NULL, NULL, &err), ST_STOPPED);
    pg_rollback(pg);
    sql(other, "ROLLBACK");
    left = INT32_MAX;
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 0);
    /* A session that is ended is lost, with patience as without. */
    sql(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'patience' AND pid <> pg_backend_pid()");
    assert_int_equal(pg_run(pg, "select", "SELECT pg_sleep(5)", 0, NULL, NULL, &err), ST_DB_RETRY);
    assert_false(pg_is_alive(pg));
    pg_close(pg);
    pg_close(other);
}

/* Puts `n` rows of 1,000 bytes. */
static enum st
put_rows(struct pg *pg, int n, struct err *err)
{
    char row[1001];
    enum st st = ST_OK;

    memset(row, 'x', sizeof row - 1);
    row[sizeof row - 1] = '\n';
    for (int i = 0; i < n && st == ST_OK; i++)
        st = pg_copy_put(pg, row, sizeof row, err);
    return st;
}

/* Rows that a server does not take keep nobody from ending it: they lie in the socket, or the last answer is waited for, or the first. */
static void
patience_while_rows_are_copied(void **state)
{
    enum { PUT, END, START };
    struct pg *pg = fresh("patient_copy"), *other = connect_to("dbname=patient_copy");
    int left = INT32_MAX;
    struct err err = { 0 };
    int64_t n = 0;

    (void)state;
    sql(other, "CREATE TABLE t (x text)");
    sql(other, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
               " $$ BEGIN PERFORM pg_sleep(current_setting('test.sleep')::float8); RETURN NEW; END $$");
    sql(other, "CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW WHEN (current_setting('test.sleep', true) <> '')"
               " EXECUTE FUNCTION slow()");
    pg_set_patience(pg, run_out, &left);
    /* Slow is not dead: whoever waits is asked, and all rows arrive. */
    sql(pg, "SET test.sleep = 0.3");
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(put_rows(pg, 2, &err), &err, "put");
    must(pg_copy_end(pg, &n, &err), &err, "end");
    assert_int_equal(n, 2);
    assert_in_range(left, INT32_MAX - 1000, INT32_MAX - 1);
    sql(pg, "SET test.sleep = ''");
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(put_rows(pg, 20000, &err), &err, "put");
    must(pg_copy_end(pg, &n, &err), &err, "end");
    assert_int_equal(n, 20000);
    sql(pg, "SET test.sleep = 100");
    for (int stuck = PUT; stuck <= START; stuck++) {
        if (stuck == START)
            sql(other, "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        left = 1;
        must(pg_begin(pg, &err), &err, "begin");
        if (stuck == START) {
            assert_int_equal(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), ST_STOPPED);
        } else {
            must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
            if (stuck == PUT)
                assert_int_equal(put_rows(pg, 100000, &err), ST_STOPPED);
            else
                must(put_rows(pg, 1, &err), &err, "put");
            if (stuck == END)
                assert_int_equal(pg_copy_end(pg, &n, &err), ST_STOPPED);
        }
        assert_string_equal(err.what, "stopped");
        pg_rollback(pg);
        sql(other, stuck == START ? "ROLLBACK" : "SELECT 1");
        assert_true(pg_is_alive(pg));
        left = INT32_MAX;
        assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 20002);
    }
    /* An error in the midst of it is told as without patience, and the session goes on. */
    sql(pg, "SET test.sleep = ''");
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    must(pg_copy_put(pg, "a\tb\n", 4, &err), &err, "put");
    (void)put_rows(pg, 5000, &err);
    assert_int_equal(pg_copy_end(pg, &n, &err), ST_DB);
    assert_string_equal(pg_sqlstate(pg), "22P04");
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    pg_copy_abort(pg, "changed my mind");
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM t"), 20002);
    /* Whose server is gone has lost it. */
    must(pg_copy_start(pg, "cannot copy", "COPY t FROM STDIN", &err), &err, "copy");
    sql(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'patient_copy' AND pid <> pg_backend_pid()");
    if (put_rows(pg, 20000, &err) == ST_OK)
        assert_int_equal(pg_copy_end(pg, &n, &err), ST_DB_RETRY);
    assert_int_equal(err.code, ST_DB_RETRY);
    pg_close(pg);
    pg_close(other);
}

/* So long and no longer, within a transaction and outside, also over a new connection; and then it is not worth another try. */
static void
locks_are_waited_for_as_long_as_was_said(void **state)
{
    struct pg *pg = fresh("lock_wait"), *other = connect_to("dbname=lock_wait");
    struct err err = { 0 };

    (void)state;
    sql(other, "CREATE TABLE t (n int)");
    sql(other, "BEGIN; LOCK TABLE t");
    must(pg_set_lock_wait(pg, 1, &err), &err, "lock wait");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pg_run(pg, "select", "SELECT * FROM t", 0, NULL, NULL, &err), ST_DB);
        assert_string_equal(pg_sqlstate(pg), "55P03");
        must(pg_begin(pg, &err), &err, "begin");
        assert_string_equal(sql_text(pg, "SHOW lock_timeout"), "1ms");
        assert_int_equal(pg_run(pg, "insert", "INSERT INTO t VALUES (1)", 0, NULL, NULL, &err), ST_DB);
        pg_rollback(pg);
        must(pg_reconnect(pg, &err), &err, "reconnect");
    }
    must(pg_set_lock_wait(pg, INT64_MAX, &err), &err, "lock wait");
    assert_string_equal(sql_text(pg, "SELECT setting FROM pg_settings WHERE name = 'lock_timeout'"), "2147483647");
    pg_close(pg);
    pg_close(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_and_environment_change_nothing),
        cmocka_unit_test(other_encodings_are_refused),
        cmocka_unit_test(reading_connections_cannot_write),
        cmocka_unit_test(no_server_is_no_reason_to_wait),
        cmocka_unit_test(full_server_is_worth_a_retry),
        cmocka_unit_test(passwords_never_show),
        cmocka_unit_test(failed_transaction_does_not_commit),
        cmocka_unit_test(deferred_failure_at_commit_is_known),
        cmocka_unit_test(killed_connection_may_be_tried_again),
        cmocka_unit_test(copy_reports_at_the_end),
        cmocka_unit_test(messages_are_cleaned_and_cut),
        cmocka_unit_test(missing_rights_name_the_grant),
        cmocka_unit_test(values_and_arrays_arrive),
        cmocka_unit_test(locks_and_deadlocks_may_be_tried_again),
        cmocka_unit_test(what_is_said_is_heard_once),
        cmocka_unit_test(patience_comes_to_its_end),
        cmocka_unit_test(patience_while_rows_are_copied),
        cmocka_unit_test(locks_are_waited_for_as_long_as_was_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
