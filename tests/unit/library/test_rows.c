/*
 * Rows and their columns, totals, and what counts once.
 */
#include "library.h"

static void
add_text(struct ingest *h, const char *text, enum ingest_status status)
{
    (void)!ingest_add_bytes(h, text, strlen(text));
    assert_int_equal(ingest_end_input(h), status);
}

#define COMBINED(path, bytes) \
    "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET " path " HTTP/1.1\" 200 " bytes " \"-\" \"cargo\"\n"
#define EMOTE "62b7db5c-4a5d-4f3b-9b4a-0f0e0d0c0b0a"

/* ---- columns ---- */

struct expected {
    const char      *name;
    enum ingest_kind kind;
    const char      *text; /* NULL: null; "*": anything */
    int64_t          number;
};

struct check {
    const struct expected *columns;
    size_t                 n_columns, n_rows;
};

static int
check_row(void *ctx, const struct ingest_row *row)
{
    struct check *c = ctx;

    c->n_rows++;
    assert_int_equal(row->n_columns, c->n_columns);
    for (size_t i = 0; i < row->n_columns; i++) {
        const struct ingest_column *column = &row->columns[i];
        const struct expected *want = &c->columns[i];

        assert_string_equal(column->name, want->name);
        assert_int_equal(column->kind, want->kind);
        if (want->text == NULL) {
            assert_null(column->text);
            continue;
        }
        if (strcmp(want->text, "*") == 0)
            continue;
        assert_string_equal(column->text, want->text);
        assert_int_equal(column->size, strlen(want->text));
        assert_int_equal(column->number, want->number);
    }
    c->columns += c->n_columns;
    return 0;
}

static void
columns_of_each_kind(void **state)
{
    const struct expected stats[] = {
        { "name", INGEST_TEXT, "serde", 0 },   { "version", INGEST_TEXT, NULL, 0 },
        { "dldate", INGEST_DAY, "2024-03-01", 19783 }, { "count", INGEST_SUM, "1", 1 },
        { "bytes", INGEST_SUM, "42", 42 },     { "clients", INGEST_SKETCH, "*", 0 },
        { "name", INGEST_TEXT, "serde", 0 },   { "version", INGEST_TEXT, "1.0.0", 0 },
        { "dldate", INGEST_DAY, "2024-03-01", 19783 }, { "count", INGEST_SUM, "1", 1 },
        { "bytes", INGEST_SUM, "42", 42 },     { "clients", INGEST_SKETCH, "*", 0 },
    };
    struct check check = { stats, 6, 0 };
    struct ingest_options options = { .size = sizeof options, .clients = INGEST_CLIENTS_PLAIN };
    struct ingest *h = opened(&options);

    (void)state;
    add_text(h, COMBINED("/crates/serde/serde-1.0.0.crate", "42"), INGEST_OK);
    assert_int_equal(ingest_rows(h, check_row, &check), INGEST_OK);
    assert_int_equal(check.n_rows, 2);
    ingest_close(h);
}

static int
keep_kinds(void *ctx, const struct ingest_row *row)
{
    struct buf *b = ctx;

    buf_printf(b, "%s %s:", row->dataset, row->table);
    for (size_t i = 0; i < row->n_columns; i++)
        buf_printf(b, " %s/%d", row->columns[i].name, (int)row->columns[i].kind);
    buf_text(b, "\n");
    return 0;
}

static void
kinds_of(const char *text, const struct ingest_options *options, const char *want)
{
    struct ingest *h = opened(options);
    struct buf b = { 0 };

    add_text(h, text, INGEST_OK);
    assert_int_equal(ingest_rows(h, keep_kinds, &b), INGEST_OK);
    assert_string_equal(buf_str(&b), want);
    buf_release(&b);
    ingest_close(h);
}

