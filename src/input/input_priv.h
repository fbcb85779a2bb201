/*
 * Inside input/: a file, its bytes as stored, the codecs that decode them, and who the payload is.
 */
#ifndef INPUT_PRIV_H
#define INPUT_PRIV_H

#include <sys/stat.h>

#include "ingest/input.h"

#define STORED_BUF    (128 * KIB)
#define PIPE_BYTES    (1 * MIB)   /* a pipe that holds more wakes its two ends less often */
#define STORED_UNREAD 32 /* bytes that a decoder may put back, after a refill too */

/* Reads a file descriptor, or a feed; hashes what passes. Bytes not yet taken are at `at`..`end`. */
struct stored {
    int                 fd;
    uint64_t            limit;    /* stop here: the size at open of a regular file; UINT64_MAX for a stream */
    uint64_t            n_read;   /* bytes taken from fd */
    bool                eof;
    struct hash_stream *hash;     /* NULL for streams */
    const struct feeder *feed;    /* instead of fd; NULL: there is none */
    uint8_t            *at, *end;
    uint8_t            *buf;      /* STORED_UNREAD + STORED_BUF bytes */
};

enum st stored_init(struct stored *s, int fd, uint64_t limit, struct hash_stream *hash, struct err *err);
void    stored_release(struct stored *s);
/* Makes at least one byte available at `at`. ST_OK, ST_EOF, ST_IO. The last STORED_UNREAD bytes before stay readable in front of `at`. */
enum st stored_fill(struct stored *s, struct err *err);
/* As stored_fill, and tries for at least `n` (at most STORED_BUF) bytes: a pipe may bring them one by one. For the first bytes only. */
enum st stored_peek(struct stored *s, size_t n, struct err *err);
/* Moves exactly `n` bytes to `p`, or over them where `p` is NULL. ST_OK; ST_EOF: the input ends before; ST_IO. */
enum st stored_take(struct stored *s, void *p, uint64_t n, struct err *err);
/* Where `at` is in the file. */
uint64_t stored_offset(const struct stored *s);

/* ---- file.c: a file apart from what it holds ---- */

struct file_id file_id_of(const struct stat *st);
/* A regular file, to read; *fd is the caller's then, and -1 after a failure. ST_OK, ST_IO. */
enum st file_open(const char *path, int *fd, struct stat *st, struct err *err);
/*
 * Has the open file been written to since it was `then`? One that cannot be asked any more (ESTALE) counts as such, and
 * *now has size 0.
 */
bool file_was_written(int fd, const struct file_id *then, struct file_id *now);

/* ---- identity.c: who a payload is, as its bytes come ---- */

/*
 * Two halves, each of one thread at a time: whoever reads adds what came to the first, whoever looks at the bytes hashes them
 * into the second, maybe meanwhile.
 */
struct identifying {
    const struct hash_secret *secret;   /* borrowed */
    bool                      by_lines; /* may turn out to be cut short: `lines` and `to_lf` are kept, too */

    struct identity read;      /* head and length of all that was read; not its hash */
    struct identity lines;     /* the same of what ends with the last LF of it; length 0: there is none */
    bool            cut_short; /* at the end: `lines` are the payload */
    uint64_t        behind;    /* bytes behind them, which belong to no one */

    struct murmur3 blocks;   /* over the digests of the blocks so far */
    struct murmur3 to_lf;    /* up to the last LF */
    uint64_t       n_hashed; /* bytes in `blocks` */
};

void identity_begin(struct identifying *who, const struct hash_secret *secret, bool by_lines);
/* The next bytes, for head and length: the first piece holds the whole head, unless there is no more. */
void identity_add(struct identifying *who, const char *p, size_t n);
/* The same pieces, for the hash: of whole blocks, but for the last. */
void identity_hash(struct identifying *who, const char *p, size_t n);
/* Are these `n` bytes, HEAD_BYTES or all if there are fewer, how what was read begins? */
bool identity_begins_with(const struct identifying *who, const char *p, size_t n);
/* All was added. `cut_short`, only with `by_lines`: what stands behind the last LF does not count. */
void identity_end(struct identifying *who, bool cut_short);
/* Behind identity_end, once all was hashed. */
struct identity identity_result(const struct identifying *who);
/* The hash of a payload from that over its blocks' keyed digests, and its length in bytes. */
struct digest identity_of_blocks(const struct murmur3 *blocks, uint64_t length);

