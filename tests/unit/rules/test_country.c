/*
 * Countries from a file that the test writes, and from files that are none.
 */
#include "ingest/base.h"
#include "ingest/country.h"
#include "mmdb.h"

#include <setjmp.h>
#include <cmocka.h>

static char path[] = "/tmp/ingest-country-XXXXXX";

static const char *
find(const struct country *c, const char *text)
{
    static char out[3];
    uint8_t address[16];

    if (!address_any(slice_of(text), address))
        return "no address";
    out[2] = '\0';
    return country_find(c, address, out) ? out : "";
}

static struct country *
open_it(void)
{
    struct country *c;
    struct err err = { 0 };

    if (country_open(&c, path, &err) != ST_OK) {
        if (strstr(err.cause, "this build") != NULL)
            skip();
        fail_msg("%s", err.cause);
    }
    return c;
}

static void
what_is_found(void **state)
{
    struct mmdb_tree *t = malloc(sizeof *t);
    struct country *c;

    (void)state;
    assert_non_null(t);
    mmdb_start(t);
    mmdb_put(t, "192.0.2.0/24", "country.iso_code", "DE");
    mmdb_put(t, "198.51.100.0/25", "country.iso_code", "fr");
    mmdb_put(t, "198.51.100.128/25", "country.iso_code", "USA");
    mmdb_put(t, "203.0.113.7", "registered_country.iso_code", "JP");
    mmdb_put(t, "2001:db8::/32", "country.iso_code", "AT");
    mmdb_put(t, "2001:db9::/32", "country_code", "CH");
    mmdb_put(t, "2001:dba::/32", "country", "IT");
    mmdb_put(t, "2001:dbb::/32", "country.iso_code", "\x1b[");
    assert_true(mmdb_write(t, path));
    free(t);
    c = open_it();
    assert_string_equal(find(c, "192.0.2.1"), "DE");
    assert_string_equal(find(c, "192.0.2.255"), "DE");
    assert_string_equal(find(c, "::ffff:192.0.2.1"), "DE");
    assert_string_equal(find(c, "192.0.3.0"), "");
    assert_string_equal(find(c, "198.51.100.1"), "");   /* no capital letters */
    assert_string_equal(find(c, "198.51.100.129"), ""); /* three of them */
    assert_string_equal(find(c, "203.0.113.7"), "");    /* where its owner sits is not where it is */
    assert_string_equal(find(c, "2001:db8::1"), "AT");
    assert_string_equal(find(c, "2001:db9::1"), "CH");
    assert_string_equal(find(c, "2001:dba::1"), "IT");
    assert_string_equal(find(c, "2001:dbb::1"), "");
    assert_string_equal(find(c, "2001:dbc::1"), "");
    assert_string_equal(find(c, "1497164453"), "no address"); /* a userID */
    country_close(c);
    country_close(NULL);
}

static void
what_is_no_such_file(void **state)
{
    struct country *c;
    struct err err = { 0 };
    FILE *f = fopen(path, "we");

    (void)state;
    assert_non_null(f);
    assert_int_not_equal(fputs("country,code\n", f), EOF);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(country_open(&c, path, &err), ST_USAGE);
    assert_null(c);
    assert_string_equal(err.path, path);
    assert_int_equal(country_open(&c, "/nonexistent/x.mmdb", &err), ST_USAGE);
    assert_string_equal(err.path, "/nonexistent/x.mmdb");
    assert_true(strlen(err.cause) > 0);
}

/* Whatever bytes stand in the file: no crash, and a country is two capital letters. */
static void
damaged_files(void **state)
{
    struct mmdb_tree *t = malloc(sizeof *t);
    char bytes[4096];
    size_t n;
    FILE *f;

    (void)state;
    assert_non_null(t);
    mmdb_start(t);
    mmdb_put(t, "192.0.2.0/24", "country.iso_code", "DE");
    assert_true(mmdb_write(t, path));
    free(t);
    country_close(open_it());
    f = fopen(path, "re");
    assert_non_null(f);
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i < n; i++) {
        struct country *c;
        struct err err;
        const char *found;

        bytes[i] = (char)(bytes[i] ^ 0x55);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(bytes, 1, n, f), n);
        fclose(f);
        if (country_open(&c, path, &err) == ST_OK) {
            found = find(c, "192.0.2.1");
            assert_true(found[0] == '\0' || (found[0] >= 'A' && found[0] <= 'Z' && strlen(found) == 2));
            country_close(c);
        }
        bytes[i] = (char)(bytes[i] ^ 0x55);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found),
        cmocka_unit_test(what_is_no_such_file),
        cmocka_unit_test(damaged_files),
    };
    int rc, fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return rc;
}
