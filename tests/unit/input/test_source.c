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
        cmocka_unit_test(what_is_known_of_a_file),
        cmocka_unit_test(names_that_lead_nowhere),
        cmocka_unit_test(directory_that_may_not_be_read),
        cmocka_unit_test(nested_deeply),
        cmocka_unit_test(many_files),
    };

    return cmocka_run_group_tests(tests, go_to_a_new_directory, remove_it);
}
