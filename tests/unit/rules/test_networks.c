/* Temporary networks: which list is read, which entry takes a date, what stays as it is. */
#include "ingest/networks.h"
#include "ingest/rules.h"

#include <setjmp.h>
#include <cmocka.h>

static struct networks *
read_list(const char *text, enum st *rc, struct err *err)
{
    char path[] = "/tmp/ingest-networks.XXXXXX";
    int fd = mkstemp(path);
    struct networks *n;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    *err = (struct err){ 0 };
    *rc = networks_read(&n, path, err);
    if (*rc != ST_OK)
        assert_string_equal(err->path, path);
    unlink(path);
    return n;
}

/* Such a build reads no JSON, and says so. */
static bool
without_jansson(const struct err *err)
{
    return strcmp(err->cause, "this build cannot read JSON") == 0 && strstr(err->hint, "libjansson-dev") != NULL;
}

/* The code as counted; "none" where no network fits. */
static const char *
extended(const struct networks *n, const char *code, const char *start)
{
    static char out[16];
    char room[NETWORK_EXTENDED];
    struct slice s, when = start == NULL ? (struct slice){ NULL, 0 } : slice_of(start);

    if (!networks_extend(n, slice_of(code), when, room, &s))
        return "none";
    snprintf(out, sizeof out, "%.*s", (int)s.n, s.p);
    return out;
}

#define JSON_LIST                                                                                                            \
    "[{\"fdsn_code\":\"FR\",\"start_date\":\"1962-01-01\",\"end_date\":null,\"name\":\"x\",\"doi\":\"y\"},"                  \
    "{\"fdsn_code\":\"ZO\",\"start_date\":\"2018-03-01\",\"end_date\":\"2020-12-31\",\"name\":\"'\",\"doi\":null},"          \
    "{\"fdsn_code\":\"ZO\",\"start_date\":\"2014-01-01\",\"end_date\":\"2015-06-30\"},"                                      \
    "{\"fdsn_code\":\"YP\",\"start_date\":\"2012-01-01\",\"end_date\":\"2013-12-31\"},"                                      \
    "{\"fdsn_code\":\"Z3\",\"start_date\":\"2015-01-01\",\"end_date\":null},"                                                \
    "{\"fdsn_code\":\"Z3\",\"start_date\":\"2016-01-01\",\"end_date\":\"2017-01-01\"},"                                      \
    "{\"fdsn_code\":\"1A\",\"start_date\":\"1968-02-29\",\"end_date\":\"\"},"                                                \
    "{\"fdsn_code\":\"9Z\",\"start_date\":\"2009-05-05T01:00:00\",\"end_date\":\"2009-05-06T23:59:59\"}]"
#define TEXT_LIST                                                                                                            \
    "#Network|Description|StartTime|EndTime|TotalStations\n"                                                                 \
    "FR|a network|1962-01-01T00:00:00||97\n"                                                                                 \
    "ZO|a | b|2018-03-01T00:00:00|2020-12-31T23:59:59|3\r\n"                                                                 \
    "ZO||2014-01-01T00:00:00|2015-06-30|1\n\n"                                                                               \
    "YP|y|2012-01-01T00:00:00|2013-12-31T23:59:59|0\n"                                                                       \
    "Z3 | z |2015-01-01T00:00:00| |12\n"                                                                                     \
    "Z3|z|2016-01-01T00:00:00|2017-01-01|12\n"                                                                               \
    "1A|old|1968-02-29T00:00:00||\n"                                                                                         \
    "9Z|two days|2009-05-05T01:00:00|2009-05-06T23:59:59|1"

