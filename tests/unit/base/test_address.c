/*
 * Addresses: strict, and the same bytes for every spelling of one address.
 */
#include "ingest/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <cmocka.h>

static void
ipv4(void **state)
{
    static const char *const good[] = { "0.0.0.0", "255.255.255.255", "192.0.2.7", "1.20.100.3" };
    static const char *const bad[] = {
        "", ".", "1", "1.2", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", ".1.2.3", "1..2.3", "256.0.0.1", "1.2.3.256",
        "01.2.3.4", "1.2.3.04", "00.0.0.0", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "0x1.2.3.4", "1.2.3.-4", "+1.2.3.4",
        "1.2.3.4/8", "1.2.3.1000", "1,2,3,4", "a.b.c.d", "16909060", "1.2.3.4\n",
    };
    uint8_t b[4], want[4];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(address_ipv4(slice_of(good[i]), b));
        assert_int_equal(inet_pton(AF_INET, good[i], want), 1);
        assert_memory_equal(b, want, 4);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (address_ipv4(slice_of(bad[i]), b))
            fail_msg("%s was taken", bad[i]);
    assert_false(address_ipv4((struct slice){ "1.2.3.4", 6 }, b)); /* "1.2.3." */
    assert_false(address_ipv4((struct slice){ "1.2.3.4\0", 8 }, b));
}

/* Every number at every place, and numbers of all lengths beside one another. */
static void
ipv4_of_all_numbers(void **state)
{
    static const char *const others[] = { "0", "7", "10", "99", "100", "255", "256", "00", "", "1000" };
    uint8_t b[4];

    (void)state;
    for (unsigned place = 0; place < 4; place++)
        for (unsigned number = 0; number < 1100; number++)
            for (size_t i = 0; i < ARRAY_LEN(others); i++)
                for (size_t k = 0; k < ARRAY_LEN(others); k++) {
                    char text[24], digits[8];
                    const char *parts[4] = { others[i], others[k], others[i], others[k] };
                    bool good;

                    snprintf(digits, sizeof digits, "%u", number);
                    parts[place] = digits;
                    snprintf(text, sizeof text, "%s.%s.%s.%s", parts[0], parts[1], parts[2], parts[3]);
                    good = inet_pton(AF_INET, text, b) == 1;
                    if (address_ipv4(slice_of(text), b) != good)
                        fail_msg("%s", text);
                    if (good)
                        assert_int_equal(b[place], number);
                }
}

static void
ipv6(void **state)
{
    static const char *const good[] = {
        "::", "::1", "1::", "1:2:3:4:5:6:7:8", "2001:db8::1", "2001:DB8::1", "fe80::0001", "::1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7::", "1::8", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "::ffff:1.2.3.4", "1::1.2.3.4",
        "1:2:3:4:5::1.2.3.4", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "0:0:0:0:0:0:0:0",
    };
    static const char *const bad[] = {
        "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8::",
        "1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8", "1::2::3", "1:::2", "12345::", "g::", "::g", "fe80::1%eth0", "[::1]", "[::1]:80", "::1/64",
        "1.2.3.4", "1.2.3.4::", "::1.2.3", "::1.2.3.04", "::1.2.3.4:5", "::1.2.3.4.5", "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:6::1.2.3.4", "::ffff:256.2.3.4", " ::1", "::1 ", "::-1", "1 ::", "::ffff:1.2.3.4 ", "::1:",
    };
    uint8_t b[16], want[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        if (!address_ipv6(slice_of(good[i]), b))
            fail_msg("%s was refused", good[i]);
        assert_int_equal(inet_pton(AF_INET6, good[i], want), 1);
        assert_memory_equal(b, want, 16);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (address_ipv6(slice_of(bad[i]), b))
            fail_msg("%s was taken", bad[i]);
}

/* On everything that short random text can be, we agree with this system's inet_pton, and read
 * nothing behind it. */
static void
agrees_with_the_system(void **state)
{
    static const char letters[] = "0123:::...af25";
    uint32_t seed = 7;
    int n_v4 = 0, n_v6 = 0;

    (void)state;
    for (int round = 0; round < 400000; round++) {
        char text[24];
        uint8_t got[16], want[16];
        size_t n = 0, len;
        bool is;
        char *copy;

        seed = seed * 1664525 + 1013904223;
        len = 1 + (seed >> 16) % 16;
        while (n < len) {
            seed = seed * 1664525 + 1013904223;
            text[n++] = letters[(seed >> 16) % (sizeof letters - 1)];
        }
        text[n] = '\0';
        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, text, n);
        is = address_ipv4((struct slice){ copy, n }, got);
        if (is != (inet_pton(AF_INET, text, want) == 1) || (is && memcmp(got, want, 4) != 0))
            fail_msg("%s", text);
        n_v4 += is;
        is = address_ipv6((struct slice){ copy, n }, got);
        if (is != (inet_pton(AF_INET6, text, want) == 1) || (is && memcmp(got, want, 16) != 0))
            fail_msg("%s", text);
        n_v6 += is;
        free(copy);
    }
    assert_true(n_v4 > 10 && n_v6 > 100);
}

