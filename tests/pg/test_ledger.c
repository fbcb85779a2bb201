/* ledger/ against a real server: what is known, what was refused, and what the books hold. */
#include "pgtest.h"

#include "ingest/ledger.h"
#include "ingest/migrate.h"

static struct pg *
with_ledger(const char *name)
{
    static const char *const sets[] = { "ledger" };
    struct migrate_options options = { .no_sketches = true };
    struct pg *pg = fresh(name);
    struct err err = { 0 };

    must(migrate_up(pg, sets, 1, &options, &err), &err, "migrate");
    return pg;
}

static struct ledger
opened(struct pg *pg, bool read_only)
{
    struct err err = { 0 };
    struct ledger l;

    must(ledger_open(&l, pg, read_only, &err), &err, "open");
    l.has_machine = true; /* whatever this host has */
    return l;
}

static struct digest
digest(uint8_t with)
{
    struct digest d;

    memset(d.b, with, sizeof d.b);
    return d;
}

static struct sighting
sighting(const char *path, uint64_t inode, int64_t size, uint8_t stored)
{
    return (struct sighting){
        .path = path,
        .is_file = true,
        .file = { .device = 1, .inode = inode, .size = size, .mtime_ns = 7, .ctime_ns = 8 },
        .stored = digest(stored),
    };
}

static struct reading
reading_of(uint8_t with)
{
    return (struct reading){ .decoding = digest(with), .parsing = digest((uint8_t)(with + 100)) };
}

static struct err
corrupt(void)
{
    struct err e;

    err_fail(&e, ST_CORRUPT, "cannot decode gzip member", "the input ends inside a block");
    err_hint(&e, "load it again");
    e.offset = 1048576;
    e.line_no = 48211;
    return e;
}

static void
refuse(struct ledger *l, uint8_t reading, const struct sighting *s, const struct err *e)
{
    struct refusal one = { .sighting = s, .err = e };
    struct reading how = reading_of(reading);
    struct err err = { 0 };

    must(ledger_refuse(l, &how, &one, 1, &err), &err, "refuse");
}

/* How many of the files are remembered; the first one in *first. */
static size_t
by_files(struct ledger *l, uint8_t reading, const struct sighting *const *s, size_t n,
         struct refused *first)
{
    const struct file_id *files[8];
    struct reading how = reading_of(reading);
    struct refused *found;
    struct err err = { 0 };
    size_t n_found;

    for (size_t i = 0; i < n; i++)
        files[i] = &s[i]->file;
    must(ledger_refused_files(l, &how, files, n, &found, &n_found, &err), &err, "files");
    if (n_found > 0)
        *first = found[0];
    free(found);
    return n_found;
}

static size_t
by_sizes(struct ledger *l, uint8_t reading, int64_t size, struct refused *first)
{
    struct reading how = reading_of(reading);
    struct refused *found;
    struct err err = { 0 };
    size_t n_found;

    must(ledger_refused_sizes(l, &how, &size, 1, &found, &n_found, &err), &err, "sizes");
    if (n_found > 0)
        *first = found[0];
    free(found);
    return n_found;
}

