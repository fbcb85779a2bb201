/*
 * Key files: a wrong one never passes for a right one, and nobody but the owner ever sees a part of
 * one.
 */
#include "ingest/dataset.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <setjmp.h>
#include <cmocka.h>

#define HEX "000102030405060708090a0b0c0d0e0f"

static char directory[64];

static const char *
in_directory(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static int
make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/test-client-key-XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static void
remove_tree(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    if (d != NULL) {
        while ((e = readdir(d)) != NULL) {
            char below[1024];

            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                continue;
            snprintf(below, sizeof below, "%s/%s", path, e->d_name);
            remove_tree(below);
        }
        closedir(d);
    }
    remove(path);
}

static int
remove_directory(void **state)
{
    (void)state;
    remove_tree(directory);
    return 0;
}

static void
put_file(const char *path, const void *text, size_t n)
{
    FILE *f;

    unlink(path); /* one that a test made read-only, which only root could open */
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

/* ---- reading ---- */

static void
reads(void **state)
{
    static const struct {
        const char *text;
        size_t      n_epochs;
        int32_t     last_day;
    } cases[] = {
        { "1970-01-01 " HEX "\n", 1, 0 },
        { "1970-01-01 " HEX, 1, 0 }, /* no line feed at the end */
        { "1970-01-01 \t " HEX "\n", 1, 0 },
        { "1970-01-01 000102030405060708090A0B0C0D0E0F\n", 1, 0 },
        { "# made today\n\n  \t\n1970-01-01 ffffffffffffffffffffffffffffffff\n#\n2024-01-01 " HEX "\n\n", 2, 19723 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = in_directory("key");
        struct client_key key;
        struct err err = { 0 };
        bool missing = true;
        uint8_t id[8];

        put_file(path, cases[i].text, strlen(cases[i].text));
        if (client_key_read(&key, path, &missing, &err) != ST_OK)
            fail_msg("case %zu: %s", i, err.cause);
        assert_false(missing);
        assert_false(key.none);
        assert_int_equal(key.n_epochs, cases[i].n_epochs);
        assert_int_equal(key.epochs[key.n_epochs - 1].from_day, cases[i].last_day);
        for (size_t k = 0; k < 16; k++)
            assert_int_equal(key.epochs[key.n_epochs - 1].key[k], k);
        crypto_shorthash(id, (const uint8_t *)"ingest client key id", 20,
                         key.epochs[key.n_epochs - 1].key);
        assert_memory_equal(key.epochs[key.n_epochs - 1].id, id, 8);
        assert_string_equal(key.path, path);
    }
}

static void
refuses_lines(void **state)
{
    static const struct {
        const char *text;
        uint64_t    line_no;
    } cases[] = {
        { "", 0 }, { "\n", 0 }, { "# only\n", 0 },
        { HEX "\n", 1 }, { "1970-01-01\n", 1 }, { "1970-01-01 \n", 1 }, { "1970-01-01" HEX "\n", 1 },
        { "#\n1970-01-32 " HEX "\n", 2 }, { "1969-12-31 " HEX "\n", 1 }, { "70-01-01 " HEX "\n", 1 },
        { " 1970-01-01 " HEX "\n", 1 }, { "1970-01-01 " HEX " \n", 1 }, { "1970-01-01 " HEX "\r\n", 1 },
        { "1970-01-01 " HEX "0\n", 1 }, { "1970-01-01 000102030405060708090a0b0c0d0e0\n", 1 },
        { "1970-01-01 0x0102030405060708090a0b0c0d0e0f\n", 1 }, { "1970-01-01 " HEX " # mine\n", 1 },
        { "1970-01-01 " HEX "\n1970-01-01 " HEX "\n", 2 }, { "1971-01-01 " HEX "\n\n1970-01-01 " HEX "\n", 3 },
        { " # x\n", 1 },
        { "1970-01-01 dropped 0123456789abcdef\n", 0 }, /* and none behind it */
        { "1970-01-01 " HEX "\n2024-01-01 dropped 0123456789abcdef\n", 0 },
        { "1970-01-01 dropped\n2024-01-01 " HEX "\n", 1 }, { "1970-01-01 dropped \n2024-01-01 " HEX "\n", 1 },
        { "1970-01-01 dropped 0123456789abcde\n", 1 }, { "1970-01-01 dropped 0123456789abcdef0\n", 1 },
        { "1970-01-01 dropped0123456789abcdef\n", 1 }, { "1970-01-01 dropped  0123456789abcdef\n", 1 },
        { "1970-01-01 dropped 0123456789abcdef # x\n", 1 }, { "1970-01-01 dropped 0123456789abcdef\r\n", 1 },
        { "1970-01-01 Dropped 0123456789abcdef\n", 1 }, { "dropped 0123456789abcdef\n", 1 },
        { "2024-01-01 dropped 0123456789abcdef\n2024-01-01 " HEX "\n", 2 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = in_directory("key");
        struct client_key key;
        struct err err = { 0 };
        bool missing = true;

        put_file(path, cases[i].text, strlen(cases[i].text));
        if (client_key_read(&key, path, &missing, &err) != ST_USAGE)
            fail_msg("case %zu was taken", i);
        assert_false(missing);
        assert_int_equal(err.code, ST_USAGE);
        assert_int_equal(err.line_no, cases[i].line_no);
        assert_string_equal(err.path, path);
        assert_true(err.hint[0] != '\0');
        assert_null(strstr(err.cause, "0001")); /* no key in a message */
        assert_true(sodium_is_zero((const uint8_t *)&key, sizeof key));
    }
}

static void
dropped_keys(void **state)
{
    static const char text[] = "1970-01-01 dropped 0123456789abcdef\n#\n"
                               "2023-01-01 \tdropped FEDCBA9876543210 \t  \n2024-01-01 " HEX "\n";
    static const uint8_t first[8] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef },
                         second[8] = { 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10 };
    struct client_key key, again;
    struct err err = { 0 };
    bool missing;

    (void)state;
    put_file(in_directory("key"), text, sizeof text - 1);
    if (client_key_read(&key, in_directory("key"), &missing, &err) != ST_OK)
        fail_msg("line %d: %s", (int)err.line_no, err.cause);
    assert_int_equal(key.n_epochs, 3);
    assert_true(key.epochs[0].dropped && key.epochs[1].dropped && !key.epochs[2].dropped);
    assert_memory_equal(key.epochs[0].id, first, 8);
    assert_memory_equal(key.epochs[1].id, second, 8);
    /* What would be hashed under them all the same tells nothing: it is another key each time. */
    assert_int_equal(client_key_read(&again, in_directory("key"), &missing, &err), ST_OK);
    assert_memory_not_equal(key.epochs[0].key, again.epochs[0].key, 16);
    assert_memory_equal(key.epochs[2].key, again.epochs[2].key, 16);
}

static void
the_epoch_of_a_day(void **state)
{
    static const struct {
        int32_t day;
        size_t  at;
    } cases[] = { { 0, 0 }, { 99, 0 }, { 100, 0 }, { 199, 0 }, { 200, 1 }, { 201, 1 }, { 299, 1 },
                  { 300, 2 }, { 2932896, 2 } };
    const struct client_key key = { .epochs = { { .from_day = 100 }, { .from_day = 200 },
                                                { .from_day = 300 } },
                                    .n_epochs = 3 },
                            one = { .epochs = { { .from_day = 100 } }, .n_epochs = 1 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(client_key_at(&key, cases[i].day), cases[i].at);
        assert_int_equal(client_key_at(&one, cases[i].day), 0);
    }
}

static void
rows_by_months_want_keys_by_months(void **state)
{
    static const struct {
        int32_t     from_day;
        enum bucket bucket;
        bool        fits;
    } cases[] = { { 19723, BUCKET_MONTH, true }, /* 2024-01-01 */
                  { 19724, BUCKET_MONTH, false }, { 19753, BUCKET_MONTH, false },
                  { 19754, BUCKET_MONTH, true }, { 19724, BUCKET_DAY, true } };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct dataset d = { .bucket = cases[i].bucket };
        struct client_key key = { .epochs = { { .from_day = 5 }, { .from_day = cases[i].from_day } },
                                  .n_epochs = 2 };

        assert_int_equal(client_key_fits(&key, &d), cases[i].fits);
        key.n_epochs = 1; /* the first is of all days before the next */
        assert_true(client_key_fits(&key, &d));
    }
}

static void
nul_in_the_middle(void **state)
{
    static const char text[] = "1970-01-01 " HEX "\n\0";
    struct client_key key;
    struct err err;
    bool missing;

    (void)state;
    put_file(in_directory("key"), text, sizeof text - 1);
    assert_int_equal(client_key_read(&key, in_directory("key"), &missing, &err), ST_USAGE);
    assert_int_equal(err.line_no, 2);
}

static void
as_many_keys_as_there_is_room(void **state)
{
    for (int n = 64; n <= 65; n++) {
        FILE *f = fopen(in_directory("key"), "w");
        struct client_key key;
        struct err err = { 0 };
        bool missing;

        (void)state;
        assert_non_null(f);
        for (int i = 0; i < n; i++)
            fprintf(f, "%04d-01-01 " HEX "\n", 1970 + i);
        fclose(f);
        assert_int_equal(chmod(in_directory("key"), 0600), 0);
        assert_int_equal(client_key_read(&key, in_directory("key"), &missing, &err),
                         n == 64 ? ST_OK : ST_USAGE);
        if (n == 65)
            assert_int_equal(err.line_no, 65);
        else
            assert_int_equal(key.n_epochs, 64);
    }
}

static void
too_large(void **state)
{
    char *text = malloc(100 * KIB);
    struct client_key key;
    struct err err;
    bool missing;

    (void)state;
    assert_non_null(text);
    memset(text, '\n', 100 * KIB);
    put_file(in_directory("key"), text, 100 * KIB);
    assert_int_equal(client_key_read(&key, in_directory("key"), &missing, &err), ST_USAGE);
    assert_non_null(strstr(err.cause, "64 KiB"));
    free(text);
}

static void
readable_by_others(void **state)
{
    static const mode_t modes[] = { 0604, 0640, 0601, 0610, 0620, 0602, 0644, 0666 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        const char *path = in_directory("key");
        struct client_key key;
        struct err err = { 0 };
        bool missing;

        put_file(path, "1970-01-01 " HEX "\n", 44);
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(client_key_read(&key, path, &missing, &err), ST_USAGE);
        assert_non_null(strstr(err.hint, "chmod 600 "));
        assert_non_null(strstr(err.hint, path));
        assert_false(missing);
    }
    assert_int_equal(chmod(in_directory("key"), 0400), 0);
    {
        struct client_key key;
        struct err err;
        bool missing;

        assert_int_equal(client_key_read(&key, in_directory("key"), &missing, &err), ST_OK);
    }
}

static void
of_another_user(void **state)
{
    struct client_key key;
    struct err err = { 0 };
    bool missing;

    (void)state;
    put_file(in_directory("key"), "1970-01-01 " HEX "\n", 44);
    if (geteuid() != 0 || chown(in_directory("key"), 12345, 0) != 0)
        skip();
    assert_int_equal(client_key_read(&key, in_directory("key"), &missing, &err), ST_USAGE);
    assert_non_null(strstr(err.hint, "chown"));
    assert_int_equal(unlink(in_directory("key")), 0);
}

static void
not_a_file(void **state)
{
    struct client_key key;
    struct err err = { 0 };
    bool missing = true;

    (void)state;
    assert_int_equal(client_key_read(&key, directory, &missing, &err), ST_USAGE);
    assert_false(missing);
    assert_int_equal(mkfifo(in_directory("fifo"), 0600), 0);
    assert_int_equal(client_key_read(&key, in_directory("fifo"), &missing, &err), ST_USAGE);
    assert_false(missing);
    assert_int_equal(client_key_read(&key, in_directory("fifo/x"), &missing, &err), ST_USAGE);
    assert_false(missing); /* ENOTDIR: a typo, nothing to make */
    assert_int_equal(client_key_read(&key, in_directory("no-such"), &missing, &err), ST_USAGE);
    assert_true(missing);
    assert_int_equal(client_key_read(&key, in_directory("no/such"), &missing, &err), ST_USAGE);
    assert_true(missing);
}

/* ---- making ---- */

static mode_t
mode_of(const char *path)
{
    struct stat sb;

    assert_int_equal(lstat(path, &sb), 0);
    return sb.st_mode & 07777;
}

static int
n_files(const char *path)
{
    DIR *d = opendir(path);
    int n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static void
makes_what_it_reads(void **state)
{
    static const mode_t masks[] = { 022, 0, 077, 0277 };

    for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
        struct client_key made, read;
        struct err err = { 0 };
        bool missing;
        char name[32], path[512];
        mode_t before;

        (void)state;
        snprintf(name, sizeof name, "new%zu", i);
        snprintf(path, sizeof path, "%s", in_directory(name));
        before = umask(masks[i]);
        if (client_key_make(&made, path, &err) != ST_OK)
            fail_msg("%s", err.cause);
        umask(before);
        assert_int_equal(mode_of(path), 0600);
        assert_int_equal(client_key_read(&read, path, &missing, &err), ST_OK);
        assert_int_equal(read.n_epochs, 1);
        assert_int_equal(read.epochs[0].from_day, 0);
        assert_memory_equal(&made, &read, sizeof made);
    }
}

static void
makes_its_directories(void **state)
{
    struct client_key key;
    struct err err = { 0 };

    (void)state;
    if (client_key_make(&key, in_directory("a/b/client.key"), &err) != ST_OK)
        fail_msg("%s", err.cause);
    assert_int_equal(mode_of(in_directory("a")), 0700);
    assert_int_equal(mode_of(in_directory("a/b")), 0700);
    assert_int_equal(n_files(in_directory("a/b")), 1); /* nothing left over */
}

static void
never_overwrites(void **state)
{
    static const char text[] = "precious";
    struct client_key key;
    struct err err = { 0 };
    char got[16] = "";
    FILE *f;

    (void)state;
    assert_int_equal(mkdir(in_directory("d"), 0700), 0);
    put_file(in_directory("d/key"), text, sizeof text - 1);
    assert_int_equal(client_key_make(&key, in_directory("d/key"), &err), ST_USAGE);
    assert_string_equal(err.path, in_directory("d/key"));
    assert_int_equal(n_files(in_directory("d")), 1);
    f = fopen(in_directory("d/key"), "r");
    assert_non_null(f);
    assert_non_null(fgets(got, sizeof got, f));
    fclose(f);
    assert_string_equal(got, text);
}

static void
never_follows_a_symlink(void **state)
{
    struct client_key key;
    struct err err = { 0 };

    (void)state;
    assert_int_equal(mkdir(in_directory("s"), 0700), 0);
    assert_int_equal(symlink("elsewhere", in_directory("s/key")), 0);
    assert_int_equal(client_key_make(&key, in_directory("s/key"), &err), ST_USAGE);
    assert_int_equal(access(in_directory("s/elsewhere"), F_OK), -1);
    assert_int_equal(n_files(in_directory("s")), 1);
}

static void
where_no_directory_can_be(void **state)
{
    struct client_key key;
    struct err err = { 0 };

    (void)state;
    put_file(in_directory("plain"), "", 0);
    assert_int_equal(client_key_make(&key, in_directory("plain/key"), &err), ST_USAGE);
    assert_true(err.cause[0] != '\0');
}

static void
throwaways_differ(void **state)
{
    struct client_key a, b;

    (void)state;
    client_key_throwaway(&a);
    client_key_throwaway(&b);
    assert_memory_not_equal(a.epochs[0].key, b.epochs[0].key, 16);
    assert_memory_not_equal(a.epochs[0].id, b.epochs[0].id, 8);
    assert_string_equal(a.path, "");
    assert_int_equal(a.n_epochs, 1);
}

/* ---- changing ---- */

static void
read_back(struct client_key *key, const char *name)
{
    struct err err = { 0 };
    bool missing;

    if (client_key_read(key, in_directory(name), &missing, &err) != ST_OK)
        fail_msg("%s", err.cause);
}

static void
slurp(const char *path, char *out, size_t cap)
{
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(out, 1, cap - 1, f);
    out[n] = '\0';
    fclose(f);
}

static void
adds_a_key(void **state)
{
    static const char *const befores[] = { "# ours\n\n1970-01-01 " HEX "\n", "1970-01-01 " HEX };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(befores); i++) {
        struct client_key before, after;
        struct client_key_edit e;
        struct err err = { 0 };
        char text[512];

        assert_int_equal(mkdir(in_directory("add"), 0700), 0);
        put_file(in_directory("add/key"), befores[i], strlen(befores[i]));
        read_back(&before, "add/key");
        assert_int_equal(client_key_edit_open(&e, in_directory("add/key"), &err), ST_OK);
        assert_int_equal(client_key_edit_add(&e, 19723, &err), ST_OK);
        assert_int_equal(e.key.n_epochs, 2);
        read_back(&after, "add/key");
        assert_memory_equal(&before, &after, sizeof before); /* not yet */
        if (client_key_edit_save(&e, &err) != ST_OK)
            fail_msg("%s", err.cause);
        read_back(&after, "add/key");
        assert_memory_equal(&after, &e.key, sizeof after);
        assert_memory_equal(&after.epochs[0], &before.epochs[0], sizeof after.epochs[0]);
        assert_int_equal(after.epochs[1].from_day, 19723);
        assert_memory_not_equal(after.epochs[1].key, after.epochs[0].key, 16);
        assert_int_equal(mode_of(in_directory("add/key")), 0600);
        assert_int_equal(n_files(in_directory("add")), 1);
        slurp(in_directory("add/key"), text, sizeof text);
        assert_memory_equal(text, befores[i], strlen(befores[i])); /* comments stay */
        client_key_edit_release(&e);
        remove_tree(in_directory("add"));
    }
}

static void
adds_what_cannot_be(void **state)
{
    static const int32_t days[] = { 19722, 19723 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        struct client_key_edit e;
        struct err err = { 0 };

        put_file(in_directory("key"), "2024-01-01 " HEX "\n", 44);
        assert_int_equal(client_key_edit_open(&e, in_directory("key"), &err), ST_OK);
        assert_int_equal(client_key_edit_add(&e, days[i], &err), ST_USAGE);
        assert_string_equal(err.path, in_directory("key"));
        client_key_edit_release(&e);
    }
}

/* The key leaves the file, and the file that lost its name, which another name may still lead to. */
static void
drops_keys(void **state)
{
    static const char text[] = "# 1\n1970-01-01 \t" HEX "\n2023-01-01 ffffffffffffffffffffffffffffffff\n"
                               "# 3\n2024-01-01 fedcba9876543210fedcba9876543210\n";
    struct client_key before, after;
    struct client_key_edit e;
    struct err err = { 0 };
    char now[512], old[512];

    (void)state;
    put_file(in_directory("key"), text, sizeof text - 1);
    unlink(in_directory("hard"));
    {
        char path[512];

        snprintf(path, sizeof path, "%s", in_directory("key"));
        assert_int_equal(link(path, in_directory("hard")), 0);
    }
    read_back(&before, "key");
    assert_int_equal(client_key_edit_open(&e, in_directory("key"), &err), ST_OK);
    assert_int_equal(client_key_edit_drop(&e, 2, &err), ST_OK);
    if (client_key_edit_save(&e, &err) != ST_OK)
        fail_msg("%s", err.cause);
    client_key_edit_release(&e);
    slurp(in_directory("key"), now, sizeof now);
    slurp(in_directory("hard"), old, sizeof old);
    assert_string_equal(now, old);
    assert_null(strstr(now, "00010203"));
    assert_null(strstr(now, "ffffffff"));
    assert_non_null(strstr(now, "# 1\n"));
    assert_non_null(strstr(now, "# 3\n2024-01-01 fedcba9876543210fedcba9876543210\n"));
    read_back(&after, "key");
    assert_int_equal(after.n_epochs, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(after.epochs[i].from_day, before.epochs[i].from_day);
        assert_memory_equal(after.epochs[i].id, before.epochs[i].id, 8);
        assert_int_equal(after.epochs[i].dropped, i < 2);
    }
    assert_memory_equal(after.epochs[2].key, before.epochs[2].key, 16);
    /* once more, and it stays as it is */
    assert_int_equal(client_key_edit_open(&e, in_directory("key"), &err), ST_OK);
    assert_int_equal(client_key_edit_drop(&e, 2, &err), ST_OK);
    assert_int_equal(client_key_edit_save(&e, &err), ST_OK);
    client_key_edit_release(&e);
    slurp(in_directory("key"), old, sizeof old);
    assert_string_equal(now, old);
}

static void
changes_no_link_and_nothing_odd(void **state)
{
    struct client_key_edit e;
    struct err err = { 0 };

    (void)state;
    put_file(in_directory("real"), "1970-01-01 " HEX "\n", 44);
    unlink(in_directory("link"));
    assert_int_equal(symlink("real", in_directory("link")), 0);
    assert_int_equal(client_key_edit_open(&e, in_directory("link"), &err), ST_USAGE);
    assert_non_null(strstr(err.cause, "symbolic link"));
    client_key_edit_release(&e);
    assert_int_equal(client_key_edit_open(&e, in_directory("no-such"), &err), ST_USAGE);
    client_key_edit_release(&e);
    assert_int_equal(chmod(in_directory("real"), 0644), 0);
    assert_int_equal(client_key_edit_open(&e, in_directory("real"), &err), ST_USAGE);
    client_key_edit_release(&e);
    put_file(in_directory("real"), "nonsense\n", 9);
    assert_int_equal(client_key_edit_open(&e, in_directory("real"), &err), ST_USAGE);
    assert_int_equal(err.line_no, 1);
    client_key_edit_release(&e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(refuses_lines),
        cmocka_unit_test(dropped_keys),
        cmocka_unit_test(the_epoch_of_a_day),
        cmocka_unit_test(rows_by_months_want_keys_by_months),
        cmocka_unit_test(nul_in_the_middle),
        cmocka_unit_test(as_many_keys_as_there_is_room),
        cmocka_unit_test(too_large),
        cmocka_unit_test(readable_by_others),
        cmocka_unit_test(of_another_user),
        cmocka_unit_test(not_a_file),
        cmocka_unit_test(makes_what_it_reads),
        cmocka_unit_test(makes_its_directories),
        cmocka_unit_test(never_overwrites),
        cmocka_unit_test(never_follows_a_symlink),
        cmocka_unit_test(where_no_directory_can_be),
        cmocka_unit_test(throwaways_differ),
        cmocka_unit_test(adds_a_key),
        cmocka_unit_test(adds_what_cannot_be),
        cmocka_unit_test(drops_keys),
        cmocka_unit_test(changes_no_link_and_nothing_odd),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