/* Long ones, as they stand in logs, right and slightly wrong: where `::` is, how many groups there are, one byte changed. */
static void
long_ones_agree_with_the_system(void **state)
{
    static const char bytes[] = "::::0123456789abcdefABCDEF.gG/;@`\x7f";
    uint32_t seed = 5;
    int n_good = 0;

    (void)state;
    for (int round = 0; round < 100000; round++) {
        char text[64];
        uint8_t got[16], want[16];
        size_t n = 0, n_groups, gap;
        char *copy;
        bool is;

        seed = seed * 1664525 + 1013904223;
        n_groups = 3 + (seed >> 16) % 7;
        gap = (seed >> 24) % 12;
        for (size_t i = 0; i < n_groups; i++) {
            seed = seed * 1664525 + 1013904223;
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*x", i == 0 ? i == gap ? "::" : "" : i == gap ? "::" : ":",
                (int)(seed >> 30) + 1, seed >> 8 & (seed >> 29 & 1 ? 0xffff : 0xff));
        }
        if (gap == n_groups)
            n += (size_t)snprintf(text + n, sizeof text - n, "::");
        seed = seed * 1664525 + 1013904223;
        if (seed >> 30 == 0)
            text[(seed >> 8) % n] = bytes[(seed >> 16) % (sizeof bytes - 1)];
        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, text, n);
        is = address_ipv6((struct slice){ copy, n }, got);
        if (is != (inet_pton(AF_INET6, text, want) == 1) || (is && memcmp(got, want, 16) != 0))
            fail_msg("%s", text);
        n_good += is;
        free(copy);
    }
    assert_in_range(n_good, 20000, 80000);
}

static void
networks(void **state)
{
    static const struct {
        const char *net, *inside, *outside, *shown;
    } cases[] = {
        { "10.0.0.0/8", "10.255.0.1", "11.0.0.0", "10.0.0.0/8" },
        { "192.0.2.128/25", "192.0.2.128", "192.0.2.127", "192.0.2.128/25" },
        { "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.7/32" },
        { "192.0.2.7/32", "::ffff:192.0.2.7", "::192.0.2.7", "192.0.2.7/32" },
        { "0.0.0.0/0", "255.255.255.255", "::1", "0.0.0.0/0" },
        { "::/0", "1.2.3.4", NULL, "::/0" },
        { "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::", "2001:db8::/32" },
        { "2001:db8::/29", "2001:dbf::", "2001:dc0::", "2001:db8::/29" },
        { "::1", "::1", "::2", "::1/128" },
        { "::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0", "10.0.0.0/8" },
        { "2001:DB8:0:0::/128", "2001:db8::", "2001:db8::1", "2001:db8::/128" },
    };
    static const char *const bad[] = {
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08x", "10.0.0.0/-1", "10/8", "::/129",
        "2001:db8::1/64", "10.0.0.0/8/8", "10.0.0.0 /8", "::ffff:10.0.0.0/95", "10.0.0.0/0008", "10.0.0.0/1000",
    };
    struct cidr net;
    uint8_t address[16];
    char shown[CIDR_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (!cidr_parse(slice_of(cases[i].net), &net))
            fail_msg("%s was refused", cases[i].net);
        cidr_format(&net, shown);
        assert_string_equal(shown, cases[i].shown);
        assert_true(address_any(slice_of(cases[i].inside), address));
        if (!cidr_has(&net, address))
            fail_msg("%s is not in %s", cases[i].inside, cases[i].net);
        if (cases[i].outside == NULL)
            continue;
        assert_true(address_any(slice_of(cases[i].outside), address));
        if (cidr_has(&net, address))
            fail_msg("%s is in %s", cases[i].outside, cases[i].net);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (cidr_parse(slice_of(bad[i]), &net))
            fail_msg("%s was taken", bad[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4),
        cmocka_unit_test(ipv4_of_all_numbers),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(agrees_with_the_system),
        cmocka_unit_test(long_ones_agree_with_the_system),
        cmocka_unit_test(networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
