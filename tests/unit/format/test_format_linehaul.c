/* linehaul: fields between bars, old lines and new ones, and an agent that may hold anything. */
#include "format_test.h"

#define WHEN  "Fri, 01 Mar 2024 00:00:01 GMT"
#define FRONT "download|" WHEN "|US|/packages/a/a-1.0.tar.gz|TLSv1.2|ECDHE|a|1.0|sdist|"
#define OLD   "1! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=0 range=0 decodes=1 ok=0 method=\"GET\" "
#define PATH  "path=\"/packages/a/a-1.0.tar.gz\" "
#define NEW(status, bytes, range) "1! counted 2024-03-01 0 us=1709251201000000 status=" status " bytes=" bytes " range=" range \
    " decodes=1 ok=0 method=\"GET\" " PATH "agent=\"pip/24\" country=\"US\"\n"
#define FIELDS "1! fields - 0\n"

static const struct text_case cases[] = {
    { "download", FRONT "pip/10.0.1 {\"ci\":null}", OLD PATH "agent=\"pip/10.0.1 {\\\"ci\\\":null}\" country=\"US\"\n" },
    { "simple", "simple|" WHEN "|US|/simple/a/|TLSv1.2|ECDHE||||pip/10", OLD "path=\"/simple/a/\" agent=\"pip/10\" country=\"US\"\n" },
    { "nulls", "download|" WHEN "||/a|(null)|(null)|(null)|(null)|(null)|(null)", OLD "path=\"/a\"\n" },
    { "agent_empty", FRONT, OLD PATH "agent=\"\" country=\"US\"\n" },
    { "agent_with_bars", FRONT "a|b|c|d|e", OLD PATH "agent=\"a|b|c|d|e\" country=\"US\"\n" },
    { "country_of_three", "download|" WHEN "|USA|/a|||||||x", OLD "path=\"/a\" agent=\"|x\"\n" },
    { "new", FRONT "GET|200|42||pip/24", NEW("200", "42", "0") },
    { "new_null_range", FRONT "GET|200|42|(null)|pip/24", NEW("200", "42", "0") },
    { "new_from_zero", FRONT "GET|206|42|bytes=0-41|pip/24", NEW("206", "42", "1") },
    { "new_later", FRONT "GET|206|42|bytes=1-41|pip/24", NEW("206", "42", "0") },
    { "new_suffix", FRONT "GET|206|42|bytes=-41|pip/24", NEW("206", "42", "0") },
    { "new_parts", FRONT "GET|206|42|bytes=0-1,5-9|pip/24", NEW("206", "42", "0") },
    { "new_bad_status_is_an_agent", FRONT "GET|20|42||pip/24", OLD PATH "agent=\"GET|20|42||pip/24\" country=\"US\"\n" },
    { "new_bad_bytes_are_an_agent", FRONT "GET|200|-||pip/24", OLD PATH "agent=\"GET|200|-||pip/24\" country=\"US\"\n" },
    { "new_no_method_is_an_agent", FRONT "|200|1||pip/24", OLD PATH "agent=\"|200|1||pip/24\" country=\"US\"\n" },
    { "behind_a_syslog_head", "<134>2024-03-01T00:00:02Z cache-itm18828 linehaul[411616]: " FRONT "x", OLD PATH "agent=\"x\" country=\"US\"\n" },
    { "other_event", "upload|" WHEN "|US|/a|||a|1|sdist|x", FIELDS },
    { "event_empty", "|" WHEN "|US|/a|||a|1|sdist|x", FIELDS },
    { "one_bar_too_few", "download|" WHEN "|US|/a|||a|1|sdist", FIELDS },
    { "bad_time", "download|Fri, 01 Mar 2024 00:00:01 UTC|US|/a|||a|1|sdist|x", "1! time - 0\n" },
    { "time_null", "download|(null)|US|/a|||a|1|sdist|x", "1! time - 0\n" },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("linehaul"), cases, ARRAY_LEN(cases));
}

static void
each_field_can_be_marked(void **state)
{
    static const char *const marks[][2] = {
        { "event", "download" }, { "date", WHEN }, { "country", "US" }, { "url", "/packages/a/a-1.0.tar.gz" }, { "tls", "TLSv1.2" },
        { "cipher", "ECDHE" }, { "project", "a" }, { "version", "1.0" }, { "type", "sdist" }, { "method", "GET" },
        { "status", "200" }, { "bytes", "42" }, { "range", NULL }, { "agent", "pip/24" }, { "x", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        char *got = parse_marked(the_format("linehaul"), SLICE(FRONT "GET|200|42|(null)|pip/24\n"), marks[i][0]);
        char want[100] = " marked=";

        if (marks[i][1] != NULL)
            snprintf(want, sizeof want, " marked=\"%s\" country", marks[i][1]);
        if ((strstr(got, want) != NULL) != (marks[i][1] != NULL))
            fail_msg("%s: %s", marks[i][0], got);
        free(got);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(each_field_can_be_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
