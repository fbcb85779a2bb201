/*
 * One input from open to the end: who the payload is, whatever carries it; what a plain file leaves behind; what cannot
 * be opened; and files that change under our eyes.
 */
#include "inputs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <xxhash.h>

/* ---- identity ---- */

/* docs/EXACTLY-ONCE.md in the plainest words: all digests and the length as one message. */
static struct identity
slow_identity(struct slice text)
{
    struct identity id = { .length = text.n };
    struct buf message = { 0 };
    uint64_t h[2];

    for (size_t at = 0; at < text.n; at += 65536) {
        XXH128_canonical_t d;

        XXH128_canonicalFromHash(&d, XXH3_128bits_withSecret(text.p + at, text.n - at < 65536 ? text.n - at : 65536, secret.b, sizeof secret.b));
        buf_add(&message, d.digest, 16);
    }
    add_le(&message, (uint32_t)text.n, 4);
    add_le(&message, (uint32_t)((uint64_t)text.n >> 32), 4);
    murmur3_x64_128(message.p, message.n, h);
    for (int i = 0; i < 8; i++) {
        id.hash.b[i] = (uint8_t)(h[0] >> (56 - 8 * i));
        id.hash.b[8 + i] = (uint8_t)(h[1] >> (56 - 8 * i));
    }
    XXH128_canonical_t head;
    XXH128_canonicalFromHash(&head, XXH3_128bits_withSecret(text.n > 0 ? text.p : "", text.n < 4096 ? text.n : 4096, secret.b, sizeof secret.b));
    memcpy(id.head.b, head.digest, 16);
    buf_release(&message);
    return id;
}

static void
same_identity(const struct identity *a, const struct identity *b)
{
    assert_int_equal(a->length, b->length);
    assert_memory_equal(a->hash.b, b->hash.b, 16);
    assert_memory_equal(a->head.b, b->head.b, 16);
}

static void
check_read(const struct source *source, struct slice text, const char *codec, size_t cap)
{
    const struct identity expected = slow_identity(text);
    struct input_result result;
    struct buf out = { 0 };
    struct err err;

    assert_int_equal(read_all(source, cap, &out, &result, &err), ST_OK);
    assert_true(slice_eq(content(&out), text));
    same_identity(&result.identity, &expected);
    assert_string_equal(result.codec, codec);
    assert_int_equal(result.unterminated_bytes, 0);
    buf_release(&out);
}

/* Plain, gzip, in members, by a pipe, with any read cap: one payload. */
static void
identity_whatever_carries_it(void **state)
{
    static const size_t lengths[] = { 0, 1, 2, 4095, 4096, 4097, 65535, 65536, 65537, 131072, 524288, 524289, MIB + 3 };
    static const size_t caps[] = { 64 * KIB, 192 * KIB, 512 * KIB, 2 * MIB };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct buf text = { 0 }, gz = { 0 }, members = { 0 };
        struct file f[3];

        add_log(&text, lengths[i], 5);
        if (text.n > 0)
            text.p[text.n - 1] = '\n';
        add_member(&gz, content(&text), &(struct member){ .level = 1 });
        for (size_t at = 0, n; at < text.n || at == 0; at += n + (n == 0)) {
            n = text.n - at < 30011 ? text.n - at : 30011;
            add_member(&members, (struct slice){ text.p + at, n }, &(struct member){ .level = -9 });
        }
        file_init(&f[0], content(&text));
        file_init(&f[1], content(&gz));
        file_init(&f[2], content(&members));
        for (size_t k = 0; k < ARRAY_LEN(caps); k++) {
            struct feed feed;

            for (size_t c = 0; c < 3; c++)
                check_read(&f[c].source, content(&text), c == 0 ? "plain" : "gzip", caps[k]);
            feed_init(&feed, content(&text), 50000);
            check_read(&standard_input, content(&text), "plain", caps[k]);
            feed_release(&feed);
            feed_init(&feed, content(&gz), 777);
            check_read(&standard_input, content(&text), "gzip", caps[k]);
            feed_release(&feed);
        }
        for (size_t c = 0; c < 3; c++)
            file_release(&f[c]);
        buf_release(&text);
        buf_release(&gz);
        buf_release(&members);
    }
}

