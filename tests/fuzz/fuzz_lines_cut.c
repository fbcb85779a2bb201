/*
 * Texts of up to a few megabytes, written down in a few bytes, through a pipe in pieces of any size or from a file, cut at
 * once or ahead by a thread: the lines must be those that splitting at each LF gives, numbers and offsets included, and
 * the lines that are too long must be counted and nothing else lost; and the payload's hash must be that of all bytes.
 */
#include <pthread.h>

#include "ingest/lines.h"

#include "fuzz_bytes.h"

#define TEXT_MAX (3 * MIB)

static char  *text;
static size_t n_text;

/* Each two bytes are a run: so many of this byte. Runs around the window and the longest line have letters of their own. */
static void
write_text(struct bytes *b)
{
    static const char      of[8] = { '\n', '\n', 'x', 'y', '\r', '\0', '"', '\n' };
    static const uint32_t  long_runs[8] = { 64 * KIB, LINES_WINDOW - 1, LINES_WINDOW, LINES_WINDOW + 1,
                                            LINE_BYTES_MAX - 1, LINE_BYTES_MAX, LINE_BYTES_MAX + 1, 4097 };

    for (n_text = 0; b->n > 0;) {
        uint8_t what = take_byte(b), many = take_byte(b);
        size_t n = many < 192 ? many : long_runs[many % 8] - (many & 8);
        char byte = of[what % 8];

        if (many >= 192 && byte == '\n') /* a megabyte of empty lines is slow, and nothing new */
            n %= 256;
        n = n < TEXT_MAX - n_text ? n : TEXT_MAX - n_text;
        memset(text + n_text, byte, n);
        n_text += n;
        if (what & 8 && n_text < TEXT_MAX)
            text[n_text++] = '\n';
    }
}

struct writer {
    int    to;
    size_t piece; /* bytes of a write; the next ones differ */
};

static void *
write_pieces(void *arg)
{
    const struct writer *w = arg;
    size_t at = 0, piece = w->piece;

    while (at < n_text) {
        size_t n = piece < n_text - at ? piece : n_text - at;
        ssize_t done = write(w->to, text + at, n);

        MUST(done > 0);
        at += (size_t)done;
        piece = piece * 5 % 9973 + w->piece;
    }
    close(w->to);
    return NULL;
}

/* Where in the text we are, and in which line. */
struct place {
    size_t   at, end;
    uint64_t line_no;
};

/* Passes the line at p->at if it is too long. */
static bool
pass_too_long(struct place *p)
{
    const char *feed = memchr(text + p->at, '\n', p->end - p->at);
    size_t n = feed == NULL ? p->end - p->at : (size_t)(feed - (text + p->at));

    if (n <= LINE_BYTES_MAX)
        return false;
    p->at += n + (feed != NULL);
    p->line_no++;
    return true;
}

static void
hold_block(struct place *p, const struct block *block)
{
    if (block->n_too_long > 0)
        MUST(block->too_long_offset == p->at);
    for (uint64_t i = 0; i < block->n_too_long; i++)
        MUST(pass_too_long(p));
    MUST(block->first_line_no == p->line_no && block->n <= p->end - p->at);
    if (block->n == 0)
        return;
    MUST(block->offset == p->at && memcmp(block->p, text + p->at, block->n) == 0);
    for (const char *end = text + p->at + block->n; text + p->at < end; p->line_no++) {
        const char *feed = memchr(text + p->at, '\n', (size_t)(end - (text + p->at)));

        MUST(feed != NULL || p->at + block->n > p->at);
        MUST(feed != NULL || end == text + p->end); /* the last line alone may lack it */
        MUST((size_t)((feed == NULL ? end : feed) - (text + p->at)) <= LINE_BYTES_MAX);
        p->at = feed == NULL ? p->end : (size_t)(feed + 1 - text);
    }
}

static void
hold_hash(const struct input *in, size_t n, const struct hash_secret *secret)
{
    struct prefix *slow = prefix_new(secret);
    struct input_result result;
    struct digest hash;

    MUST(slow != NULL);
    prefix_add(slow, text, n);
    hash = prefix_hash(slow);
    input_result(in, &result);
    MUST(result.identity.length == n && digest_eq(&result.identity.hash, &hash));
    prefix_free(slow);
}

static void
hold_lines(struct lines *l, struct input *in, struct place p, bool ahead)
{
    struct block block;
    struct err err = { 0 };
    enum st rc;

    lines_start(l, in);
    if (ahead)
        lines_go_ahead(l);
    while ((rc = lines_next(l, &block, &err)) == ST_OK) {
        hold_block(&p, &block);
        lines_used(l, p.line_no);
    }
    MUST(rc == ST_EOF && p.at == p.end);
    lines_stop(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hash_secret secret;
    static struct lines *lines;
    struct bytes b = { data, size };
    uint8_t how = take_byte(&b);
    struct writer w = { .piece = 1 + (size_t)take_byte(&b) * 37 };
    struct source source = { 0 };
    struct place place = { .line_no = 1 };
    struct err err = { 0 };
    struct input *in;
    pthread_t thread;
    int ends[2], fd = -1;
    char path[64];
    enum st rc;

    if (text == NULL)
        text = malloc(TEXT_MAX);
    if (lines == NULL)
        lines = lines_new(&err);
    MUST(text != NULL && lines != NULL);
    write_text(&b);
    if (n_text == 0) /* an empty text has no lines, and a first byte that no container has */
        return 0;
    place.end = n_text;
    if (how & 1) {
        MUST(pipe(ends) == 0 && dup2(ends[0], 0) == 0 && close(ends[0]) == 0);
        w.to = ends[1];
        MUST(pthread_create(&thread, NULL, write_pieces, &w) == 0);
        source = (struct source){ .path = "-", .is_stdin = true };
    } else {
        const char *last = memrchr(text, '\n', n_text);

        fd = memory_file(text, n_text, path);
        source.path = path;
        place.end = last == NULL ? 0 : (size_t)(last + 1 - text); /* the rest is left for the next run */
    }
    rc = input_open(&in, &source, &secret, NULL, &err);
    if (rc == ST_OK) {
        hold_lines(lines, in, place, how & 2);
        hold_hash(in, place.end, &secret);
        lines_start(lines, NULL);
        input_close(in);
    }
    MUST(rc == ST_OK || rc == ST_FORMAT);
    if (how & 1) {
        char rest[4096];

        while (read(0, rest, sizeof rest) > 0)
            ;
        pthread_join(thread, NULL);
    } else {
        close(fd);
    }
    return 0;
}