/* Made once, by who is allowed to; with another one nothing that was counted would be known. */
static void
a_database_has_one_secret(void **state)
{
    static const char kept[] = "SELECT encode(value, 'hex') FROM ingest.settings WHERE key = 'block_secret'";
    struct pg *pg = with_ledger("secret"), *other = with_ledger("secret_2");
    struct ledger first, again, theirs;
    char hex[2 * HASH_SECRET_BYTES + 1] = "";

    (void)state;
    opened(pg, true); /* for a look: makes none */
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.settings WHERE key = 'block_secret'"), 0);
    first = opened(pg, false);
    again = opened(pg, true);
    theirs = opened(other, false);
    assert_memory_equal(&first.secret, &again.secret, sizeof first.secret);
    assert_memory_not_equal(&first.secret, &theirs.secret, sizeof first.secret);
    for (size_t i = 0; i < HASH_SECRET_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", ((const uint8_t *)first.secret.b)[i]);
    assert_string_equal(sql_text(pg, kept), hex);
    pg_close(pg);
    pg_close(other);
}

static void
remembers_what_was_said(void **state)
{
    struct pg *pg = with_ledger("ledger_said");
    struct ledger l = opened(pg, false);
    struct sighting other = sighting("other.gz", 4, 10, 2), s = sighting("a.gz", 5, 10, 1);
    const struct sighting *both[] = { &other, &s };
    struct err e = corrupt();
    struct refused found = { 0 };

    (void)state;
    assert_true(l.remembers);
    refuse(&l, 9, &s, &e);
    assert_int_equal(by_files(&l, 9, both, 2, &found), 1);
    assert_int_equal(found.at, 1);
    assert_int_equal(found.size, 10);
    assert_memory_equal(found.stored.b, s.stored.b, 16);
    assert_false(found.accepted);
    assert_int_equal(strlen(found.day), 10);
    assert_int_equal(found.err.code, ST_CORRUPT);
    assert_string_equal(found.err.what, e.what);
    assert_string_equal(found.err.cause, e.cause);
    assert_string_equal(found.err.hint, e.hint);
    assert_int_equal(found.err.offset, 1048576);
    assert_int_equal(found.err.line_no, 48211);
    assert_int_equal(by_sizes(&l, 9, 10, &found), 1);
    assert_int_equal(by_sizes(&l, 9, 11, &found), 0);
    pg_close(pg);
}

static void
every_time_must_be_the_same(void **state)
{
    struct pg *pg = with_ledger("ledger_times");
    struct ledger l = opened(pg, false);
    struct sighting s = sighting("a.gz", 5, 10, 1);
    struct err e = corrupt();
    struct refused found;

    (void)state;
    refuse(&l, 9, &s, &e);
    for (int i = 0; i < 5; i++) {
        struct sighting t = s;
        const struct sighting *one = &t;

        t.file.device += i == 0;
        t.file.inode += i == 1;
        t.file.size += i == 2;
        t.file.mtime_ns += i == 3;
        t.file.ctime_ns += i == 4;
        assert_int_equal(by_files(&l, 9, &one, 1, &found), 0);
    }
    l.machine = digest(77);
    const struct sighting *one = &s;

    assert_int_equal(by_files(&l, 9, &one, 1, &found), 0);
    pg_close(pg);
}

static void
another_reading_is_another_question(void **state)
{
    struct pg *pg = with_ledger("ledger_reading");
    struct ledger l = opened(pg, false);
    struct sighting s = sighting("a.gz", 5, 10, 1);
    const struct sighting *one = &s;
    struct digest stored = digest(1);
    struct err e = corrupt(), err = { 0 };
    struct refused found;
    bool accepted;

    (void)state;
    refuse(&l, 9, &s, &e);
    assert_int_equal(by_files(&l, 8, &one, 1, &found), 0);
    assert_int_equal(by_sizes(&l, 8, 10, &found), 0);
    /* What somebody has looked at stays away, however it is read. */
    must(ledger_accept(&l, 10, &stored, &accepted, &err), &err, "accept");
    assert_true(accepted);
    assert_int_equal(by_files(&l, 8, &one, 1, &found), 1);
    assert_true(found.accepted);
    assert_int_equal(by_sizes(&l, 8, 10, &found), 1);
    assert_true(found.accepted);
    pg_close(pg);
}

static void
damage_is_damage_whatever_the_format(void **state)
{
    struct pg *pg = with_ledger("ledger_damage");
    struct ledger l = opened(pg, false);
    struct sighting a = sighting("a.gz", 5, 10, 1), b = sighting("b.gz", 6, 11, 2);
    struct refusal both[2];
    struct reading how = reading_of(9), other = how;
    struct err damaged = corrupt(), mistaken = damaged, err = { 0 };
    const int64_t sizes[] = { 10, 11 };
    const struct file_id *files[] = { &a.file, &b.file };
    struct refused *found;
    size_t n;

    (void)state;
    mistaken.code = ST_FORMAT;
    both[0] = (struct refusal){ &a, &damaged };
    both[1] = (struct refusal){ &b, &mistaken };
    must(ledger_refuse(&l, &how, both, 2, &err), &err, "refuse");
    for (int same = 0; same < 2; same++) {
        must(ledger_refused_sizes(&l, same ? &how : &other, sizes, 2, &found, &n, &err), &err, "sizes");
        assert_int_equal(n, 2);
        free(found);
        other.parsing = digest(55); /* another --format */
        must(ledger_refused_sizes(&l, &other, sizes, 2, &found, &n, &err), &err, "sizes");
        assert_int_equal(n, 1);
        assert_int_equal(found[0].size, 10);
        free(found);
        must(ledger_refused_files(&l, &other, files, 2, &found, &n, &err), &err, "files");
        assert_int_equal(n, 1);
        assert_int_equal(found[0].at, 0);
        free(found);
    }
    other = how;
    other.decoding = digest(55); /* another version */
    must(ledger_refused_files(&l, &other, files, 2, &found, &n, &err), &err, "files");
    assert_int_equal(n, 1);
    assert_int_equal(found[0].at, 1);
    free(found);
    pg_close(pg);
}

static void
young_times_are_not_kept(void **state)
{
    struct pg *pg = with_ledger("ledger_young");
    struct ledger l = opened(pg, false);
    struct sighting s = sighting("a.gz", 5, 10, 1);
    const struct sighting *one = &s;
    struct err e = corrupt();
    struct refused found;

    (void)state;
    s.young = true;
    refuse(&l, 9, &s, &e);
    assert_int_equal(by_files(&l, 9, &one, 1, &found), 0);
    assert_int_equal(by_sizes(&l, 9, 10, &found), 1);
    s.young = false; /* older by now: from here on its times will do, and there is one row */
    refuse(&l, 9, &s, &e);
    assert_int_equal(by_files(&l, 9, &one, 1, &found), 1);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.refusals"), 1);
    pg_close(pg);
}

static void
a_copy_of_what_was_accepted_is_accepted(void **state)
{
    struct pg *pg = with_ledger("ledger_copy");
    struct ledger l = opened(pg, false);
    struct sighting a = sighting("a.gz", 5, 10, 1), b = sighting("b.gz", 6, 10, 1);
    const struct sighting *copy = &b;
    struct digest stored = digest(1), other = digest(2);
    struct err e = corrupt(), err = { 0 };
    struct refused found;
    bool accepted;

    (void)state;
    refuse(&l, 9, &a, &e);
    must(ledger_accept(&l, 10, &other, &accepted, &err), &err, "accept");
    assert_false(accepted);
    must(ledger_accept(&l, 11, &stored, &accepted, &err), &err, "accept");
    assert_false(accepted);
    must(ledger_accept(&l, 10, &stored, &accepted, &err), &err, "accept");
    assert_true(accepted);
    must(ledger_accept(&l, 10, &stored, &accepted, &err), &err, "accept"); /* twice is once */
    assert_true(accepted);
    refuse(&l, 9, &b, &e);
    assert_int_equal(by_files(&l, 9, &copy, 1, &found), 1);
    assert_true(found.accepted);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.refusals WHERE accepted_by = session_user"), 2);
    pg_close(pg);
}

static void
many_at_once_and_twice_in_one_call(void **state)
{
    enum { N = 3000 };
    struct pg *pg = with_ledger("ledger_many");
    struct ledger l = opened(pg, false);
    struct sighting *s = calloc(N, sizeof *s);
    struct refusal *all = calloc(N, sizeof *all);
    struct reading how = reading_of(9);
    struct err e = corrupt(), err = { 0 };
    char (*names)[16] = calloc(N, sizeof *names);

    (void)state;
    assert_true(s != NULL && all != NULL && names != NULL);
    for (uint64_t i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "%d.gz", (int)(i / 2)); /* each name twice */
        s[i] = sighting(names[i], 100 + i / 2, (int64_t)(i / 2), (uint8_t)(i / 2));
        all[i] = (struct refusal){ &s[i], &e };
    }
    must(ledger_refuse(&l, &how, all, N, &err), &err, "refuse");
    must(ledger_refuse(&l, &how, all, N, &err), &err, "refuse");
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.refusals"), N / 2);
    free(s);
    free(all);
    free(names);
    pg_close(pg);
}

