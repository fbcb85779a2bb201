/*
 * One input from open to the end: which codec, are all bytes good, and who is the payload. Stands between the command
 * line and lines/; leaves the decoding to the codecs and the ledger to pipeline/.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "input_priv.h"

struct input {
    struct stored       stored;
    struct hash_stream *stored_hash;
    const struct codec *codec;
    void               *state;
    int                 fd;
    bool                is_stdin;
    bool                young;
    bool                ended;
    struct file_id      file;
    uint64_t            cut; /* decoded bytes of a plain file up to its last LF; UINT64_MAX for all others */

    const struct hash_secret *secret;
    struct murmur3            blocks;   /* over the digests of the full blocks so far */
    struct identity           identity; /* head and length as far as read */
};

/* Containers that are not ours to read, so that the message can name them. */
static const struct codec codec_zstd = { .magic = { 0x28, 0xb5, 0x2f, 0xfd }, .n_magic = 4, .about = "zstd" };
static const struct codec codec_bzip2 = { .magic = "BZh", .n_magic = 3, .about = "bzip2" };
static const struct codec codec_xz = { .magic = { 0xfd, '7', 'z', 'X', 'Z', 0 }, .n_magic = 6, .about = "xz" };
static const struct codec codec_zip = { .magic = "PK\3\4", .n_magic = 4, .about = "zip" };

static const struct codec *const codecs[] = { &codec_gzip, &codec_zstd, &codec_bzip2, &codec_xz, &codec_zip };

static int64_t
nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct file_id
file_id_of(const struct stat *st)
{
    return (struct file_id){ st->st_dev, st->st_ino, st->st_size, nanoseconds(st->st_mtim), nanoseconds(st->st_ctim) };
}

/* Opens without blocking on a FIFO and without becoming owner of a terminal. */
static enum st
open_regular(const char *path, int *fd, struct stat *st, struct err *err)
{
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0)
        return err_fail(err, ST_IO, "cannot open input", "%s", strerror(errno));
    if (fstat(*fd, st) != 0) {
        err_fail(err, ST_IO, "cannot open input", "%s", strerror(errno));
        goto release;
    }
    if (!S_ISREG(st->st_mode)) {
        err_fail(err, ST_IO, "cannot open input", "it is not a regular file");
        err_hint(err, "feed a pipe on standard input: ... | ingest -");
        goto release;
    }
    return ST_OK;
release:
    close(*fd);
    *fd = -1;
    return err->code;
}

/* Where a plain file's last line ends: it may be growing, and half a line must not be counted. */
static enum st
last_line_end(int fd, uint64_t size, uint64_t *out, struct err *err)
{
    char piece[16 * 1024];
    uint64_t end = size;

    while (end > 0) {
        size_t want = end < sizeof piece ? (size_t)end : sizeof piece;
        ssize_t got = pread(fd, piece, want, (off_t)(end - want));
        const char *lf;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_fail(err, ST_IO, "cannot read input", "%s", strerror(errno));
        if ((size_t)got != want)
            return err_fail(err, ST_CHANGED, "cannot read input", "the file became shorter");
        lf = memrchr(piece, '\n', want);
        if (lf != NULL) {
            *out = end - want + (size_t)(lf - piece) + 1;
            return ST_OK;
        }
        end -= want;
    }
    *out = 0;
    return ST_OK;
}

