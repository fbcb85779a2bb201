/*
 * Clients behind proxies: whom X-Forwarded-For is believed, and that nobody outside can say who they are.
 */
#include "ingest/dataset.h"
#include "dataset_priv.h"

#include <setjmp.h>
#include <cmocka.h>

static void
make_rule(struct client_rule *rule, struct cidr nets[3])
{
    assert_true(cidr_parse(SLICE("10.0.0.0/8"), &nets[0]));
    assert_true(cidr_parse(SLICE("2001:db8:aa::/48"), &nets[1]));
    assert_true(cidr_parse(SLICE("192.0.2.1"), &nets[2]));
    *rule = (struct client_rule){ .trusted_proxies = nets, .n_trusted_proxies = 3 };
}

static void
who_is_believed(void **state)
{
    static const struct {
        const char *peer, *forwarded, *want;
    } cases[] = {
        /* a stranger says what it likes */
        { "198.51.100.1", "203.0.113.9", "198.51.100.1" },
        { "198.51.100.1", "10.0.0.1", "198.51.100.1" },
        { "198.51.100.1", NULL, "198.51.100.1" },
        /* a proxy of ours appended who asked it */
        { "10.0.0.2", "203.0.113.9", "203.0.113.9" },
        { "10.0.0.2", "6.6.6.6, 203.0.113.9", "203.0.113.9" },
        { "10.0.0.2", "6.6.6.6,203.0.113.9 , 10.1.1.1", "203.0.113.9" },
        { "192.0.2.1", "203.0.113.9", "203.0.113.9" },
        { "192.0.2.2", "203.0.113.9", "192.0.2.2" },
        { "2001:db8:aa::7", "2001:db8:bb::1", "2001:db8:bb::1" },
        { "2001:db8:ab::7", "2001:db8:bb::1", "2001:db8:ab::7" },
        { "::ffff:10.0.0.2", "203.0.113.9", "203.0.113.9" },
        { "10.0.0.2", "203.0.113.9, 2001:db8:aa::1, ::ffff:10.3.3.3", "203.0.113.9" },
        /* all of them are ours: the first one asked */
        { "10.0.0.2", "10.0.0.3, 10.0.0.4", "10.0.0.3" },
        /* nothing, or no address: whoever wrote it is what is known best */
        { "10.0.0.2", "", "10.0.0.2" },
        { "10.0.0.2", "-", "10.0.0.2" },
        { "10.0.0.2", NULL, "10.0.0.2" },
        { "10.0.0.2", "unknown", "10.0.0.2" },
        { "10.0.0.2", "203.0.113.9, ", "10.0.0.2" },
        { "10.0.0.2", ",,,", "10.0.0.2" },
        { "10.0.0.2", "203.0.113.9, unknown, 10.0.0.5", "10.0.0.5" },
        { "10.0.0.2", "203.0.113.999", "10.0.0.2" },
        { "10.0.0.2", "203.0.113.9;10.0.0.1", "10.0.0.2" },
        { "10.0.0.2", "\xff\x01'; DROP", "10.0.0.2" },
        /* spellings */
        { "10.0.0.2", "203.0.113.9:4711", "203.0.113.9" },
        { "10.0.0.2", "[2001:db8::9]:4711", "2001:db8::9" },
        { "10.0.0.2", "[2001:db8::9]", "2001:db8::9" },
        { "10.0.0.2", "[2001:db8::9", "10.0.0.2" },
        { "10.0.0.2", "6.6.6.6,%20203.0.113.9%20", "203.0.113.9" },
        { "10.0.0.2", "6.6.6.6,+203.0.113.9", "203.0.113.9" },
        { "10.0.0.2:80", "203.0.113.9", "203.0.113.9" },
        { "198.51.100.1:80", "203.0.113.9", "198.51.100.1:80" },
        { "example.org", "203.0.113.9", "example.org" },
        { "", "203.0.113.9", "" },
        { "-", "203.0.113.9", "-" },
    };
    struct client_rule rule;
    struct cidr nets[3];

    (void)state;
    make_rule(&rule, nets);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct slice forwarded = { NULL, 0 }, got;
        char *copy = NULL;

        if (cases[i].forwarded != NULL) { /* of exactly its size: nothing behind it is read */
            forwarded.n = strlen(cases[i].forwarded);
            copy = malloc(forwarded.n + (forwarded.n == 0));
            assert_non_null(copy);
            memcpy(copy, cases[i].forwarded, forwarded.n);
            forwarded.p = copy;
        }
        got = client_behind(&rule, slice_of(cases[i].peer), forwarded);
        if (!slice_eq(got, slice_of(cases[i].want)))
            fail_msg("%s with \"%s\": %.*s", cases[i].peer,
                     cases[i].forwarded != NULL ? cases[i].forwarded : "", (int)got.n, got.p);
        free(copy);
    }
}

static void
a_megabyte_of_hops(void **state)
{
    static const char hop[] = "10.0.0.7,";
    struct client_rule rule;
    struct cidr nets[3];
    char *list = malloc(MIB);
    struct slice got;
    int64_t begin = clock_cpu_us();

    (void)state;
    assert_non_null(list);
    make_rule(&rule, nets);
    for (size_t i = 0; i < MIB; i++)
        list[i] = hop[i % (sizeof hop - 1)];
    for (int round = 0; round < 1000; round++)
        got = client_behind(&rule, SLICE("10.0.0.2"), (struct slice){ list, MIB - MIB % 9 - 1 });
    assert_true(slice_is(got, "10.0.0.7"));
    assert_true(clock_cpu_us() - begin < 5 * 1000000);
    free(list);
}

/* What the picker does with it. */
static void
pickers_ask(void **state)
{
    struct rule_pack pack = *rule_pack_by_name(NULL);
    struct client_key key;
    struct cidr nets[3];
    struct record rec = { .method = SLICE("GET"), .path = SLICE("/gems/a-1.0.gem"), .status = 200,
                          .client = SLICE("10.0.0.2"), .forwarded = SLICE("203.0.113.9"), .path_decodes = 1 };
    uint64_t want;

    (void)state;
    client_key_none(&key);
    for (int round = 0; round < 3; round++) {
        struct rules rules;
        struct picker p;
        struct hit hit;
        struct err err;

        make_rule(&pack.client, nets);
        if (round == 0)
            pack.client.n_trusted_proxies = 0;
        if (round == 2)
            pack.client.from = CLIENT_FROM_NONE;
        assert_int_equal(rules_init(&rules, &pack, NULL, 0, DAY_NONE, DAY_NONE, &err), ST_OK);
        assert_int_equal(picker_init(&p, &dataset_stats, &rules, &key, &err), ST_OK);
        assert_int_equal(dataset_stats.pick(&p, &rec, &hit), KEEP);
        assert_int_equal(hit.has_client, round != 2);
        client_hash(&key, CLIENT_KEYED, round == 0 ? SLICE("10.0.0.2") : SLICE("203.0.113.9"), 0, &want);
        if (round != 2)
            assert_true(hit.client == want);
        picker_release(&p);
        rules_release(&rules);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_believed),
        cmocka_unit_test(a_megabyte_of_hops),
        cmocka_unit_test(pickers_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
