/* queue/ against a real server: who gets which job, and what becomes of the jobs of the dead. */
#include "pgtest.h"

#include "ingest/migrate.h"
#include "ingest/queue.h"

#include <pthread.h>
#include <signal.h>

static char conninfo[64];

static struct pg *
with_queue(const char *name)
{
    static const char *const sets[] = { "pictrs" };
    struct migrate_options options = { .no_sketches = true };
    struct pg *pg = fresh(name);
    struct err err = { 0 };

    snprintf(conninfo, sizeof conninfo, "dbname=%s", name);
    must(migrate_up(pg, sets, 1, &options, &err), &err, "migrate");
    return pg;
}

static struct queue *
opened(const char *name)
{
    struct err err = { 0 };
    struct queue *q = queue_open(conninfo, name, QUEUE_TO_TAKE, NULL, &err);

    if (q == NULL)
        fail_msg("open: %s: %s", err.what, err.cause);
    return q;
}

/* Puts in files of these names. */
static uint64_t
push(struct queue *q, size_t n, const char *const *paths)
{
    struct queue_file files[16];
    struct err err = { 0 };
    uint64_t n_new;

    for (size_t i = 0; i < n; i++)
        files[i] = (struct queue_file){ .path = paths[i], .walked = i % 2 == 1 };
    must(queue_push(q, files, n, &n_new, &err), &err, "push");
    return n_new;
}

/* One job's path; "" when there is none. */
static const char *
pop(struct queue *q, struct queue_job *job)
{
    struct err err = { 0 };
    size_t n;
    enum st rc = queue_pop(q, job, 1, &n, &err);

    if (rc != ST_EOF)
        must(rc, &err, "pop");
    assert_int_equal(n, rc == ST_OK);
    return rc == ST_EOF ? "" : job->path;
}

static void
done(struct queue *q, const struct queue_job *job)
{
    struct err err = { 0 };

    must(queue_done(q, &job, 1, &err), &err, "done");
}

static const char *const abc[] = { "/b", "/a", "/c\n\xff" };

static void
each_once_in_the_order_it_came(void **state)
{
    struct pg *pg = with_queue("queue_order");
    struct queue *q = opened("ingest"), *other = opened("other");
    struct queue_job job, none;

    (void)state;
    assert_string_equal(queue_table(q), "pictrs.queue");
    assert_int_equal(push(q, 3, abc), 3);
    assert_int_equal(push(q, 3, abc), 0);
    assert_int_equal(push(other, 1, abc), 1); /* a queue of another name is another queue */
    assert_string_equal(pop(q, &job), "/b");
    assert_false(job.walked);
    assert_int_equal(job.retry, 5);
    assert_int_equal(push(q, 1, abc), 0); /* nor is one that is being counted put in again */
    done(q, &job);
    assert_int_equal(push(q, 1, abc), 1); /* but one that is done may be */
    assert_string_equal(pop(q, &job), "/a");
    assert_true(job.walked);
    assert_string_equal(pop(q, &job), "/c\n\xff");
    assert_string_equal(pop(q, &job), "/b");
    assert_string_equal(pop(q, &none), "");
    assert_string_equal(pop(other, &job), "/b");
    queue_close(other);
    queue_close(q);
    pg_close(pg);
}

static void
long_and_many(void **state)
{
    enum { N = 2500 };
    struct pg *pg = with_queue("queue_many");
    struct queue *q = opened("ingest");
    struct queue_file *files = calloc(N, sizeof *files);
    char *names = malloc((size_t)N * 16), *long_name = malloc(4096);
    struct err err = { 0 };
    struct queue_job job;
    uint64_t n;

    (void)state;
    assert_non_null(files);
    assert_non_null(names);
    assert_non_null(long_name);
    for (size_t i = 0; i < N; i++) {
        snprintf(names + 16 * i, 16, "/%zu", N - i);
        files[i].path = names + 16 * i;
    }
    memset(long_name, '\xfe', 4095);
    long_name[0] = '/';
    long_name[4095] = '\0';
    files[0].path = long_name;
    files[N - 1].path = files[N - 2].path; /* twice in a statement */
    must(queue_push(q, files, N, &n, &err), &err, "push");
    assert_int_equal(n, N - 1);
    assert_string_equal(pop(q, &job), long_name);
    assert_string_equal(pop(q, &job), "/2499");
    assert_string_equal(pop(q, &job), "/2498");
    free(long_name);
    free(names);
    free(files);
    queue_close(q);
    pg_close(pg);
}