static enum st
choose_codec(struct input *in, struct err *err)
{
    enum st rc = stored_fill(&in->stored, err);
    size_t have = (size_t)(in->stored.end - in->stored.at);

    if (rc != ST_OK && rc != ST_EOF)
        return rc;
    /* A pipe may give a first piece that is shorter than a magic number. */
    while (rc == ST_OK && in->is_stdin && have < 6) {
        ssize_t got = read(in->fd, in->stored.end, 6 - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        in->stored.end += got;
        in->stored.n_read += (uint64_t)got;
        have += (size_t)got;
    }
    in->codec = &codec_plain;
    for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
        if (have >= codecs[i]->n_magic && memcmp(in->stored.at, codecs[i]->magic, codecs[i]->n_magic) == 0)
            in->codec = codecs[i];
    if (in->codec->open == NULL) {
        err_fail(err, ST_FORMAT, "cannot decode input", "it is a %s container, which is not supported", in->codec->about);
        err_hint(err, "unpack it on the way: %s ... | ingest -", in->codec == &codec_zip ? "unzip -p" : in->codec == &codec_zstd ? "zstd -dc" : in->codec == &codec_xz ? "xz -dc" : "bzip2 -dc");
        return ST_FORMAT;
    }
    return in->codec->open(&in->state, &in->stored, err);
}

static bool
is_young(const struct file_id *file)
{
    struct timespec now;
    int64_t edge;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return true;
    edge = nanoseconds(now) - INT64_C(2000000000);
    return file->mtime_ns > edge || file->ctime_ns > edge;
}

static enum st
open_file(struct input *in, const struct source *source, struct err *err)
{
    struct stat st;
    enum st rc;

    if ((rc = open_regular(source->path, &in->fd, &st, err)) != ST_OK)
        return rc;
    in->file = file_id_of(&st);
    in->young = is_young(&in->file);
    in->stored_hash = hash_stream_new(in->secret);
    if (in->stored_hash == NULL)
        return err_memory(err, "cannot read input");
    posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if ((rc = stored_init(&in->stored, in->fd, (uint64_t)st.st_size, in->stored_hash, err)) != ST_OK ||
        (rc = choose_codec(in, err)) != ST_OK)
        return rc;
    if (in->codec == &codec_plain)
        return last_line_end(in->fd, (uint64_t)st.st_size, &in->cut, err);
    in->stored.limit = UINT64_MAX; /* a growing container is refused at its end, not silently cut */
    return ST_OK;
}

enum st
input_open(struct input **out, const struct source *source, const struct hash_secret *secret, struct err *err)
{
    struct input *in = calloc(1, sizeof *in);
    enum st rc;

    if (in == NULL)
        return err_memory(err, "cannot open input");
    in->fd = -1;
    in->secret = secret;
    in->is_stdin = source->is_stdin;
    in->cut = UINT64_MAX;
    murmur3_init(&in->blocks);
    if (source->is_stdin) {
        in->fd = STDIN_FILENO;
        rc = stored_init(&in->stored, in->fd, UINT64_MAX, NULL, err);
        if (rc == ST_OK)
            rc = choose_codec(in, err);
    } else {
        rc = open_file(in, source, err);
    }
    if (rc != ST_OK) {
        input_close(in);
        return rc;
    }
    *out = in;
    return ST_OK;
}

/* Blocks are full but for the last of all, which is kept out of `blocks`: see input_result. */
static void
identify(struct input *in, const char *p, size_t n)
{
    if (in->identity.length == 0)
        in->identity.head = hash_keyed(in->secret, p, n < HEAD_BYTES ? n : HEAD_BYTES);
    in->identity.length += n;
    for (; n >= IDENTITY_BLOCK; n -= IDENTITY_BLOCK, p += IDENTITY_BLOCK) {
        struct digest d = hash_keyed(in->secret, p, IDENTITY_BLOCK);

        murmur3_add16(&in->blocks, d.b);
    }
    if (n > 0) {
        struct digest d = hash_keyed(in->secret, p, n);

        murmur3_add16(&in->blocks, d.b);
    }
}

/* All has been decoded: read what a plain file has behind its last line, and look whether it is still the same file. */
static enum st
finish(struct input *in, struct err *err)
{
    struct stat st;
    enum st rc = ST_OK;
    uint8_t length[8];

    while (in->codec == &codec_plain && (rc = stored_fill(&in->stored, err)) == ST_OK)
        in->stored.at = in->stored.end;
    if (rc != ST_OK && rc != ST_EOF)
        return rc;
    if (!in->is_stdin) {
        if (fstat(in->fd, &st) != 0)
            return err_fail(err, ST_IO, "cannot read input", "%s", strerror(errno));
        if (in->stored.n_read < (uint64_t)in->file.size)
            return err_fail(err, ST_CHANGED, "cannot read input", "the file became shorter while it was read");
        if (in->codec != &codec_plain &&
            (st.st_size != in->file.size || nanoseconds(st.st_mtim) != in->file.mtime_ns)) {
            err_fail(err, ST_CHANGED, "cannot read input", "the file changed while it was read");
            err_hint(err, "load it again once it is closed");
            return ST_CHANGED;
        }
    }
    if (in->identity.length == 0)
        in->identity.head = hash_keyed(in->secret, "", 0);
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(in->identity.length >> (8 * i));
    in->identity.hash = murmur3_finish(&in->blocks, length, sizeof length);
    in->ended = true;
    return ST_EOF;
}

enum st
input_read(struct input *in, char *p, size_t cap, size_t *n, struct err *err)
{
    uint64_t left = in->cut == UINT64_MAX ? UINT64_MAX : in->cut - in->identity.length;
    enum st rc = ST_OK;

    assert(cap % IDENTITY_BLOCK == 0);
    *n = 0;
    if (left < cap)
        cap = (size_t)left;
    while (*n < cap) {
        size_t got;

        rc = in->codec->read(in->state, &in->stored, p + *n, cap - *n, &got, err);
        if (rc == ST_EOF)
            break;
        if (rc != ST_OK)
            return rc;
        *n += got;
    }
    if (*n == 0)
        return in->ended ? ST_EOF : finish(in, err);
    identify(in, p, *n);
    return ST_OK;
}

void
input_result(const struct input *in, struct input_result *out)
{
    assert(in->ended);
    *out = (struct input_result){
        .identity = in->identity,
        .file = in->file,
        .young = in->young,
        .stored_bytes = in->stored.n_read,
        .codec = in->codec->name,
    };
    if (in->stored_hash != NULL)
        out->stored = hash_stream_finish(in->stored_hash);
    if (in->cut != UINT64_MAX)
        out->unterminated_bytes = (uint64_t)in->file.size - in->cut;
}

uint64_t
input_position(const struct input *in)
{
    return in->stored.n_read;
}

void
input_close(struct input *in)
{
    if (in == NULL)
        return;
    if (in->codec != NULL && in->codec->close != NULL)
        in->codec->close(in->state);
    stored_release(&in->stored);
    hash_stream_free(in->stored_hash);
    if (in->fd >= 0 && !in->is_stdin)
        close(in->fd);
    free(in);
}

enum st
input_digest_stored(const struct source *source, const struct hash_secret *secret, struct digest *out, struct err *err)
{
    struct hash_stream *hash = hash_stream_new(secret);
    struct stored stored = { 0 };
    struct stat st;
    int fd = -1;
    enum st rc;

    if (hash == NULL)
        return err_memory(err, "cannot read input");
    if ((rc = open_regular(source->path, &fd, &st, err)) != ST_OK)
        goto release;
    if ((rc = stored_init(&stored, fd, (uint64_t)st.st_size, hash, err)) != ST_OK)
        goto release;
    while ((rc = stored_fill(&stored, err)) == ST_OK)
        stored.at = stored.end;
    if (rc == ST_EOF) {
        *out = hash_stream_finish(hash);
        rc = ST_OK;
    }
release:
    stored_release(&stored);
    hash_stream_free(hash);
    if (fd >= 0)
        close(fd);
    return rc;
}
