/*
 * The list of inputs: which files, in which order, and what becomes of names that lead nowhere.
 */
#include "inputs.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

static char root[64];

static int
go_to_a_new_directory(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/test-source-XXXXXX");
    return mkdtemp(root) == NULL || chdir(root) != 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int
remove_it(void **state)
{
    (void)state;
    return chdir("/") != 0 || nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0;
}

static void
make(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, path, strlen(path)), (ssize_t)strlen(path));
    close(fd);
}

static struct source_list
list_of(const char *path)
{
    struct source_list list;
    struct err err;

    source_list_init(&list);
    assert_int_equal(source_list_add(&list, path, &err), ST_OK);
    return list;
}

/* The list is these paths; one that ends in '!' has trouble. */
static void
expect(const char *path, const char *const *paths, size_t n)
{
    struct source_list list = list_of(path);

    for (size_t i = 0; i < list.n || i < n; i++) {
        struct buf got = { 0 };

        if (i < list.n)
            buf_printf(&got, "%s%s", list.at[i].path, list.at[i].trouble == ST_OK ? "" : "!");
        if (i >= list.n || i >= n || strcmp(buf_str(&got), paths[i]) != 0)
            fail_msg("%zu: %s instead of %s", i, i < list.n ? got.p : "the end", i < n ? paths[i] : "the end");
        assert_int_equal(list.at[i].trouble != ST_OK, list.at[i].cause != NULL);
        buf_release(&got);
    }
    source_list_release(&list);
}
#define EXPECT(path, ...) expect(path, (const char *const[]){ __VA_ARGS__ }, ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })))

static void
walk_in_order_of_names(void **state)
{
    (void)state;
    mkdir("logs", 0700);
    mkdir("logs/b", 0700);
    mkdir("logs/empty", 0700);
    mkdir("logs/.hidden", 0700);
    mkdir("logs/c.tmp", 0700);
    make("logs/b/2.gz");
    make("logs/b/10.gz");
    make("logs/b.gz");
    make("logs/a");
    make("logs/Z");
    make("logs/\xc3\xa4");
    make("logs/\xff\xfe no text");
    make("logs/new\nline");
    make("logs/-");
    make("logs/--help");
    make("logs/.dot");
    make("logs/.hidden/in");
    make("logs/c.tmp/in");
    make("logs/x.tmp");
    make("logs/x.part");
    make("logs/tmp");
    make("logs/x.tmp.gz");
    make("logs/.tmp");
    EXPECT("logs", "logs/-", "logs/--help", "logs/Z", "logs/a", "logs/b/10.gz", "logs/b/2.gz", "logs/b.gz", "logs/new\nline", "logs/tmp",
           "logs/x.tmp.gz", "logs/\xc3\xa4", "logs/\xff\xfe no text");
    EXPECT("logs/b/", "logs/b/10.gz", "logs/b/2.gz");
    expect("logs/empty", NULL, 0);
    EXPECT("logs/.hidden", "logs/.hidden/in"); /* what is named is wanted */
    EXPECT("logs/x.tmp", "logs/x.tmp");
    EXPECT("logs/.dot", "logs/.dot");
}

/* Half a file that is still on its way must not be counted, and no log be left out. */
static void
names_that_are_temporary(void **state)
{
    static const char *const left_out[] = {
        "a.gz.tmp", "a.gz.part", "a.gz.partial", "a.gz.6ef65e6d.partial", "a.log~", "a.gz.6eF65e6D", "a.log.bz2.0000000f", "a.zst.abcdefAB",
        "a.xz.12345e78", ".a.gz.Xk2q9Z", "~", ".",
    };
    static const char *const wanted[] = {
        "access.log.20240105", "access.log.gz.20240105", "a.log.6ef65e6d", "a.gz.6ef65e6", "a.gz.6ef65e6d0", "a.gz.6ef65e6g", "6ef65e6d",
        "a.partial.gz", "a.tmpx", "part", "tmp", "partial", "a~b", "E2K.2024-01-05-12.6ef65e6d.gz", "x.gz6ef65e6d", "A.GZ.6ef65e6d",
    };
    struct source_list list;

    (void)state;
    mkdir("temporary", 0700);
    assert_int_equal(chdir("temporary"), 0);
    for (size_t i = 0; i + 1 < ARRAY_LEN(left_out); i++)
        make(left_out[i]);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        make(wanted[i]);
    assert_int_equal(chdir(".."), 0);
    list = list_of("temporary");
    for (size_t i = 0; i < list.n; i++) {
        bool known = false;

        for (size_t k = 0; k < ARRAY_LEN(wanted); k++)
            known = known || strcmp(list.at[i].path + strlen("temporary/"), wanted[k]) == 0;
        if (!known)
            fail_msg("%s is not left out", list.at[i].path);
    }
    assert_int_equal(list.n, ARRAY_LEN(wanted));
    source_list_release(&list);
}

