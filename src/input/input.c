/*
 * One input from open to the end: which codec, are all bytes good, and where do they end. Stands
 * between the command line and lines/; leaves the decoding to the codecs, who the payload is to
 * identity.c and the ledger to pipeline/.
 */
#include "ingest/base.h"

#include <fcntl.h>

#include "ingest/whole.h"

#include "input_priv.h"

struct input {
    struct stored stored;
    struct hash_stream *stored_hash;
    const struct codec *codec;
    struct terms terms;
    void *state;
    int fd;
    bool is_stdin;
    bool young;
    bool ended;
    struct file_id file;
    uint64_t cut; /* decoded bytes of a plain file up to its last LF; UINT64_MAX for all others */

    struct identifying who;  /* its second half is of whoever calls input_identify */
    struct salvage *salvage; /* NULL: what is cut short is refused */
};

/* Of an input whose whole lines may stand for it. */
struct salvage {
    bool partial;
    struct err why; /* the story of the cut */
};

static const struct codec *const codecs[] = {
#define CODEC(name) &codec_##name,
#include "codecs.def"
#undef CODEC
};

/* Where a plain file's last line ends: it may be growing, and half a line must not be counted. */
static enum st
last_line_end(int fd, uint64_t size, uint64_t *out, struct err *err)
{
    char piece[4 * 1024]; /* lines are shorter; of small files it is most of the cost */
    uint64_t end = size;

    while (end > 0) {
        size_t want = end < sizeof piece ? (size_t)end : sizeof piece;
        ssize_t got = whole_pread(fd, piece, want, (off_t)(end - want));
        const char *lf;

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
not_in_this_build(const struct codec *codec, struct err *err)
{
    err_fail(err, ST_IO, "cannot decode input", "this build cannot read %s", codec->name);
    err_hint(err, "build it with %s installed, or unpack it on the way: %s FILE | ingest -",
             codec->package, codec->unpack);
    return ST_IO;
}

/* Whatever is neither a container nor known to be something else is text. */
static enum st
choose_codec(struct input *in, struct err *err)
{
    enum st rc = stored_peek(&in->stored, FOREIGN_PEEK, err);
    const uint8_t *p = in->stored.at;
    size_t n = (size_t)(in->stored.end - p);

    if (rc != ST_OK && rc != ST_EOF)
        return rc;
    in->codec = &codec_plain;
    for (size_t i = 0; n > 0 && in->codec == &codec_plain && i < ARRAY_LEN(codecs); i++)
        if (codecs[i]->is(p, n))
            in->codec = codecs[i];
    if (in->codec == &codec_plain && (rc = foreign_refuse(p, n, NULL, err)) != ST_OK)
        return rc;
    if (in->codec->open == NULL)
        return not_in_this_build(in->codec, err);
    return in->codec->open(&in->state, &in->stored, &in->terms, err);
}

/* A container in a container is not unpacked: what does one hold that somebody packed twice? */
static enum st
refuse_nested(const struct input *in, const char *p, size_t n, struct err *err)
{
    const uint8_t *bytes = (const uint8_t *)p;

    for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
        if (n >= 16 && codecs[i]->is(bytes, n)) {
            err_fail(err, ST_FORMAT, "cannot decode input", "it is %s inside %s", codecs[i]->name,
                     in->codec->name);
            err_hint(err, "unpack it on the way: %s FILE | ingest -", in->codec->unpack);
            return ST_FORMAT;
        }
    return foreign_refuse(bytes, n, in->codec->name, err);
}

static bool
is_binary(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0x09 || (p[i] > 0x0d && p[i] < 0x20 && p[i] != 0x1b) || p[i] == 0x7f)
            return true;
    return false;
}

/*
 * Half a line is left until its end is written. What has no line feed at all and is no text will
 * never have one: a container whose first bytes are damaged, or none of ours.
 */
static enum st
find_last_line(struct input *in, uint64_t size, struct err *err)
{
    enum st rc = last_line_end(in->fd, size, &in->cut, err);

    if (rc != ST_OK || in->cut > 0 ||
        !is_binary(in->stored.at, (size_t)(in->stored.end - in->stored.at)))
        return rc;
    err_fail(err, ST_FORMAT, "cannot decode input",
             "it is neither text nor a container that is known");
    err->not_a_log = true;
    return ST_FORMAT;
}

static enum st
open_file(struct input *in, const struct source *source, struct err *err)
{
    struct stat st;
    enum st rc;

    if ((rc = file_open(source->path, &in->fd, &st, err)) != ST_OK)
        return rc;
    in->file = file_id_of(&st);
    in->young = input_is_young(&in->file);
    in->stored_hash = hash_stream_new(in->who.secret);
    if (in->stored_hash == NULL)
        return err_memory(err, "cannot read input");
    if (in->file.size > (int64_t)STORED_BUF) /* else the first read takes all of it */
        posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if ((rc = stored_init(&in->stored, in->fd, (uint64_t)st.st_size, in->stored_hash, err)) !=
            ST_OK ||
        (rc = choose_codec(in, err)) != ST_OK)
        return rc;
    if (in->codec == &codec_plain)
        return find_last_line(in, (uint64_t)st.st_size, err);
    return ST_OK;
}

enum st
input_open(struct input **out, const struct source *source, const struct hash_secret *secret,
           const struct input_options *options, struct err *err)
{
    struct input *in = calloc(1, sizeof *in);
    enum st rc;

    if (in == NULL)
        return err_memory(err, "cannot open input");
    in->fd = -1;
    in->is_stdin = source->is_stdin;
    in->cut = UINT64_MAX;
    if (options != NULL) {
        in->terms.room = options->room;
        in->terms.require_integrity = options->require_integrity;
        if (options->salvage && !options->require_integrity &&
            (in->salvage = calloc(1, sizeof *in->salvage)) == NULL) {
            free(in);
            return err_memory(err, "cannot open input");
        }
    }
    identity_begin(&in->who, secret, in->salvage != NULL);
    if (source->is_stdin) {
        in->fd = source->feed == NULL ? STDIN_FILENO : -1;
        fcntl(in->fd, F_SETPIPE_SZ, PIPE_BYTES); /* where it is a pipe, and that is allowed */
        rc = stored_init(&in->stored, in->fd, UINT64_MAX, NULL, err);
        in->stored.feed = source->feed;
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

static enum st
changed(struct err *err, const char *cause)
{
    err_fail(err, ST_CHANGED, "cannot read input", "%s", cause);
    err_hint(err, "load it again once it is closed");
    return ST_CHANGED;
}

/*
 * Is it still the file that was opened? A container must not have changed at all. A plain file may
 * grow; one that was written anew under our eyes (copytruncate) begins with other bytes or is not
 * longer.
 */
static enum st
check_unchanged(struct input *in, struct err *err)
{
    size_t want = in->who.read.length < HEAD_BYTES ? (size_t)in->who.read.length : HEAD_BYTES;
    char piece[HEAD_BYTES];
    struct file_id now;
    ssize_t got;

    if (in->stored.n_read < (uint64_t)in->file.size)
        return changed(err, "the file became shorter while it was read");
    if (!file_was_written(in->fd, &in->file, &now))
        return ST_OK;
    if (in->codec != &codec_plain || now.size <= in->file.size)
        return changed(err, "the file changed while it was read");
    got = whole_pread(in->fd, piece, want, 0);
    if (got < 0)
        return err_fail(err, ST_IO, "cannot read input", "%s", strerror(errno));
    return identity_begins_with(&in->who, piece, (size_t)got)
               ? ST_OK
               : changed(err, "the file was written anew while it was read");
}

/* Damage that a writer at work would explain is called what it is. */
static enum st
explain(const struct input *in, enum st rc, struct err *err)
{
    struct file_id now;

    if (rc == ST_CORRUPT && !in->is_stdin && file_was_written(in->fd, &in->file, &now))
        return changed(err, "the file changed while it was read");
    return rc;
}

/*
 * All has been decoded: read what a plain file has behind its last line, and say what of it is
 * payload.
 */
static enum st
finish(struct input *in, struct err *err)
{
    enum st rc = ST_OK;

    while (in->codec == &codec_plain && (rc = stored_fill(&in->stored, err)) == ST_OK)
        in->stored.at = in->stored.end;
    if (rc != ST_OK && rc != ST_EOF)
        return rc;
    if (!in->is_stdin && (rc = check_unchanged(in, err)) != ST_OK)
        return rc;
    identity_end(&in->who, input_is_partial(in, NULL));
    in->ended = true;
    return ST_EOF;
}

/*
 * Of an input that is cut short the whole lines before the cut may stand for it. ST_OK: that is so,
 * and `n` bytes at `p` are the last; else what was wrong, and how they can.
 */
static enum st
salvage(struct input *in, enum st rc, const char *p, size_t n, struct err *err)
{
    struct salvage *s = in->salvage;

    if (rc != ST_CORRUPT || !err->cut_short)
        return rc;
    if (s == NULL && !in->terms.require_integrity)
        err_hint(err, "the file may still be growing: load it again once it is closed; "
                      "--salvage counts the whole lines there are");
    if (s == NULL)
        return rc;
    if (in->who.lines.length == 0 && memrchr(p, '\n', n) == NULL)
        return rc; /* there is not one */
    s->partial = true;
    s->why = *err;
    return ST_OK;
}

enum st
input_look(struct input *in, char *p, size_t cap, size_t *n, struct err *err)
{
    ssize_t got;

    *n = 0;
    if (in->cut == UINT64_MAX || in->cut == (uint64_t)in->file.size)
        return ST_OK;
    got = whole_pread(in->fd, p, cap, 0);
    if (got < 0)
        return err_fail(err, ST_IO, "cannot read input", "%s", strerror(errno));
    *n = (uint64_t)got < (uint64_t)in->file.size ? (size_t)got : (size_t)in->file.size;
    return ST_OK;
}

void
input_take_all(struct input *in)
{
    assert(in->who.read.length == 0 && !in->ended);
    in->cut = UINT64_MAX; /* what is read ends where the file ended at open */
}

enum st
input_read(struct input *in, char *p, size_t cap, size_t *n, struct err *err)
{
    uint64_t left = in->cut == UINT64_MAX ? UINT64_MAX : in->cut - in->who.read.length;
    enum st rc = ST_OK;

    assert(cap % IDENTITY_BLOCK == 0);
    *n = 0;
    if (input_is_partial(in, NULL)) /* there is nothing behind a cut */
        cap = 0;
    if (left < cap)
        cap = (size_t)left;
    while (*n < cap) {
        size_t got;

        rc = in->codec->read(in->state, &in->stored, p + *n, cap - *n, &got, err);
        if (rc == ST_EOF)
            break;
        if (rc != ST_OK && (rc = salvage(in, explain(in, rc, err), p, *n + got, err)) != ST_OK)
            return rc;
        *n += got;
        if (input_is_partial(in, NULL))
            break;
    }
    if (*n == 0)
        return in->ended ? ST_EOF : finish(in, err);
    if (in->who.read.length == 0 && in->codec != &codec_plain &&
        (rc = refuse_nested(in, p, *n, err)) != ST_OK)
        return rc;
    identity_add(&in->who, p, *n);
    return ST_OK;
}

void
input_identify(struct input *in, const char *p, size_t n)
{
    identity_hash(&in->who, p, n);
}

bool
input_is_partial(const struct input *in, struct err *why)
{
    bool partial = in->salvage != NULL && in->salvage->partial;

    if (partial && why != NULL)
        *why = in->salvage->why;
    return partial;
}

void
input_result(const struct input *in, struct input_result *out)
{
    assert(in->ended);
    *out = (struct input_result){
        .identity = identity_result(&in->who),
        .file = in->file,
        .young = in->young,
        .stored_bytes = in->stored.n_read,
        .codec = in->codec->name,
        .partial = input_is_partial(in, NULL),
        .verified = !in->terms.unverified && !input_is_partial(in, NULL),
    };
    if (in->stored_hash != NULL)
        out->stored = hash_stream_finish(in->stored_hash);
    if (in->cut != UINT64_MAX)
        out->unterminated_bytes = (uint64_t)in->file.size - in->cut;
    if (out->partial)
        out->unterminated_bytes = in->who.behind;
}

const char *
input_codec(const struct input *in)
{
    return in->codec->name;
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
    terms_give(&in->terms);
    stored_release(&in->stored);
    hash_stream_free(in->stored_hash);
    free(in->salvage);
    if (in->fd >= 0 && !in->is_stdin)
        close(in->fd);
    free(in);
}