static void
columns_of_other_datasets(void **state)
{
    static const char fdsnws[] =
        "{\"service\": \"fdsnws-dataselect\", \"userID\": 1976723288, \"clientID\": \"curl/8.5.0\", \"userEmail\": null, "
        "\"auth\": false, \"userLocation\": {\"country\": \"FR\"}, \"created\": \"2024-01-20T00:08:03.822275Z\", \"trace\": "
        "[{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHN\", \"start\": \"2015-01-04T10:00:00.0000Z\", "
        "\"end\": \"2015-01-04T10:00:00.076986Z\", \"restricted\": false, \"status\": \"OK\", \"bytes\": 83695}], "
        "\"status\": \"OK\", \"bytes\": 83695, \"finished\": \"2024-01-20T00:08:03.822275Z\"}\n";
    struct ingest_options none = no_options(), plain = no_options(), seventv = no_options();

    (void)state;
    plain.clients = INGEST_CLIENTS_PLAIN;
    plain.format = "fdsnws";
    none.format = "fdsnws";
    seventv.format = "seventv";
    kinds_of(fdsnws, &plain, "dataselect_stats dataselect_stats: node/0 date/1 network/0 station/0 location/0 channel/0 country/0 "
                             "bytes/4 nb_reqs/4 nb_successful_reqs/4 nb_failed_reqs/4 clients/5\n");
    kinds_of(fdsnws, &none, "dataselect_stats dataselect_stats: node/0 date/1 network/0 station/0 location/0 channel/0 country/0 "
                            "bytes/4 nb_reqs/4 nb_successful_reqs/4 nb_failed_reqs/4\n");
    kinds_of("{\"user\":\"" EMOTE "\",\"old\":[],\"new\":[\"" EMOTE "\"],\"time\":\"2024-01-16T10:00:00Z\"}\n", &seventv,
             "emote_stats emote_stats: emote_id/2 date/1 count/4\n");
}

static void
uuids_are_written_as_such(void **state)
{
    struct ingest_options options = { .size = sizeof options, .format = "seventv" };
    struct ingest *h = opened(&options);
    struct buf rows;

    (void)state;
    add_text(h, "{\"user\":\"" EMOTE "\",\"old\":[],\"new\":[\"" EMOTE "\"],\"time\":\"2024-01-16T10:00:00Z\"}\n", INGEST_OK);
    rows = rows_of(h);
    assert_non_null(strstr(rows.p, "emote_id=" EMOTE " "));
    buf_release(&rows);
    ingest_close(h);
}

static void
nodes_are_named(void **state)
{
    const char *const names[] = { NULL, "gfz" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ingest_options options = { .size = sizeof options, .node = names[i], .format = "fdsnws" };
        struct ingest *h = opened(&options);
        struct buf rows;

        add_text(h, "{\"service\": \"fdsnws-dataselect\", \"userID\": 1, \"clientID\": \"c\", \"userEmail\": null, \"auth\": false, "
                    "\"userLocation\": {\"country\": \"FR\"}, \"created\": \"2024-01-20T00:08:03.822275Z\", \"trace\": [], "
                    "\"status\": \"NODATA\", \"bytes\": 0, \"finished\": \"2024-01-20T00:08:03.822275Z\"}\n", INGEST_OK);
        rows = rows_of(h);
        assert_non_null(strstr(rows.p, i == 0 ? "node=local " : "node=gfz "));
        buf_release(&rows);
        ingest_close(h);
    }
}

/* ---- clients ---- */