/* ---- lists ---- */

static struct source_list listed;

static enum st
add_from(struct slice text, char end, struct err *err)
{
    FILE *file = fopen("list", "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
    fclose(file);
    source_list_init(&listed);
    return source_list_add_from(&listed, "list", end, err);
}

static void
expect_listed(struct slice text, char end, const char *const *paths, size_t n)
{
    struct err err;

    assert_int_equal(add_from(text, end, &err), ST_OK);
    assert_int_equal(listed.n, n);
    for (size_t i = 0; i < n; i++) {
        bool bad = paths[i][0] == '!';

        assert_string_equal(listed.at[i].path, paths[i] + bad);
        assert_int_equal(listed.at[i].trouble != ST_OK, bad);
        assert_false(listed.at[i].is_stdin);
    }
    source_list_release(&listed);
}
#define LISTED(text, end, ...)                                                                   \
    expect_listed((struct slice){ text, sizeof(text) - 1 }, end, (const char *const[]){ __VA_ARGS__ }, \
                  ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })))

static void
lists_of_names(void **state)
{
    (void)state;
    mkdir("l", 0700);
    mkdir("l/d", 0700);
    make("l/a");
    make("l/.hidden.tmp");
    make("l/new\nline");
    make("l/d/one");
    make("l/d/two.tmp");
    make("-");
    LISTED("l/a\nl/d\nl/gone\nl/a", '\n', "l/a", "l/d/one", "!l/gone", "l/a");
    LISTED("\n\nl/a\n\n", '\n', "l/a");
    LISTED("l/.hidden.tmp\n", '\n', "l/.hidden.tmp"); /* what is listed is wanted */
    LISTED("l/new\0\0l/new\nline\0l/a", '\0', "!l/new", "l/new\nline", "l/a");
    LISTED("-\n", '\n', "./-"); /* a name, not standard input */
    LISTED(" l/a\nl/a\r\n", '\n', "! l/a", "!l/a\r");
    LISTED("\xff\xfe\x1b[31m\n", '\n', "!\xff\xfe\x1b[31m");
    expect_listed(SLICE(""), '\n', NULL, 0);
    expect_listed(SLICE("\n"), '\n', NULL, 0);
    expect_listed((struct slice){ "\0\0", 2 }, '\0', NULL, 0);
    assert_int_equal(unlink("-"), 0);
}

static void
lists_that_cannot_be_read(void **state)
{
    struct buf b = { 0 };
    struct err err;

    (void)state;
    assert_int_equal(add_from((struct slice){ "l/a\0l/b", 7 }, '\n', &err), ST_USAGE);
    assert_non_null(strstr(err.hint, "-0"));
    source_list_release(&listed);
    source_list_init(&listed);
    assert_int_equal(source_list_add_from(&listed, "l/gone", '\n', &err), ST_USAGE);
    assert_string_equal(err.path, "l/gone");
    assert_int_equal(source_list_add_from(&listed, "l", '\n', &err), ST_USAGE); /* a directory */
    source_list_release(&listed);
    for (size_t n = 4094; n <= 4097; n++) { /* the longest name, and longer */
        buf_reset(&b);
        add_fill(&b, 'x', n);
        assert_int_equal(add_from(content(&b), '\n', &err), ST_OK);
        assert_int_equal(listed.n, 1);
        assert_int_equal(listed.at[0].trouble, ST_IO);
        assert_int_equal(strlen(listed.at[0].path), n < 4095 ? n : 4095);
        source_list_release(&listed);
    }
    add_fill(&b, 'x', 10 * MIB); /* and one without an end, of which no more is held */
    buf_text(&b, "\nl/a\n");
    assert_int_equal(add_from(content(&b), '\n', &err), ST_OK);
    assert_int_equal(listed.n, 2);
    assert_string_equal(listed.at[0].cause, "the name is longer than 4,095 bytes");
    assert_string_equal(listed.at[1].path, "l/a");
    source_list_release(&listed);
    buf_release(&b);
}

