/* elb: lines with and without a type, clients with ports, and which field is which. */
#include "format_test.h"

#define CLASSIC(time, client, numbers, request) time " lb " client " 10.0.0.1:80 0.1 0.2 0.3 " numbers " " request " \"ua\" - -"
#define LINE(time, client, numbers, request) "https " CLASSIC(time, client, numbers, request) " arn \"Root=1\" \"-\" \"-\" 0 " time " \"forward\""
#define T0      "2024-03-01T00:00:01.25Z"
#define CLIENT(c) LINE(T0, c, "200 200 34 42", "\"GET https://example.org:443/a HTTP/1.1\"")
#define REQ(r)  LINE(T0, "192.0.2.7:28", "200 200 34 42", r)
#define NUMS(n) LINE(T0, "192.0.2.7:28", n, "\"GET https://example.org:443/a HTTP/1.1\"")
#define HEAD    "1! counted 2024-03-01 0 us=1709251201250000 status=200 bytes=42 range=0 decodes=1 ok=0 "
#define GET_A   "method=\"GET\" path=\"https://example.org:443/a\" agent=\"ua\" "
#define FIELDS  "1! fields - 0\n"

static const struct text_case cases[] = {
    { "plain", CLIENT("192.0.2.7:28"), HEAD GET_A "client=\"192.0.2.7\"\n" },
    { "classic", CLASSIC(T0, "192.0.2.7:28", "200 200 34 42", "\"GET https://example.org:443/a HTTP/1.1\""), HEAD GET_A "client=\"192.0.2.7\"\n" },
    { "classic_ends_behind_the_agent", T0 " lb 192.0.2.7:28 - 0 0 0 200 200 34 42 \"GET https://example.org:443/a HTTP/1.1\" \"ua\"",
      HEAD GET_A "client=\"192.0.2.7\"\n" },
    { "ipv6", CLIENT("2001:db8::1:28"), HEAD GET_A "client=\"2001:db8::1\"\n" },
    { "ipv6_in_brackets", CLIENT("[2001:db8::1]:28"), HEAD GET_A "client=\"2001:db8::1\"\n" },
    { "no_port", CLIENT("host"), HEAD GET_A "client=\"host\"\n" },
    { "no_client", CLIENT("-"), HEAD GET_A "client=\"-\"\n" },
    { "client_empty", CLIENT(""), HEAD GET_A "client=\"\"\n" },
    { "bracket_alone", CLIENT("[:28"), HEAD GET_A "client=\"[\"\n" },

    { "request_of_nothing", REQ("\"- http://lb:80- \""), HEAD "method=\"-\" path=\"http://lb:80- \" agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "request_escaped", REQ("\"GET http://x:80/\\x41\\\" HTTP/1.1\""), HEAD "method=\"GET\" path=\"http://x:80/A\\\"\" agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "request_without_quotes", REQ("GET http://x:80/ HTTP/1.1"), FIELDS },
    { "something_behind_the_quote", REQ("\"GET http://x:80/ HTTP/1.1\"x"), FIELDS },

    { "no_answer", NUMS("- - 34 0"), "1! counted 2024-03-01 0 us=1709251201250000 status=0 bytes=0 range=0 decodes=1 ok=0 " GET_A "client=\"192.0.2.7\"\n" },
    { "status_of_two", NUMS("20 200 34 42"), "1! number 2024-03-01 0\n" },
    { "bytes_negative", NUMS("200 200 34 -42"), "1! number 2024-03-01 0\n" },
    { "received_is_not_looked_at", NUMS("200 x x 42"), HEAD GET_A "client=\"192.0.2.7\"\n" },
    { "one_number_too_few", NUMS("200 200 42"), FIELDS },
    { "bad_time", LINE("2024-03-01T24:00:01Z", "192.0.2.7:28", "200 200 34 42", "\"GET / HTTP/1.1\""), "1! time - 0\n" },
    { "zone", CLASSIC("2024-03-01T01:00:01.25+01:00", "192.0.2.7:28", "200 200 34 42", "\"GET https://example.org:443/a HTTP/1.1\""), HEAD GET_A "client=\"192.0.2.7\"\n" },
    { "other_type", "tls " CLASSIC(T0, "192.0.2.7:28", "200 200 34 42", "\"GET / HTTP/1.1\""), FIELDS },
    { "type_empty", " " CLASSIC(T0, "192.0.2.7:28", "200 200 34 42", "\"GET / HTTP/1.1\""), FIELDS },
    { "combined", "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"-\" \"ua\"", FIELDS },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("elb"), cases, ARRAY_LEN(cases));
}

static void
each_field_can_be_marked(void **state)
{
    static const char line[] = "h2 2024-03-01T00:00:01Z ELB CLI:1 TAR:2 0.1 0.2 0.3 200 201 34 42 \"GET / HTTP/1.1\" \"u a\" CIP PRO GRP "
        "\"TRA\" \"DOM\" \"CER\" 7 2024-03-01T00:00:00Z \"AC,TS\" \"RED\" \"ERR\" \"1.2.3.4:5\" \"206\" \"CLA\" \"REA\" CON NEW";
    static const char *const marks[][2] = {
        { "type", "h2" }, { "time", "2024-03-01T00:00:01Z" }, { "elb", "ELB" }, { "client", "CLI:1" }, { "target", "TAR:2" },
        { "request_processing_time", "0.1" }, { "target_processing_time", "0.2" }, { "response_processing_time", "0.3" },
        { "elb_status_code", "200" }, { "target_status_code", "201" }, { "received_bytes", "34" }, { "sent_bytes", "42" },
        { "request", "GET / HTTP/1.1" }, { "user_agent", "u a" }, { "ssl_cipher", "CIP" }, { "ssl_protocol", "PRO" },
        { "target_group_arn", "GRP" }, { "trace_id", "TRA" }, { "domain_name", "DOM" }, { "chosen_cert_arn", "CER" },
        { "matched_rule_priority", "7" }, { "request_creation_time", "2024-03-01T00:00:00Z" }, { "actions_executed", "AC,TS" },
        { "redirect_url", "RED" }, { "error_reason", "ERR" }, { "target_port_list", "1.2.3.4:5" }, { "target_status_code_list", "206" },
        { "classification", "CLA" }, { "classification_reason", "REA" }, { "conn_trace_id", "CON" }, { "x", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        char *got = parse_marked(the_format("elb"), SLICE(line), marks[i][0]);
        char want[100] = " marked=";

        if (marks[i][1] != NULL)
            snprintf(want, sizeof want, " marked=\"%s\"\n", marks[i][1]);
        if ((strstr(got, want) != NULL) != (marks[i][1] != NULL))
            fail_msg("%s: %s", marks[i][0], got);
        free(got);
    }
}

static void
a_line_cut_anywhere_is_no_crash(void **state)
{
    static const char line[] = CLIENT("192.0.2.7:28");
    const size_t whole = (size_t)(strstr(line, "\"ua\"") - line) + 4;

    (void)state;
    for (size_t n = 1; n < sizeof line; n++) {
        char *got = parse_text(the_format("elb"), (struct slice){ line, n });

        assert_string_equal(got, n >= whole ? HEAD GET_A "client=\"192.0.2.7\"\n" : FIELDS);
        free(got);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(each_field_can_be_marked),
        cmocka_unit_test(a_line_cut_anywhere_is_no_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
