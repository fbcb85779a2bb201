/*
 * `custom`: lines as a server's own format string says, compiled by log_format.c. Each line is cut
 * from left to right, in one pass and without going back; which byte ends a value was decided when
 * the string was compiled.
 */
#include "cursor.h"
#include "format_priv.h"
#include "ingest/log_format.h"
#include "json.h"
#include "memo.h"
#include "request.h"
#include "syslog.h"

struct custom_state {
    bool            ready;
    size_t          marked; /* the part that drop_key names; SIZE_MAX: none */
    struct clf_memo memo;
};

/* The values of a line, by what they give. p NULL: the format has no such variable. */
struct values {
    struct slice of[LOG_FIELDS_N];
};

/* Without a --log-format: nginx's own `combined`. */
static const struct log_part default_parts[] = {
    { .field = LOG_CLIENT, .end = LOG_END_BYTE, .word = true,
      .name = { "$remote_addr", 12 }, .after = { " - ", 3 } },
    { .end = LOG_END_TEXT,
      .name = { "$remote_user", 12 }, .after = { " [", 2 } },
    { .field = LOG_CLF, .end = LOG_END_WIDTH, .width = 26,
      .name = { "$time_local", 11 }, .after = { "] \"", 3 } },
    { .field = LOG_REQUEST, .end = LOG_END_QUOTE,
      .name = { "$request", 8 }, .after = { "\" ", 2 } },
    { .field = LOG_STATUS, .end = LOG_END_BYTE, .word = true,
      .name = { "$status", 7 }, .after = { " ", 1 } },
    { .field = LOG_BYTES, .end = LOG_END_BYTE, .word = true,
      .name = { "$body_bytes_sent", 16 }, .after = { " \"", 2 } },
    { .end = LOG_END_QUOTE,
      .name = { "$http_referer", 13 }, .after = { "\" \"", 3 } },
    { .field = LOG_AGENT, .end = LOG_END_QUOTE,
      .name = { "$http_user_agent", 16 }, .after = { "\"", 1 } },
};
static const struct log_format default_format = {
    .has_body_bytes = true, .before = { "", 0 },
    .parts = default_parts, .n_parts = ARRAY_LEN(default_parts),
};

/* ---- cutting ---- */

static inline bool
text_is_at(const char *p, const char *end, struct slice text)
{
    return (size_t)(end - p) >= text.n && memcmp(p, text.p, text.n) == 0;
}

/* A word that no quotes surround. */
static inline bool
is_bare_word(const struct log_part *part)
{
    return part->word && (part->end == LOG_END_BYTE || part->end == LOG_END_LINE);
}

/* The first `text` (one byte at least) in p .. end, or NULL. */
static const char *
find_text(const char *p, const char *end, struct slice text)
{
    while (p < end) {
        p = scan_byte(p, end, text.p[0]);
        if (text_is_at(p, end, text))
            return p;
        p++;
    }
    return NULL;
}

/*
 * Is what stands at `at` the value of `next`, as far as can be told: of its width, or a word, with
 * its own text behind it? *stop is where the search for a word's end has come to; it never goes
 * back, so all calls together read the line once.
 */
static bool
fits_next(const struct log_part *next, const char *at, const char *end, const char **stop)
{
    if (next->end == LOG_END_WIDTH)
        return (size_t)(end - at) >= next->width && text_is_at(at + next->width, end, next->after);
    if (*stop < at)
        *stop = scan_either(at, end, ' ', next->end == LOG_END_BYTE ? next->after.p[0] : ' ');
    return text_is_at(*stop, end, next->after) && (next->end == LOG_END_BYTE || *stop == end);
}

/*
 * The end of a text, with what follows in its place: the user "x [y" does not end at " [" before
 * "[time] ", nor the path "/a b" at its blank before "HTTP/1.1\"".
 */
static const char *
find_before(const char *p, const char *end, const struct log_part *part,
            const struct log_part *next)
{
    const char *stop = p;

    if (next == NULL || (next->end != LOG_END_WIDTH && !is_bare_word(next)))
        return find_text(p, end, part->after);
    for (; (p = find_text(p, end, part->after)) != NULL; p++)
        if (fits_next(next, p + part->after.n, end, &stop))
            return p;
    return NULL;
}

/*
 * Lists are written "a, b", and "a : b" by nginx where a request went from one group of servers to
 * another.
 */
