/*
 * A glob and a name: LIKE, as slow and plain as can be, says of the translated glob what a glob matcher of its own says of the glob.
 */
#include "ingest/report.h"

#include "fuzz_bytes.h"

#define LONGEST 24 /* both matchers try everything */

static bool
glob_fits(const char *glob, const char *name)
{
    if (*glob == '\0')
        return *name == '\0';
    if (*glob == '*')
        return glob_fits(glob + 1, name) || (*name != '\0' && glob_fits(glob, name + 1));
    if (*name == '\0')
        return false;
    if (*glob == '?')
        return glob_fits(glob + 1, name + 1);
    if (*glob == '\\' && glob[1] != '\0')
        glob++;
    return *glob == *name && glob_fits(glob + 1, name + 1);
}

/* PostgreSQL manual, 9.7.1: % any, _ one, \ the next as it is; at the end of a pattern it is an error. */
static bool
like_fits(const char *like, const char *name)
{
    if (*like == '\0')
        return *name == '\0';
    if (*like == '%')
        return like_fits(like + 1, name) || (*name != '\0' && like_fits(like, name + 1));
    if (*like == '\\') {
        like++;
        MUST(*like != '\0');
        return *name == *like && like_fits(like + 1, name + 1);
    }
    return *name != '\0' && (*like == '_' || *like == *name) && like_fits(like + 1, name + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    char glob[LONGEST + 1] = "", name[LONGEST + 1] = "";
    size_t n_glob = end == NULL ? size : (size_t)(end - data);
    size_t n_name = end == NULL ? 0 : size - n_glob - 1, n_wild = 0;
    struct buf like = { 0 };

    if (size == 0 || n_glob > LONGEST || n_name > LONGEST)
        return 0;
    memcpy(glob, data, n_glob);
    if (n_name > 0)
        memcpy(name, end + 1, n_name);
    for (const char *c = glob; *c != '\0'; c++)
        n_wild += *c == '*';
    if (n_wild > 4)
        return 0;
    report_like(&like, glob);
    MUST(buf_str(&like) != NULL);
    MUST(like_fits(like.p, name) == glob_fits(glob, name));
    buf_reset(&like);
    report_like(&like, name); /* a name without anything wild fits itself alone */
    if (strpbrk(name, "*?\\") == NULL) {
        MUST(like_fits(buf_str(&like), name));
        MUST(strcmp(glob, name) == 0 || !like_fits(buf_str(&like), glob));
    }
    buf_release(&like);
    return 0;
}