static void
several_at_once_are_the_oldest_in_their_order(void **state)
{
    static const char *const paths[] = { "/5", "/3", "/4", "/1", "/2" };
    struct pg *pg = with_queue("queue_several");
    struct queue *q = opened("ingest"), *other = opened("ingest");
    const struct queue_job *both[2];
    struct queue_job jobs[4];
    struct err err = { 0 };
    size_t n;

    (void)state;
    push(q, 5, paths);
    must(queue_pop(q, jobs, 3, &n, &err), &err, "pop");
    assert_int_equal(n, 3);
    assert_string_equal(jobs[0].path, "/5");
    assert_string_equal(jobs[1].path, "/3");
    assert_string_equal(jobs[2].path, "/4");
    both[0] = &jobs[0];
    both[1] = &jobs[2];
    must(queue_done(other, both, 2, &err), &err, "done by another");
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM pictrs.queue"), 5);
    must(queue_done(q, both, 2, &err), &err, "done");
    must(queue_done(q, both, 0, &err), &err, "none done");
    assert_string_equal(
        sql_text(pg,
                 "SELECT string_agg(job->>'file', ' ') FROM pictrs.queue WHERE status = 'running'"),
        "file:///3");
    must(queue_pop(other, jobs, 4, &n, &err), &err, "pop");
    assert_int_equal(n, 2);
    assert_string_equal(jobs[1].path, "/2");
    assert_int_equal(queue_pop(other, jobs, 4, &n, &err), ST_EOF);
    assert_int_equal(n, 0);
    queue_close(other);
    queue_close(q);
    pg_close(pg);
}

static void
what_fails_is_tried_later_and_not_for_ever(void **state)
{
    struct pg *pg = with_queue("queue_fail");
    struct queue *q = opened("ingest");
    struct err err = { 0 };
    struct queue_job job, none;
    int left;

    (void)state;
    push(q, 1, abc);
    for (int i = 4; i >= 0; i--) {
        assert_string_equal(pop(q, &job), "/b");
        assert_int_equal(job.retry, i + 1);
        must(queue_fail(q, &job, &left, &err), &err, "fail");
        assert_int_equal(left, i);
        assert_string_equal(pop(q, &none), ""); /* not at once */
        sql(pg, "UPDATE pictrs.queue SET queue_time = queue_time - interval '61 seconds'");
    }
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM pictrs.queue"), 0);
    must(queue_fail(q, &job, &left, &err), &err, "fail again");
    assert_int_equal(left, -1);
    queue_close(q);
    pg_close(pg);
}

static void
what_is_given_back_has_lost_nothing(void **state)
{
    struct pg *pg = with_queue("queue_back");
    struct queue *q = opened("ingest");
    struct err err = { 0 };
    uint64_t running, waiting;
    struct queue_job job;

    (void)state;
    push(q, 2, abc);
    assert_string_equal(pop(q, &job), "/b");
    must(queue_left(q, &running, &waiting, &err), &err, "left");
    assert_int_equal(running, 1);
    assert_int_equal(waiting, 1);
    must(queue_give_back(q, &job, 0, &err), &err, "back");
    assert_string_equal(pop(q, &job), "/b"); /* still the oldest */
    assert_int_equal(job.retry, 5);
    must(queue_give_back(q, &job, 60, &err), &err, "back");
    assert_string_equal(pop(q, &job), "/a");
    assert_string_equal(pop(q, &job), "");
    queue_close(q);
    pg_close(pg);
}

