/* vhost_common and vhost_combined: the word in front, what is told by it, and that the rest is read as without it. */
#include "format_test.h"

#define T0     " - - [01/Mar/2024:00:00:01 +0000] "
#define REST   "\"GET /a HTTP/1.1\" 200 42"
#define AGENT  " \"-\" \"ua\""
#define HEAD   "1! counted 2024-03-01 0 us=1709251201000000 status=200 bytes=42 range=0 decodes=1 ok=0 method=\"GET\" path=\"/a\" "
#define FIELDS "1! fields - 0\n"

static const struct text_case combined[] = {
    { "port", "example.org:443 192.0.2.7" T0 REST AGENT, HEAD "agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "no_port", "example.org 192.0.2.7" T0 REST AGENT, HEAD "agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "host_name_as_client", "example.org:443 host.example.net" T0 REST AGENT, HEAD "agent=\"ua\" client=\"host.example.net\"\n" },
    { "host_of_ipv6", "[2001:db8::1]:443 2001:db8::2" T0 REST AGENT, HEAD "agent=\"ua\" client=\"2001:db8::2\"\n" },
    { "empty_host", " 192.0.2.7" T0 REST AGENT, HEAD "agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "user_with_blanks", "h 192.0.2.7 - john doe [01/Mar/2024:00:00:01 +0000] " REST AGENT, HEAD "agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "more_behind", "h 192.0.2.7" T0 REST AGENT " h:443 0.3", HEAD "agent=\"ua\" client=\"192.0.2.7\"\n" },
    { "without_host", "192.0.2.7" T0 REST AGENT, FIELDS },
    { "host_alone", "example.org:443", FIELDS },
    { "common", "h 192.0.2.7" T0 REST, FIELDS },
};

static const struct text_case common[] = {
    { "plain", "example.org 192.0.2.7" T0 REST, HEAD "client=\"192.0.2.7\"\n" },
    { "combined", "example.org 192.0.2.7" T0 REST AGENT, FIELDS },
    { "without_host", "192.0.2.7" T0 REST, FIELDS },
};

static void
lines_become_records(void **state)
{
    (void)state;
    check_cases(the_format("vhost_combined"), combined, ARRAY_LEN(combined));
    check_cases(the_format("vhost_common"), common, ARRAY_LEN(common));
}

/* Each line is also one of combined, as that format reads it: which is meant is told by the first two words. */
static void
logs_with_and_without_hosts_are_told_apart(void **state)
{
    static const struct {
        const char *front, *name;
    } cases[] = {
        { "192.0.2.7 - -", "" }, { "2001:db8::1 - -", "" }, { "host.example.net - john", "" }, { "192.0.2.7 ident john", "" },
        { "192.0.2.7 - john q public", "" }, { "localhost:80 - john", "" }, { "- - -", "" },
        { "example.org:443 192.0.2.7 - -", "vhost_" }, { "example.org 192.0.2.7 - -", "vhost_" },
        { "example.org 2001:db8::1 - john doe", "vhost_" }, { "example.org:80 host.example.net - -", "vhost_" },
        { "192.0.2.1:80 192.0.2.7 - -", "vhost_" }, { "[2001:db8::1]:80 2001:db8::2 - -", "vhost_" }, { "_ 192.0.2.7 - -", "vhost_" },
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
        const struct format *f = NULL;
        char log[300], want[30];
        struct err err;
        int score = 0;

        snprintf(log, sizeof log, "%s [01/Mar/2024:00:00:01 +0000] " REST "%s\n", cases[i / 2].front, i % 2 ? AGENT : "");
        snprintf(want, sizeof want, "%s%s", cases[i / 2].name, i % 2 ? "combined" : "common");
        assert_int_equal(format_sniff(slice_of(log), &f, &score, &err), ST_OK);
        if (strcmp(f->name, want) != 0)
            fail_msg("%s is %s", log, f->name);
        assert_int_equal(score, 100);
    }
}

static void
each_field_can_be_marked(void **state)
{
    static const char line[] = "example.org:443 192.0.2.7 id john doe [01/Mar/2024:00:00:01 +0000] \"GET /a HTTP/1.1\" 200 42 \"ref\" \"ua\" x \"y\"";
    static const struct {
        const char *key, *want;
    } marks[] = {
        { "vhost", "example.org:443" }, { "client", "192.0.2.7" }, { "ident", "id" }, { "user", "john doe" },
        { "time", "01/Mar/2024:00:00:01 +0000" }, { "request", "GET /a HTTP/1.1" }, { "status", "200" }, { "bytes", "42" },
        { "referer", "ref" }, { "agent", "ua" }, { "rest", "x \\\"y\\\"" }, { "Vhost", NULL }, { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_LEN(marks); i++) {
        bool vhost = i % 2 == 0;
        const char *key = marks[i / 2].key;
        char *got = parse_marked(the_format(vhost ? "vhost_combined" : "combined"), slice_of(vhost ? line : line + 16), key);
        char want[100] = "ua\" client=\"192.0.2.7\"\n";

        if (marks[i / 2].want != NULL && (vhost || strcmp(key, "vhost") != 0))
            snprintf(want, sizeof want, " marked=\"%s\"\n", marks[i / 2].want);
        if (strstr(got, want) == NULL)
            fail_msg("%s: %s", key, got);
        free(got);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_records),
        cmocka_unit_test(logs_with_and_without_hosts_are_told_apart),
        cmocka_unit_test(each_field_can_be_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
