/*
 * The FDSN's list of networks, JSON or text: refused with a sentence, or read; then every temporary code of every year has an
 * extended code that begins with it, or none, and the same list is the same list.
 */
#include "ingest/networks.h"

#include "fuzz_bytes.h"

static void
ask(const struct networks *n, const char *code, int year)
{
    char start[32], room[NETWORK_EXTENDED];
    struct slice out;

    snprintf(start, sizeof start, "%04d-06-01", year);
    if (!networks_extend(n, slice_of(code), slice_of(start), room, &out))
        return;
    MUST(out.n == NETWORK_EXTENDED && memcmp(out.p, code, 2) == 0);
    for (size_t i = 2; i < out.n; i++)
        MUST(out.p[i] >= '0' && out.p[i] <= '9');
}

static void
read_again(const struct networks *n, const char *path)
{
    struct networks *same;
    struct digest a = networks_id(n), b;
    struct err err;

    MUST(networks_read(&same, path, &err) == ST_OK);
    b = networks_id(same);
    MUST(digest_eq(&a, &b));
    networks_free(same);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codes[] = { "X1", "Z3", "YZ", "00", "9A" };
    struct networks *n;
    struct err err = { 0 };
    struct slice out;
    char path[64], room[NETWORK_EXTENDED];
    int fd = memory_file(data, size, path);
    enum st rc = networks_read(&n, path, &err);

    MUST(rc == ST_OK || (rc == ST_USAGE && err.path[0] != '\0' && err.cause[0] != '\0'));
    if (rc == ST_OK) {
        for (size_t i = 0; i < ARRAY_LEN(codes); i++)
            for (int year = 1990; year < 2030; year += 3)
                ask(n, codes[i], year);
        MUST(networks_extend(n, SLICE("GE"), SLICE("2015"), room, &out) && slice_is(out, "GE"));
        read_again(n, path);
    }
    networks_free(n);
    close(fd);
    return 0;
}
