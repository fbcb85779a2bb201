#include "queue_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any name comes back as it was, through ASCII; into a room of its own size, and of no smaller one. */
static void
there_and_back(const char *path)
{
    size_t n = strlen(path);
    char *back = malloc(n + 1);
    struct buf uri = { 0 };

    if (back == NULL || !file_uri_write(&uri, path))
        abort();
    for (size_t i = 0; i < uri.n; i++)
        if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f || uri.p[i] == '"' || uri.p[i] == '\\')
            abort();
    if (!file_uri_read((struct slice){ uri.p, uri.n }, back, n + 1) || strcmp(back, path) != 0)
        abort();
    if (file_uri_read((struct slice){ uri.p, uri.n }, back, n))
        abort();
    buf_release(&uri);
    free(back);
}

/* The bytes as a URI of a stranger; what is taken is an absolute path, and one that survives. Then as the end of a path. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice uri = { (const char *)data, size };
    char path[PATH_MAX], *name = malloc(size + 2);

    if (name == NULL)
        abort();
    if (file_uri_read(uri, path, sizeof path)) {
        if (path[0] != '/' || strlen(path) + strlen("file://") > uri.n)
            abort();
        there_and_back(path);
    }
    name[0] = '/';
    if (size > 0)
        memcpy(name + 1, data, size);
    name[size + 1] = '\0'; /* a NUL before it ends the name sooner */
    there_and_back(name);
    free(name);
    return 0;
}
