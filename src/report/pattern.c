/*
 * Globs. They become a parameter of LIKE, so that an index on the name serves where its beginning
 * is plain.
 */
#include "ingest/base.h"

#include "ingest/report.h"

void
report_like(struct buf *out, const char *glob)
{
    for (const char *c = glob; *c != '\0'; c++) {
        char plain = *c;

        if (plain == '*' || plain == '?') {
            buf_text(out, plain == '*' ? "%" : "_");
            continue;
        }
        if (plain == '\\' && c[1] != '\0')
            plain = *++c;
        if (plain == '%' || plain == '_' || plain == '\\')
            buf_text(out, "\\");
        buf_add(out, &plain, 1);
    }
}
