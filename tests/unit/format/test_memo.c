/*
 * What is remembered of a time gives what reading it anew gives.
 */
#include "ingest/base.h"
#include "memo.h"

#include <setjmp.h>
#include <cmocka.h>

static void
check(struct iso_memo *memo, const char *text, size_t n)
{
    char room[64] = { 0 };
    int64_t got = -1, want = -1;
    int32_t day = -1, want_day = -1;
    bool is;

    memcpy(room, text, n);
    is = clock_parse_iso((struct slice){ room, n }, &want_day, &want);
    if (memo_iso(memo, (struct slice){ room, n }, &day, &got) != is || got != want || day != want_day)
        fail_msg("%.*s: %" PRId64 ", read anew %" PRId64, (int)n, text, got, want);
}

/* Each byte of good times replaced by each other one, and each length; with a memo that knows the day. */
static void
iso_as_read_anew(void **state)
{
    static const char *const times[] = {
        "2024-01-16T10:11:12.123456789Z", "2024-01-16T10:11:12Z", "2024-01-16 23:59:60.5Z", "2024-02-29T00:00:00.000001Z",
        "2024-01-16T10:11:12.1234567890Z", "2024-01-16T10:11:12.Z", "2024-01-16T10:11:12.5+02:00", "2024-01-16T10:11:12",
        "2024-01-16T10:11:12.987654Z", "2024-01-16T10:11:12.98765432Z", "2024-01-16T23:11:12-02:00",
        "2024-01-16T24:00:00Z", "9999-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        size_t n = strlen(times[i]);

        for (size_t at = 0; at < n; at++)
            for (int byte = 0; byte < 256; byte++) {
                struct iso_memo memo = { 0 };
                char text[40];

                memcpy(text, times[i], n);
                check(&memo, text, n);
                text[at] = (char)byte;
                check(&memo, text, n);
                check(&memo, times[i], n);
            }
        for (size_t length = 0; length <= n; length++) {
            struct iso_memo memo = { 0 };

            check(&memo, times[0], strlen(times[0]));
            check(&memo, times[i], length);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_as_read_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
