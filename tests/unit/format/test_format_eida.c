/* The aggregator's payload: what its elements become, wherever blocks are cut, and documents that are none. */
#include "format_test.h"

#define SK "128b7f00000000688e5440"
#define CLIENTS "\"clients\":\"\\\\x128B7F00000000688E5440\""
#define KEY "\"month\":\"2024-01-01\",\"network\":\"GE\",\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\","
#define COUNTS "\"bytes\":7,\"nb_requests\":3,\"nb_successful_requests\":2,\"nb_unsuccessful_requests\":1,"
#define EL "{" KEY "\"country\":\"DE\"," COUNTS CLIENTS "}"
#define DOC(elements) "{\"stats\":[" elements "]}"
#define ONE(members) DOC("{" members "}")
#define MONTH "2024-01-01 0 us=1704067200000000"
#define GOT_AS(when, bytes, country, sums, sketch) \
    "counted " when " status=0 bytes=" bytes " range=0 decodes=0 ok=1 net=\"GE\" sta=\"EIL\" loc=\"\" cha=\"BHZ\" country=\"" country \
    "\" sums=" sums " sketch=" sketch "\n"
#define GOT GOT_AS(MONTH, "7", "DE", "3,2,1", SK)

static const struct text_case cases[] = {
    { "one_element", DOC(EL), "1! " GOT },
    { "the_whole_payload", "{\"generated_at\": \"2024-02-01 03:00:00\",\n \"version\": \"1.2\", \"days_coverage\": [\"2024-01-17\", \"2024-01-16\", \"2024-02-01\"],\n"
      " \"aggregation_score\": 4.5,\n \"stats\": [\n  " EL ",\n  " EL "\n ]\n}\n",
      "1! comment - 0\n2! comment - 0\n3! comment 2024-01-17 0\n4! comment 2024-01-16 0\n5! comment 2024-02-01 0\n6! comment - 0\n"
      "7! " GOT_AS("2024-01-16 0 us=1705363200000000", "7", "DE", "3,2,1", SK) "8! " GOT_AS("2024-01-16 0 us=1705363200000000", "7", "DE", "3,2,1", SK) },
    { "days_behind_the_stats_come_too_late", "{\"stats\":[" EL "],\"days_coverage\":[\"2024-01-16\"]}", "1! " GOT "2! comment 2024-01-16 0\n" },
    { "days_that_are_none", "{\"days_coverage\":[\"2024-02-30\",7,{\"a\":[]},null],\"stats\":[]}", "1! comment - 0\n2! comment - 0\n3! comment - 0\n4! comment - 0\n" },
    { "days_that_are_no_list", "{\"days_coverage\":\"2024-01-16\",\"stats\":[]}", "1! comment - 0\n" },
    { "days_of_one_document_are_not_the_next_one's", "{\"days_coverage\":[\"2024-01-16\"],\"stats\":[]}" DOC(EL), "1! comment 2024-01-16 0\n2! " GOT },
    { "no_stats_at_all", "{\"stats\":[]}", "" },
    { "nothing", "", "" },
    { "blanks", " \n\t\r\n", "" },
    { "documents_behind_one_another", DOC(EL) "\n" DOC(EL) DOC(), "1! " GOT "2! " GOT },
    { "stats_twice", "{\"stats\":[" EL "],\"stats\":[" EL "]}", "1! " GOT "2! " GOT },
    { "key_with_escapes", "{\"st\\u0061ts\":[" EL "]}", "1! " GOT },
    { "keys_of_elements_with_escapes", DOC("{\"m\\u006fnth\":\"2024\\u002d01-01\",\"network\":\"\\u0047E\",\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\","
      "\"country\":\"D\\u0045\"," COUNTS CLIENTS "}"), "1! " GOT },
    { "stats_elsewhere_are_no_stats", "{\"x\":{\"stats\":[" EL "]},\"y\":[{\"stats\":[5]}],\"stats\":[" EL "]}", "1! comment - 0\n2! comment - 0\n3! " GOT },
    { "brackets_and_quotes_in_strings", "{\"x\":\"]}\\\"{[,\\\\\",\"stats\":[{\"x\":\"}\\\\\",\"y\":\"\\\"]\"," KEY "\"country\":\"DE\"," COUNTS CLIENTS "}]}", "1! comment - 0\n2! " GOT },
    { "a_scalar_before_everything", "{\"a\":1,\"b\":true,\"c\":-1.5e3 ,\"d\":null,\"stats\":[" EL "],\"e\":0}",
      "1! comment - 0\n2! comment - 0\n3! comment - 0\n4! comment - 0\n5! " GOT "6! comment - 0\n" },

    /* what the web service makes of countries and counts */
    { "country_null", ONE(KEY "\"country\":null," COUNTS CLIENTS), "1! " GOT_AS(MONTH, "7", "", "3,2,1", SK) },
    { "country_absent", ONE(KEY COUNTS CLIENTS), "1! " GOT_AS(MONTH, "7", "", "3,2,1", SK) },
    { "country_long", ONE(KEY "\"country\":\"DEU\"," COUNTS CLIENTS), "1! " GOT_AS(MONTH, "7", "", "3,2,1", SK) },
    { "country_number", ONE(KEY "\"country\":49," COUNTS CLIENTS), "1! " GOT_AS(MONTH, "7", "", "3,2,1", SK) },
    { "failed_absent", ONE(KEY "\"bytes\":7,\"nb_requests\":2,\"nb_successful_requests\":2," CLIENTS), "1! " GOT_AS(MONTH, "7", "", "2,2,0", SK) },
    { "failed_null", ONE(KEY "\"bytes\":7,\"nb_requests\":2,\"nb_successful_requests\":2,\"nb_unsuccessful_requests\":null," CLIENTS),
      "1! " GOT_AS(MONTH, "7", "", "2,2,0", SK) },
    { "requests_absent", ONE(KEY "\"bytes\":7,\"nb_unsuccessful_requests\":5,\"nb_successful_requests\":2," CLIENTS), "1! " GOT_AS(MONTH, "7", "", "7,2,5", SK) },
    { "requests_as_said", ONE(KEY "\"bytes\":0,\"nb_requests\":9,\"nb_successful_requests\":2," CLIENTS), "1! " GOT_AS(MONTH, "0", "", "9,2,0", SK) },
    { "requests_sum_overflows", ONE(KEY "\"bytes\":7,\"nb_unsuccessful_requests\":1,\"nb_successful_requests\":9223372036854775807," CLIENTS), "1! number 2024-01-01 0\n" },
    { "members_twice", ONE("\"bytes\":-1,\"month\":5," KEY COUNTS "\"clients\":7," CLIENTS), "1! " GOT_AS(MONTH, "7", "", "3,2,1", SK) },
    { "month_in_its_middle", ONE("\"month\":\"2024-01-20\",\"network\":\"GE\",\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\"," COUNTS CLIENTS),
      "1! " GOT_AS(MONTH, "7", "", "3,2,1", SK) },

    /* elements that are damaged */
    { "no_objects", DOC("5,\"a\",null,[],[{}],{}," EL), "1! fields - 0\n2! fields - 0\n3! fields - 0\n4! fields - 0\n5! fields - 0\n6! fields - 0\n7! " GOT },
    { "stats_that_are_no_list_too", "{\"stats\":{},\"stats\":[]}", "1! fields - 0\n" },
    { "network_null", ONE("\"month\":\"2024-01-01\",\"network\":null,\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\"," COUNTS CLIENTS), "1! fields - 0\n" },
    { "bytes_absent", ONE(KEY "\"nb_successful_requests\":2," CLIENTS), "1! fields - 0\n" },
    { "successful_null", ONE(KEY "\"bytes\":1,\"nb_successful_requests\":null," CLIENTS), "1! fields - 0\n" },
    { "clients_absent", ONE(KEY "\"bytes\":1,\"nb_successful_requests\":2"), "1! fields - 0\n" },
    { "month_of_no_year", ONE("\"month\":\"2024-00-01\",\"network\":\"GE\",\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\"," COUNTS CLIENTS), "1! time - 0\n" },
    { "month_alone", ONE("\"month\":\"2024-01\",\"network\":\"GE\",\"station\":\"EIL\",\"location\":\"\",\"channel\":\"BHZ\"," COUNTS CLIENTS), "1! time - 0\n" },
    { "bytes_negative", ONE(KEY "\"bytes\":-1,\"nb_successful_requests\":2," CLIENTS), "1! number 2024-01-01 0\n" },
    { "bytes_string", ONE(KEY "\"bytes\":\"1\",\"nb_successful_requests\":2," CLIENTS), "1! number 2024-01-01 0\n" },
    { "failed_real", ONE(KEY "\"bytes\":1,\"nb_unsuccessful_requests\":1.0,\"nb_successful_requests\":2," CLIENTS), "1! number 2024-01-01 0\n" },
    { "sketch_number", ONE(KEY COUNTS "\"clients\":118"), "1! sketch 2024-01-01 0\n" },
    { "sketch_without_x", ONE(KEY COUNTS "\"clients\":\"118B7F\""), "1! sketch 2024-01-01 0\n" },
    { "sketch_of_an_odd_digit", ONE(KEY COUNTS "\"clients\":\"\\\\x118B7\""), "1! sketch 2024-01-01 0\n" },
    { "sketch_of_other_letters", ONE(KEY COUNTS "\"clients\":\"\\\\x118B7G\""), "1! sketch 2024-01-01 0\n" },
    { "sketch_with_blanks", ONE(KEY COUNTS "\"clients\":\"\\\\x 118B7F\""), "1! sketch 2024-01-01 0\n" },
    { "sketch_of_nothing_is_left_to_the_dataset", ONE(KEY COUNTS "\"clients\":\"\\\\x\""), "1! " GOT_AS(MONTH, "7", "", "3,2,1", "") },
};

