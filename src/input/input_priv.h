/*
 * Inside input/: the bytes of a file as stored, and the codecs that decode them.
 */
#ifndef INPUT_PRIV_H
#define INPUT_PRIV_H

#include <sys/stat.h>

#include "ingest/input.h"

#define STORED_BUF    (128 * KIB)
#define MAGIC_MAX     6
#define STORED_UNREAD 16 /* bytes that a decoder may put back after a refill */

/* Reads a file descriptor; hashes what passes. Bytes not yet taken are at `at`..`end`. */
struct stored {
    int                 fd;
    uint64_t            limit;    /* stop here: the size at open of a regular file; UINT64_MAX for a stream */
    uint64_t            n_read;   /* bytes taken from fd */
    bool                eof;
    struct hash_stream *hash;     /* NULL for streams */
    uint8_t            *at, *end;
    uint8_t            *buf;      /* STORED_UNREAD + STORED_BUF bytes */
};

enum st stored_init(struct stored *s, int fd, uint64_t limit, struct hash_stream *hash, struct err *err);
void    stored_release(struct stored *s);
/* Makes at least one byte available at `at`. ST_OK, ST_EOF, ST_IO. The last STORED_UNREAD bytes before stay readable in front of `at`. */
enum st stored_fill(struct stored *s, struct err *err);
/* As stored_fill, and tries for at least `n` (at most STORED_UNREAD) bytes: a pipe may bring them one by one. For the first bytes only. */
enum st stored_peek(struct stored *s, size_t n, struct err *err);
/* Where `at` is in the file. */
uint64_t stored_offset(const struct stored *s);

struct file_id file_id_of(const struct stat *st);

struct codec {
    const char *name;
    uint8_t     magic[MAGIC_MAX];
    size_t      n_magic;
    /* NULL: a container that we know and do not read; `about` is the command that unpacks it. */
    enum st (*open)(void **state, struct stored *s, struct err *err);
    /* Up to `cap` bytes; *n 0 with ST_EOF only. ST_OK, ST_EOF, ST_CORRUPT, ST_IO, ST_MEMORY. */
    enum st (*read)(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err);
    void (*close)(void *state);
    const char *about;
};
extern const struct codec codec_gzip;
extern const struct codec codec_plain;

#endif