/* One byte more, less or other is another payload. */
static void
identity_of_others_differs(void **state)
{
    struct buf text = { 0 };

    (void)state;
    add_log(&text, 200000, 5);
    const struct identity id = slow_identity(content(&text));
    for (size_t at = 0; at < text.n; at += 9973) {
        struct buf gz = { 0 }, out = { 0 };
        struct input_result result;
        struct err err;

        text.p[at] ^= 1;
        add_member(&gz, content(&text), &(struct member){ .level = 1 });
        text.p[at] ^= 1;
        assert_int_equal(read_bytes(content(&gz), 64 * KIB, &out, &result, &err), ST_OK);
        assert_false(digest_eq(&result.identity.hash, &id.hash));
        assert_int_equal(digest_eq(&result.identity.head, &id.head), at >= 4096);
        buf_release(&gz);
        buf_release(&out);
    }
    buf_release(&text);
}

/* The digest of what is stored is the same by the way and by itself, and holds the unfinished line too. */
static void
stored_digest(void **state)
{
    static const char *const tails[] = { "", "no end" };

    (void)state;
    for (int gz = 0; gz < 2; gz++)
        for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
            struct buf text = { 0 }, b = { 0 }, out = { 0 };
            struct digest again, whole;
            struct input_result result;
            struct file f;
            struct err err;

            add_log(&text, 300000, 8);
            buf_text(&text, "\n");
            buf_text(&text, tails[i]);
            if (gz)
                add_member(&b, content(&text), &(struct member){ 0 });
            else
                buf_add_slice(&b, content(&text));
            file_init(&f, content(&b));
            assert_int_equal(read_all(&f.source, 64 * KIB, &out, &result, &err), ST_OK);
            f.source.file = result.file;
            assert_int_equal(input_digest_stored(&f.source, &secret, &again, &err), ST_OK);
            whole = hash_keyed(&secret, b.p, b.n);
            assert_true(digest_eq(&result.stored, &again) && digest_eq(&again, &whole));
            assert_int_equal(result.stored_bytes, b.n);
            f.source.file.inode++; /* another file has come in its place */
            assert_int_equal(input_digest_stored(&f.source, &secret, &again, &err), ST_EOF);
            file_release(&f);
            buf_release(&text);
            buf_release(&b);
            buf_release(&out);
        }
    struct err err;
    struct digest d;
    assert_int_equal(input_digest_stored(&(struct source){ .path = "/nowhere/at/all" }, &secret, &d, &err), ST_IO);
}

/* ---- plain files ---- */

static void
plain_cut_at_the_last_line(void **state)
{
    static const size_t lines[] = { 0, 1, 100, 16384, 65536, 131072, 300000 };
    static const size_t tails[] = { 0, 1, 4096, 16383, 16384, 16385, 100 * KIB, 200 * KIB };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        for (size_t k = 0; k < ARRAY_LEN(tails); k++) {
            struct buf b = { 0 }, out = { 0 };
            struct input_result result;
            struct identity id;
            struct err err;

            if (lines[i] > 0) {
                add_log(&b, lines[i] - 1, 3);
                buf_text(&b, "\n");
            }
            id = slow_identity(content(&b));
            add_fill(&b, 't', tails[k]);
            assert_int_equal(read_bytes(content(&b), 64 * KIB, &out, &result, &err), ST_OK);
            assert_int_equal(out.n, lines[i]);
            assert_true(out.n == 0 || memcmp(out.p, b.p, out.n) == 0);
            same_identity(&result.identity, &id);
            assert_int_equal(result.unterminated_bytes, tails[k]);
            assert_int_equal(result.stored_bytes, b.n);
            buf_release(&b);
            buf_release(&out);
        }
}