static void
payloads_become_records(void **state)
{
    (void)state;
    check_cases(the_format("eida"), cases, ARRAY_LEN(cases));
}

static void
documents_that_are_none(void **state)
{
    static const struct {
        const char *text, *cause;
        uint64_t line_no;
    } docs[] = {
        { "{", "ends before", 1 },
        { "{\"stats\":[" EL, "ends before", 2 },
        { "{\"stats\":[" EL "]", "ends before", 2 },
        { "{\"stats\":[" EL ",", "ends before", 2 },
        { "{\"stats\"", "ends before", 1 },
        { "{\"stats\":[12", "ends before", 1 },
        { DOC(EL) "{", "ends before", 2 },
        { "[" EL "]", "no JSON", 1 },
        { DOC(EL) "x", "no JSON", 2 },
        { DOC(EL) "]", "no JSON", 2 },
        { "{}", "without a list", 1 },
        { "{\"stats\":5}", "without a list", 2 },
        { "{\"other\":[" EL "]}", "without a list", 2 },
        { DOC(EL) "{\"a\":1}", "without a list", 3 },
        { DOC(EL ","), "no JSON", 2 },
        { DOC("," EL), "no JSON", 1 },
        { DOC(EL EL), "no JSON", 2 },
        { DOC(EL "}"), "no JSON", 2 },
        { DOC("{]"), "no JSON", 1 },
        { DOC("[}"), "no JSON", 1 },
        { DOC("{\"a\":nan}"), "no JSON", 1 },
        { DOC("{\"month\":\"2024-01-01\",}"), "no JSON", 1 },
        { DOC("\"a\nb\""), "no JSON", 1 },
        { DOC("12x"), "no JSON", 1 },
        { DOC("1\"a\""), "no JSON", 2 },
        { "{\"a\" 1,\"stats\":[]}", "no JSON", 1 },
        { "{\"a\":1 \"stats\":[]}", "no JSON", 2 },
        { "{\"a\":,\"stats\":[]}", "no JSON", 1 },
        { "{\"a\":1,,\"stats\":[]}", "no JSON", 2 },
        { "{\"a\":1,}", "no JSON", 2 },
        { "{a:1,\"stats\":[]}", "no JSON", 1 },
        { "{\"\\x\":1,\"stats\":[]}", "no JSON", 1 },
        { "{,\"stats\":[]}", "no JSON", 1 },
        { "\"stats\"", "no JSON", 1 },
    };
    static const struct how hows[] = {
        { CUT_NOWHERE, 256, 0, NULL }, { CUT_NOWHERE, 1, '"', NULL }, { CUT_AT_LINES, 256, '}', NULL }, { CUT_AT_TWO_LINES, 2, ']', NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(docs); i++)
        for (size_t k = 0; k < ARRAY_LEN(hows); k++) {
            struct buf got = { 0 };
            struct err err = { 0 };
            enum st rc;

            parse(the_format("eida"), slice_of(docs[i].text), hows[k], &got, &rc, &err);
            if (rc != ST_FORMAT || strstr(err.cause, docs[i].cause) == NULL || err.line_no != docs[i].line_no)
                fail_msg("%s, cut %zu: %d, element %" PRIu64 ", %s", docs[i].text, k, (int)rc, err.line_no, err.cause);
            buf_release(&got);
        }
}

/* Every cut of a document is one that ends too early. */
static void
truncated_at_every_byte(void **state)
{
    static const char text[] = "{\"version\":\"1\",\"days_coverage\":[\"2024-01-16\"],\"stats\":[" EL ",5]}";

    (void)state;
    for (size_t n = 1; n < sizeof text - 1; n++) {
        struct buf got = { 0 };
        struct err err;
        enum st rc;

        parse(the_format("eida"), (struct slice){ text, n }, PLAINLY, &got, &rc, &err);
        assert_int_equal(rc, ST_FORMAT);
        buf_release(&got);
    }
}

/* An element of over 1 MiB is passed over; what stands before and behind it counts. */
static void
elements_too_long(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct buf doc = { 0 };
        const char *want = more > 0 ? "1! " GOT "2! line_too_long - 0\n3! " GOT : "1! " GOT "2! fields - 0\n3! " GOT;
        size_t n = (size_t)((int64_t)MIB + more);

        buf_text(&doc, "{\"stats\":[" EL ",\"");
        for (size_t i = 2; i < n; i++)
            buf_text(&doc, "]");
        buf_text(&doc, "\"," EL "]}");
        for (size_t round = 0; round < 2; round++) {
            size_t block = round == 0 ? 256 * KIB : 65 * KIB + 1;
            struct parser p;
            struct record records[8];
            struct buf b = { 0 };
            struct err err;

            assert_int_equal(parser_init(&p, the_format("eida"), NULL, &err), ST_OK);
            for (size_t at = 0, len, n_records; at < doc.n; at += len) {
                char *copy;

                len = doc.n - at < block ? doc.n - at : block;
                copy = calloc(1, len + BLOCK_SLACK);
                memcpy(copy, doc.p + at, len);
                parser_feed(&p, &(struct block){ .p = copy, .n = len, .first_line_no = 1 });
                do {
                    assert_int_equal(parser_next(&p, records, 8, &n_records, &err), ST_OK);
                    for (size_t i = 0; i < n_records; i++)
                        show_record(&b, &records[i]);
                } while (n_records > 0);
                free(copy);
            }
            assert_int_equal(parser_end(&p, &err), ST_OK);
            assert_string_equal(buf_str(&b), want);
            buf_release(&b);
            parser_release(&p);
        }
        buf_release(&doc);
    }
}

