/*
 * A file apart from what it holds: opening it, telling it from another and from what it was before
 * somebody wrote to it, and the digest of its bytes as stored, for the ledger's sightings.
 */
#include "ingest/base.h"

#include <fcntl.h>

#include "input_priv.h"

static int64_t
nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct file_id
file_id_of(const struct stat *st)
{
    return (struct file_id){
        .device = st->st_dev,
        .inode = st->st_ino,
        .size = st->st_size,
        .mtime_ns = nanoseconds(st->st_mtim),
        .ctime_ns = nanoseconds(st->st_ctim),
    };
}

/* Without blocking on a FIFO, and without becoming owner of a terminal. */
enum st
file_open(const char *path, int *fd, struct stat *st, struct err *err)
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

bool
input_is_young(const struct file_id *file)
{
    struct timespec now;
    int64_t edge;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return true;
    edge = ((int64_t)now.tv_sec - 2) * 1000000000 + now.tv_nsec;
    return file->mtime_ns > edge || file->ctime_ns > edge;
}

bool
file_was_written(int fd, const struct file_id *then, struct file_id *now)
{
    struct stat st;

    *now = (struct file_id){ 0 };
    if (fstat(fd, &st) != 0)
        return true;
    *now = file_id_of(&st);
    return now->size != then->size || now->mtime_ns != then->mtime_ns;
}

static bool
is_same_file(const struct file_id *listed, const struct stat *st)
{
    struct file_id now = file_id_of(st);

    return now.device == listed->device && now.inode == listed->inode && now.size == listed->size &&
           now.mtime_ns == listed->mtime_ns && now.ctime_ns == listed->ctime_ns;
}

bool
input_is_unchanged(const struct source *source)
{
    struct stat st;

    return !source->is_stdin && stat(source->path, &st) == 0 && S_ISREG(st.st_mode) &&
           is_same_file(&source->file, &st);
}

enum st
input_digest_stored(const struct source *source, const struct hash_secret *secret,
                    struct digest *out, struct err *err)
{
    struct hash_stream *hash = hash_stream_new(secret);
    struct stored stored = { 0 };
    struct stat st = { 0 };
    int fd = -1;
    enum st rc;

    if (hash == NULL)
        return err_memory(err, "cannot read input");
    if ((rc = file_open(source->path, &fd, &st, err)) != ST_OK)
        goto release;
    if (!is_same_file(&source->file, &st)) {
        rc = ST_EOF;
        goto release;
    }
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
