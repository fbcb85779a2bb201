/* s3: quotes that nobody escapes, which operations are downloads, what the path is, and which field is which. */
#include "format_test.h"

#define FRONT  "owner bucket [01/Mar/2024:00:00:01 +0000] 192.0.2.3 arn:aws:iam::1:user/x 3E57 "
#define GET(key, uri, numbers, tail) FRONT "REST.GET.OBJECT " key " " uri " " numbers " 742 7 5 " tail
#define TAIL   "\"-\" \"ua\" - host="
#define A(numbers, tail) GET("a", "\"GET /bucket/a HTTP/1.1\"", numbers, tail)
#define HEAD(status, bytes, range) "1! counted 2024-03-01 0 us=1709251201000000 status=" status " bytes=" bytes " range=" range " decodes=2 ok=0 "
#define REST   "agent=\"ua\" client=\"192.0.2.3\""
#define KEPT   HEAD("200", "42", "0") "method=\"GET\" path=\"/a\" " REST "\n"
#define FIELDS "1! fields - 0\n"
#define OTHER  "1! not_a_download 2024-03-01 0\n"

static const struct text_case cases[] = {
    { "plain", A("200 - 42", TAIL), KEPT },
    { "ends_behind_the_agent", A("200 - 42", "\"-\" \"ua\""), KEPT },

    /* operations */
    { "head", FRONT "REST.HEAD.OBJECT a \"HEAD /a HTTP/1.1\" 200 - - 742 7 5 " TAIL,
      HEAD("200", "0", "0") "method=\"HEAD\" path=\"/a\" " REST "\n" },
    { "website", FRONT "WEBSITE.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 42 742 7 5 " TAIL, KEPT },
    { "tagging", FRONT "REST.GET.OBJECT_TAGGING a \"GET /a?tagging HTTP/1.1\" 200 - 42 742 7 5 " TAIL, OTHER },
    { "list", FRONT "REST.GET.BUCKET - \"GET /bucket HTTP/1.1\" 200 - 42 - 7 5 " TAIL, OTHER },
    { "copy", FRONT "REST.COPY.OBJECT_GET a - 200 - 42 - 7 5 " TAIL, OTHER },
    { "expire", FRONT "S3.EXPIRE.OBJECT a - - - - 742 - - - - - -", HEAD("0", "0", "0") "method=\"EXPIRE\" path=\"/a\" agent=\"-\" client=\"192.0.2.3\"\n" },
    { "no_operation", FRONT "- a \"GET /a HTTP/1.1\" 200 - 42 742 7 5 " TAIL, OTHER },
    { "number_before_operation", FRONT "REST.GET.ACL a \"GET /a HTTP/1.1\" 200 - x 742 7 5 " TAIL, "1! number 2024-03-01 0\n" },

    /* the key */
    { "key_with_slash_in_front", GET("/a", "\"-\"", "200 - 42", TAIL), KEPT },
    { "key_encoded", GET("b/a%2520b%252B+c", "\"-\"", "200 - 42", TAIL), HEAD("200", "42", "0") "method=\"GET\" path=\"/b/a%2520b%252B+c\" " REST "\n" },
    { "key_empty", GET("", "\"-\"", "200 - 42", TAIL), HEAD("200", "42", "0") "method=\"GET\" path=\"/\" " REST "\n" },

    /* quotes of strangers */
    { "quote_in_the_request", GET("a", "\"GET /a\"b\" c\" HTTP/1.1\"", "200 - 42", TAIL), KEPT },
    { "request_dash", GET("a", "-", "200 - 42", TAIL), KEPT },
    { "request_looks_like_its_end", GET("a", "\"GET /a\" 404 HTTP/1.1\"", "200 - 42", TAIL), FIELDS },
    { "request_not_closed", GET("a", "\"GET /a HTTP/1.1", "200 - 42", TAIL), FIELDS },
    { "quote_in_the_agent", A("200 - 42", "\"-\" \"a \"b\" \"c\" d\" - host="), HEAD("200", "42", "0") "method=\"GET\" path=\"/a\" "
      "agent=\"a \\\"b\\\" \\\"c\\\" d\" client=\"192.0.2.3\"\n" },
    { "agent_dash", A("200 - 42", "- - v1"), HEAD("200", "42", "0") "method=\"GET\" path=\"/a\" agent=\"-\" client=\"192.0.2.3\"\n" },
    { "agent_is_a_word", A("200 - 42", "\"-\" ua -"), FIELDS },
    { "referer_is_a_word", A("200 - 42", "ref \"ua\" -"), FIELDS },
    { "agent_empty", A("200 - 42", "\"\" \"\" v1"), HEAD("200", "42", "0") "method=\"GET\" path=\"/a\" agent=\"\" client=\"192.0.2.3\"\n" },
    { "agent_not_closed", A("200 - 42", "\"-\" \"ua"), FIELDS },
    { "agent_closed_within_a_word", A("200 - 42", "\"-\" \"ua\"x"), FIELDS },
    { "no_agent", A("200 - 42", "\"-\""), FIELDS },
    { "no_agent_but_a_blank", A("200 - 42", "\"-\" "), FIELDS },
    { "referer_not_closed", A("200 - 42", "\"- "), FIELDS },

    /* numbers and times */
    { "whole_object_in_a_206", A("206 - 742", TAIL), HEAD("206", "742", "1") "method=\"GET\" path=\"/a\" " REST " part=0..742\n" },
    { "part_of_it", A("206 - 741", TAIL), HEAD("206", "741", "0") "method=\"GET\" path=\"/a\" " REST "\n" },
    { "size_unknown", FRONT "REST.GET.OBJECT a - 206 - 0 0 7 5 " TAIL, HEAD("206", "0", "0") "method=\"GET\" path=\"/a\" " REST "\n" },
    { "status_dash", A("- - -", TAIL), HEAD("0", "0", "0") "method=\"GET\" path=\"/a\" " REST "\n" },
    { "bytes_negative", A("200 - -1", TAIL), "1! number 2024-03-01 0\n" },
    { "bad_day", "o b [30/Feb/2024:00:00:01 +0000] 192.0.2.3 - 3E REST.GET.OBJECT a - 200 - 42 742 7 5 " TAIL, "1! time - 0\n" },
    { "short_time", "o b [01/Mar/2024] 192.0.2.3 - 3E REST.GET.OBJECT a - 200 - 42 742 7 5 " TAIL, "1! time - 0\n" },
    { "no_brackets", "o b 01/Mar/2024:00:00:01 192.0.2.3 - 3E REST.GET.OBJECT a - 200 - 42 742 7 5 " TAIL, FIELDS },
    { "combined", "192.0.2.7 - - [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"-\" \"ua\"", FIELDS },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("s3"), cases, ARRAY_LEN(cases));
}

