/* 7TV's events: the difference of two lists, and the two kinds of stored events that say enough alone. */
#include "format_test.h"

#define A "0179a83a84f00000b2ecb015058f4aa7"
#define B "60af9846ebfcf7562edb10c7"
#define B_HEX "0179adead1700000ebfcf7562edb10c7"
#define C "ffffffff-ffff-ffff-ffff-ffffffffffff"
#define C_HEX "ffffffffffffffffffffffffffffffff"
#define T "\"time\":\"2024-01-16T11:00:00.5+01:00\""
#define LISTS(old, new) "{\"user\":\"" A "\",\"old\":[" old "],\"new\":[" new "]," T "}"
#define COUNTED "counted 2024-01-16 10 us=1705399200500000 status=0 bytes=0 range=0 decodes=0 ok=0"
#define UP(id)   COUNTED " +1 " id "\n"
#define DOWN(id) COUNTED " -1 " id "\n"
#define ID "\"_id\":\"01HM8Z0000ABCDEFGHJKMNPQRS\","
#define STORED "counted 2024-01-16 11 us=1705402957824000 status=0 bytes=0 range=0 decodes=0 ok=0"
#define EVENT(kind, inner) "{" ID "\"actor_id\":null,\"data\":{\"kind\":\"" kind "\",\"target_id\":\"" A "\",\"data\":" inner "}}"
#define SET(kind, what) EVENT("emote_set", "{\"kind\":\"" kind "\",\"data\":" what "}")

static const struct text_case cases[] = {
    { "up", LISTS("", "\"" A "\""), "1! " UP(A) },
    { "down", LISTS("\"" A "\"", ""), "1! " DOWN(A) },
    { "both_sorted_by_emote", LISTS("\"" B "\"", "\"" C "\",\"" A "\""), "1! " UP(A) "1 " DOWN(B_HEX) "1 " UP(C_HEX) },
    { "kept", LISTS("\"" A "\",\"" B "\"", "\"" B "\",\"" A "\""), "1! no_change 2024-01-16 10\n" },
    { "kept_in_another_writing", LISTS("\"" B "\"", "\"" B_HEX "\""), "1! no_change 2024-01-16 10\n" },
    { "twice_counts_once", LISTS("", "\"" A "\",\"" A "\""), "1! " UP(A) },
    { "twice_old_once_new", LISTS("\"" A "\",\"" A "\"", "\"" A "\""), "1! no_change 2024-01-16 10\n" },
    { "nothing_at_all", LISTS("", ""), "1! no_change 2024-01-16 10\n" },
    { "lists_twice", "{\"old\":[7],\"new\":7,\"old\":[],\"new\":[\"" A "\"]," T "}", "1! " UP(A) },
    { "escaped", "{\"old\":[ ] , \"n\\u0065w\":[ \"\\u0030179a83a84f00000b2ecb015058f4aa7\" ]," T "}", "1! " UP(A) },
    { "two_lines", LISTS("", "\"" A "\"") "\n\n" LISTS("\"" A "\"", ""), "1! " UP(A) "2! blank - 0\n3! " DOWN(A) },
    { "identifiers_as_types", LISTS("{\"$oid\":\"" B "\"}", "{\"$uuid\":\"" C "\"},{\"$binary\":{\"base64\":\"AXmoOoTwAACy7LAVBY9Kpw==\",\"subType\":\"04\"}}"),
      "1! " UP(A) "1 " DOWN(B_HEX) "1 " UP(C_HEX) },

    /* the time of an event */
    { "milliseconds", "{\"old\":[],\"new\":[\"" A "\"],\"time\":1705399200500}", "1! " UP(A) },
    { "few_milliseconds", "{\"old\":[],\"new\":[\"" A "\"],\"time\":500}", "1! counted 1970-01-01 0 us=500000 status=0 bytes=0 range=0 decodes=0 ok=0 +1 " A "\n" },
    { "date_iso", "{\"old\":[],\"new\":[\"" A "\"],\"time\":{\"$date\":\"2024-01-16T10:00:00.500Z\"}}", "1! " UP(A) },
    { "date_long", "{\"old\":[],\"new\":[\"" A "\"],\"time\":{\"$date\":{\"$numberLong\":\"1705399200500\"}}}", "1! " UP(A) },
    { "date_other", "{\"old\":[],\"new\":[\"" A "\"],\"time\":{\"date\":\"2024-01-16T10:00:00.500Z\"}}", "1! time - 0\n" },
    { "date_empty", "{\"old\":[],\"new\":[\"" A "\"],\"time\":{}}", "1! time - 0\n" },
    { "time_real", "{\"old\":[],\"new\":[\"" A "\"],\"time\":1705399200.5}", "1! time - 0\n" },
    { "time_null", "{\"old\":[],\"new\":[\"" A "\"],\"time\":null}", "1! time - 0\n" },
    { "time_negative", "{\"old\":[],\"new\":[\"" A "\"],\"time\":-5}", "1! time - 0\n" },
    { "time_absent", "{\"old\":[],\"new\":[\"" A "\"]}", "1! fields - 0\n" },
    { "day_that_is_none", "{\"old\":[],\"new\":[\"" A "\"],\"time\":\"2023-02-29T00:00:00Z\"}", "1! time - 0\n" },

    /* lists that are none */
    { "old_absent", "{\"new\":[\"" A "\"]," T "}", "1! fields - 0\n" },
    { "new_null", "{\"old\":[],\"new\":null," T "}", "1! fields - 0\n" },
    { "no_identifier", LISTS("", "\"x\""), "1! fields 2024-01-16 10\n" },
    { "a_number", LISTS("", "5"), "1! fields 2024-01-16 10\n" },
    { "a_bad_one_behind_good_ones", LISTS("\"" A "\",null", "\"" B "\""), "1! fields 2024-01-16 10\n" },
    { "binary_of_another_size", LISTS("", "{\"$binary\":{\"base64\":\"AXmoOoTwAACy7LAVBY9K\",\"subType\":\"04\"}}"), "1! fields 2024-01-16 10\n" },
    { "binary_of_more", LISTS("", "{\"$binary\":{\"base64\":\"AXmoOoTwAACy7LAVBY9Kp6c=\",\"subType\":\"04\"}}"), "1! fields 2024-01-16 10\n" },
    { "binary_of_text", LISTS("", "{\"$binary\":\"AXmoOoTwAACy7LAVBY9Kpw==\"}"), "1! fields 2024-01-16 10\n" },

    /* stored events */
    { "add_emote", SET("add_emote", "{\"emote_id\":\"" A "\",\"alias\":\"x\"}"), "1! " STORED " +1 " A "\n" },
    { "remove_emote", SET("remove_emote", "{\"emote_id\":\"" A "\"}"), "1! " STORED " -1 " A "\n" },
    { "rename_emote", SET("rename_emote", "{\"emote_id\":\"" A "\"}"), "1! needs_state 2024-01-16 11\n" },
    { "create", EVENT("emote_set", "{\"kind\":\"create\"}"), "1! needs_state 2024-01-16 11\n" },
    { "without_inner_data", "{" ID "\"data\":{\"kind\":\"emote_set\",\"target_id\":\"" A "\"}}", "1! needs_state 2024-01-16 11\n" },
    { "user", EVENT("user", "{\"kind\":\"change_active_emote_set\",\"data\":{\"old\":null,\"new\":\"" A "\"}}"), "1! needs_state 2024-01-16 11\n" },
    { "user_that_adds", EVENT("user", "{\"kind\":\"add_emote\",\"data\":{\"emote_id\":\"" A "\"}}"), "1! needs_state 2024-01-16 11\n" },
    { "add_without_data", EVENT("emote_set", "{\"kind\":\"add_emote\"}"), "1! fields 2024-01-16 11\n" },
    { "add_without_emote", SET("add_emote", "{\"alias\":\"x\"}"), "1! fields 2024-01-16 11\n" },
    { "no_kind", "{" ID "\"data\":{}}", "1! fields 2024-01-16 11\n" },
    { "no_data", "{" ID "\"x\":1}", "1! fields - 0\n" },
    { "no_id", "{\"data\":{\"kind\":\"emote_set\"}}", "1! fields - 0\n" },
    { "id_of_the_year_10889", "{\"_id\":\"" C "\",\"data\":{\"kind\":\"user\"}}", "1! time - 0\n" },
    { "nothing", "{}", "1! fields - 0\n" },

    { "no_json", "{\"old\":[],\"new\":[\"" A "\",]," T "}", "1! json - 0\n" },
    { "behind_the_object", LISTS("", "\"" A "\"") "x", "1! json - 0\n" },
    { "array", "[]", "1! json - 0\n" },
};

