#include <sys/mman.h>
#include <unistd.h>

#include "ingest/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum st
decode(struct source *source, size_t cap, struct identity *out)
{
    struct hash_secret secret;
    struct input_result result;
    struct input *in;
    struct err err = { 0 };
    char *p = malloc(cap);
    enum st rc;
    size_t n, all = 0;

    memset(&secret, 7, sizeof secret);
    rc = input_open(&in, source, &secret, NULL, &err);
    if (rc == ST_OK) {
        while ((rc = input_read(in, p, cap, &n, &err)) == ST_OK && all < 16 * MIB)
            all += n;
        if (rc == ST_EOF) {
            input_result(in, &result);
            *out = result.identity;
            if (all != result.identity.length)
                abort();
        }
        input_close(in);
    }
    free(p);
    return rc;
}

/* A file of these bytes is refused or read whole, and its identity does not depend on how much is asked for at once. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity a = { 0 }, b = { 0 };
    int fd = memfd_create("fuzz", 0);
    struct source source = { 0 };
    char path[64];
    enum st rc;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    source.path = path;
    rc = decode(&source, 64 * KIB, &a);
    if (rc != ST_EOF && rc != ST_OK && rc != ST_CORRUPT && rc != ST_FORMAT)
        abort();
    if (rc != decode(&source, 256 * KIB, &b) || !digest_eq(&a.hash, &b.hash) || a.length != b.length)
        abort();
    close(fd);
    return 0;
}