/* By a pipe nothing is left for later. */
static void
plain_pipe_keeps_its_last_line(void **state)
{
    static const char *const texts[] = { "", "a", "\x1f\n", "a\nb", "(x", "PK", "BZ\n", "\n\n\n", "a line\nand another without an end" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        for (size_t piece = 1; piece < 8; piece++) {
            struct feed feed;

            feed_init(&feed, slice_of(texts[i]), piece);
            check_read(&standard_input, slice_of(texts[i]), "plain", 64 * KIB);
            feed_release(&feed);
        }
}

static void
pipe_that_does_not_block(void **state)
{
    struct buf text = { 0 };
    struct feed feed;

    (void)state;
    add_log(&text, 50000, 3);
    feed_init(&feed, content(&text), 100);
    assert_int_equal(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
    check_read(&standard_input, content(&text), "plain", 64 * KIB);
    feed_release(&feed);
    buf_release(&text);
}

/* ---- what cannot be opened ---- */

static void
cannot_open(const char *path, const char *cause)
{
    const struct source source = { .path = path };
    struct input *in = NULL;
    struct err err = { 0 };

    alarm(20); /* a FIFO without a writer must not hold us up */
    assert_int_equal(input_open(&in, &source, &secret, NULL, &err), ST_IO);
    alarm(0);
    assert_null(in);
    if (strstr(err.cause, cause) == NULL)
        fail_msg("%s: %s", path, err.cause);
}

static void
what_is_no_file(void **state)
{
    char dir[] = "/tmp/test-input-XXXXXX", path[128];

    (void)state;
    assert_non_null(mkdtemp(dir));
    cannot_open("/nowhere/at/all", "No such file");
    cannot_open("", "No such file");
    cannot_open(dir, "not a regular file");
    cannot_open("/dev/zero", "not a regular file");
    cannot_open("/dev/null", "not a regular file");
    snprintf(path, sizeof path, "%s/fifo", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    cannot_open(path, "not a regular file");
    unlink(path);
    snprintf(path, sizeof path, "%s/loop", dir);
    assert_int_equal(symlink("loop", path), 0);
    cannot_open(path, "Too many levels");
    unlink(path);
    snprintf(path, sizeof path, "%s/secret", dir);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    if (geteuid() == 0) {
        assert_int_equal(chmod(dir, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
        cannot_open(path, "Permission denied");
        assert_int_equal(seteuid(0), 0);
    }
    unlink(path);
    rmdir(dir);
}

static void
stdin_that_cannot_be_read(void **state)
{
    const int saved = dup(STDIN_FILENO), dir = open("/", O_RDONLY | O_DIRECTORY);
    struct input_result result;
    struct buf out = { 0 };
    struct err err;

    (void)state;
    dup2(dir, STDIN_FILENO);
    assert_int_equal(read_all(&standard_input, 64 * KIB, &out, &result, &err), ST_IO);
    close(STDIN_FILENO);
    assert_int_equal(read_all(&standard_input, 64 * KIB, &out, &result, &err), ST_IO);
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(dir);
    buf_release(&out);
}

/* ---- files that change ---- */

enum change { TOUCHED, GROWN, SHORTER, WRITTEN_ANEW, SAME_SIZE_OTHER_BYTES, DELETED, CHANGES_N };

static void
change(const struct file *f, enum change how, const struct buf *b)
{
    struct buf other = { 0 };

    switch (how) {
    case TOUCHED:
    case DELETED:
        break;
    case GROWN:
        assert_int_equal(pwrite(f->fd, "a new line\n", 11, (off_t)b->n), 11);
        break;
    case SHORTER:
        assert_int_equal(ftruncate(f->fd, (off_t)b->n / 2), 0);
        break;
    case WRITTEN_ANEW:
    case SAME_SIZE_OTHER_BYTES:
        assert_int_equal(ftruncate(f->fd, 0), 0);
        add_log(&other, b->n + (how == WRITTEN_ANEW ? 100 : 0), 77);
        assert_int_equal(pwrite(f->fd, other.p, other.n, 0), (ssize_t)other.n);
        buf_release(&other);
        break;
    default:
        fail();
    }
    if (how != DELETED) /* the clock of file times is coarse: make sure that it moves */
        assert_int_equal(futimens(f->fd, (struct timespec[]){ { 5000, 0 }, { 5000, 0 } }), 0);
}

static void
changed_while_read(void **state)
{
    static const enum st expected[2][CHANGES_N] = {
        /* plain: it may grow */
        { [TOUCHED] = ST_CHANGED, [GROWN] = ST_OK, [SHORTER] = ST_CHANGED, [WRITTEN_ANEW] = ST_CHANGED, [SAME_SIZE_OTHER_BYTES] = ST_CHANGED, [DELETED] = ST_OK },
        /* gzip */
        { [TOUCHED] = ST_CHANGED, [GROWN] = ST_CHANGED, [SHORTER] = ST_CHANGED, [WRITTEN_ANEW] = ST_CHANGED, [SAME_SIZE_OTHER_BYTES] = ST_CHANGED, [DELETED] = ST_OK },
    };

    (void)state;
    for (int gz = 0; gz < 2; gz++)
        for (enum change how = 0; how < CHANGES_N; how++)
            for (int late = 0; late < 2; late++) { /* at the beginning, or when all but the end has been read */
                struct buf text = { 0 }, b = { 0 };
                struct input *in = NULL;
                struct input_result result;
                char *window = malloc(64 * KIB);
                struct file f;
                struct err err;
                uint64_t length = 0;
                enum st rc;
                size_t n;

                add_log(&text, 30 * 64 * KIB - 1, 5);
                buf_text(&text, "\n");
                if (gz)
                    add_member(&b, content(&text), &(struct member){ .level = -9 });
                else
                    buf_add_slice(&b, content(&text));
                file_init(&f, content(&b));
                assert_int_equal(input_open(&in, &f.source, &secret, NULL, &err), ST_OK);
                for (int i = 0; i < (late ? 30 : 1); i++, length += n) {
                    assert_int_equal(input_read(in, window, 64 * KIB, &n, &err), ST_OK);
                    input_identify(in, window, n);
                }
                change(&f, how, &b);
                if (how == DELETED)
                    file_release(&f);
                while ((rc = input_read(in, window, 64 * KIB, &n, &err)) == ST_OK) {
                    input_identify(in, window, n);
                    length += n;
                }
                if (rc != (expected[gz][how] == ST_OK ? ST_EOF : expected[gz][how]))
                    fail_msg("gz %d, change %d, late %d: %d %s", gz, (int)how, late, (int)rc, err.cause);
                if (rc == ST_EOF) {
                    const struct identity id = slow_identity(content(&text));

                    input_result(in, &result);
                    same_identity(&result.identity, &id);
                    assert_int_equal(length, text.n);
                }
                input_close(in);
                if (how != DELETED)
                    file_release(&f);
                free(window);
                buf_release(&text);
                buf_release(&b);
            }
}

/* A time under two seconds old proves nothing; one in the future even less. */
static void
young_files(void **state)
{
    const struct source old = { .path = TESTS_DIR "/CMakeLists.txt" };
    struct input_result result;
    struct buf out = { 0 };
    struct stat st;
    struct file f;
    struct err err;

    (void)state;
    file_init(&f, SLICE("a\n"));
    assert_int_equal(read_all(&f.source, 64 * KIB, &out, &result, &err), ST_OK);
    assert_true(result.young);
    assert_int_equal(fstat(f.fd, &st), 0);
    assert_true(result.file.device == st.st_dev && result.file.inode == st.st_ino && result.file.size == 2);
    assert_int_equal(futimens(f.fd, (struct timespec[]){ { 1000, 0 }, { 1000, 7 } }), 0);
    assert_int_equal(read_all(&f.source, 64 * KIB, &out, &result, &err), ST_OK);
    assert_true(result.young); /* the change time is young still */
    assert_int_equal(result.file.mtime_ns, INT64_C(1000) * 1000000000 + 7);
    file_release(&f);

    assert_int_equal(stat(old.path, &st), 0);
    if (time(NULL) - st.st_ctime < 4)
        sleep(3);
    assert_int_equal(read_all(&old, 64 * KIB, &out, &result, &err), ST_OK);
    assert_false(result.young);
    buf_release(&out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_whatever_carries_it),
        cmocka_unit_test(identity_of_others_differs),
        cmocka_unit_test(stored_digest),
        cmocka_unit_test(plain_cut_at_the_last_line),
        cmocka_unit_test(plain_pipe_keeps_its_last_line),
        cmocka_unit_test(pipe_that_does_not_block),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(stdin_that_cannot_be_read),
        cmocka_unit_test(changed_while_read),
        cmocka_unit_test(young_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
