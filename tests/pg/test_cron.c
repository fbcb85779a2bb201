/* cron/ against a real server: who may run a job, for how long, and when it is due again. */
#include "pgtest.h"

#include "ingest/cron.h"
#include "ingest/migrate.h"

#define JOB "seventv.cron_jobs WHERE id = 0"

static struct pg *
timetable(const char *name)
{
    static const char *const sets[] = { "seventv" };
    struct migrate_options o = { .no_sketches = true };
    struct pg *pg = fresh(name);
    struct err err = { 0 };

    must(migrate_up(pg, sets, 1, &o, &err), &err, "up");
    return pg;
}

static enum cron_turn
claim(struct cron *c, struct pg *pg, const char *conninfo)
{
    struct err err = { 0 };
    enum cron_turn turn;

    must(cron_claim(c, pg, conninfo, "seventv", CRON_EMOTE_SCORES, &turn, &err), &err, "claim");
    return turn;
}

static void
end(struct cron *c, struct pg *pg, enum cron_outcome outcome)
{
    struct err err = { 0 };

    must(cron_end(c, pg, outcome, &err), &err, "end");
}

static void
claimed_then_done_then_not_due(void **state)
{
    struct pg *pg = timetable("cron_done");
    struct cron a = { 0 }, b = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(claim(&a, pg, "dbname=cron_done"), CRON_OURS);
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM " JOB " AND currently_running_by IS NOT NULL"
                    " AND held_until BETWEEN now() + interval '50 s' AND now() + interval '1 min'"),
        1);
    assert_int_equal(claim(&b, pg, "dbname=cron_done"), CRON_HELD);
    assert_non_null(strstr(b.why, "another one is at it"));
    assert_string_equal(b.why, sql_text(pg, "SELECT to_char(held_until AT TIME ZONE 'UTC',"
                                            " '\"another one is at it (held until \"YYYY-MM-DD HH24:MI:SS\" UTC)\"')"
                                            " FROM " JOB));
    must(cron_fence(&a, pg, &err), &err, "fence");
    end(&a, pg, CRON_DONE);
    end(&a, pg, CRON_FAILED); /* nothing is held: nothing is written */
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM " JOB " AND currently_running_by IS NULL"
                    " AND last_run <= now() AND held_until <= now()"
                    " AND next_run BETWEEN now() + interval '23 h' AND now() + interval '1 day'"),
        1);
    assert_int_equal(claim(&b, pg, "dbname=cron_done"), CRON_NOT_DUE);
    assert_string_equal(b.why, sql_text(pg, "SELECT to_char(next_run AT TIME ZONE 'UTC',"
                                            " '\"it is not due before \"YYYY-MM-DD HH24:MI:SS\" UTC\"') FROM " JOB));
    sql(pg,
        "UPDATE "
        "seventv.cron_jobs SET next_run = now() - interval '1 s', interval_unit = 'Hours', interval_count = 5");
    assert_int_equal(claim(&b, pg, "dbname=cron_done"), CRON_OURS);
    end(&b, pg, CRON_DONE);
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM " JOB
                    " AND next_run BETWEEN now() + interval '4 h' AND now() + interval '5 h'"),
        1);
    pg_close(pg);
}

static void
failure_is_due_again_in_a_minute(void **state)
{
    struct pg *pg = timetable("cron_failed");
    struct cron c = { 0 };

    (void)state;
    assert_int_equal(claim(&c, pg, "dbname=cron_failed"), CRON_OURS);
    end(&c, pg, CRON_FAILED);
    assert_int_equal(sql_int(pg,
                             "SELECT count(*) FROM " JOB " AND currently_running_by IS NULL"
                             " AND last_run IS NULL AND next_run BETWEEN now() + interval '30 s'"
                             " AND now() + interval '1 min'"),
                     1);
    assert_int_equal(claim(&c, pg, "dbname=cron_failed"), CRON_NOT_DUE);
    sql(pg, "UPDATE seventv.cron_jobs SET enabled = false, next_run = '-infinity'");
    assert_int_equal(claim(&c, pg, "dbname=cron_failed"), CRON_DISABLED);
    pg_close(pg);
}

