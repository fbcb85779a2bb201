/*
 * Rows as EIDA's aggregator sends them: one JSON document, gzipped, for the centre's web service or
 * for `ingest` itself. The layout is that of Python's json.dumps, which the aggregator uses:
 *
 *   {"generated_at": "2024-02-01 03:00:00", "version": "...", "days_coverage": ["2024-01-16", ...],
 *    "aggregation_score": 4, "stats": [{"month": "2024-01-01", "network": "GE", ...,
 *    "clients": "\\x128B7F..."}, ...]}
 *
 * all on one line. Rows are in the order of their keys; the aggregator's are in that of first
 * sight.
 */
#include "ingest/sink.h"

#include "ingest/clock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include "ingest/temporary.h"

static const char what[] = "cannot write the payload";

#define WRITE_AT (256 * KIB) /* as much text is deflated at once */

/* A sketch in hexadecimal digits deflates to little more than half whatever the level. */
#define LEVEL 3

struct eida_file {
    gzFile     gz;
    struct buf text;
    char       temporary[TEMPORARY_NAME];
};

/* ---- text ---- */

/* What json.dumps gives with its default, ensure_ascii: "\u00e9", and pairs of surrogates. */
static void
add_code_point(struct buf *b, uint32_t c)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c < 0x80 && c != 0 ? strchr(named, (int)c) : NULL;

    if (at != NULL)
        buf_printf(b, "\\%c", letters[at - named]);
    else if (c >= 0x20 && c < 0x7f)
        buf_printf(b, "%c", (int)c);
    else if (c < 0x10000)
        buf_printf(b, "\\u%04x", (unsigned)c);
    else
        buf_printf(b, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                   (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
}

/* ASCII that needs no escape: what nearly all codes are. */
static bool
is_plain(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            return false;
    }
    return true;
}

/* Texts of keys are UTF-8 without NUL: datasets see to that. */
static void
add_string(struct buf *b, struct slice s)
{
    buf_add(b, "\"", 1);
    if (likely(is_plain(s))) {
        buf_add_slice(b, s);
        s.n = 0;
    }
    for (size_t i = 0; i < s.n;) {
        unsigned char first = (unsigned char)s.p[i];
        size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        uint32_t c = len == 1 ? first : first & (0x7fu >> len);

        for (size_t k = 1; k < len && i + k < s.n; k++)
            c = c << 6 | ((unsigned char)s.p[i + k] & 0x3fu);
        add_code_point(b, c);
        i += len;
    }
    buf_add(b, "\"", 1);
}

static void
add_day(struct buf *b, int32_t day)
{
    char text[11];

    clock_format_day(day, text);
    buf_printf(b, "\"%s\"", text);
}

/* strftime("%Y-%m-%d %H:%M:%S"), UTC. */
static void
add_now(struct buf *b)
{
    int64_t now = (int64_t)time(NULL);
    int32_t day = (int32_t)(now / 86400), second = (int32_t)(now % 86400);
    char text[11];

    clock_format_day(day, text);
    buf_printf(b, "\"%s %02d:%02d:%02d\"", text, (int)(second / 3600), (int)(second / 60 % 60),
               (int)(second % 60));
}

/* Python's round(): half to even. */
static uint64_t
score(uint64_t n_lines, uint64_t n_rows)
{
    uint64_t whole = n_lines / n_rows, rest = n_lines % n_rows;

    return whole + (rest > n_rows - rest || (rest == n_rows - rest && whole % 2 == 1));
}

static void
add_head(struct buf *b, const struct eida_head *head)
{
    buf_text(b, "{\"generated_at\": ");
    add_now(b);
    buf_text(b, ", \"version\": \"ingest " INGEST_VERSION "\", \"days_coverage\": [");
    for (size_t i = 0; i < head->n_days; i++) {
        buf_text(b, i > 0 ? ", " : "");
        add_day(b, head->days[i]);
    }
    buf_printf(b, "], \"aggregation_score\": %" PRIu64 ", \"stats\": [",
               score(head->n_lines, head->n_rows));
}

/* NumberUtil.to_hex of python-hll: upper case. */
static void
add_sketch(struct buf *b, struct slice sketch)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to;

    if (!buf_reserve(b, 2 * sketch.n + 8))
        return;
    buf_text(b, "\"\\\\x");
    to = b->p + b->n;
    for (size_t i = 0; i < sketch.n; i++) {
        *to++ = digits[(unsigned char)sketch.p[i] >> 4];
        *to++ = digits[(unsigned char)sketch.p[i] & 15];
    }
    b->n += 2 * sketch.n;
    buf_add(b, "\"", 1);
}