static void
jobs_of_the_dead_are_done_again_those_of_the_living_not(void **state)
{
    struct pg *pg = with_queue("queue_dead");
    struct queue *dead = opened("ingest"), *q = opened("ingest"), *other = opened("other");
    struct queue_job job, mine, none;
    struct err err = { 0 };
    uint64_t n;
    int left;

    (void)state;
    push(dead, 2, abc);
    push(other, 1, abc);
    pop(dead, &job);
    pop(other, &none);
    pop(q, &mine);
    sql(pg, "UPDATE pictrs.queue SET heartbeat = heartbeat - interval '119 seconds'");
    must(queue_requeue(q, &n, &err), &err, "requeue");
    assert_int_equal(n, 0);
    sql(pg, "UPDATE pictrs.queue SET heartbeat = heartbeat - interval '2 seconds'"
            " WHERE job->>'file' = 'file:///b'");
    must(queue_requeue(q, &n, &err), &err, "requeue");
    assert_int_equal(n, 1); /* not that of the other queue */
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM pictrs.queue WHERE queue = 'ingest' AND status = 'new'"
                    " AND worker_id IS NULL AND heartbeat IS NULL AND retry = 5"),
        1);
    assert_string_equal(pop(q, &mine), "/b");
    /* Who was taken for dead and lives changes nothing any more. */
    done(dead, &job);
    must(queue_give_back(dead, &job, 0, &err), &err, "back");
    must(queue_fail(dead, &job, &left, &err), &err, "fail");
    assert_int_equal(left, -1);
    assert_int_equal(sql_int(pg,
                             "SELECT count(*) FROM pictrs.queue WHERE job->>'file' = 'file:///b'"
                             " AND status = 'running' AND retry = 5 AND queue = 'ingest'"),
                     1);
    queue_close(other);
    queue_close(dead);
    queue_close(q);
    pg_close(pg);
}

/* ---- many at once ---- */

enum { WORKERS = 6, JOBS = 120 };

static void *
work(void *arg)
{
    struct queue *q = arg;
    struct queue_job jobs[5];
    const struct queue_job *all[5];
    struct err err;
    size_t n;

    while (queue_pop(q, jobs, ARRAY_LEN(jobs), &n, &err) == ST_OK) {
        for (size_t i = 0; i < n; i++)
            all[i] = &jobs[i];
        if (n == 0 || queue_done(q, all, n, &err) != ST_OK)
            return arg;
    }
    return NULL;
}

static void
nobody_gets_the_job_of_another(void **state)
{
    struct pg *pg = with_queue("queue_race");
    struct queue *q[WORKERS];
    struct queue_file files[JOBS];
    char names[JOBS][16];
    pthread_t threads[WORKERS];
    struct err err = { 0 };
    uint64_t n;

    (void)state;
    /* Each claim and each deletion is noted, so that a job which two have had would show. */
    sql(pg, "CREATE TABLE claims (id uuid PRIMARY KEY);"
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN INSERT INTO claims VALUES (NEW.id); RETURN NEW; END;$$;"
            "CREATE TRIGGER note AFTER UPDATE ON pictrs.queue FOR EACH ROW"
            " WHEN (NEW.status = 'running') EXECUTE FUNCTION note()");
    for (int i = 0; i < JOBS; i++) {
        snprintf(names[i], sizeof names[i], "/%d", i);
        files[i] = (struct queue_file){ .path = names[i] };
    }
    for (int i = 0; i < WORKERS; i++)
        q[i] = opened("ingest");
    must(queue_push(q[0], files, JOBS, &n, &err), &err, "push");
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, q[i]), 0);
    for (int i = 0; i < WORKERS; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_null(result);
        queue_close(q[i]);
    }
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM claims"), JOBS);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM pictrs.queue"), 0);
    pg_close(pg);
}

/* ---- the heart ---- */