static void
words_that_are_no_text(void **state)
{
    static const struct {
        const char *cause, *stored;
    } cases[] = {
        { "bad \xff\xfe end", "bad ?? end" },
        { "cut \xc3", "cut ?" },
        { "cut \xf0\x9f\x98", "cut ???" },
        { "surrogate \xed\xa0\x80", "surrogate ???" },
        { "fine \xc3\xa9 \xf0\x9f\x98\x80", "fine \xc3\xa9 \xf0\x9f\x98\x80" },
        { "', {}\\\"NULL", "', {}\\\"NULL" },
        { "", "" },
    };
    struct pg *pg = with_ledger("ledger_words");
    struct ledger l = opened(pg, false);

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct sighting s = sighting("\xff\n'.gz", 5 + i, 10 + (int64_t)i, (uint8_t)i);
        struct err e;
        struct refused found;

        err_fail(&e, ST_FORMAT, "cannot read", "%s", cases[i].cause);
        e.not_a_log = i % 2 == 1;
        memset(e.hint, 'x', sizeof e.hint - 1); /* the longest */
        refuse(&l, 9, &s, &e);
        assert_int_equal(by_sizes(&l, 9, 10 + (int64_t)i, &found), 1);
        assert_string_equal(found.err.cause, cases[i].stored);
        assert_int_equal(found.err.code, ST_FORMAT);
        assert_int_equal(found.err.not_a_log, i % 2 == 1);
        assert_true(strlen(found.err.hint) > 200);
        assert_int_equal(found.err.offset, UINT64_MAX);
        assert_int_equal(found.err.line_no, 0);
    }
    pg_close(pg);
}

