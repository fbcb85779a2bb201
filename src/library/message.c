/*
 * What a failure is called outside, and the line that tells it. Names of files and words of
 * libraries may hold anything: what would act on a terminal is shown as \xHH. Hints are left out,
 * since they speak to somebody at the prompt.
 */
#include "ingest/base.h"

#include "library_priv.h"

static void
add_shown(struct buf *b, const char *text)
{
    struct slice s = slice_of(text);

    while (s.n > 0) {
        uint32_t c;
        size_t n = slice_character(s, &c);
        bool harmless = n > 0 && character_is_harmless(c);

        n = n == 0 ? 1 : n;
        if (harmless)
            buf_add(b, s.p, n);
        for (size_t i = 0; i < n && !harmless; i++)
            buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
        s.p += n;
        s.n -= n;
    }
}

/* "PATH:LINE: WHAT: CAUSE, at byte OFFSET of the file as stored" */
static void
tell(struct ingest *h, const struct err *err)
{
    struct buf b = { 0 };

    if (err->path[0] != '\0') {
        add_shown(&b, err->path);
        if (err->line_no > 0)
            buf_printf(&b, ":%" PRIu64, err->line_no);
        buf_text(&b, ": ");
    }
    add_shown(&b, err->what);
    if (err->cause[0] != '\0') {
        buf_text(&b, ": ");
        add_shown(&b, err->cause);
    }
    if (err->offset != UINT64_MAX)
        buf_printf(&b, ", at byte %" PRIu64 " of the file as stored", err->offset);
    snprintf(h->message, sizeof h->message, "%s", buf_str(&b) == NULL ? "no memory" : b.p);
    buf_release(&b);
}

static enum ingest_status
status_of(enum st rc)
{
    switch (rc) {
    case ST_USAGE:
        return INGEST_USAGE;
    case ST_STOPPED:
        return INGEST_STOPPED;
    case ST_MEMORY:
        return INGEST_MEMORY;
    case ST_DISK:
        return INGEST_DISK;
    default:
        return INGEST_REFUSED;
    }
}

enum ingest_status
message_end(struct ingest *h, enum st rc, bool known, const struct err *err)
{
    enum ingest_status status = status_of(rc);

    if (rc == ST_OK)
        return known ? INGEST_KNOWN : INGEST_OK;
    tell(h, err);
    h->spoiled = h->spoiled || status == INGEST_MEMORY || status == INGEST_DISK;
    return status;
}

enum ingest_status
message_usage(struct ingest *h, const char *what)
{
    snprintf(h->message, sizeof h->message, "%s", what);
    return INGEST_USAGE;
}

bool
message_begin(struct ingest *h, enum ingest_status *status)
{
    *status = INGEST_USAGE;
    if (h == NULL)
        return false;
    if (!h->ready || h->spoiled) {
        *status = message_usage(h, "this handle has failed, and can only be closed");
        return false;
    }
    h->message[0] = '\0';
    return true;
}

const char *
ingest_error(const struct ingest *h)
{
    return h == NULL ? "no memory for a handle" : h->message;
}
