/*
 * The file of a run, a sequence of blocks of 8 KiB; numbers as the machine has them, the file never
 * leaves it.
 *
 *    0   4   "IRN" and the version
 *    4   4   bytes of payload
 *    8   8   XXH3-64 of all that follows, seeded with the block's number and the bytes of payload:
 *            a flipped bit is seen, and a block out of place
 *   16       the payload, rows: u16 bytes of key, u16 bytes of sketch (0: none), the sums, key,
 *            sketch; none crosses a block. Then zeros: blocks begin where pages of the file do,
 *            and the system need not clear the rest of one before it is written (measured).
 *
 * Reading goes by offset, so the same run can be read again when a transaction is tried again.
 */
#include "run_priv.h"

#include "ingest/temporary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct block_header {
    uint8_t  magic[4];
    uint32_t n;
    uint64_t checksum;
};

struct row_header {
    uint16_t key_n, sketch_n;
};

static const uint8_t magic[4] = { 'I', 'R', 'N', 2 };

#define PAYLOAD_MAX (RUN_BLOCK_BYTES - sizeof(struct block_header))

static_assert(sizeof(struct row_header) + SUMS_MAX * 8 + KEY_BYTES_MAX + HLL_WIRE_MAX <=
                  PAYLOAD_MAX,
              "the largest row fits a block");

static uint64_t
checksum(const uint8_t *block, uint64_t block_no, size_t n)
{
    return XXH3_64bits_withSeed(block + sizeof(struct block_header), PAYLOAD_MAX,
                                block_no | (uint64_t)n << 48);
}

/* ---- the file ---- */

enum st
run_open(struct run *run, const char *tmpdir, struct err *err)
{
    const char *dir = tmpdir != NULL ? tmpdir : getenv("TMPDIR");

    if (dir == NULL || dir[0] == '\0')
        dir = "/tmp";
    *run = (struct run){ .fd = temporary_open(dir) };
    if (run->fd >= 0)
        return ST_OK;
    err_fail(err, ST_DISK, "cannot make a temporary file", "%s: %s", dir, strerror(errno));
    err_hint(err, "set TMPDIR to a directory with room, or raise --memory");
    return ST_DISK;
}

void
run_close(struct run *run)
{
    if (run->fd >= 0)
        close(run->fd);
    run->fd = -1;
}

/* ---- writing ---- */

static enum st
write_all(int fd, const uint8_t *p, size_t n, uint64_t offset, struct err *err)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            err_fail(err, ST_DISK, "cannot write a temporary file", "%s",
                     strerror(done < 0 ? errno : ENOSPC));
            err_hint(err, "set TMPDIR to a directory with room, or raise --memory");
            return ST_DISK;
        }
        p += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return ST_OK;
}

static enum st
write_block(struct run_writer *w, struct err *err)
{
    struct block_header header = { .n = (uint32_t)w->n };
    enum st rc;

    memset(w->block + sizeof header + w->n, 0, PAYLOAD_MAX - w->n);
    memcpy(header.magic, magic, sizeof magic);
    header.checksum = checksum(w->block, w->run->n_blocks, w->n);
    memcpy(w->block, &header, sizeof header);
    if ((rc = write_all(w->run->fd, w->block, sizeof w->block, w->run->n_bytes, err)) != ST_OK)
        return rc;
    w->run->n_blocks++;
    w->run->n_bytes += sizeof w->block;
    w->n = 0;
    return ST_OK;
}

static uint8_t *
put(uint8_t *at, const void *p, size_t n)
{
    if (n > 0)
        memcpy(at, p, n);
    return at + n;
}

enum st
run_write(struct run_writer *w, const struct row *row, struct err *err)
{
    struct row_header header = { (uint16_t)row->key.n, (uint16_t)row->sketch.n };
    size_t n_sums = w->n_sums * sizeof *row->sums;
    size_t n = sizeof header + n_sums + row->key.n + row->sketch.n;
    enum st rc;
    uint8_t *at;

    assert(row->key.n <= KEY_BYTES_MAX && row->sketch.n <= HLL_WIRE_MAX);
    if (n > PAYLOAD_MAX - w->n && (rc = write_block(w, err)) != ST_OK)
        return rc;
    at = w->block + sizeof(struct block_header) + w->n;
    at = put(at, &header, sizeof header);
    at = put(at, row->sums, n_sums);
    at = put(at, row->key.p, row->key.n);
    put(at, row->sketch.p, row->sketch.n);
    w->n += n;
    return ST_OK;
}

enum st
run_finish(struct run_writer *w, struct err *err)
{
    return w->n > 0 ? write_block(w, err) : ST_OK;
}

/* ---- reading ---- */

static enum st
damaged(const struct run_reader *r, struct err *err)
{
    return err_fail(err, ST_DISK, "cannot read a temporary file back",
                    "block %" PRIu64 " of %" PRIu64 " is not as it was written", r->block_no + 1,
                    r->run->n_blocks);
}

static enum st
read_all(const struct run_reader *r, uint8_t *p, size_t n, uint64_t offset, struct err *err)
{
    while (n > 0) {
        ssize_t done = pread(r->run->fd, p, n, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_fail(err, ST_DISK, "cannot read a temporary file back", "%s",
                            strerror(errno));
        if (done == 0)
            return damaged(r, err);
        p += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return ST_OK;
}

static enum st
read_block(struct run_reader *r, struct err *err)
{
    struct block_header header;
    enum st rc;

    if ((rc = read_all(r, r->block, sizeof r->block, r->offset, err)) != ST_OK)
        return rc;
    memcpy(&header, r->block, sizeof header);
    if (memcmp(header.magic, magic, sizeof magic) != 0 || header.n == 0 ||
        header.n > PAYLOAD_MAX || header.checksum != checksum(r->block, r->block_no, header.n))
        return damaged(r, err);
    r->at = sizeof header;
    r->n = sizeof header + header.n;
    r->offset += sizeof r->block;
    r->block_no++;
    return ST_OK;
}

enum st
run_read(struct run_reader *r, struct row *row, struct err *err)
{
    struct row_header header;
    size_t n_sums = r->n_sums * sizeof *row->sums;
    enum st rc;

    if (r->at == r->n) {
        if (r->offset == r->run->n_bytes)
            return ST_EOF;
        if ((rc = read_block(r, err)) != ST_OK)
            return rc;
    }

    const uint8_t *at = r->block + r->at;

    memcpy(&header, at, sizeof header); /* the checksum has spoken for it */
    at += sizeof header;
    memcpy(row->sums, at, n_sums);
    at += n_sums;
    row->key = (struct slice){ (const char *)at, header.key_n };
    at += header.key_n;
    row->sketch = (struct slice){ header.sketch_n > 0 ? (const char *)at : NULL, header.sketch_n };
    r->at += sizeof header + n_sums + header.key_n + header.sketch_n;
    assert(r->at <= r->n);
    __builtin_prefetch(r->block + r->at); /* the next row: many others are looked at before it */
    __builtin_prefetch(r->block + r->at + 64);
    return ST_OK;
}
