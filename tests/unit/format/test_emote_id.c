/* Identifiers of 7TV in all their writings. */
#include "format_test.h"
#include "emote_id.h"

static void
identifiers(void **state)
{
    static const struct {
        const char *text, *hex;
    } cases[] = {
        { "00000000000000000000000000", "00000000000000000000000000000000" },
        { "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ffffffffffffffffffffffffffffffff" },
        { "7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffffffffffffffffffffffffffff" },
        { "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", NULL }, /* 129 bits */
        { "00000000000000000000000001", "00000000000000000000000000000001" },
        { "0000000000000000000000000I", "00000000000000000000000000000001" },
        { "0000000000000000000000000l", "00000000000000000000000000000001" },
        { "OOOOOOOOOOOOOOOOOOOOOOOOOo", "00000000000000000000000000000000" },
        { "0000000000000000000000000U", NULL },
        { "0000000000000000000000000-", NULL },
        { "0123456789ABCDEFGHJKMNPQRS", "0110c8531d0952d8d73e1194e95b5f19" },
        { "0110c853-1d09-52d8-d73e-1194e95b5f19", "0110c8531d0952d8d73e1194e95b5f19" },
        { "0110C8531D0952D8D73E1194E95B5F19", "0110c8531d0952d8d73e1194e95b5f19" },
        { "0110c8531-d09-52d8-d73e-1194e95b5f19", NULL },
        { "0110c853-1d09-52d8-d73e-1194e95b5f1g", NULL },
        { "0110c853-1d09-52d8-d73e01194e95b5f19", NULL },
        { "0110c853-1d09-52d8-d73e-1194e95b5f1", NULL },
        { "0110C8531D0952D8D73E1194E95B5F1 ", NULL },
        /* 0x60af9846 s = 1622120518 s = 0x0179adead170 ms */
        { "60af9846ebfcf7562edb10c7", "0179adead1700000ebfcf7562edb10c7" },
        { "60af9846ebfcf7562edb10cx", NULL },
        { "", NULL },
        { "0", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t id[16];
        char hex[33] = "";
        bool good = emote_id(slice_of(cases[i].text), id);

        for (size_t k = 0; good && k < 16; k++)
            snprintf(hex + 2 * k, 3, "%02x", id[k]);
        if (good != (cases[i].hex != NULL) || (good && strcmp(hex, cases[i].hex) != 0))
            fail_msg("%s: %d %s", cases[i].text, good, hex);
    }
}

static void
the_time_in_an_identifier(void **state)
{
    uint8_t id[16];

    (void)state;
    assert_true(emote_id(SLICE("60af9846ebfcf7562edb10c7"), id));
    assert_int_equal(emote_id_time_us(id), 1622120518 * INT64_C(1000000));
    assert_true(emote_id(SLICE("ffffffffffffffffffffffffffffffff"), id));
    assert_int_equal(emote_id_time_us(id), ((INT64_C(1) << 48) - 1) * 1000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers),
        cmocka_unit_test(the_time_in_an_identifier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
