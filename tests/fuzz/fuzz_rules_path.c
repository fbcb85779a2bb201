/*
 * A path of any bytes, as routes get it, against a second reader of docs/COUNTING.md: what stands behind a host, before the
 * first ? or #, with %XX undone as often as the format says. A path that is plain is one with which nothing is done.
 */
#include "ingest/rules.h"

#include "fuzz_bytes.h"

static int
digit(char c)
{
    static const char digits[] = "0123456789abcdef", capitals[] = "ABCDEF";

    for (int i = 0; i < 16; i++)
        if (c == digits[i] || (i >= 10 && c == capitals[i - 10]))
            return i;
    return -1;
}

static bool
is_one_of(const char *bytes, size_t n, char c)
{
    return memchr(bytes, c, n) != NULL;
}

/* scheme://host: a letter first, then letters, digits, + - . */
static size_t
host_bytes(const char *p, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    size_t i = 0;

    while (i < n && is_one_of(letters, i == 0 ? 52 : sizeof letters - 1, p[i]))
        i++;
    if (i == 0 || n - i < 3 || memcmp(p + i, "://", 3) != 0)
        return 0;
    for (i += 3; i < n && !is_one_of("/?#", 3, p[i]); i++)
        ;
    return i;
}

static size_t
decode_once(char *p, size_t n)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++, to++) {
        if (p[i] == '%' && i + 2 < n && digit(p[i + 1]) >= 0 && digit(p[i + 2]) >= 0) {
            p[to] = (char)(digit(p[i + 1]) * 16 + digit(p[i + 2]));
            i += 2;
        } else {
            p[to] = p[i];
        }
    }
    return to;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    unsigned decodes = take_byte(&b) % 4;
    size_t n = b.n;
    char *path = malloc(n + 1), *want = malloc(n + 1), *scratch = malloc(n + 1);
    size_t n_want = 0, from;
    struct slice got;
    struct slashes slashes;

    MUST(path != NULL && want != NULL && scratch != NULL);
    if (n > 0)
        memcpy(path, b.p, n);
    from = n > 0 && path[0] == '/' ? 0 : host_bytes(path, n);
    while (from < n && path[from] != '?' && path[from] != '#')
        want[n_want++] = path[from++];
    for (unsigned i = 0; i < decodes; i++)
        n_want = decode_once(want, n_want);
    got = path_clean((struct slice){ path, n }, decodes, scratch);
    MUST(slice_eq(got, (struct slice){ want, n_want }));
    if (path_is_plain((struct slice){ path, n }, &slashes)) {
        MUST(n_want == n && path[0] == '/' && memcmp(want, path, n) == 0);
        MUST(slashes.base == path + n - (n < 64 ? n : 64) && slashes.all == (n <= 64));
        for (size_t i = 0; i < n; i++) {
            MUST((signed char)path[i] > 0);
            if (path + i >= slashes.base)
                MUST((slashes.bits >> (path + i - slashes.base) & 1) == (path[i] == '/'));
        }
    } else if (n > 0 && n <= PATH_PLAIN_MAX && path[0] == '/') {
        bool odd = false;

        for (size_t i = 0; i < n; i++)
            odd |= (signed char)path[i] <= 0 || is_one_of("%?#", 3, path[i]);
        MUST(odd);
    }
    free(path);
    free(want);
    free(scratch);
    return 0;
}