static const struct {
    const char *name, *code, *start, *counted;
} cases[] = {
    { "the_network_of_that_year", "ZO", "2019-04-01T00:00:00.0000Z", "ZO2018" },
    { "an_earlier_one_of_that_code", "ZO", "2014-06-01T00:00:00.076986Z", "ZO2014" },
    { "between_the_two", "ZO", "2016-01-01T00:00:00", "none" },
    { "the_year_it_began_in_and_not_that_of_the_data", "YP", "2013-01-01", "YP2012" },
    { "before_all", "YP", "1912-01-01", "none" },
    { "permanent", "FR", "2020-01-01", "FR" },
    { "permanent_and_not_in_the_list", "GE", "2020-01-01", "GE" },
    { "permanent_whenever", "FR", "2014-", "FR" },
    { "permanent_without_a_date", "GE", NULL, "GE" },
    { "a_date_cut_off", "ZO", "2014-", "none" },
    { "no_date", "ZO", "yesterday!", "none" },
    { "an_empty_date", "ZO", "", "none" },
    { "not_said", "ZO", NULL, "none" },
    { "a_day_that_does_not_exist", "ZO", "2019-02-29T00:00:00", "none" },
    { "a_leap_day", "Z3", "2016-02-29T00:00:00", "Z32015" },
    { "a_year_alone", "YP", "2013", "YP2012" },
    { "a_year_alone_is_its_first_day", "ZO", "2018", "none" },
    { "open_end_and_the_first_of_the_list_wins", "Z3", "2016-06-01", "Z32015" },
    { "open_end_is_empty_too", "1A", "9999-12-31", "1A1968" },
    { "the_day_it_began", "1A", "1968-02-29", "1A1968" },
    { "the_day_before", "1A", "1968-02-28", "none" },
    { "the_last_day_whatever_the_hour", "9Z", "2009-05-06T23:59:59.9999Z", "9Z2009" },
    { "the_first_day_whatever_the_hour", "9Z", "2009-05-05T00:00:00.0000Z", "9Z2009" },
    { "the_day_behind", "9Z", "2009-05-07T00:00:00", "none" },
    { "temporary_and_in_no_list", "X9", "2015-01-01", "none" },
    { "lower_case_is_no_temporary_code", "z3", "2016-01-01", "z3" },
    { "three_letters", "Z32", "2016-01-01", "Z32" },
    { "extended_already", "Z32015", "2016-01-01", "Z32015" },
    { "one_letter", "Z", "2016-01-01", "Z" },
    { "empty", "", "2016-01-01", "" },
};

static void
codes_by_either_list(void **state)
{
    static const char *const lists[] = { JSON_LIST, "\n {\"networks\":" JSON_LIST ",\"pages\":1}", TEXT_LIST, "\xef\xbb\xbf" TEXT_LIST "\n" };
    struct digest id = { 0 };

    (void)state;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        struct err err;
        enum st rc;
        struct networks *n = read_list(lists[l], &rc, &err);
        struct digest this;

        if (rc != ST_OK && without_jansson(&err))
            continue;
        if (rc != ST_OK)
            fail_msg("list %zu: line %" PRIu64 ": %s", l, err.line_no, err.cause);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
            if (strcmp(extended(n, cases[i].code, cases[i].start), cases[i].counted) != 0)
                fail_msg("list %zu, %s: %s", l, cases[i].name, extended(n, cases[i].code, cases[i].start));
        this = networks_id(n);
        if (id.b[0] == 0)
            id = this;
        assert_true(digest_eq(&id, &this)); /* the same networks, however they are written */
        networks_free(n);
    }
}

static void
lists_that_are_none(void **state)
{
    static const struct {
        const char *text, *cause;
        uint64_t    line_no;
        bool        json;
    } lists[] = {
        { "", "no network", 0, false },
        { "#Network|Description|StartTime|EndTime|TotalStations\n", "no network", 0, false },
        { "<html>", "not five fields", 1, false },
        { "FR|a|2001-01-01||1\nZ3|2001-01-01||1\n", "not five fields", 2, false },
        { "Z3|a|soon||1\n", "start is no date", 1, false },
        { "\nZ3|a|2001-01-01|2001-13-01|1\n", "end is no date", 2, false },
        { "Z3|a||2001-01-01|1\n", "start is no date", 1, false },
        { "{", "no JSON", 1, true },
        { "[1,\n2,]", "no JSON", 2, true },
        { "{\"network\":[]}", "no list \"networks\"", 0, true },
        { "{\"networks\":{}}", "no list \"networks\"", 0, true },
        { "[]", "no network", 0, true },
        { "[5]", "network 1 of the list: it has no \"fdsn_code\"", 0, true },
        { "[{\"fdsn_code\":\"FR\"},{\"fdsn_code\":\"ZO\",\"end_date\":\"\"}]", "network 2 of the list: its start", 0, true },
        { "[{\"fdsn_code\":\"ZO\",\"start_date\":20150101}]", "its start", 0, true },
        { "[{\"fdsn_code\":\"ZO\",\"start_date\":\"2015-01-01\",\"end_date\":\"2015-02-30\"}]", "its end", 0, true },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct err err;
        enum st rc;

        read_list(lists[i].text, &rc, &err);
        if (lists[i].json && rc == ST_USAGE && without_jansson(&err))
            continue;
        if (rc != ST_USAGE || strstr(err.cause, lists[i].cause) == NULL || err.line_no != lists[i].line_no)
            fail_msg("%s: %d, line %" PRIu64 ", %s", lists[i].text, (int)rc, err.line_no, err.cause);
    }
}

