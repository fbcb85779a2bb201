/*
 * The bytes of an input, taken piece by piece: for targets whose input is a list of things to do rather than a text. What
 * is taken behind the end is zero, so that any input is a whole one.
 */
#ifndef FUZZ_BYTES_H
#define FUZZ_BYTES_H

#include <sys/mman.h>
#include <unistd.h>

#include "ingest/base.h"
#include "ingest/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: a fuzz build may be one without. */
#define MUST(x)                                                                 \
    do {                                                                        \
        if (!(x)) {                                                             \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);     \
            abort();                                                            \
        }                                                                       \
    } while (0)

struct bytes {
    const uint8_t *p;
    size_t         n;
};

static inline uint64_t
take_number(struct bytes *b, size_t n_bytes)
{
    uint64_t v = 0;

    for (; n_bytes > 0; n_bytes--) {
        v = v << 8 | (b->n > 0 ? b->p[0] : 0);
        b->p += b->n > 0;
        b->n -= b->n > 0;
    }
    return v;
}

static inline uint8_t
take_byte(struct bytes *b)
{
    return (uint8_t)take_number(b, 1);
}

/* At most `n` bytes, where they lie. */
static inline struct slice
take_slice(struct bytes *b, size_t n)
{
    struct slice s = { (const char *)b->p, n < b->n ? n : b->n };

    b->p += s.n;
    b->n -= s.n;
    return s;
}

/* A file in memory that holds these bytes; `path` names it. Close the descriptor. */
static inline int
memory_file(const void *p, size_t n, char path[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    MUST(fd >= 0 && write(fd, p, n) == (ssize_t)n);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
