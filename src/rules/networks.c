/*
 * The FDSN's list of networks, as far as codes that are given out more than once need it: read once
 * a run, asked for each trace of a request log.
 */
#include "ingest/networks.h"
#include "ingest/buf.h"
#include "ingest/whole.h"

#include <fcntl.h>
#include <sys/stat.h>
#ifdef INGEST_HAVE_JANSSON
#include <jansson.h>
#endif

#define FILE_BYTES_MAX (64 * MIB) /* the FDSN's list has less than one */
#define CODES          (13 * 36)
#define DATE_OPEN      INT32_MAX

static const char what[] = "cannot read the list of networks";

/* Dates are numbers YYYYMMDD: data are older than any log, and only their order matters. */
struct span {
    uint16_t code;
    int32_t  from, to; /* both included */
};

struct networks {
    struct span *spans;  /* by code, and those of a code in the order of the list */
    size_t       n;
    size_t       first[CODES + 1]; /* those of code c are [first[c], first[c + 1]) */
    struct digest id;
};

/* ---- codes and dates ---- */

/* -1: it is no temporary one. */
static int
temporary_code(struct slice code)
{
    static const char firsts[] = "0123456789XYZ";
    static const char seconds[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *a, *b;

    if (code.n != 2 || (a = memchr(firsts, code.p[0], sizeof firsts - 1)) == NULL ||
        (b = memchr(seconds, code.p[1], sizeof seconds - 1)) == NULL)
        return -1;
    return (int)(a - firsts) * 36 + (int)(b - seconds);
}

static bool
read_digits(const char *p, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *out = *out * 10 + (p[i] - '0');
    }
    return true;
}

static int
days_of_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap);
}

/* "2015", or "2015-06-01" and anything behind it. */
static bool
read_date(struct slice s, int32_t *out)
{
    int year, month = 1, day = 1;

    if (s.n < 4 || !read_digits(s.p, 4, &year) || year == 0)
        return false;
    if (s.n > 4 && (s.n < 10 || s.p[4] != '-' || s.p[7] != '-' ||
                    !read_digits(s.p + 5, 2, &month) || !read_digits(s.p + 8, 2, &day)))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
        return false;
    *out = year * 10000 + month * 100 + day;
    return true;
}

/* ---- the list ---- */

struct reading {
    struct networks *networks;
    size_t           cap;
    size_t           n_seen; /* entries, of any code */
};

/* An entry. NULL, or what is wrong with it. */
static const char *
add_network(struct reading *r, struct slice code, struct slice start, struct slice end)
{
    struct networks *n = r->networks;
    struct span span = { .to = DATE_OPEN };
    int number = temporary_code(code);

    r->n_seen++;
    if (number < 0)
        return NULL;
    span.code = (uint16_t)number;
    if (!read_date(start, &span.from))
        return "its start is no date";
    if (end.n > 0 && !read_date(end, &span.to))
        return "its end is no date";
    if (n->n == r->cap) {
        size_t cap = r->cap == 0 ? 1024 : 2 * r->cap;
        struct span *more = realloc(n->spans, cap * sizeof *more);

        if (more == NULL)
            return "there is no memory for it";
        n->spans = more;
        r->cap = cap;
    }
    n->spans[n->n++] = span;
    return NULL;
}

/* Sorts by code, keeping the list's order: counts first, then each goes to its place. */
static enum st
sort_by_code(struct networks *n, struct err *err)
{
    struct span *sorted = calloc(n->n + 1, sizeof *sorted);
    size_t next[CODES];

    if (sorted == NULL)
        return err_memory(err, what);
    for (size_t i = 0; i < n->n; i++)
        n->first[n->spans[i].code + 1]++;
    for (size_t c = 0; c < CODES; c++) {
        n->first[c + 1] += n->first[c];
        next[c] = n->first[c];
    }
    for (size_t i = 0; i < n->n; i++)
        sorted[next[n->spans[i].code]++] = n->spans[i];
    free(n->spans);
    n->spans = sorted;
    return ST_OK;
}

static enum st
fingerprint(struct networks *n, struct err *err)
{
    struct buf text = { 0 };

    buf_text(&text, "fdsn networks 1\n");
    for (size_t i = 0; i < n->n; i++)
        buf_printf(&text, "%u %" PRId32 " %" PRId32 "\n", n->spans[i].code, n->spans[i].from,
                   n->spans[i].to);
    if (!text.failed)
        n->id = hash_plain(text.p, text.n);
    buf_release(&text);
    return text.failed ? err_memory(err, what) : ST_OK;
}

/* ---- JSON ---- */

#ifdef INGEST_HAVE_JANSSON

/* What is no string is not there; a start that is not there is no date. */
static struct slice
text_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_string(v) ? (struct slice){ json_string_value(v), json_string_length(v) }
                             : (struct slice){ "", 0 };
}

static enum st
take_list(struct reading *r, const json_t *list, struct err *err)
{
    size_t i;
    json_t *entry;

    if (!json_is_array(list))
        return err_fail(err, ST_USAGE, what, "it has no list \"networks\"");
    json_array_foreach(list, i, entry) {
        struct slice code = text_of(entry, "fdsn_code");
        const char *defect = code.n == 0 ? "it has no \"fdsn_code\"" : NULL;

        if (defect == NULL)
            defect = add_network(r, code, text_of(entry, "start_date"), text_of(entry, "end_date"));
        if (defect != NULL)
            return err_fail(err, ST_USAGE, what, "network %zu of the list: %s", i + 1, defect);
    }
    return ST_OK;
}