static void
a_worker_that_lives_says_so(void **state)
{
    struct pg *pg = with_queue("queue_beat");
    struct queue *q = opened("ingest"), *other = opened("ingest");
    struct queue_beat *beat;
    struct queue_job job;
    int tries = 500;

    (void)state;
    push(q, 2, abc);
    pop(q, &job);
    pop(other, &job);
    sql(pg, "UPDATE pictrs.queue SET heartbeat = heartbeat - interval '1 hour'");
    beat = queue_beat_start(q, 10);
    assert_non_null(beat);
    while (sql_int(pg,
                   "SELECT count(*) FROM pictrs.queue WHERE heartbeat > now() AT TIME ZONE 'UTC'"
                   " - interval '1 minute'") == 0 &&
           tries-- > 0)
        usleep(10000);
    sql(pg,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'UPDATE%heartbeat%'"
        " AND pid <> pg_backend_pid()");
    sql(pg, "UPDATE pictrs.queue SET heartbeat = heartbeat - interval '1 hour'");
    for (tries = 500; tries > 0; tries--) { /* on a new connection */
        if (sql_int(pg,
                    "SELECT count(*) FROM pictrs.queue WHERE heartbeat > now() AT TIME ZONE 'UTC'"
                    " - interval '1 minute'") > 0)
            break;
        usleep(10000);
    }
    assert_true(queue_beat_stop(beat) >= 2);
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM pictrs.queue WHERE heartbeat > now() AT TIME ZONE 'UTC'"
                    " - interval '1 minute'"),
        1); /* not the other's */
    beat = queue_beat_start(q, 30000);
    assert_int_equal(queue_beat_stop(beat), 0); /* at once */
    assert_int_equal(queue_beat_stop(NULL), 0);
    queue_close(other);
    queue_close(q);
    pg_close(pg);
}

static void
a_job_that_comes_wakes(void **state)
{
    struct pg *pg = with_queue("queue_wake");
    struct queue *q = opened("ingest"), *other = opened("ingest");
    struct err err = { 0 };
    struct queue_job job;
    bool heard = false;

    (void)state;
    must(queue_wait(q, 60000, &heard, &err), &err, "listen");
    assert_true(heard); /* begins to listen, and lets look once more */
    push(other, 1, abc);
    must(queue_wait(q, 60000, &heard, &err), &err, "wait");
    assert_true(heard);
    assert_string_equal(pop(q, &job), "/b");
    must(queue_wait(q, 60000, &heard, &err), &err, "wait");
    assert_true(heard); /* of its own claim */
    must(queue_wait(q, 10, &heard, &err), &err, "wait in vain");
    assert_false(heard);
    sql(pg, "SELECT pg_notify('queue_status_channel', 'x')");
    must(queue_wait(q, 60000, &heard, &err), &err, "wait");
    assert_true(heard);
    queue_close(other);
    queue_close(q);
    pg_close(pg);
}

static void
end_sessions(struct pg *pg, const char *database)
{
    char text[200];

    snprintf(text, sizeof text,
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
             " AND pid <> pg_backend_pid()",
             database);
    sql(pg, text);
}

static void
a_lost_connection_is_made_again(void **state)
{
    struct pg *pg = with_queue("queue_lost");
    struct queue *q = opened("ingest");
    struct queue_job job, again;
    struct err err = { 0 };
    bool heard;
    enum st rc;

    (void)state;
    push(q, 2, abc);
    must(queue_wait(q, 10, &heard, &err), &err, "listen");
    pop(q, &job);
    end_sessions(pg, "queue_lost");
    done(q, &job);
    assert_int_equal(queue_losses(q), 1);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM pictrs.queue"), 1);
    /* A claim whose answer is lost would be ours without our knowing it. */
    sql(pg, "UPDATE pictrs.queue SET status = 'running', heartbeat = now() AT TIME ZONE 'UTC',"
            " worker_id = (SELECT gen_random_uuid())");
    assert_string_equal(pop(q, &again), ""); /* another worker's stays so */
    end_sessions(pg, "queue_lost");
    do {
        rc = queue_wait(q, 1000, &heard, &err); /* says that it is lost; the next call mends it */
    } while (rc == ST_OK && queue_losses(q) == 1);
    assert_int_equal(rc, ST_DB_RETRY);
    must(queue_wait(q, 10, &heard, &err), &err, "listen again");
    assert_true(heard);
    assert_int_equal(queue_losses(q), 2);
    queue_close(q);
    pg_close(pg);
}