static void
add_row(struct buf *b, const struct row *row)
{
    static const char *const texts[] = { "network", "station", "location", "channel", "country" };
    static const char *const sums[] = { "bytes", "nb_requests", "nb_successful_requests",
                                        "nb_unsuccessful_requests" };
    const uint8_t *at = (const uint8_t *)row->key.p;

    buf_text(b, "{\"month\": ");
    add_day(b, key_get_day(&at));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        buf_printf(b, ", \"%s\": ", texts[i]);
        add_string(b, key_get_text(&at));
    }
    for (size_t i = 0; i < ARRAY_LEN(sums); i++)
        buf_printf(b, ", \"%s\": %" PRId64, sums[i], row->sums[i]);
    buf_text(b, ", \"clients\": ");
    add_sketch(b, row->sketch);
    buf_text(b, "}");
}

/* ---- the file ---- */

static enum st
cannot(const char *path, struct err *err)
{
    int why = errno;

    err_fail(err, ST_DISK, what, "%s", strerror(why));
    snprintf(err->path, sizeof err->path, "%s", path);
    return ST_DISK;
}

/* zlib's functions leave errno as the system set it; its own troubles are those of memory. */
static enum st
put_text(struct eida_file *f, const char *path, struct err *err)
{
    if (f->text.failed)
        return err_memory(err, what);
    errno = ENOMEM;
    if (f->text.n > 0 && gzwrite(f->gz, f->text.p, (unsigned)f->text.n) != (int)f->text.n)
        return cannot(path, err);
    buf_reset(&f->text);
    return ST_OK;
}

static enum st
open_file(struct eida_file *f, const char *path, struct err *err)
{
    mode_t mask = umask(0);
    int fd;

    umask(mask);
    fd = temporary_beside(path, f->temporary);
    if (fd < 0)
        return cannot(path, err);
    (void)fchmod(fd, 0666 & ~mask); /* what open(2) would give it */
    errno = ENOMEM;
    f->gz = gzdopen(fd, "wb");
    if (f->gz == NULL) {
        cannot(path, err);
        close(fd);
        return ST_DISK;
    }
    gzbuffer(f->gz, WRITE_AT);
    gzsetparams(f->gz, LEVEL, Z_DEFAULT_STRATEGY);
    return ST_OK;
}

/* It may be sent as soon as it has its name: all of it is on disk by then. */
static enum st
close_file(struct eida_file *f, const char *path, enum st rc, struct err *err)
{
    int fd, closed;

    if (f->gz != NULL) {
        errno = ENOSPC;
        closed = gzclose(f->gz);
        if (rc == ST_OK && closed != Z_OK)
            rc = cannot(path, err);
    }
    if (rc == ST_OK) {
        fd = open(f->temporary, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0 || rename(f->temporary, path) != 0)
            rc = cannot(path, err);
        if (fd >= 0)
            close(fd);
    }
    if (rc != ST_OK && f->temporary[0] != '\0')
        unlink(f->temporary);
    buf_release(&f->text);
    return rc;
}

static enum st
put_rows(struct eida_file *f, const struct eida_head *head, struct rows *rows, const char *path,
         struct err *err)
{
    struct row row;
    uint64_t n = 0;
    enum st rc;

    add_head(&f->text, head);
    while ((rc = rows_next(rows, &row, err)) == ST_OK) {
        if (n++ > 0)
            buf_text(&f->text, ", ");
        add_row(&f->text, &row);
        if (f->text.n >= WRITE_AT && (rc = put_text(f, path, err)) != ST_OK)
            return rc;
    }
    if (rc != ST_EOF)
        return rc;
    assert(n == head->n_rows);
    buf_text(&f->text, "]}");
    return put_text(f, path, err);
}

enum st
sink_eida(const char *dir, const struct dataset *d, const struct eida_head *head,
          struct rows *rows, char path[EIDA_PATH_MAX], struct err *err)
{
    struct eida_file f = { 0 };
    char first[11], last[11];
    enum st rc;

    (void)d; /* without assert() nobody looks */
    assert(strcmp(d->name, "dataselect_stats") == 0 && head->n_rows > 0 && head->n_days > 0);
    clock_format_day(head->days[0], first);
    clock_format_day(head->days[head->n_days - 1], last);
    if (snprintf(path, EIDA_PATH_MAX, "%s/%s_%s.json.gz", dir, first, last) >= EIDA_PATH_MAX) {
        errno = ENAMETOOLONG;
        return cannot(dir, err);
    }
    if ((rc = open_file(&f, path, err)) == ST_OK)
        rc = put_rows(&f, head, rows, path, err);
    return close_file(&f, path, rc, err);
}
