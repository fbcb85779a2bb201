/*
 * Inputs: what the command line names, opened, decoded and identified. Gives decoded bytes and, at the end, the
 * identity of the payload (docs/EXACTLY-ONCE.md).
 */
#ifndef INGEST_INPUT_H
#define INGEST_INPUT_H

#include <pthread.h>

#include "ingest/arena.h"
#include "ingest/base.h"
#include "ingest/err.h"
#include "ingest/hash.h"

/* ---- the list of inputs ---- */

/* A file as the file system knows it; times in nanoseconds. */
struct file_id {
    uint64_t device, inode;
    int64_t  size, mtime_ns, ctime_ns;
};

/*
 * A stream that has no descriptor: gives 1..cap of its bytes, in order, and waits for them; *n 0 is the end. ST_OK; what else it gives
 * ends the input as a failed read does.
 */
struct feeder {
    enum st (*read)(void *ctx, void *p, size_t cap, size_t *n, struct err *err);
    void *ctx;
};

struct source {
    const char    *path;      /* as named, or as found in a directory; "-" is standard input */
    bool           is_stdin;
    bool           walked;    /* found in a directory, not named */
    struct file_id file;      /* as it was when listed; zero for standard input */
    enum st        trouble;   /* ST_OK, or why it cannot be read; `cause` says more */
    const char    *cause;
    bool           too_young; /* for the list's min_age_s: not to be opened, and no failure */
    const struct feeder *feed; /* with is_stdin: where its bytes come from instead; borrowed until input_close; NULL: the descriptor */
};

struct source_list {
    struct source *at;
    size_t         n, cap;
    struct arena   names;
    int64_t        min_age_s; /* files of a walk or a list that were written to since are marked too young; 0: none is */
};

void source_list_init(struct source_list *list);
void source_list_release(struct source_list *list);

/*
 * Adds what `path` names: a regular file, "-", or every file below a directory in the order of their names, without those
 * of a temporary name (docs/INPUTS.md). What cannot be listed is added with its trouble, and so is a named thing that is no
 * regular file; below a directory such things, and links to directories, are passed over. ST_OK, ST_MEMORY.
 */
enum st source_list_add(struct source_list *list, const char *path, struct err *err);

/* The same for what a pattern has found: "-" is a name, and files may be too young. */
enum st source_list_add_listed(struct source_list *list, const char *path, struct err *err);

/*
 * Adds what the file `list_path` ("-" is standard input) lists: one name after another, each ended by `end`, '\n' or '\0';
 * the last may lack it, empty ones are passed over. Each is added as source_list_add does, but for "-", which is a name
 * here. ST_OK; ST_USAGE: the list cannot be read, or is a list of the other kind; ST_MEMORY.
 */
enum st source_list_add_from(struct source_list *list, const char *list_path, char end, struct err *err);

/* Is under its path still the file that was listed, and unchanged? False for standard input. */
bool input_is_unchanged(const struct source *source);

/* Is a time of the file under 2 s old, or in the future? Then a later write may leave the same times behind. */
bool input_is_young(const struct file_id *file);

/* ---- one input, decoded ---- */

#define IDENTITY_BLOCK (64 * KIB)
#define HEAD_BYTES     4096

/* Who a payload is, wherever it lies and however it is compressed. */
struct identity {
    struct digest hash;   /* MurmurHash3_x64_128 over the blocks' keyed digests and the length */
    struct digest head;   /* keyed digest of the first HEAD_BYTES bytes, or of all if there are fewer */
    uint64_t      length; /* decoded bytes */
};

struct input_result {
    struct identity identity;
    struct digest   stored;             /* keyed digest of the file's bytes as stored; only for files */
    struct file_id  file;               /* as it was at open */
    bool            young;              /* a time of the file is under 2 s old, or in the future: its times prove nothing yet */
    uint64_t        stored_bytes;
    uint64_t        unterminated_bytes; /* behind the last LF of a plain file, left for the next run; or of a partial input */
    const char     *codec;              /* "gzip", "zstd", ..., "plain" */
    bool            partial;            /* salvaged: there was more, behind the cut */
    bool            verified;           /* all of it stood under checksums, and they were right */
};