static void
a_claim_whose_answer_was_lost_is_taken_back(void **state)
{
    struct pg *pg = with_queue("queue_orphan");
    struct queue *q = opened("ingest");
    struct queue_job job, other;

    (void)state;
    push(q, 2, abc);
    pop(q, &job); /* as if its answer had never come ... */
    end_sessions(pg, "queue_orphan");
    assert_string_equal(pop(q, &other), "/a"); /* ... this one's did ... */
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM pictrs.queue WHERE status = 'running'"), 1);
    done(q, &other);
    assert_string_equal(pop(q, &other), "/b"); /* ... and the first is there again */
    end_sessions(pg, "queue_orphan");
    assert_string_equal(pop(q, &other), "/b"); /* also when it was the last */
    queue_close(q);
    pg_close(pg);
}

/* ---- whose table ---- */

static void
strange_jobs_are_told_not_lost(void **state)
{
    static const char *const jobs[] = { "{}",
                                        "[]",
                                        "3",
                                        "\"x\"",
                                        "null",
                                        "{\"file\": 3}",
                                        "{\"file\": null}",
                                        "{\"file\": \"/a\"}",
                                        "{\"file\": \"file:///%00\"}",
                                        "{\"file\": {}}" };
    struct pg *pg = with_queue("queue_strange");
    struct queue *q = opened("ingest");
    struct queue_job job;
    char text[200];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        snprintf(text, sizeof text, "INSERT INTO pictrs.queue (queue, job) VALUES ('ingest', '%s')",
                 jobs[i]);
        sql(pg, text);
        assert_string_equal(pop(q, &job), "");
        if (job.trouble[0] == '\0')
            fail_msg("%s was taken", jobs[i]);
    }
    sql(pg, "INSERT INTO pictrs.queue (queue, job, retry) VALUES ('ingest', '{}', 0)");
    assert_string_equal(pop(q, &job), "");
    queue_close(q);
    pg_close(pg);
}

static const char live_queue[] =
    "CREATE TYPE job_status AS ENUM ('new', 'running');"
    "CREATE TABLE job_queue (id uuid PRIMARY KEY, worker uuid, job jsonb NOT NULL,"
    "  queue varchar(50) NOT NULL, status job_status NOT NULL DEFAULT 'new',"
    "  queue_time timestamp NOT NULL DEFAULT now(), heartbeat timestamp, retry integer NOT NULL DEFAULT 5,"
    "  unique_key text UNIQUE)";

static void
the_queue_of_pictrs_itself_will_do(void **state)
{
    struct pg *pg = fresh("queue_live");
    struct err err = { 0 };
    struct queue_job job;
    struct queue *q;

    (void)state;
    snprintf(conninfo, sizeof conninfo, "dbname=queue_live");
    assert_null(queue_open(conninfo, "ingest", QUEUE_TO_TAKE, NULL, &err));
    assert_int_equal(err.code, ST_DB);
    assert_string_equal(err.hint, "ingest migrate up pictrs");
    sql(pg, "CREATE TABLE queue (id uuid, queue text)"); /* somebody else's */
    assert_null(queue_open(conninfo, "ingest", QUEUE_TO_TAKE, NULL, &err));
    sql(pg, live_queue);
    sql(pg, "INSERT INTO job_queue (id, queue, job) VALUES (gen_random_uuid(), 'process', '{}')");
    q = opened("ingest");
    assert_string_equal(queue_table(q), "public.job_queue");
    assert_int_equal(push(q, 2, abc), 2);
    assert_int_equal(push(q, 2, abc), 0);
    assert_string_equal(pop(q, &job), "/b");
    done(q, &job);
    assert_string_equal(pop(q, &job), "/a");
    done(q, &job);
    assert_string_equal(pop(q, &job), "");
    assert_int_equal(
        sql_int(pg, "SELECT count(*) FROM job_queue WHERE queue = 'process' AND status = 'new'"),
        1);
    queue_close(q);
    pg_close(pg);
}