static const char *
find_list_end(const char *from, const char *end, struct slice text)
{
    for (const char *p = from; (p = find_text(p, end, text)) != NULL; p++) {
        if (text.p[0] != ' ')
            return p;
        if (p > from && p[-1] == ',')
            continue;
        if (text_is_at(p, end, SLICE(" : ")) || (p - from >= 2 && memcmp(p - 2, " :", 2) == 0))
            continue;
        return p;
    }
    return NULL;
}

/* The first quote in p .. end that no backslash escapes, or NULL. */
static const char *
find_quote(const char *p, const char *end)
{
    for (;; p += 2) {
        p = scan_either(p, end, '"', '\\');
        if (p >= end || *p == '"')
            return p < end ? p : NULL;
        if (end - p < 2)
            return NULL;
    }
}

/* Takes one value, and steps over the text behind it. */
static bool
take_value(struct cursor *c, const struct log_part *part, const struct log_part *next,
           struct slice *out)
{
    const char *end = c->end;

    switch (part->end) {
    case LOG_END_WIDTH:
        end = (size_t)(c->end - c->at) < part->width ? NULL : c->at + part->width;
        break;
    case LOG_END_QUOTE:
        end = find_quote(c->at, c->end);
        break;
    case LOG_END_BYTE:
        end = scan_byte(c->at, c->end, part->after.p[0]);
        break;
    case LOG_END_TEXT:
        end = find_before(c->at, c->end, part, next);
        break;
    case LOG_END_LIST:
        end = find_list_end(c->at, c->end, part->after);
        break;
    case LOG_END_LINE:
        break;
    }
    if (end == NULL || !text_is_at(end, c->end, part->after))
        return false;
    *out = (struct slice){ c->at, (size_t)(end - c->at) };
    c->at = end + part->after.n;
    return !part->word || memchr(out->p, ' ', out->n) == NULL;
}

/* Without the host in front, and the "-" behind a path that has no query. */
static struct slice
bare_path(const struct log_part *part, struct slice value)
{
    if (part->is_url) {
        const char *slash = scan_byte(value.p, value.p + value.n, '/');

        value = (struct slice){ slash, (size_t)(value.p + value.n - slash) };
    }
    if (part->dashed && value.n > 0 && value.p[value.n - 1] == '-' &&
        memchr(value.p, '?', value.n) == NULL)
        value.n--;
    return value;
}

/*
 * All values of a line. A format that ends in text lets more follow behind a blank, as `combined`
 * does.
 */
static bool
cut(const struct log_format *f, struct slice line, struct values *out, size_t marked,
    struct slice *mark)
{
    struct cursor c = cursor_at(line);

    if (!text_is_at(c.at, c.end, f->before))
        return false;
    c.at += f->before.n;
    for (size_t i = 0; i < f->n_parts; i++) {
        const struct log_part *part = &f->parts[i];
        struct slice value;

        if (!take_value(&c, part, i + 1 < f->n_parts ? part + 1 : NULL, &value))
            return false;
        if (unlikely(i == marked))
            *mark = value;
        if (unlikely(part->is_url || part->dashed))
            value = bare_path(part, value);
        out->of[part->field] = value;
    }
    return cursor_done(&c) || *c.at == ' ';
}

/*
 * The line, or what stands behind a head of syslog: nginx and Apache send it that way too, and
 * their format does not say so. A line that fits as it is has no head, whatever it begins with.
 */
static bool
cut_line(const struct log_format *f, struct slice line, struct values *out, size_t marked,
         struct slice *mark)
{
    struct slice message;

    if (likely(cut(f, line, out, marked, mark)))
        return true;
    message = syslog_message(line, true);
    return message.n < line.n && cut(f, message, out, marked, mark);
}

/* ---- escapes ---- */

/* A text with an escape that JSON does not have was not written by nginx: it stays as it is. */
static bool
undo_json(struct arena *a, struct slice *text)
{
    const char *end = text->p + text->n;
    bool lone;
    char *out;

    for (const char *p = text->p; (p = memchr(p, '\\', (size_t)(end - p))) != NULL;) {
        p = json_escape_end(p, end);
        if (p == NULL)
            return true;
    }
    out = arena_alloc(a, text->n);
    if (out == NULL)
        return false;
    *text = (struct slice){ out, json_unescape(*text, out, &lone) };
    return true;
}