/* Who is so slow that another one took over finds out before it commits, and leaves the other's
 * claim alone. */
static void
taken_over_is_found_out(void **state)
{
    struct pg *pg = timetable("cron_over");
    struct cron slow = { 0 }, next = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_int_equal(claim(&slow, pg, "dbname=cron_over"), CRON_OURS);
    sql(pg, "UPDATE seventv.cron_jobs SET held_until = now() - interval '1 s' WHERE id = 0");
    assert_int_equal(claim(&next, pg, "dbname=cron_over"), CRON_OURS);
    assert_int_equal(cron_fence(&slow, pg, &err), ST_DB);
    assert_non_null(strstr(err.cause, "taken it over"));
    end(&slow, pg, CRON_DONE);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM " JOB " AND last_run IS NULL"
                                 " AND currently_running_by IS NOT NULL"),
                     1);
    end(&next, pg, CRON_DONE);
    pg_close(pg);
}

/* Waits for the fact, not for a time: a slow machine makes it slower, not wrong. */
static void
renewed_as_long_as_it_is_ours(void **state)
{
    struct pg *pg = timetable("cron_renew");
    struct cron c = { .renew_ms = 20 };

    (void)state;
    assert_int_equal(claim(&c, pg, "dbname=cron_renew"), CRON_OURS);
    for (int turn = 0; turn < 2; turn++) {
        int tries = 0;

        sql(pg, "UPDATE seventv.cron_jobs SET held_until = now() WHERE id = 0");
        while (sql_int(pg, "SELECT count(*) FROM " JOB " AND held_until > now()") == 0 &&
               tries++ < 1000)
            usleep(20000);
        assert_in_range(tries, 0, 999);
    }
    end(&c, pg, CRON_DONE);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM " JOB " AND held_until <= now()"), 1);
    pg_close(pg);
}

static void
without_table_or_row(void **state)
{
    struct pg *pg = fresh("cron_none");
    struct err err = { 0 };
    struct cron c = { 0 };
    enum cron_turn turn;

    (void)state;
    assert_int_equal(claim(&c, pg, "dbname=cron_none"), CRON_NO_TABLE);
    must(cron_fence(&c, pg, &err), &err, "fence");
    end(&c, pg, CRON_DONE);
    /* one along the search path will do, with other columns besides */
    sql(pg,
        "CREATE TABLE cron_jobs (x int, id int, name text, last_run timestamptz, next_run timestamptz,"
        " interval_unit text, interval_count int, enabled bool, currently_running_by uuid,"
        " held_until timestamptz, updated_at timestamptz, search_updated_at timestamptz)");
    assert_int_equal(
        cron_claim(&c, pg, "dbname=cron_none", "seventv", CRON_EMOTE_SCORES, &turn, &err), ST_DB);
    assert_non_null(strstr(err.cause, "has no job 0"));
    sql(pg, "INSERT INTO cron_jobs (id, next_run, interval_unit, interval_count, enabled)"
            " VALUES (0, NULL, 'hours', 1, true)");
    assert_int_equal(claim(&c, pg, "dbname=cron_none"), CRON_NOT_DUE);
    assert_string_equal(c.why, "it is not due before infinity UTC");
    sql(pg, "UPDATE cron_jobs SET next_run = '-infinity'");
    assert_int_equal(claim(&c, pg, "dbname=cron_none"),
                     CRON_OURS); /* held_until NULL: nobody holds it */
    end(&c, pg, CRON_DONE);
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claimed_then_done_then_not_due),
        cmocka_unit_test(failure_is_due_again_in_a_minute),
        cmocka_unit_test(taken_over_is_found_out),
        cmocka_unit_test(renewed_as_long_as_it_is_ours),
        cmocka_unit_test(without_table_or_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