/* What the payload says as a whole, in blocks of `block` bytes. */
static struct document
document_of(const char *text, size_t block)
{
    struct document d;
    struct record records[3];
    struct parser p;
    struct err err;

    assert_int_equal(parser_init(&p, the_format("eida"), NULL, &err), ST_OK);
    for (size_t at = 0, n = strlen(text), len, n_records; at < n; at += len) {
        char *copy;

        len = n - at < block ? n - at : block;
        copy = malloc(len + BLOCK_SLACK);
        memcpy(copy, text + at, len);
        memset(copy + len, '"', BLOCK_SLACK);
        parser_feed(&p, &(struct block){ .p = copy, .n = len, .first_line_no = 1 });
        do
            assert_int_equal(parser_next(&p, records, 3, &n_records, &err), ST_OK);
        while (n_records > 0);
        free(copy);
    }
    assert_int_equal(parser_end(&p, &err), ST_OK);
    d = p.document;
    parser_release(&p);
    return d;
}

/* Hashes by Python: mmh3.hash(str(json.loads(payload)["stats"])). */
static void
documents_as_a_whole(void **state)
{
    static const struct {
        const char *name, *text;
        bool        has_hash;
        int32_t     hash;
        const char *version;
        int64_t     generated_us; /* 0: not said */
    } docs[] = {
        { "two_elements", DOC("{\"a\": 1},\n [null, 2.50]"), true, 1549469223, "", 0 },
        { "none", DOC(""), true, -2063648900, "", 0 },
        { "members_around", "{\"generated_at\":\"2024-02-01 03:00:00\",\"version\":\"1.\\u0032\",\"stats\":[5],\"x\":[1]}", true, 1179465017, "1.2", INT64_C(1706756400000000) },
        { "members_behind", "{\"stats\":[5],\"version\":\"0.9.9\",\"generated_at\":\"2024-02-01T03:00:00+01:00\"}", true, 1179465017, "0.9.9", INT64_C(1706752800000000) },
        { "members_of_other_kinds", "{\"stats\":[5],\"version\":[\"1\"],\"generated_at\":null}", true, 1179465017, "", 0 },
        { "a_version_too_long", "{\"stats\":[5],\"version\":\"123456789012345678901234567890123\"}", true, 1179465017, "", 0 },
        { "a_version_that_just_fits", "{\"stats\":[5],\"version\":\"\u00e93456789012345678901234567890\u00e9\"}", true, 1179465017,
          "\u00e93456789012345678901234567890\u00e9", 0 },
        { "stats_twice", "{\"stats\":[5],\"stats\":[5]}", false, 0, "", 0 },
        { "stats_twice_once_empty", "{\"stats\":[5],\"stats\":[]}", false, 0, "", 0 },
        { "stats_that_are_no_list_too", "{\"stats\":[5],\"stats\":7}", false, 0, "", 0 },
        { "not_utf_8", DOC("\"\xff\""), false, 0, "", 0 },
        { "documents_behind_one_another", "{\"stats\":[5],\"version\":\"1\"}" DOC("5"), false, 0, "", 0 },
    };
    static const size_t blocks[] = { SIZE_MAX, 1, 7 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(docs); i++)
        for (size_t k = 0; k < ARRAY_LEN(blocks); k++) {
            struct document d = document_of(docs[i].text, blocks[k]);

            if (!d.is_payload || d.has_hash != docs[i].has_hash || d.hash != docs[i].hash || strcmp(d.version, docs[i].version) != 0 ||
                d.is_generated != (docs[i].generated_us != 0) || (d.is_generated && d.generated_us != docs[i].generated_us))
                fail_msg("%s: hash %d %" PRId32 ", version \"%s\", generated %d %" PRId64, docs[i].name, d.has_hash, d.hash, d.version,
                         d.is_generated, d.generated_us);
        }
}