/*
 * The memory that all decoders of a run share for their windows: a decoder takes what its container asks for, waits while
 * others have it, and refuses a container that asks for more than `limit`. One for a run; any thread.
 */
struct decoder_room {
    size_t          memory_bytes; /* as --memory says it */
    size_t          limit, used;
    pthread_mutex_t lock;
    pthread_cond_t  freed;
};
void decoder_room_init(struct decoder_room *room, size_t memory_bytes);
void decoder_room_release(struct decoder_room *room);

struct input_options {
    struct decoder_room *room;              /* borrowed until input_close; NULL: up to DECODER_BYTES, shared with nobody */
    bool                 salvage;           /* an input that is cut short ends with its last whole line before the cut */
    bool                 require_integrity; /* refuse containers without a checksum */
};
#define DECODER_BYTES (160 * MIB)

struct input; /* one thread at a time, but for input_identify */

/*
 * Opens and looks at the magic bytes. `secret` is borrowed until input_close; `options` may be NULL. Regular files only,
 * but for standard input. ST_OK; ST_FORMAT: a container that we do not read, err->not_a_log says whether it could hold a
 * log at all; ST_IO: it cannot be opened, or not with this build or these options; ST_CHANGED; ST_MEMORY.
 */
enum st input_open(struct input **out, const struct source *source, const struct hash_secret *secret,
                   const struct input_options *options, struct err *err);

/*
 * A plain file that does not end in a LF gives its bytes up to the last one: it may be a log that is being written. For a
 * text that is no log, look at its beginning and take it all. Both only before the first input_read.
 * input_look: up to `cap` of its first bytes into `p`; *n is 0 for every other input. ST_OK, ST_IO.
 */
enum st input_look(struct input *in, char *p, size_t cap, size_t *n, struct err *err);
void    input_take_all(struct input *in);

/*
 * Fills `p` with up to `cap` decoded bytes; fewer than `cap` only at the end. `cap` is a multiple of IDENTITY_BLOCK.
 * ST_OK with *n >= 1; ST_EOF: the clean end, checksums and all; then input_result holds. ST_CORRUPT with err->offset
 * into the file as stored; ST_FORMAT, ST_IO as input_open; ST_CHANGED: the file was written to meanwhile (a plain one may
 * grow); ST_MEMORY.
 */
enum st input_read(struct input *in, char *p, size_t cap, size_t *n, struct err *err);

/*
 * Adds what input_read gave to the hash of the payload: each piece as it came, once and in order,
 * and all of them before input_result. Another thread may be in input_read meanwhile: who reads
 * ahead leaves this to the thread that looks at the bytes.
 */
void input_identify(struct input *in, const char *p, size_t n);

/*
 * Only with input_options.salvage, once input_read has given ST_EOF: was the input cut short? Then its payload ends behind
 * its last LF, and what input_read gave behind that belongs to no one; *why is what the cut would have been refused with.
 * An input that has no whole line before its cut is refused all the same, and so are all under require_integrity: the
 * checksum that would speak for the lines lies behind the cut.
 */
bool input_is_partial(const struct input *in, struct err *why);

/* After ST_EOF, when input_identify has had all bytes. */
void input_result(const struct input *in, struct input_result *out);

/* "gzip", "zstd", ..., "plain". */
const char *input_codec(const struct input *in);

/*
 * The hash that the beginning of a text has as a payload, at any length: bytes are added in order, in pieces of any size, and the hash may be
 * asked for between them. prefix_new gives NULL without memory and borrows `secret`; prefix_free accepts NULL.
 */
struct prefix;
struct prefix *prefix_new(const struct hash_secret *secret);
void           prefix_add(struct prefix *p, const char *bytes, size_t n);
struct digest  prefix_hash(const struct prefix *p);
void           prefix_free(struct prefix *p);

/* Bytes as stored that have been read, for progress. */
uint64_t input_position(const struct input *in);

void input_close(struct input *in);

/* The keyed digest of a file as stored, without decoding. ST_OK; ST_EOF: under its path there is no longer the file that was
 * listed, or it was written to since; ST_IO, ST_MEMORY. */
enum st input_digest_stored(const struct source *source, const struct hash_secret *secret, struct digest *out, struct err *err);

#endif
