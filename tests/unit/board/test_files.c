/*
 * The lists as files: identifiers as ULIDs, and seven files or none.
 */
#include "ingest/base.h"

#include <setjmp.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "ingest/board.h"

static char dir[] = "/tmp/ingest-board-XXXXXX";

static int
make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int
remove_dir(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void
ulids(void **state)
{
    static const struct {
        uint8_t id[16];
        const char *ulid;
    } cases[] = {
        { { 0 }, "00000000000000000000000000" },
        { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 },
          "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" },
        { { [15] = 31 }, "0000000000000000000000000Z" },
        { { [0] = 0x80 }, "40000000000000000000000000" },
        { { 0x01, 0x79, 0xad, 0xea, 0xd1, 0x70, 0, 0, 0xeb, 0xfc, 0xf7, 0x56, 0x2e, 0xdb, 0x10,
            0xc7 },
          "01F6PYNMBG000EQZ7QARQDP467" },
    };
    char out[27];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        board_ulid(cases[i].id, out);
        assert_string_equal(out, cases[i].ulid);
    }
}

/* A board whose list i has i ids. */
static void
fill(struct board *b, uint8_t last)
{
    *b = (struct board){ 0 };
    for (size_t i = 0; i < BOARD_LISTS; i++) {
        b->ids[i] = calloc(i + 1, sizeof *b->ids[i]);
        assert_non_null(b->ids[i]);
        b->n_ids[i] = i;
        for (size_t k = 0; k < i; k++)
            b->ids[i][k][15] = last;
    }
}

static const char *
content(const char *name)
{
    static char text[512];
    char path[128];
    FILE *file;
    size_t n;

    snprintf(path, sizeof path, "%s/%s.json", dir, name);
    file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static void
put(uint8_t last)
{
    struct board_files *files;
    struct board board;
    struct err err;

    fill(&board, last);
    files = board_files_write(&board, dir, &err);
    assert_non_null(files);
    assert_int_equal(board_files_place(files, &err), ST_OK);
    board_release(&board);
}

static void
seven_arrays(void **state)
{
    struct board_files *files;
    struct board board;
    struct err err;

    (void)state;
    put(1);
    assert_string_equal(content("top_daily"), "[]\n");
    assert_string_equal(content("top_weekly"), "[\"00000000000000000000000001\"]\n");
    assert_string_equal(content("top_monthly"),
                        "[\"00000000000000000000000001\",\"00000000000000000000000001\"]\n");
    put(2);
    assert_string_equal(content("top_weekly"), "[\"00000000000000000000000002\"]\n");
    fill(&board, 3);
    files = board_files_write(&board, dir, &err);
    board_files_drop(files);
    board_release(&board);
    assert_string_equal(content("top_weekly"), "[\"00000000000000000000000002\"]\n");
}

/* One that cannot take its place, found only then: those before it go back. */
static void
one_fails_all_go_back(void **state)
{
    char blocked[64], inside[80], gone[64];
    struct board_files *files;
    struct board board;
    struct err err;

    (void)state;
    put(4);
    snprintf(gone, sizeof gone, "%s/top_daily.json", dir);
    assert_int_equal(unlink(gone), 0);
    fill(&board, 5);
    files = board_files_write(&board, dir, &err);
    assert_non_null(files);
    /* What is exchanged with a directory would be one: so it is taken away with its temporary. */
    snprintf(blocked, sizeof blocked, "rm %s/.trending_week.json.*", dir);
    assert_int_equal(system(blocked), 0);
    assert_int_equal(board_files_place(files, &err), ST_DISK);
    assert_non_null(strstr(err.path, "trending_week.json"));
    board_release(&board);
    assert_null(content("top_daily")); /* there was none */
    assert_string_equal(content("top_weekly"), "[\"00000000000000000000000004\"]\n");
    assert_non_null(strstr(content("trending_month"), "4\"]"));
    snprintf(inside, sizeof inside, "test -z \"$(ls -A %s | grep '^[.]')\"", dir);
    assert_int_equal(system(inside), 0); /* nothing hidden stays */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ulids),
        cmocka_unit_test(seven_arrays),
        cmocka_unit_test(one_fails_all_go_back),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
