/*
 * Options, handles that cannot be made, and calls that make no sense.
 */
#include "library.h"

#define KEY (const unsigned char *)"0123456789abcdef"

static void
nothing_said_is_fine(void **state)
{
    struct ingest_options options = no_options();
    struct ingest *h = opened(NULL);

    (void)state;
    ingest_close(h);
    h = opened(&options);
    ingest_close(h);
    ingest_close(NULL);
}

static const char *const bad_route[] = { "/a/{nome}" };

static void
bad_options_are_named(void **state)
{
    const struct {
        struct ingest_options options;
        const char           *says;
    } cases[] = {
        { { .format = "combinde" }, "combinde" },
        { { .format = "" }, "format \"\"" },
        { { .format = "custom" }, "custom" },
        { { .format = "combined", .log_format = "$remote_addr [$time_local] \"$request\" $status $body_bytes_sent" }, "another" },
        { { .log_format = "$remote_addr" }, "" },
        { { .dataset = "stat" }, "stat" },
        { { .format = "fdsnws", .dataset = "stats" }, "does not feed" },
        { { .rules = "nobody" }, "nobody" },
        { { .rules = "" }, "rule pack" },
        { { .since = "2024-02-30" }, "2024-02-30" },
        { { .until = "yesterday" }, "yesterday" },
        { { .since = "2024-02-01", .until = "2024-02-01" }, "behind" },
        { { .routes = bad_route, .n_routes = 1 }, "" },
        { { .clients = INGEST_CLIENTS_KEYED }, "client_key" },
        { { .client_key = KEY }, "INGEST_CLIENTS_KEYED" },
        { { .clients = INGEST_CLIENTS_PLAIN, .client_key = KEY }, "INGEST_CLIENTS_KEYED" },
        { { .clients = INGEST_CLIENTS_KEYED, .client_key = KEY, .client_key_file = "/dev/null" }, "one of it" },
        { { .clients = INGEST_CLIENTS_KEYED, .client_key_file = "/nowhere/client.key" }, "/nowhere/client.key" },
        { { .clients = (enum ingest_clients)7 }, "ingest_clients" },
        { { .memory = 16 * MIB - 1 }, "16 MiB" },
        { { .max_reject_percent = 101 }, "max_reject_percent" },
        { { .max_reject_percent = -2 }, "max_reject_percent" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ingest_options options = cases[i].options;
        struct ingest *h;

        options.size = sizeof options;
        assert_int_equal(ingest_open(&h, &options), INGEST_USAGE);
        assert_non_null(h);
        assert_true(ingest_error(h)[0] != '\0');
        assert_non_null(strstr(ingest_error(h), cases[i].says));
        assert_int_equal(ingest_add_file(h, "/dev/null"), INGEST_USAGE);
        assert_int_equal(ingest_add_bytes(h, "x", 1), INGEST_USAGE);
        assert_int_equal(ingest_end_input(h), INGEST_USAGE);
        assert_int_equal(ingest_rows(h, row_to_text, NULL), INGEST_USAGE);
        assert_int_equal(ingest_reset(h), INGEST_USAGE);
        assert_null(ingest_totals(h));
        ingest_drop_input(h);
        ingest_close(h);
    }
}

/* What an older program says is enough; what a newer one says must not be lost without a word. */
static void
size_tells_what_the_caller_knows(void **state)
{
    struct {
        struct ingest_options options;
        char                  later[16];
    } newer = { 0 };
    struct ingest_options old = no_options();
    struct ingest *h;

    (void)state;
    newer.options.size = sizeof newer;
    ingest_close(opened(&newer.options));
    newer.later[15] = 1;
    assert_int_equal(ingest_open(&h, &newer.options), INGEST_USAGE);
    assert_non_null(strstr(ingest_error(h), "later version"));
    ingest_close(h);

    old.size = offsetof(struct ingest_options, log_format);
    old.dataset = "nobody looks here";
    ingest_close(opened(&old));
    old.size = 0;
    assert_int_equal(ingest_open(&h, &old), INGEST_USAGE);
    ingest_close(h);
}

/* Nothing that the options named is looked at once the handle is there. */
static void
options_are_copied(void **state)
{
    char node[] = "gfz", tmpdir[] = "/tmp", format[] = "combined", day[] = "2024-01-01", route[] = "/x/{name}";
    const char *routes[] = { route };
    unsigned char key[16] = { 1 };
    struct ingest_options options = { .size = sizeof options,
                                      .node = node, .tmpdir = tmpdir, .format = format, .since = day,
                                      .routes = routes, .n_routes = 1,
                                      .clients = INGEST_CLIENTS_KEYED, .client_key = key };
    struct ingest *h = opened(&options), *other = opened(&options);
    struct buf log = some_log(3), rows, others;

    (void)state;
    memset(node, 'x', sizeof node - 1);
    memset(tmpdir, 'x', sizeof tmpdir - 1);
    memset(format, 'x', sizeof format - 1);
    memset(day, 'x', sizeof day - 1);
    memset(route, 'x', sizeof route - 1);
    memset(key, 'x', sizeof key);
    routes[0] = NULL;
    memset(&options, 0xff, sizeof options);
    assert_int_equal(ingest_add_bytes(h, log.p, log.n), INGEST_OK);
    assert_int_equal(ingest_end_input(h), INGEST_OK);
    assert_int_equal(ingest_add_bytes(other, log.p, log.n), INGEST_OK);
    assert_int_equal(ingest_end_input(other), INGEST_OK);
    rows = rows_of(h);
    others = rows_of(other);
    assert_true(rows.n > 0);
    assert_same_text(&rows, &others);
    ingest_close(h);
    ingest_close(other);
    buf_release(&log);
    buf_release(&rows);
    buf_release(&others);
}

static void
no_handle_is_no_crash(void **state)
{
    (void)state;
    assert_int_equal(ingest_add_file(NULL, "x"), INGEST_USAGE);
    assert_int_equal(ingest_add_bytes(NULL, "x", 1), INGEST_USAGE);
    assert_int_equal(ingest_end_input(NULL), INGEST_USAGE);
    assert_int_equal(ingest_rows(NULL, row_to_text, NULL), INGEST_USAGE);
    assert_int_equal(ingest_reset(NULL), INGEST_USAGE);
    assert_null(ingest_totals(NULL));
    ingest_drop_input(NULL);
    assert_true(ingest_error(NULL)[0] != '\0');
    assert_string_equal(ingest_version(), INGEST_VERSION);
}

/* A name may hold anything; the message is for a terminal. */
static void
messages_are_harmless(void **state)
{
    struct ingest *h = opened(NULL);

    (void)state;
    assert_int_equal(ingest_add_file(h, "/nowhere/\x1b[31m\xe2\x80\xae\xff\n.gz"), INGEST_REFUSED);
    assert_non_null(strstr(ingest_error(h), "/nowhere/\\x1b[31m\\xe2\\x80\\xae\\xff\\x0a.gz: cannot open input: "));
    for (const char *p = ingest_error(h); *p != '\0'; p++)
        assert_true(*p >= 0x20 && *p < 0x7f);
    assert_int_equal(ingest_reset(h), INGEST_OK);
    assert_string_equal(ingest_error(h), "");
    ingest_close(h);
}

static void
long_names_are_cut(void **state)
{
    struct ingest *h = opened(NULL);
    char name[5000];

    (void)state;
    memset(name, '\x01', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(ingest_add_file(h, name), INGEST_REFUSED);
    assert_non_null(strstr(ingest_error(h), ": cannot open input: File name too long"));
    ingest_close(h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_is_fine),
        cmocka_unit_test(bad_options_are_named),
        cmocka_unit_test(size_tells_what_the_caller_knows),
        cmocka_unit_test(options_are_copied),
        cmocka_unit_test(no_handle_is_no_crash),
        cmocka_unit_test(messages_are_harmless),
        cmocka_unit_test(long_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