static struct buf
rows_with(const struct ingest_options *options)
{
    struct buf log = some_log(100), rows;
    struct ingest *h = opened(options);

    assert_int_equal(ingest_add_bytes(h, log.p, log.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    rows = rows_of(h);
    ingest_close(h);
    buf_release(&log);
    return rows;
}

static void
client_keys(void **state)
{
    static const unsigned char key[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                           0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
    static const char text[] = "1970-01-01 00112233445566778899aabbccddeeff\n";
    char path[64];
    struct ingest_options none = no_options(), plain = none, keyed = none, by_file = none;
    struct buf a, b, c, d;

    (void)state;
    plain.clients = INGEST_CLIENTS_PLAIN;
    keyed.clients = by_file.clients = INGEST_CLIENTS_KEYED;
    keyed.client_key = key;
    by_file.client_key_file = write_file(path, text, sizeof text - 1);
    a = rows_with(&none);
    b = rows_with(&plain);
    c = rows_with(&keyed);
    d = rows_with(&by_file);
    unlink(path);
    assert_null(strstr(a.p, "clients="));
    assert_non_null(strstr(b.p, "clients="));
    assert_string_not_equal(b.p, c.p);
    assert_string_equal(c.p, d.p);
    buf_release(&a);
    buf_release(&b);
    buf_release(&c);
    buf_release(&d);
}

/* Lines of a day whose key is destroyed are not hashed under another one. */
static void
destroyed_keys(void **state)
{
    static const char text[] = "1970-01-01 dropped 0011223344556677\n"
                               "2024-01-06 00112233445566778899aabbccddeeff\n",
                      old[] = "192.0.2.1 - - [05/Jan/2024:10:00:00 +0000] \"GET "
                              "/crates/serde/serde-1.0.1.crate HTTP/1.1\" 200 76 \"-\" \"cargo/1\"\n",
                      new[] = "192.0.2.1 - - [06/Jan/2024:10:00:00 +0000] \"GET "
                              "/crates/serde/serde-1.0.1.crate HTTP/1.1\" 200 76 \"-\" \"cargo/1\"\n";
    struct ingest_options options = no_options();
    struct ingest *h;
    char path[64];

    (void)state;
    options.clients = INGEST_CLIENTS_KEYED;
    options.client_key_file = write_file(path, text, sizeof text - 1);
    h = opened(&options);
    unlink(path);
    add_text(h, new, INGEST_OK);
    add_text(h, old, INGEST_REFUSED);
    assert_non_null(strstr(ingest_error(h), "the client key of 2024-01-05 is destroyed"));
    ingest_close(h);
}

/* ---- rows again, and no more ---- */

static int
stop_at_third(void *ctx, const struct ingest_row *row)
{
    (void)row;
    return ++*(int *)ctx == 3;
}

static void
rows_can_be_read_again(void **state)
{
    struct buf log = some_log(500), first, second, third;
    struct ingest *h = opened(NULL);
    int n = 0;

    (void)state;
    assert_int_equal(ingest_add_bytes(h, log.p, log.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    first = rows_of(h);
    assert_int_equal(ingest_rows(h, stop_at_third, &n), INGEST_STOPPED);
    assert_int_equal(n, 3);
    second = rows_of(h);
    assert_same_text(&first, &second);

    assert_int_equal(ingest_reset(h), INGEST_OK);
    third = rows_of(h);
    assert_int_equal(third.n, 0);
    assert_int_equal(ingest_totals(h)->lines, 0);
    assert_int_equal(ingest_reset(h), INGEST_OK);
    assert_int_equal(ingest_add_bytes(h, log.p, log.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK); /* it is not known any more */
    buf_release(&second);
    second = rows_of(h);
    assert_same_text(&first, &second);
    ingest_close(h);
    buf_release(&log);
    buf_release(&first);
    buf_release(&second);
    buf_release(&third);
}

/* More keys than the memory holds: they go to temporary files, and come back the same. */
static struct buf
rows_within(size_t memory, const struct buf *log)
{
    struct ingest_options options = { .size = sizeof options, .memory = memory, .clients = INGEST_CLIENTS_PLAIN };
    struct ingest *h = opened(&options);
    struct buf rows;

    assert_int_equal(ingest_add_bytes(h, log->p, log->n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    rows = rows_of(h);
    ingest_close(h);
    return rows;
}

/* Long names: few lines are enough. */
static struct buf
many_names(void)
{
    char filling[231];
    struct buf log = { 0 };

    memset(filling, 'x', sizeof filling - 1);
    filling[sizeof filling - 1] = '\0';
    for (int i = 0; i < 28000; i++)
        buf_printf(&log, "192.0.2.7 - - [01/Jan/2024:10:00:00 +0000] \"GET /gems/%s%06d-1.0.0.gem HTTP/1.1\" 200 7 \"-\" \"-\"\n", filling,
                   (int)(i * INT64_C(7919) % 28000));
    return log;
}

static void
memory_changes_nothing(void **state)
{
    struct buf log = many_names(), few = rows_within(16 * MIB, &log), many = rows_within(1024 * MIB, &log);

    (void)state;
    assert_int_equal(few.n, many.n);
    assert_memory_equal(few.p, many.p, few.n);
    buf_release(&log);
    buf_release(&few);
    buf_release(&many);
}

static void
nowhere_for_temporary_files(void **state)
{
    struct ingest_options options = { .size = sizeof options, .memory = 16 * MIB, .tmpdir = "/nowhere" };
    struct ingest *h = opened(&options);
    struct buf log = many_names();

    (void)state;
    (void)!ingest_add_bytes(h, log.p, log.n);
    if (ingest_error(h)[0] == '\0')
        (void)!ingest_end_input(h);
    assert_ptr_equal(ingest_error(h), strstr(ingest_error(h), "cannot make a temporary file: /nowhere: "));
    assert_int_equal(ingest_reset(h), INGEST_USAGE); /* it is spoiled */
    assert_int_equal(ingest_rows(h, row_to_text, NULL), INGEST_USAGE);
    ingest_close(h);
    buf_release(&log);
}

/* ---- what counts ---- */

static void
same_bytes_count_once(void **state)
{
    struct buf text = some_log(50), packed = gzipped(&text), once, twice;
    struct ingest *h = opened(NULL);
    char path[64];

    (void)state;
    assert_int_equal(ingest_add_file(h, write_file(path, packed.p, packed.n)), INGEST_OK);
    once = rows_of(h);
    ingest_close(h);
    h = opened(NULL);
    assert_int_equal(ingest_add_file(h, path), INGEST_OK);
    assert_int_equal(ingest_add_file(h, path), INGEST_KNOWN);
    assert_string_equal(ingest_error(h), "");
    assert_int_equal(ingest_add_bytes(h, text.p, text.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_KNOWN);
    assert_int_equal(ingest_totals(h)->counted, 1);
    assert_int_equal(ingest_totals(h)->known, 2);
    assert_int_equal(ingest_totals(h)->lines, 50);
    twice = rows_of(h);
    assert_same_text(&once, &twice);
    unlink(path);
    ingest_close(h);
    buf_release(&text);
    buf_release(&packed);
    buf_release(&once);
    buf_release(&twice);
}

static void
too_many_rejected(void **state)
{
    static const char half[] = COMBINED("/crates/a/a-1.0.0.crate", "1") "192.0.2.7 - - [31/Feb/2024:00:00:01 +0000] \"GET /b HTTP/1.1\" 200 42 \"-\" \"-\"\n";
    static const char more[] = COMBINED("/crates/b/b-1.0.0.crate", "1") "\n# rubbish\nrubbish\n";
    const struct {
        const char        *text;
        int                most;
        enum ingest_status status;
    } cases[] = {
        { half, 0, INGEST_OK },   { half, 50, INGEST_OK },  { half, 49, INGEST_REFUSED }, { half, -1, INGEST_REFUSED },
        { more, 0, INGEST_REFUSED }, { more, 66, INGEST_REFUSED }, { more, 67, INGEST_OK }, { more, 100, INGEST_OK },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ingest_options options = { .size = sizeof options, .format = "combined", .max_reject_percent = cases[i].most };
        struct ingest *h = opened(&options);

        add_text(h, cases[i].text, cases[i].status);
        if (cases[i].status == INGEST_REFUSED)
            assert_non_null(strstr(ingest_error(h), cases[i].text == half ? "-:2: refused" : "-:3: refused"));
        assert_int_equal(ingest_totals(h)->counted, cases[i].status == INGEST_OK);
        ingest_close(h);
    }
}

static void
sums_stay_within_63_bits(void **state)
{
    struct ingest_options options = { .size = sizeof options, .format = "combined" };
    struct ingest *h = opened(&options);
    struct buf rows;

    (void)state;
    add_text(h, COMBINED("/crates/a/a-1.0.0.crate", "9223372036854775806"), INGEST_OK);
    add_text(h, COMBINED("/crates/b/b-1.0.0.crate", "2"), INGEST_REFUSED);
    assert_non_null(strstr(ingest_error(h), "2^63"));
    add_text(h, COMBINED("/crates/c/c-1.0.0.crate", "1"), INGEST_OK);
    add_text(h, COMBINED("/crates/c/c-1.0.1.crate", "9223372036854775807") COMBINED("/crates/c/c-1.0.2.crate", "1"), INGEST_REFUSED);
    rows = rows_of(h);
    assert_non_null(strstr(rows.p, "name=c version=null dldate=2024-03-01 count=1 bytes=1\n"));
    buf_release(&rows);
    ingest_close(h);
}

static void
window_and_routes(void **state)
{
    const char *const routes[] = { "/files/{name}/{version}" };
    struct ingest_options options = { .size = sizeof options, .since = "2024-03-01", .until = "2024-03-02", .routes = routes,
                                      .n_routes = 1, .format = "combined" };
    struct ingest *h = opened(&options);
    struct buf rows;

    (void)state;
    add_text(h, COMBINED("/files/a/2", "5")
                "192.0.2.7 - - [02/Mar/2024:00:00:00 +0000] \"GET /files/a/2 HTTP/1.1\" 200 5 \"-\" \"-\"\n", INGEST_OK);
    rows = rows_of(h);
    assert_string_equal(rows.p, "stats name=a version=null dldate=2024-03-01 count=1 bytes=5\n"
                                "stats name=a version=2 dldate=2024-03-01 count=1 bytes=5\n");
    assert_int_equal(reason_of(h, "date_range")->lines, 1);
    buf_release(&rows);
    ingest_close(h);
}

/* The first download decides what the table holds; one that is refused decides nothing. */
static void
one_ecosystem(void **state)
{
    struct ingest_options options = { .size = sizeof options, .format = "combined", .max_reject_percent = -1 };
    struct ingest *h = opened(&options);
    struct buf rows;

    (void)state;
    add_text(h, COMBINED("/gems/rake-13.0.0.gem", "1") "rubbish\n", INGEST_REFUSED);
    add_text(h, COMBINED("/crates/a/a-1.0.0.crate", "1"), INGEST_OK);
    add_text(h, COMBINED("/gems/rake-13.0.0.gem", "1"), INGEST_OK);
    assert_int_equal(reason_of(h, "other_ecosystem")->lines, 1);
    rows = rows_of(h);
    assert_null(strstr(rows.p, "rake"));
    buf_release(&rows);
    assert_int_equal(ingest_reset(h), INGEST_OK);
    add_text(h, COMBINED("/gems/rake-13.0.0.gem", "1"), INGEST_OK);
    assert_int_equal(reason_of(h, "counted")->lines, 1);
    ingest_close(h);
}

/* ---- records ---- */

static int
record_to_text(void *ctx, const struct ingest_record *r)
{
    struct buf *b = ctx;

    buf_printf(b, "%" PRIu64 " %s%s %" PRId32 " %" PRId64 " %d %" PRId64 " %.*s %.*s %.*s %s\n", r->line_no, r->why,
               r->rejected ? "!" : "", r->day, r->time_us, r->status, r->bytes, (int)r->method.n, r->method.p == NULL ? "" : r->method.p,
               (int)r->path.n, r->path.p == NULL ? "" : r->path.p, (int)r->client.n, r->client.p == NULL ? "" : r->client.p,
               r->network.p == NULL ? "no network" : "network");
    return 0;
}

static void
records_are_told(void **state)
{
    struct buf told = { 0 };
    struct ingest_options options = { .size = sizeof options, .format = "combined", .max_reject_percent = 100,
                                      .record = record_to_text, .ctx = &told };
    struct ingest *h = opened(&options);

    (void)state;
    add_text(h, COMBINED("/crates/a/a-1.0.0.crate?x=1", "5") "\n"
                "192.0.2.8 - - [01/Mar/2024:00:00:02 +0000] \"GET / HTTP/1.1\" 404 0 \"-\" \"-\"\nrubbish\n", INGEST_OK);
    assert_string_equal(buf_str(&told),
                        "1 counted 19783 1709251201000000 200 5 GET /crates/a/a-1.0.0.crate?x=1 192.0.2.7 no network\n"
                        "2 blank -2147483648 0 0 0    no network\n"
                        "3 status 19783 1709251202000000 404 0 GET / 192.0.2.8 no network\n"
                        "4 fields! -2147483648 0 0 0    no network\n");
    buf_release(&told);
    ingest_close(h);
}

static void
lines_without_end_are_told(void **state)
{
    struct buf text = { 0 }, told = { 0 };
    struct ingest_options options = { .size = sizeof options, .format = "combined", .max_reject_percent = 100,
                                      .record = record_to_text, .ctx = &told };
    struct ingest *h = opened(&options);

    (void)state;
    buf_text(&text, COMBINED("/crates/a/a-1.0.0.crate", "5"));
    for (size_t i = 0; i <= MIB; i += 16)
        buf_text(&text, "0123456789abcdef");
    buf_text(&text, "\n" COMBINED("/crates/b/b-1.0.0.crate", "5"));
    assert_int_equal(ingest_add_bytes(h, text.p, text.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    assert_non_null(strstr(buf_str(&told), "\n2 line_too_long! -2147483648"));
    assert_non_null(strstr(buf_str(&told), "\n3 counted "));
    assert_int_equal(reason_of(h, "line_too_long")->lines, 1);
    assert_int_equal(ingest_totals(h)->lines, 3);
    buf_release(&told);
    buf_release(&text);
    ingest_close(h);
}

static void
totals_balance(void **state)
{
    struct ingest *h = opened(NULL);
    const struct ingest_totals *t;
    uint64_t lines = 0, records = 0;

    (void)state;
    assert_int_equal(ingest_add_file(h, TESTS_DIR "/../testdata/logs/fdsnws-2024.log.gz"), INGEST_OK);
    assert_int_equal(ingest_add_file(h, TESTS_DIR "/../testdata/logs/combined-crates-mirror.log.gz"), INGEST_OK);
    t = ingest_totals(h);
    assert_string_equal(t->reasons[0].name, "counted");
    assert_int_equal(t->reasons[0].outcome, INGEST_COUNTED);
    for (size_t i = 0; i < t->n_reasons; i++) {
        lines += t->reasons[i].lines;
        records += t->reasons[i].records;
        assert_true((t->reasons[i].outcome == INGEST_COUNTED) == (i == 0));
        assert_true(t->reasons[i].about[0] != '\0');
    }
    assert_true(lines > 0 && records > lines);
    assert_int_equal(lines, t->lines);
    assert_int_equal(records, t->records);
    assert_int_equal(t->counted, 2);
    ingest_close(h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_each_kind),
        cmocka_unit_test(columns_of_other_datasets),
        cmocka_unit_test(uuids_are_written_as_such),
        cmocka_unit_test(nodes_are_named),
        cmocka_unit_test(client_keys),
        cmocka_unit_test(destroyed_keys),
        cmocka_unit_test(rows_can_be_read_again),
        cmocka_unit_test(memory_changes_nothing),
        cmocka_unit_test(nowhere_for_temporary_files),
        cmocka_unit_test(same_bytes_count_once),
        cmocka_unit_test(too_many_rejected),
        cmocka_unit_test(sums_stay_within_63_bits),
        cmocka_unit_test(window_and_routes),
        cmocka_unit_test(one_ecosystem),
        cmocka_unit_test(records_are_told),
        cmocka_unit_test(lines_without_end_are_told),
        cmocka_unit_test(totals_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
