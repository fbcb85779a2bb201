/*
 * A file of any bytes through the input: shared by the targets of all containers, which differ in their seeds. Bounded
 * output and a small room for windows, so that no input takes long.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <sys/mman.h>
#include <unistd.h>

#include "ingest/input.h"

#define TEXT_MAX (16 * MIB) /* no more of an input is asked for, whatever the size of a read */

/* ST_EOF; ST_OK: there may be more than TEXT_MAX; or how it is refused. */
static inline enum st
decode(struct source *source, struct decoder_room *room, size_t cap, struct identity *out)
{
    const struct input_options options = { .room = room };
    struct hash_secret secret;
    struct input_result result;
    struct input *in;
    struct err err = { 0 };
    char *p = malloc(cap);
    enum st rc;
    size_t n, all = 0;

    memset(&secret, 7, sizeof secret);
    rc = input_open(&in, source, &secret, &options, &err);
    if (rc == ST_OK) {
        while (all < TEXT_MAX &&
               (rc = input_read(in, p, cap < TEXT_MAX - all ? cap : TEXT_MAX - all, &n, &err)) ==
                   ST_OK) {
            input_identify(in, p, n);
            all += n;
        }
        if (rc == ST_EOF) {
            input_result(in, &result);
            *out = result.identity;
            if (all != result.identity.length)
                abort();
        }
        input_close(in);
    }
    if (room->used != 0)
        abort();
    free(p);
    return rc;
}

static inline bool
is_refusal(enum st rc)
{
    return rc == ST_CORRUPT || rc == ST_FORMAT;
}

/* It is refused or read whole, and its identity does not depend on how much is asked for at once. */
static inline void
fuzz_input(const uint8_t *data, size_t size)
{
    struct identity a = { 0 }, b = { 0 };
    int fd = memfd_create("fuzz", 0);
    struct source source = { 0 };
    struct decoder_room room;
    char path[64];
    enum st rc, again;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    source.path = path;
    decoder_room_init(&room, 16 * MIB);
    rc = decode(&source, &room, 64 * KIB, &a);
    if (rc != ST_EOF && rc != ST_OK && rc != ST_CORRUPT && rc != ST_FORMAT && rc != ST_IO)
        abort();
    again = decode(&source, &room, 256 * KIB, &b);
    /* What is both damaged and no log is refused for what is seen first, which the first piece's size may decide. */
    if (rc != again && !(is_refusal(rc) && is_refusal(again)))
        abort();
    if (!digest_eq(&a.hash, &b.hash) || a.length != b.length)
        abort();
    decoder_room_release(&room);
    close(fd);
}

#define FUZZ_INPUT_TARGET                                                                        \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                \
                                                                                                 \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                 \
    {                                                                                            \
        fuzz_input(data, size);                                                                  \
        return 0;                                                                                \
    }

#endif