/* False without memory. */
static bool
undo(struct arena *a, enum log_escape escape, struct slice *text)
{
    if (escape == LOG_ESCAPE_NONE || text->n == 0 || memchr(text->p, '\\', text->n) == NULL)
        return true;
    return escape == LOG_ESCAPE_JSON ? undo_json(a, text) : request_unescape(a, text);
}

/* ---- time ---- */

static int
month_number(struct slice name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; name.n == 3 && i < 12; i++)
        if (memcmp(names + (ptrdiff_t)3 * i, name.p, 3) == 0)
            return i + 1;
    return 0;
}

/* Two digits, or a blank and one, as strftime's %e and %k. Where nothing is logged: 00. */
static void
put_two(char *out, struct slice s)
{
    if (s.p == NULL)
        return;
    out[0] = s.p[0] == ' ' ? '0' : s.p[0];
    out[1] = s.p[1];
}

/* Pieces are put together as ISO 8601, which has its reader. Without a zone it is UTC. */
static bool
read_pieces(const struct values *v, int64_t *time_us)
{
    char text[] = "0000-00-00T00:00:00.000000+0000";
    struct slice name = v->of[LOG_MONTH_NAME], fraction = v->of[LOG_FRACTION];
    int month = name.p == NULL ? 0 : month_number(name);
    int32_t day;

    memcpy(text, v->of[LOG_YEAR].p, 4);
    put_two(text + 5, v->of[LOG_MONTH]);
    if (name.p != NULL) {
        text[5] = (char)('0' + month / 10);
        text[6] = (char)('0' + month % 10);
    }
    put_two(text + 8, v->of[LOG_DAY]);
    put_two(text + 11, v->of[LOG_HOUR]);
    put_two(text + 14, v->of[LOG_MINUTE]);
    put_two(text + 17, v->of[LOG_SECOND]);
    if (fraction.p != NULL)
        memcpy(text + 20, fraction.p, fraction.n);
    if (v->of[LOG_ZONE].p != NULL)
        memcpy(text + 26, v->of[LOG_ZONE].p, 5);
    return clock_parse_iso((struct slice){ text, sizeof text - 1 }, &day, time_us);
}

static bool
read_count(struct slice s, int64_t unit_us, int64_t *time_us)
{
    int64_t n;

    if (!num_u63(s, &n) || n >= ((int64_t)DAY_MAX + 1) * DAY_US / unit_us)
        return false;
    *time_us = n * unit_us;
    return true;
}

static bool
read_time(struct custom_state *state, const struct values *v, int64_t *time_us)
{
    int32_t day;

    if (v->of[LOG_CLF].p != NULL)
        return memo_clf(&state->memo, v->of[LOG_CLF].p, time_us);
    if (v->of[LOG_ISO].p != NULL)
        return clock_parse_iso(v->of[LOG_ISO], &day, time_us);
    if (v->of[LOG_SECONDS].p != NULL)
        return clock_parse_unix(v->of[LOG_SECONDS], time_us);
    if (v->of[LOG_MILLIS].p != NULL)
        return read_count(v->of[LOG_MILLIS], 1000, time_us);
    if (v->of[LOG_MICROS].p != NULL)
        return read_count(v->of[LOG_MICROS], 1, time_us);
    return read_pieces(v, time_us);
}

/* ---- the record ---- */

/*
 * What a client asked for, "bytes=100-199" or "bytes=100-", in an answer 206: one range alone says
 * where the answer starts (RFC 9110, 14.1.2), and the bytes of the body where it ended.
 */
static void
read_asked_range(struct slice s, bool has_body_bytes, struct record *rec)
{
    struct cursor c = cursor_at(s);
    struct slice first, last;
    int64_t from, to = INT64_MAX;

    if (!slice_starts(s, SLICE("bytes=")))
        return;
    c.at += strlen("bytes=");
    if (!take_until(&c, '-', &first) || !num_u63(first, &from))
        return;
    last = (struct slice){ c.at, (size_t)(c.end - c.at) };
    if (last.n > 0 && (!num_u63(last, &to) || to < from))
        return;
    rec->range = from == 0 ? RANGE_ZERO : RANGE_LATER;
    if (has_body_bytes && rec->bytes > 0 && rec->bytes <= INT64_MAX - from) {
        rec->range_first = from;
        rec->range_end = from + rec->bytes;
    }
}

static void
read_range(const struct log_format *f, const struct values *v, struct record *rec)
{
    if (rec->status != 206)
        return;
    if (v->of[LOG_CONTENT_RANGE].p != NULL)
        request_content_range(v->of[LOG_CONTENT_RANGE], rec);
    if (rec->range == RANGE_UNKNOWN && v->of[LOG_RANGE].p != NULL)
        read_asked_range(v->of[LOG_RANGE], f->has_body_bytes, rec);
}

