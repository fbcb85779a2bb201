/*
 * W3C extended logs of other servers: IIS (blanks between values), Akamai (tabs, cs-uri), and
 * whatever has #Fields lines.
 */
#include "w3c.h"

static int
w3c_sniff(struct slice head)
{
    return w3c_kind(head) == W3C_OTHER ? 100 : 0;
}

#define IIS                                                                                                \
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2024-03-01 00:00:00\n" \
    "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip cs(User-Agent) sc-status sc-bytes\n"
#define AKAMAI "#Version: 1.0\n#Fields: date time cs-ip cs-method cs-uri sc-status sc-bytes\n"

static const struct format_example examples[] = {
    { IIS "2024-03-01 00:00:01 GET /a - 192.0.2.7 curl/8 200 742", KEEP, 200, 742 },
    { IIS "2024-03-01 00:00:01 GET /a - 192.0.2.7 \"two words\" 206 742", KEEP, 206, 742 },
    { AKAMAI "2024-03-01\t00:00:01\t192.0.2.7\tGET\t/example.org/a\t200\t742", KEEP, 200, 742 },
    { IIS "2024-03-01 00:00:01 GET /a - 192.0.2.7 curl/8 200", REJECT_FIELDS, 0, 0 },
    { IIS "2024-02-30 00:00:01 GET /a - 192.0.2.7 curl/8 200 742", REJECT_TIME, 0, 0 },
    { IIS "2024-03-01 00:00:01 GET /a - 192.0.2.7 curl/8 OK 742", REJECT_NUMBER, 0, 0 },
    { IIS "#Date: 2024-03-02 00:00:00", FILTER_COMMENT, 0, 0 },
};

const struct format format_w3c = {
    .name = "w3c",
    .about = "W3C extended log, as IIS and others write it (#Fields names the columns)",
    .dataset = "stats",
    .block = w3c_block,
    .sniff = w3c_sniff,
    .state_bytes = sizeof(struct w3c),
    .clear_bytes = offsetof(struct w3c, marks.line),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