static void
events_become_records(void **state)
{
    (void)state;
    check_cases(the_format("seventv"), cases, ARRAY_LEN(cases));
}

/* A line of twenty thousand changes, over many calls; the scratch does not grow by the lines. */
static void
many_changes(void **state)
{
    struct buf log = { 0 };
    struct parser p;
    struct record *records = calloc(256, sizeof *records);
    struct err err;
    size_t n, total = 0, peak = 0;
    int64_t sum = 0;

    (void)state;
    for (int line = 0; line < 4; line++) {
        buf_text(&log, "{\"old\":[");
        for (int i = 0; i < 10000; i++)
            buf_printf(&log, "%s\"%032x\"", i == 0 ? "" : ",", i * 3);
        buf_text(&log, "],\"new\":[");
        for (int i = 0; i < 10000; i++)
            buf_printf(&log, "%s\"%032x\"", i == 0 ? "" : ",", i * 2);
        buf_text(&log, "]," T "}\n");
    }
    buf_reserve(&log, BLOCK_SLACK);
    assert_int_equal(parser_init(&p, the_format("seventv"), NULL, &err), ST_OK);
    parser_feed(&p, &(struct block){ .p = log.p, .n = log.n, .first_line_no = 1 });
    do {
        assert_int_equal(parser_next(&p, records, 256, &n, &err), ST_OK);
        for (size_t i = 0; i < n; i++)
            sum += records[i].given->change;
        total += n;
        peak = p.scratch.used_bytes > peak ? p.scratch.used_bytes : peak;
    } while (n > 0);
    assert_int_equal(p.line_no, 5);
    assert_int_equal(total, 4 * (20000 - 2 * 3334)); /* i * 3 is also i' * 2 for each even i below 6667 */
    assert_int_equal(sum, 0);
    assert_true(peak < 12 * MIB);
    parser_release(&p);
    buf_release(&log);
    free(records);
}

static void
events_are_recognised(void **state)
{
    static const struct {
        const char *head;
        int score;
    } heads[] = {
        { LISTS("", "\"" A "\"") "\n", 100 },
        { SET("add_emote", "{\"emote_id\":\"" A "\"}") "\n" LISTS("", "") "\n", 50 },
        { EVENT("user", "{\"kind\":\"create\"}") "\n", 100 },
        { "{\"old\":1,\"new\":2,\"time\":5}\n", 0 },
        { "{\"old\":[],\"new\":[],\"time\":5}\n", 0 },
        { "{\"ts\":1.5,\"status\":200}\n", 0 },
        { "", 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        assert_int_equal(the_format("seventv")->sniff(slice_of(heads[i].head)), heads[i].score);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_become_records),
        cmocka_unit_test(many_changes),
        cmocka_unit_test(events_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