static bool
is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* False without memory. */
static bool
read_texts(struct parser *p, const struct log_format *f, const struct values *v, struct record *rec)
{
    const struct slice country = v->of[LOG_COUNTRY];

    rec->path_decodes = 1;
    if (v->of[LOG_REQUEST].p != NULL) {
        request_split(v->of[LOG_REQUEST], rec);
    } else {
        rec->method = v->of[LOG_METHOD];
        rec->path = v->of[LOG_TARGET];
        if (rec->path.p == NULL) {
            rec->path = v->of[LOG_URI];
            rec->path_decodes = 0; /* the server did */
        }
    }
    rec->client = v->of[LOG_CLIENT];
    rec->forwarded = v->of[LOG_FORWARDED];
    rec->agent = v->of[LOG_AGENT];
    if (country.n == 2 && is_letter(country.p[0]) && is_letter(country.p[1]))
        rec->country = country;
    if (!undo(&p->scratch, f->escape, &rec->path))
        return false;
    /*
     * As in `combined`, other texts stay as logged; but in JSON a quote is escaped that none of
     * them ends at.
     */
    return f->escape != LOG_ESCAPE_JSON || (undo(&p->scratch, f->escape, &rec->agent) &&
                                            undo(&p->scratch, f->escape, &rec->forwarded));
}

static size_t
find_marked(const struct log_format *f, const char *key)
{
    struct slice want = key == NULL ? (struct slice){ NULL, 0 } : slice_of(key);

    for (size_t i = 0; key != NULL && i < f->n_parts; i++) {
        struct slice name = f->parts[i].name;

        if (slice_eq(name, want) || slice_eq((struct slice){ name.p + 1, name.n - 1 }, want))
            return i;
    }
    return SIZE_MAX;
}

static enum reason
custom_line(struct parser *p, struct slice line, struct record *rec)
{
    const struct log_format *f =
        p->options->log_format != NULL ? p->options->log_format : &default_format;
    struct custom_state *state = p->state;
    struct values v = { 0 };

    if (unlikely(!state->ready)) {
        state->marked = find_marked(f, p->options->drop_key);
        state->ready = true;
    }
    if (!cut_line(f, line, &v, state->marked, &rec->marked))
        return REJECT_FIELDS;
    if (!read_time(state, &v, &rec->time_us))
        return REJECT_TIME;
    rec->day = (int32_t)(rec->time_us / DAY_US);
    rec->hour = (uint8_t)(rec->time_us % DAY_US / (3600 * INT64_C(1000000)));
    if (v.of[LOG_STATUS].p != NULL && !field_status(v.of[LOG_STATUS], &rec->status))
        return REJECT_NUMBER;
    if (v.of[LOG_BYTES].p != NULL && !field_bytes(v.of[LOG_BYTES], &rec->bytes))
        return REJECT_NUMBER;
    if (!read_texts(p, f, &v, rec))
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    read_range(f, &v, rec);
    return KEEP;
}

/* Any line may be of a format that nobody described: it is used when it is named. */
static int
custom_sniff(struct slice head)
{
    (void)head;
    return 0;
}

#define LINE(time, rest) "192.0.2.7 - - [" time "] \"GET /a HTTP/1.1\" " rest

static const struct format_example custom_examples[] = {
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), KEEP, 200, 42 },
    { LINE("29/Feb/2024:23:59:60 -0330", "206 - \"-\" \"a \\\" b\" 0.003"), KEEP, 206, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "200 42"), REJECT_FIELDS, 0, 0 },
    { LINE("31/Feb/2024:00:00:01 +0000", "200 42 \"-\" \"curl/8\""), REJECT_TIME, 0, 0 },
    { LINE("01/Mar/2024:00:00:01 +0000", "20 42 \"-\" \"curl/8\""), REJECT_NUMBER, 0, 0 },
};

const struct format format_custom = {
    .name = "custom",
    .about = "lines as --log-format says, in nginx's or Apache's words",
    .dataset = "stats",
    .line = custom_line,
    .sniff = custom_sniff,
    .own_heads = true,
    .state_bytes = sizeof(struct custom_state),
    .examples = custom_examples,
    .n_examples = ARRAY_LEN(custom_examples),
};