static void
a_ledger_that_is_older_remembers_nothing(void **state)
{
    struct pg *pg = with_ledger("ledger_older");
    struct sighting s = sighting("a.gz", 5, 10, 1);
    const struct sighting *one = &s;
    struct digest stored = digest(1);
    struct err e = corrupt(), err = { 0 };
    struct refused found;
    struct ledger l;
    bool accepted;

    (void)state;
    sql(pg, "DROP TABLE ingest.refusals CASCADE");
    l = opened(pg, false);
    assert_false(l.remembers);
    refuse(&l, 9, &s, &e);
    assert_int_equal(by_files(&l, 9, &one, 1, &found), 0);
    assert_int_equal(by_sizes(&l, 9, 10, &found), 0);
    must(ledger_accept(&l, 10, &stored, &accepted, &err), &err, "accept");
    assert_false(accepted);
    pg_close(pg);
}

/* ---- payloads ---- */

static struct payload
payload(uint8_t hash, const char *dataset, int32_t scope, uint64_t length)
{
    struct payload p = {
        .key = { .dataset = dataset, .scope = scope, .hash = digest(hash) },
        .identity = { .hash = digest(hash), .head = digest((uint8_t)(hash + 100)), .length = length },
        .format = "combined",
        .rules_id = digest(3),
        .first_us = 1,
        .last_us = 0,
        .sighting = sighting("log", hash, 50, hash),
    };

    return p;
}

static void
claim(struct ledger *l, struct payload *p)
{
    struct err err = { 0 };

    must(ledger_claim(l, &p, 1, &err), &err, "claim");
    assert_true(p->id > 0);
    must(ledger_record(l, &p, 1, &err), &err, "record");
}

static void
every_reason_stands_in_the_books(void **state)
{
    struct pg *pg = with_ledger("ledger_reasons");
    struct ledger l = opened(pg, false);
    struct payload p = payload(1, "stats", 0, 50);
    char text[300];

    (void)state;
    for (int why = 0; why < REASONS_N; why++)
        for (int n = 0; n < 1000 + why; n++) {
            tally_add(&p.lines, (enum reason)why);
            tally_add(&p.records, (enum reason)why);
            tally_add(&p.records, (enum reason)why);
        }
    claim(&l, &p);
    for (int why = KEEP + 1; why < REASONS_N; why++) {
        snprintf(text, sizeof text, "SELECT (lines_why->>'%s')::bigint FROM ingest.payloads",
                 reason_name((enum reason)why));
        assert_int_equal(sql_int(pg, text), 1000 + why);
        snprintf(text, sizeof text, "SELECT (records_why->>'%s')::bigint FROM ingest.payloads",
                 reason_name((enum reason)why));
        assert_int_equal(sql_int(pg, text), 2000 + 2 * why);
    }
    assert_int_equal(sql_int(pg, "SELECT lines_read - lines_counted - (SELECT sum(v::bigint) FROM"
                                 " jsonb_each_text(lines_why) AS w(k, v)) FROM ingest.payloads"),
                     0);
    assert_int_equal(sql_int(pg, "SELECT count(*) FROM ingest.payloads, jsonb_object_keys(lines_why)"),
                     REASONS_N - 1);
    pg_close(pg);
}