struct codec;

/* What a decoder may do, and what it says of what it has read. */
struct terms {
    struct decoder_room *room; /* NULL: its own */
    size_t               held; /* bytes of it that this decoder has */
    bool                 require_integrity;
    bool                 unverified; /* some of the data had no checksum */
};

/*
 * Instead of what is held, take `n` bytes for a window, waiting for other decoders if need be: whoever waits holds none, so
 * all of them come to an end. What is held must be free by then. ST_OK; ST_IO: more than any decoder may have.
 */
enum st terms_take(struct terms *t, uint64_t n, const struct codec *codec, struct err *err);
void    terms_give(struct terms *t); /* once the decoder has freed it */
/* Some of the data has no checksum. ST_OK; ST_IO: that is not allowed. `what` as in "this zstd frame". */
enum st terms_unverified(struct terms *t, const char *what, struct err *err);

/* One kind of container. Lists: codecs.def, in the order in which they are asked. */
struct codec {
    const char *name;
    const char *unpack;  /* the command that does: "zstd -dc" */
    const char *package; /* of Debian, that a build needs; NULL: none */
    const char *about;
    /* Do the first `n` >= 1 bytes look so? Also where they end inside the magic number. */
    bool (*is)(const uint8_t *p, size_t n);
    /* NULL: this build cannot read it. */
    enum st (*open)(void **state, struct stored *s, struct terms *terms, struct err *err);
    /*
     * Up to `cap` bytes; *n 0 with ST_EOF only, and with ST_CORRUPT of an input that is cut short *n may be what came
     * before the cut. ST_OK, ST_EOF, ST_CORRUPT, ST_FORMAT, ST_IO, ST_MEMORY.
     */
    enum st (*read)(void *state, struct stored *s, char *p, size_t cap, size_t *n, struct err *err);
    void (*close)(void *state);
};
#define CODEC(name) extern const struct codec codec_##name;
#include "codecs.def"
#undef CODEC
extern const struct codec codec_plain;

/* Do the bytes begin with `magic`, as far as they go? */
static inline bool
begins_with(const uint8_t *p, size_t n, const void *magic, size_t n_magic)
{
    return memcmp(p, magic, n < n_magic ? n : n_magic) == 0;
}

/* ---- decode.c: what all codecs do alike ---- */

/* Damage at `offset` of the file as stored. `what` as in "cannot decode gzip member". */
enum st decode_corrupt(uint64_t offset, const char *what, const char *cause, struct err *err);
/* The input ends too early. */
enum st decode_cut_short(const struct stored *s, const char *what, const char *cause, struct err *err);
/*
 * To the first byte of the next member, frame or stream; zeros before it are skipped once there was one (`any`).
 * ST_OK, ST_EOF, ST_IO.
 */
enum st decode_skip_padding(struct stored *s, bool any, struct err *err);
/*
 * Reads the `n` bytes of a magic number to `head`, one after another as long as `fits` likes them. ST_OK; ST_CORRUPT: the
 * input ends inside them, or they are rubbish behind the last `part`; ST_IO.
 */
enum st decode_magic(struct stored *s, uint8_t *head, size_t n, bool (*fits)(const uint8_t *head, size_t n), const char *what,
                     const char *part, struct err *err);

/* ---- foreign.c: what we do not read, by its first bytes ---- */

#define FOREIGN_PEEK 512

/* Refuses these first bytes if they are known not to be a log; `inside` names the container around them, or is NULL. ST_OK, ST_FORMAT. */
enum st foreign_refuse(const uint8_t *p, size_t n, const char *inside, struct err *err);

#endif