static void
payloads_are_recognised(void **state)
{
    static const struct {
        const char *head;
        int score;
    } heads[] = {
        { DOC(EL), 100 },
        { DOC(EL ",5"), 50 },
        { DOC(EL "," EL ",5,"), 50 },
        { DOC(EL ","), 50 },
        { DOC(","), 0 },
        { "{\"generated_at\":\"x\",\"days_coverage\":[\"2024-01-16\",", 100 },
        { "{\"stats\":[" EL ",{\"month", 100 },
        { "{\"stats\":[]}", 0 },
        { "{\"a\":1}\n{\"a\":1}\n", 0 },
        { "[]", 0 },
        { "", 0 },
        { "GET / HTTP/1.1\n", 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        if (the_format("eida")->sniff(slice_of(heads[i].head)) != heads[i].score)
            fail_msg("%s: %d", heads[i].head, the_format("eida")->sniff(slice_of(heads[i].head)));
        assert_int_equal(format_is_document(slice_of(heads[i].head)), heads[i].score >= SNIFF_SURE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_become_records),
        cmocka_unit_test(documents_that_are_none),
        cmocka_unit_test(truncated_at_every_byte),
        cmocka_unit_test(elements_too_long),
        cmocka_unit_test(documents_as_a_whole),
        cmocka_unit_test(payloads_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
