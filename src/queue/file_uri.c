/*
 * Names of files are bytes, JSON is text: a job holds the name as a file URI, which is ASCII and
 * the same for the same name.
 */
#include "ingest/num.h"
#include "queue_priv.h"

static bool
stands_for_itself(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

bool
file_uri_write(struct buf *out, const char *path)
{
    bool ok = buf_text(out, "file://");

    for (; *path != '\0'; path++)
        ok = stands_for_itself(*path) ? buf_add(out, path, 1)
                                      : buf_printf(out, "%%%02X", (unsigned char)*path);
    return ok && !out->failed;
}

static int
unescape(const char *p, size_t n)
{
    int high, low;

    if (n < 3 || p[0] != '%')
        return -1;
    high = num_hex_digit(p[1]);
    low = num_hex_digit(p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool
file_uri_read(struct slice uri, char *path, size_t cap)
{
    static const struct slice head = { "file://", 7 };
    size_t n = 0;

    if (!slice_starts(uri, head) || uri.n == head.n || uri.p[head.n] != '/')
        return false;
    for (size_t i = head.n; i < uri.n; i++) {
        int c = (unsigned char)uri.p[i];

        if (c == '%') {
            c = unescape(uri.p + i, uri.n - i);
            i += 2;
        }
        if (c <= 0 || n + 1 >= cap)
            return false;
        path[n++] = (char)c;
    }
    path[n] = '\0';
    return true;
}
