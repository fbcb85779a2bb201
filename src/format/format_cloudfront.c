/*
 * CloudFront's standard log: W3C extended, tab-separated, its paths encoded once more than the
 * client sent them.
 */
#include "w3c.h"

static int
cloudfront_sniff(struct slice head)
{
    return w3c_kind(head) == W3C_CLOUDFRONT ? 100 : 0;
}

#define HEADER "#Version: 1.0\n#Fields: date time sc-bytes c-ip cs-method cs-uri-stem sc-status\n"

static const struct format_example examples[] = {
    { HEADER "2024-03-01\t00:00:01\t742\t192.0.2.7\tGET\t/crates/a/a-1.0.0.crate\t200", KEEP, 200,
      742 },
    { HEADER "2024-03-01\t00:00:01\t-\t192.0.2.7\tGET\t/crates/a/a-1.0.0.crate\t-", KEEP, 0, 0 },
    { "#Fields: date cs-method cs-uri-stem sc-status\n2024-03-01\tGET\t/a\t304", KEEP, 304, 0 },
    { HEADER "2024-03-01\t00:00:01\t742\t192.0.2.7\tGET\t/a", REJECT_FIELDS, 0, 0 },
    { HEADER "2023-02-29\t00:00:01\t742\t192.0.2.7\tGET\t/a\t200", REJECT_TIME, 0, 0 },
    { HEADER "2024-03-01\t24:00:00\t742\t192.0.2.7\tGET\t/a\t200", REJECT_TIME, 0, 0 },
    { HEADER "2024-03-01\t00:00:01\t7e2\t192.0.2.7\tGET\t/a\t200", REJECT_NUMBER, 0, 0 },
    { HEADER "#Software: none", FILTER_COMMENT, 0, 0 },
};

const struct format format_cloudfront = {
    .name = "cloudfront",
    .about = "Amazon CloudFront's standard log (W3C extended, tab-separated)",
    .dataset = "stats",
    .block = w3c_block,
    .sniff = cloudfront_sniff,
    .state_bytes = sizeof(struct w3c),
    .clear_bytes = offsetof(struct w3c, marks.line),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