static void
contents_are_found_in_any_dataset_and_in_their_scope(void **state)
{
    struct pg *pg = with_ledger("ledger_contents");
    struct ledger l = opened(pg, false);
    struct payload a = payload(1, "stats", 0, 50), b = payload(2, "dataselect_stats", 4, 50);
    struct identity liar = a.identity, absent = { .hash = digest(9), .head = digest(101) };
    const struct identity *ask[] = { &absent, &a.identity, &b.identity, &liar };
    struct ledger_scope any = { .node = 4 }, elsewhere = { .node = 5 },
                        stats = { .dataset = "stats", .node = 4 };
    struct known known[4];
    struct err err = { 0 };

    (void)state;
    liar.hash = digest(2); /* the head of one, the hash of another */
    claim(&l, &a);
    claim(&l, &b);
    must(ledger_find_contents(&l, &any, ask, 4, known, &err), &err, "contents");
    assert_int_equal(known[0].id, 0);
    assert_int_equal(known[1].id, a.id);
    assert_int_equal(known[2].id, b.id);
    assert_string_equal(known[2].dataset, "dataselect_stats");
    assert_int_equal(known[3].id, 0);
    must(ledger_find_contents(&l, &elsewhere, ask, 4, known, &err), &err, "contents");
    assert_int_equal(known[1].id, a.id);
    assert_int_equal(known[2].id, 0);
    must(ledger_find_contents(&l, &stats, ask, 4, known, &err), &err, "contents");
    assert_int_equal(known[1].id, a.id);
    assert_int_equal(known[2].id, 0);
    pg_close(pg);
}

static void
half_a_line_of_a_plain_file_is_not_known(void **state)
{
    static const struct {
        uint64_t length; /* of 50 bytes as stored */
        bool     verified, unterminated;
    } cases[] = { { 50, false, false }, { 40, false, true }, { 40, true, false }, { 400, true, false } };
    struct pg *pg = with_ledger("ledger_half");
    struct ledger l = opened(pg, false);
    struct ledger_scope any = { .node = 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct payload p = payload((uint8_t)(1 + i), "stats", 0, cases[i].length);
        const struct file_id *file = &p.sighting.file;
        struct known_stored *stored;
        struct known known;
        struct err err = { 0 };
        size_t n, at = 0;

        p.verified = cases[i].verified;
        claim(&l, &p);
        must(ledger_find_files(&l, &any, &file, 1, &known, &err), &err, "files");
        assert_int_equal(known.id, p.id);
        assert_int_equal(known.unterminated, cases[i].unterminated);
        must(ledger_find_sizes(&l, &any, &p.sighting.file.size, 1, &stored, &n, &err), &err, "sizes");
        assert_int_equal(n, i + 1);
        while (stored[at].known.id != p.id)
            at++;
        assert_int_equal(stored[at].known.unterminated, cases[i].unterminated);
        free(stored);
    }
    pg_close(pg);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_has_one_secret),
        cmocka_unit_test(remembers_what_was_said),
        cmocka_unit_test(every_time_must_be_the_same),
        cmocka_unit_test(another_reading_is_another_question),
        cmocka_unit_test(damage_is_damage_whatever_the_format),
        cmocka_unit_test(young_times_are_not_kept),
        cmocka_unit_test(a_copy_of_what_was_accepted_is_accepted),
        cmocka_unit_test(many_at_once_and_twice_in_one_call),
        cmocka_unit_test(words_that_are_no_text),
        cmocka_unit_test(a_ledger_that_is_older_remembers_nothing),
        cmocka_unit_test(every_reason_stands_in_the_books),
        cmocka_unit_test(contents_are_found_in_any_dataset_and_in_their_scope),
        cmocka_unit_test(half_a_line_of_a_plain_file_is_not_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
