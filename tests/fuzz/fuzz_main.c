/*
 * A driver for builds without libFuzzer: runs the target over the files named, and over what becomes of each when bytes
 * are changed, doubled, cut out or taken from another file, always in the same way, so that a failure comes again.
 *
 *     fuzz_TARGET [-r ROUNDS] FILE...
 */
#include "ingest/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (64 * KIB)

struct input {
    uint8_t *p;
    size_t   n;
};

static uint64_t seed = 0x9e3779b97f4a7c15u;

static size_t
below(size_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return n == 0 ? 0 : (size_t)(seed >> 20) % n;
}

static bool
read_input(const char *path, struct input *in)
{
    FILE *file = fopen(path, "rb");

    in->p = malloc(INPUT_MAX);
    if (file == NULL || in->p == NULL)
        return false;
    in->n = fread(in->p, 1, INPUT_MAX, file);
    return fclose(file) == 0;
}

/* One change to `p`, which has room for INPUT_MAX bytes; gives the new length. */
static size_t
change(uint8_t *p, size_t n, const struct input *other)
{
    static const char telling[] = "\n\r\t \"\\[]{}:,-0#e.+u9\x80\xff";
    size_t at = below(n + 1), len = below(below(2) ? 8 : 200), from = below(other->n + 1);

    switch (below(5)) {
    case 0: /* a byte that means something */
        if (at < n)
            p[at] = (uint8_t)telling[below(sizeof telling)];
        return n;
    case 1: /* any byte */
        if (at < n)
            p[at] = (uint8_t)below(256);
        return n;
    case 2: /* cut out */
        len = len < n - at ? len : n - at;
        memmove(p + at, p + at + len, n - at - len);
        return n - len;
    case 3: /* a piece of another */
        len = len < other->n - from ? len : other->n - from;
        len = len < INPUT_MAX - n ? len : INPUT_MAX - n;
        memmove(p + at + len, p + at, n - at);
        memcpy(p + at, other->p + from, len);
        return n + len;
    default: /* a telling byte between two */
        if (n == INPUT_MAX)
            return n;
        memmove(p + at + 1, p + at, n - at);
        p[at] = (uint8_t)telling[below(sizeof telling)];
        return n + 1;
    }
}

/* An exact copy on the heap, so that a sanitizer sees a read behind it. */
static void
run(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n == 0 ? 1 : n);

    if (copy == NULL)
        abort();
    memcpy(copy, p, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void
run_changed(const struct input *inputs, size_t n_inputs, unsigned long rounds)
{
    uint8_t *p = malloc(INPUT_MAX);

    if (p == NULL)
        abort();
    for (unsigned long i = 0; i < rounds; i++) {
        const struct input *in = &inputs[below(n_inputs)];
        size_t n = in->n;

        memcpy(p, in->p, n);
        for (size_t k = 1 + below(12); k > 0; k--)
            n = change(p, n, &inputs[below(n_inputs)]);
        run(p, n);
    }
    free(p);
}

int
main(int argc, char **argv)
{
    unsigned long rounds = 0;
    struct input *inputs;
    int option, n_inputs;

    while ((option = getopt(argc, argv, "r:")) != -1) {
        if (option != 'r')
            return 2;
        rounds = strtoul(optarg, NULL, 10);
    }
    n_inputs = argc - optind;
    if (n_inputs < 1)
        return 2;
    inputs = calloc((size_t)n_inputs, sizeof *inputs);
    for (int i = 0; inputs != NULL && i < n_inputs; i++) {
        if (!read_input(argv[optind + i], &inputs[i])) {
            fprintf(stderr, "%s: cannot be read\n", argv[optind + i]);
            return 1;
        }
        run(inputs[i].p, inputs[i].n);
    }
    if (inputs != NULL)
        run_changed(inputs, (size_t)n_inputs, rounds);
    for (int i = 0; inputs != NULL && i < n_inputs; i++)
        free(inputs[i].p);
    free(inputs);
    return 0;
}