static void
list_on_standard_input(void **state)
{
    struct feed feed;
    struct err err;

    (void)state;
    mkdir("l", 0700);
    make("l/a");
    feed_init(&feed, SLICE("l/a\nl/gone"), 1);
    source_list_init(&listed);
    assert_int_equal(source_list_add_from(&listed, "-", '\n', &err), ST_OK);
    assert_int_equal(listed.n, 2);
    source_list_release(&listed);
    feed_release(&feed);
}

/* Files of a walk and of a list may be too young; those that are named on the command line are wanted. */
static void
too_young_to_be_read(void **state)
{
    static const struct {
        int64_t min_age_s, age_s;
        bool    too_young;
    } cases[] = {
        { 0, 0, false }, { 0, -1000, false }, { 60, 0, true }, { 60, 57, true }, { 60, 63, false }, { 60, 1000000, false },
        { 60, -1000, true }, { INT64_MAX, 1000000, true }, { 1, 5, false },
    };

    (void)state;
    mkdir("ages", 0700);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct timespec times[2] = { { 0 } };
        struct err err;

        make("ages/a");
        clock_gettime(CLOCK_REALTIME, &times[1]);
        times[1].tv_sec -= cases[i].age_s;
        times[0] = times[1];
        assert_int_equal(utimensat(AT_FDCWD, "ages/a", times, 0), 0);
        assert_int_equal(add_from(SLICE(""), '\n', &err), ST_OK);
        listed.min_age_s = cases[i].min_age_s;
        assert_int_equal(source_list_add(&listed, "ages", &err), ST_OK);
        assert_int_equal(source_list_add(&listed, "ages/a", &err), ST_OK);
        FILE *file = fopen("list", "w");
        fputs("ages/a\nages\n", file);
        fclose(file);
        assert_int_equal(source_list_add_from(&listed, "list", '\n', &err), ST_OK);
        assert_int_equal(listed.n, 4);
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(listed.at[k].too_young, k != 1 && cases[i].too_young);
        assert_true(listed.at[0].walked && !listed.at[1].walked && !listed.at[2].walked && listed.at[3].walked);
        source_list_release(&listed);
    }
}