static void
bad_names_are_refused(void **state)
{
    static const char *const names[] = { "", "a b", "a'b", "\xc3\xa9",
                                         "0123456789012345678901234567890" };
    struct pg *pg = with_queue("queue_names");
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_null(queue_open(conninfo, names[i], QUEUE_TO_TAKE, NULL, &err));
        assert_int_equal(err.code, ST_USAGE);
    }
    queue_close(opened("0123456789-_.ABCXYZabcxyz01234"));
    pg_close(pg);
}

static void
a_missing_right_is_named(void **state)
{
    struct pg *pg = with_queue("queue_rights");
    struct queue_file file = { .path = "/a" };
    struct queue_job job;
    struct err err = { 0 };
    struct queue *q;
    uint64_t n;
    int left;

    (void)state;
    sql(pg, "DROP ROLE IF EXISTS queue_worker; CREATE ROLE queue_worker LOGIN");
    snprintf(conninfo, sizeof conninfo, "dbname=queue_rights user=queue_worker");
    assert_null(queue_open(conninfo, "ingest", QUEUE_TO_PUT, NULL, &err));
    assert_non_null(strstr(err.hint, "GRANT USAGE ON SCHEMA \"pictrs\" TO \"queue_worker\""));
    sql(pg, "GRANT USAGE ON SCHEMA pictrs TO queue_worker");
    assert_null(queue_open(conninfo, "ingest", QUEUE_TO_PUT, NULL, &err));
    assert_string_equal(err.hint,
                        "as the owner: GRANT INSERT ON pictrs.queue TO \"queue_worker\";");
    assert_null(queue_open(conninfo, "ingest", QUEUE_TO_TAKE, NULL, &err));
    assert_string_equal(
        err.hint,
        "as the owner: GRANT SELECT, UPDATE, DELETE ON pictrs.queue TO \"queue_worker\";");
    sql(pg, "GRANT INSERT ON pictrs.queue TO queue_worker"); /* which is enough to put files in,
                                                                twice even */
    q = queue_open(conninfo, "ingest", QUEUE_TO_PUT, NULL, &err);
    assert_non_null(q);
    for (int i = 0; i < 2; i++) {
        must(queue_push(q, &file, 1, &n, &err), &err, "push");
        assert_int_equal(n, i == 0);
    }
    queue_close(q);
    sql(pg,
        "GRANT SELECT, UPDATE, DELETE ON pictrs.queue TO queue_worker; REVOKE INSERT ON pictrs.queue FROM queue_worker");
    q = opened("ingest");
    assert_string_equal(pop(q, &job), "/a");
    must(queue_requeue(q, &n, &err), &err, "requeue");
    must(queue_give_back(q, &job, 0, &err), &err, "back");
    assert_string_equal(pop(q, &job), "/a");
    must(queue_fail(q, &job, &left, &err), &err, "fail");
    sql(pg, "UPDATE pictrs.queue SET queue_time = queue_time - interval '61 seconds'");
    assert_string_equal(pop(q, &job), "/a");
    done(q, &job);
    queue_close(q);
    sql(pg, "DROP OWNED BY queue_worker; DROP ROLE queue_worker");
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_once_in_the_order_it_came),
        cmocka_unit_test(long_and_many),
        cmocka_unit_test(several_at_once_are_the_oldest_in_their_order),
        cmocka_unit_test(what_fails_is_tried_later_and_not_for_ever),
        cmocka_unit_test(what_is_given_back_has_lost_nothing),
        cmocka_unit_test(jobs_of_the_dead_are_done_again_those_of_the_living_not),
        cmocka_unit_test(nobody_gets_the_job_of_another),
        cmocka_unit_test(a_worker_that_lives_says_so),
        cmocka_unit_test(a_job_that_comes_wakes),
        cmocka_unit_test(a_lost_connection_is_made_again),
        cmocka_unit_test(a_claim_whose_answer_was_lost_is_taken_back),
        cmocka_unit_test(strange_jobs_are_told_not_lost),
        cmocka_unit_test(the_queue_of_pictrs_itself_will_do),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(a_missing_right_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