static void
each_field_can_be_marked(void **state)
{
    static const char line[] = "OWN BUC [01/Mar/2024:00:00:01 +0000] 192.0.2.3 REQ ID3 REST.GET.OBJECT KEY \"GET /KEY HTTP/1.1\" "
        "200 ERR 42 742 7 5 \"REF\" \"u a\" VER HID SIG CIP AUT HOS TLS ARN ACL NEW";
    static const char *const marks[][2] = {
        { "bucket_owner", "OWN" }, { "bucket", "BUC" }, { "time", "01/Mar/2024:00:00:01 +0000" }, { "remote_ip", "192.0.2.3" },
        { "requester", "REQ" }, { "request_id", "ID3" }, { "operation", "REST.GET.OBJECT" }, { "key", "KEY" },
        { "request_uri", "GET /KEY HTTP/1.1" }, { "http_status", "200" }, { "error_code", "ERR" }, { "bytes_sent", "42" },
        { "object_size", "742" }, { "total_time", "7" }, { "turn_around_time", "5" }, { "referer", "REF" }, { "user_agent", "u a" },
        { "version_id", "VER" }, { "host_id", "HID" }, { "signature_version", "SIG" }, { "cipher_suite", "CIP" },
        { "authentication_type", "AUT" }, { "host_header", "HOS" }, { "tls_version", "TLS" }, { "access_point_arn", "ARN" },
        { "acl_required", "ACL" }, { "next", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        char *got = parse_marked(the_format("s3"), SLICE(line), marks[i][0]);
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
    static const char line[] = A("200 - 42", TAIL);

    (void)state;
    for (size_t n = 1; n < sizeof line; n++) {
        char *got = parse_text(the_format("s3"), (struct slice){ line, n });

        assert_string_equal(got, n >= strlen(A("200 - 42", "\"-\" \"ua\"")) ? KEPT : FIELDS);
        free(got);
    }
}

static void
hostile_megabytes_take_linear_time(void **state)
{
    static const char *const heads[] = { "", FRONT "REST.GET.OBJECT a \"", A("200 - 42", "\""), A("200 - 42", "\"-\" \"") };
    static const char *const parts[] = { "\"", "\" ", " ", "[", "\" 20", "\" 200", "\" -" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads) * ARRAY_LEN(parts); i++) {
        struct buf log = { 0 }, b = { 0 };
        struct err err;
        enum st rc;

        buf_text(&log, heads[i / ARRAY_LEN(parts)]);
        while (log.n < MIB - 16)
            buf_text(&log, parts[i % ARRAY_LEN(parts)]);
        parse(the_format("s3"), (struct slice){ log.p, log.n }, PLAINLY, &b, &rc, &err);
        assert_int_equal(rc, ST_OK);
        buf_release(&log);
        buf_release(&b);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(each_field_can_be_marked),
        cmocka_unit_test(a_line_cut_anywhere_is_no_crash),
        cmocka_unit_test(hostile_megabytes_take_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