static void
what_is_known_of_a_file(void **state)
{
    struct source_list list;
    struct stat st;
    struct err err;

    (void)state;
    make("one");
    mkdir("d", 0700);
    make("d/two");
    source_list_init(&list);
    assert_int_equal(source_list_add(&list, "one", &err), ST_OK);
    assert_int_equal(source_list_add(&list, "-", &err), ST_OK);
    assert_int_equal(source_list_add(&list, "d", &err), ST_OK);
    assert_int_equal(source_list_add(&list, "one", &err), ST_OK);
    assert_int_equal(list.n, 4);
    assert_int_equal(stat("one", &st), 0);
    assert_true(list.at[0].file.inode == st.st_ino && list.at[0].file.device == st.st_dev && list.at[0].file.size == 3);
    assert_int_equal(list.at[0].file.mtime_ns, (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
    assert_int_equal(list.at[0].file.ctime_ns, (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
    assert_false(list.at[0].walked || list.at[0].is_stdin);
    assert_true(list.at[1].is_stdin && list.at[1].file.inode == 0);
    assert_string_equal(list.at[1].path, "-");
    assert_true(list.at[2].walked && list.at[2].file.size == 5);
    assert_memory_equal(&list.at[0].file, &list.at[3].file, sizeof(struct file_id));
    source_list_release(&list);
    source_list_release(&list);
    EXPECT("./-", "./-!"); /* not standard input */
}

static void
names_that_lead_nowhere(void **state)
{
    (void)state;
    mkdir("links", 0700);
    mkdir("links/real", 0700);
    make("links/real/file");
    make("links/target");
    assert_int_equal(symlink("target", "links/to_file"), 0);
    assert_int_equal(symlink("real", "links/to_directory"), 0);
    assert_int_equal(symlink("..", "links/real/up"), 0);
    assert_int_equal(symlink("loop", "links/loop"), 0);
    assert_int_equal(symlink("gone", "links/dangling"), 0);
    assert_int_equal(mkfifo("links/fifo", 0600), 0);
    EXPECT("links", "links/dangling!", "links/loop!", "links/real/file", "links/target", "links/to_file");
    EXPECT("links/to_directory", "links/to_directory/file"); /* named, so followed */
    EXPECT("links/fifo", "links/fifo!");
    EXPECT("links/loop", "links/loop!");
    EXPECT("links/gone", "links/gone!");
    EXPECT("links/target/below", "links/target/below!");
    EXPECT("", "!");
    EXPECT("/dev/zero", "/dev/zero!");
}

static void
directory_that_may_not_be_read(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    mkdir("rights", 0755);
    mkdir("rights/closed", 0700);
    make("rights/closed/in");
    make("rights/open");
    assert_int_equal(chmod(root, 0755), 0);
    assert_int_equal(seteuid(65534), 0);
    EXPECT("rights", "rights/closed!", "rights/open");
    EXPECT("rights/closed", "rights/closed!");
    EXPECT("rights/closed/in", "rights/closed/in!");
    assert_int_equal(seteuid(0), 0);
}

/* A hundred directories in one another: an end, with its reason, and what stands above is listed. */
static void
nested_deeply(void **state)
{
    struct buf path = { 0 };
    struct source_list list;
    size_t n_trouble = 0;

    (void)state;
    buf_text(&path, "deep");
    mkdir(buf_str(&path), 0700);
    for (int i = 0; i < 100; i++) {
        size_t n = path.n;

        buf_text(&path, "/file");
        make(buf_str(&path));
        path.n = n;
        buf_text(&path, "/next");
        assert_int_equal(mkdir(buf_str(&path), 0700), 0);
    }
    list = list_of("deep");
    assert_in_range(list.n, 50, 100);
    for (size_t i = 0; i < list.n; i++)
        n_trouble += list.at[i].trouble != ST_OK;
    assert_int_equal(n_trouble, 1);
    source_list_release(&list);
    buf_release(&path);
}

static void
many_files(void **state)
{
    struct source_list list;

    (void)state;
    mkdir("many", 0700);
    for (int i = 0; i < 3000; i++) {
        char path[64];

        snprintf(path, sizeof path, "many/%05d.gz", i * 7919 % 3001);
        make(path);
    }
    list = list_of("many");
    assert_int_equal(list.n, 3000);
    for (size_t i = 1; i < list.n; i++)
        assert_true(strcmp(list.at[i - 1].path, list.at[i].path) < 0);
    source_list_release(&list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk_in_order_of_names),
        cmocka_unit_test(names_that_are_temporary),
        cmocka_unit_test(lists_of_names),
        cmocka_unit_test(lists_that_cannot_be_read),
        cmocka_unit_test(list_on_standard_input),
        cmocka_unit_test(too_young_to_be_read),
        cmocka_unit_test(what_is_known_of_a_file),
        cmocka_unit_test(names_that_lead_nowhere),
        cmocka_unit_test(directory_that_may_not_be_read),
        cmocka_unit_test(nested_deeply),
        cmocka_unit_test(many_files),
    };

    return cmocka_run_group_tests(tests, go_to_a_new_directory, remove_it);
}