static enum st
read_json(struct reading *r, struct slice text, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(text.p, text.n, 0, &error), *list = root;
    enum st rc;

    if (root == NULL) {
        err_fail(err, ST_USAGE, what, "no JSON: %s", error.text);
        err->line_no = error.line > 0 ? (uint64_t)error.line : 0;
        return ST_USAGE;
    }
    if (json_is_object(root))
        list = json_object_get(root, "networks");
    rc = take_list(r, list, err);
    json_decref(root);
    return rc;
}

#else

static enum st
read_json(struct reading *r, struct slice text, struct err *err)
{
    (void)r, (void)text;
    err_fail(err, ST_USAGE, what, "this build cannot read JSON");
    err_hint(err, "build it with libjansson-dev, or give the text of fdsnws-station"
                  " (level=network, format=text)");
    return ST_USAGE;
}

#endif

/* ---- text ---- */

static struct slice
trimmed(struct slice s)
{
    while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
        s.p++, s.n--;
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

/* Cuts off what stands behind the last bar. */
static bool
cut_last(struct slice *rest, struct slice *out)
{
    const char *bar = memrchr(rest->p, '|', rest->n);

    if (bar == NULL)
        return false;
    *out = trimmed((struct slice){ bar + 1, (size_t)(rest->p + rest->n - bar - 1) });
    rest->n = (size_t)(bar - rest->p);
    return true;
}

/* From behind, because a description may hold a bar. */
static const char *
read_line(struct reading *r, struct slice line)
{
    struct slice code = line, total, end, start;
    const char *bar;

    if (!cut_last(&line, &total) || !cut_last(&line, &end) || !cut_last(&line, &start) ||
        (bar = memchr(line.p, '|', line.n)) == NULL)
        return "not five fields, Network|Description|StartTime|EndTime|TotalStations";
    code.n = (size_t)(bar - code.p);
    return add_network(r, trimmed(code), start, end);
}

static enum st
read_text(struct reading *r, struct slice text, struct err *err)
{
    const char *at = text.p, *end = text.p + text.n;

    for (uint64_t line_no = 1; at < end; line_no++) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((feed == NULL ? end : feed) - at);
        struct slice line = trimmed((struct slice){ at, n });
        const char *defect = line.n == 0 || *line.p == '#' ? NULL : read_line(r, line);

        if (defect != NULL) {
            err_fail(err, ST_USAGE, what, "%s", defect);
            err->line_no = line_no;
            return ST_USAGE;
        }
        at = feed == NULL ? end : feed + 1;
    }
    return ST_OK;
}

/* ---- the file ---- */

static enum st
read_file(const char *path, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;

    while (n > 0 && out->n <= FILE_BYTES_MAX) {
        if (!buf_reserve(out, 64 * KIB)) {
            close(fd);
            return err_memory(err, what);
        }
        n = whole_read(fd, out->p + out->n, 64 * KIB);
        out->n += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        err_fail(err, ST_USAGE, what, "%s", strerror(errno));
    else if (n > 0)
        err_fail(err, ST_USAGE, what, "it is over 64 MiB");
    if (fd >= 0)
        close(fd);
    return n == 0 ? ST_OK : ST_USAGE;
}

static enum st
read_list(struct reading *r, struct slice text, struct err *err)
{
    size_t mark = slice_starts(text, SLICE("\xef\xbb\xbf")) ? 3 : 0, at;
    enum st rc;

    text.p += mark;
    text.n -= mark;
    for (at = 0; at < text.n && strchr(" \t\r\n", text.p[at]) != NULL && text.p[at] != '\0';)
        at++;
    rc = at < text.n && (text.p[at] == '{' || text.p[at] == '[') ? read_json(r, text, err)
                                                                 : read_text(r, text, err);
    if (rc == ST_OK && r->n_seen == 0)
        rc = err_fail(err, ST_USAGE, what, "there is no network in it");
    return rc;
}

enum st
networks_read(struct networks **out, const char *path, struct err *err)
{
    struct networks *n = calloc(1, sizeof *n);
    struct reading r = { .networks = n };
    struct buf text = { 0 };
    enum st rc;

    *out = NULL;
    if (n == NULL)
        return err_memory(err, what);
    if ((rc = read_file(path, &text, err)) == ST_OK &&
        (rc = read_list(&r, (struct slice){ text.p, text.n }, err)) == ST_OK &&
        (rc = sort_by_code(n, err)) == ST_OK)
        rc = fingerprint(n, err);
    buf_release(&text);
    if (rc == ST_OK) {
        *out = n;
        return ST_OK;
    }
    snprintf(err->path, sizeof err->path, "%s", path);
    networks_free(n);
    return rc;
}

void
networks_free(struct networks *n)
{
    if (n == NULL)
        return;
    free(n->spans);
    free(n);
}

struct digest
networks_id(const struct networks *n)
{
    return n->id;
}

bool
networks_extend(const struct networks *n, struct slice code, struct slice start,
                char room[NETWORK_EXTENDED], struct slice *out)
{
    int number = temporary_code(code);
    int32_t date;

    *out = code;
    if (number < 0)
        return true;
    start.n = start.n > 10 ? 10 : start.n;
    if (start.p == NULL || !read_date(start, &date))
        return false;
    for (size_t i = n->first[number]; i < n->first[number + 1]; i++) {
        char text[16];

        if (date < n->spans[i].from || date > n->spans[i].to)
            continue;
        snprintf(text, sizeof text, "%.2s%04d", code.p, n->spans[i].from / 10000 % 10000);
        memcpy(room, text, NETWORK_EXTENDED);
        *out = (struct slice){ room, NETWORK_EXTENDED };
        return true;
    }
    return false;
}