/* What counts alike has one fingerprint; what does not, has another. */
static void
fingerprints(void **state)
{
    static const struct {
        const char *a, *b;
        bool        same;
    } pairs[] = {
        { "Z3|a|2001-01-01||1\n", "Z3|another name|2001-01-01||2\n", true },
        { "Z3|a|2001-01-01||1\n", "Z3|a|2001-01-01||1\nFR|a|1990-01-01||1\n", true },
        { "Z3|a|2001-01-01||1\nX1|a|2001-01-01||1\n", "X1|a|2001-01-01||1\nZ3|a|2001-01-01||1\n", true },
        { "Z3|a|2001-01-01||1\n", "Z3|a|2001-01-02||1\n", false },
        { "Z3|a|2001-01-01||1\n", "Z3|a|2001-01-01|2005-01-01|1\n", false },
        { "Z3|a|2001-01-01||1\nZ3|a|2005-01-01||1\n", "Z3|a|2005-01-01||1\nZ3|a|2001-01-01||1\n", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct err err;
        enum st rc;
        struct networks *a = read_list(pairs[i].a, &rc, &err), *b = read_list(pairs[i].b, &rc, &err);
        struct digest x = networks_id(a), y = networks_id(b);

        if (digest_eq(&x, &y) != pairs[i].same)
            fail_msg("%s%s", pairs[i].a, pairs[i].b);
        networks_free(a);
        networks_free(b);
    }
}

static void
a_file_that_is_not_there(void **state)
{
    struct networks *n;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(networks_read(&n, "/nonexistent/networks", &err), ST_USAGE);
    assert_string_equal(err.path, "/nonexistent/networks");
    assert_int_equal(networks_read(&n, "/", &err), ST_USAGE);
    networks_free(NULL);
}

/* The fingerprint of rules with a list is of both: neither alone decides. */
static void
rules_and_networks_make_one_fingerprint(void **state)
{
    const char *const lists[] = { "#Network|Description|StartTime|EndTime|TotalStations\nFR||1962-01-01T00:00:00||9\n",
                                  "#Network|Description|StartTime|EndTime|TotalStations\nZO||2014-01-01T00:00:00||9\n" };
    struct digest ids[4];
    size_t n = 0;

    (void)state;
    for (size_t l = 0; l < ARRAY_LEN(lists); l++)
        for (int32_t since = 100; since < 102; since++) {
            struct digest both[2];
            struct rules rules;
            struct err err;
            enum st rc;
            struct networks *networks = read_list(lists[l], &rc, &err);

            assert_int_equal(rc, ST_OK);
            assert_int_equal(rules_init(&rules, NULL, NULL, 0, since, DAY_NONE, &err), ST_OK);
            both[0] = rules.id;
            both[1] = networks_id(networks);
            rules_extend(&rules, networks);
            ids[n++] = rules.id;
            both[0] = hash_plain(both, sizeof both);
            assert_true(digest_eq(&rules.id, &both[0])); /* ledgers of years hold it */
            rules_release(&rules);
            networks_free(networks);
        }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(digest_eq(&ids[i], &ids[k]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_by_either_list), cmocka_unit_test(lists_that_are_none), cmocka_unit_test(fingerprints),
        cmocka_unit_test(rules_and_networks_make_one_fingerprint),
        cmocka_unit_test(a_file_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
