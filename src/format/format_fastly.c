/*
 * Fastly's logs, as three registries have them written: crates.io one JSON object a line,
 * rubygems.org and hex.pm text (fastly_text.c). Of the object only the keys that count are looked
 * at, but every byte is checked. What a line becomes, and in which order it is tested:
 * docs/COUNTING.md.
 */
#include "cursor.h"
#include "fastly_text.h"
#include "format_priv.h"
#include "json_pattern.h"
#include "memo.h"
#include "shape.h"
#include "syslog.h"

/* wanted member, its key */
#define MEMBERS(M)                   \
    M(BYTES, "bytes")                \
    M(DATE_TIME, "date_time")        \
    M(HTTP, "http")                  \
    M(IP, "ip")                      \
    M(METHOD, "method")              \
    M(STATUS, "status")              \
    M(URL, "url")                    \
    M(VERSION, "version")            \
    M(AGENT, "http.useragent")

enum member {
    MEMBER_OTHER,
#define MEMBER(upper, key) MEMBER_##upper,
    MEMBERS(MEMBER)
#undef MEMBER
    MEMBER_MARKED,       /* what options->drop_key names, if it is none of these */
    MEMBER_NESTED_AGENT, /* of the object http */
    MEMBERS_N
};
#define KEYS_N (MEMBER_MARKED - 1)

static const struct slice line_keys[KEYS_N] = {
#define MEMBER(upper, key) { key, sizeof(key) - 1 },
    MEMBERS(MEMBER)
#undef MEMBER
};
static const struct slice http_keys[] = { { "useragent", 9 } };

static const struct shape_keys of_line = { line_keys, KEYS_N };
static const struct shape_keys of_http = { http_keys, ARRAY_LEN(http_keys) };

struct fastly {
    struct shape    line, http;
    struct iso_memo time;

    /* With options->drop_key: the keys of line_keys and that one, which is the member `marked`. */
    struct shape_keys more_keys;
    struct slice      keys[KEYS_N + 1];
    enum member       marked; /* MEMBER_OTHER: nothing is looked for */

    /* Lines that are as one before them but for their values. */
    struct json_pattern pattern;
    size_t              n_other; /* lines in a row that went the general way */
};

/* Reads what is to be marked out of the options, once. */
static void
learn_mark(struct fastly *f, const char *drop_key)
{
    struct slice wanted = slice_of(drop_key);

    memcpy(f->keys, line_keys, sizeof line_keys);
    f->keys[KEYS_N] = wanted;
    f->more_keys = (struct shape_keys){ f->keys, KEYS_N + 1 };
    f->marked = MEMBER_MARKED;
    for (unsigned i = 0; i < KEYS_N; i++)
        if (slice_eq(wanted, line_keys[i]))
            f->marked = (enum member)(i + 1);
}

/* ---- walking ---- */

/* The object http at j->at. A key that comes twice: the last one holds, and so does the last http.
 */
static bool
walk_http(struct fastly *f, struct json *j, struct json_value *agent)
{
    struct shape_walk w = shape_begin(&f->http, &of_http);
    struct json_value ignored;
    enum json_step step;

    j->at++;
    while ((step = shape_next(&w, j)) == JSON_NEXT)
        if (!json_value(j, 2, w.name != 0 ? agent : &ignored))
            return false;
    return step == JSON_END;
}

/* The whole object, once. False: no JSON. */
static bool
walk_line(struct fastly *f, struct json *j, struct json_value v[MEMBERS_N])
{
    struct shape_walk w = shape_begin(&f->line, f->marked != 0 ? &f->more_keys : &of_line);
    enum json_step step;

    j->at++;
    while ((step = shape_next(&w, j)) == JSON_NEXT) {
        if (w.name == MEMBER_HTTP) {
            v[MEMBER_NESTED_AGENT].kind = JSON_ABSENT;
            if (json_peek(j) == '{') {
                if (!walk_http(f, j, &v[MEMBER_NESTED_AGENT]))
                    return false;
                continue;
            }
        }
        if (!json_value(j, 1, &v[w.name]))
            return false;
    }
    json_peek(j);
    return step == JSON_END && j->at == j->end;
}

/* ---- reading ---- */

/* A string into *out; null or nothing leaves that as it is. */
static inline bool
read_optional(struct parser *p, const struct json_value *v, struct slice *out)
{
    bool lone;

    if (v->kind == JSON_STRING)
        return json_text(&p->scratch, v, &lone, out);
    return v->kind == JSON_ABSENT || v->kind == JSON_NULL;
}

/* "1", or none. */
static inline bool
is_our_version(const struct json_value *v)
{
    if (likely(v->kind == JSON_STRING && slice_is(v->text, "1")))
        return true;
    return v->kind == JSON_ABSENT || json_is(v, "1");
}

static inline enum reason
read_texts(struct parser *p, const struct json_value v[MEMBERS_N], struct record *rec)
{
    const struct json_value *agent = &v[MEMBER_AGENT];

    if (!is_our_version(&v[MEMBER_VERSION]))
        return REJECT_FIELDS;
    if (v[MEMBER_DATE_TIME].kind != JSON_STRING || v[MEMBER_METHOD].kind != JSON_STRING ||
        v[MEMBER_URL].kind != JSON_STRING || v[MEMBER_STATUS].kind == JSON_ABSENT)
        return REJECT_FIELDS;
    if (agent->kind == JSON_ABSENT)
        agent = &v[MEMBER_NESTED_AGENT];
    if (!read_optional(p, &v[MEMBER_IP], &rec->client) || !read_optional(p, agent, &rec->agent) ||
        !read_optional(p, &v[MEMBER_METHOD], &rec->method) ||
        !read_optional(p, &v[MEMBER_URL], &rec->path))
        return REJECT_FIELDS;
    return KEEP;
}

static inline bool
read_status(const struct json_value *v, uint16_t *out)
{
    return v->kind == JSON_INTEGER && num_status(v->text, out);
}

static inline bool
read_bytes(const struct json_value *v, int64_t *out)
{
    return v->kind == JSON_ABSENT || v->kind == JSON_NULL || json_u63(v, out);
}

/* The text of what drop_key names: of a string its text, of anything else what stands there. */
static bool
read_mark(struct parser *p, const struct json_value *v, struct slice *out)
{
    bool lone;

    if (v->kind == JSON_STRING)
        return json_text(&p->scratch, v, &lone, out);
    if (v->kind != JSON_ABSENT && v->kind != JSON_NULL)
        *out = v->text;
    return true;
}

/* The '{' that begins the line, or the one behind the first "]: "; or NULL. */
static inline const char *
find_object(struct slice line)
{
    const char *end = line.p + line.n, *p = line.p;

    if (*p == '{')
        return p;
    if (*p != '<')
        return NULL;
    while ((p = scan_byte(p, end, ']')) < end) {
        if (end - p >= 4 && memcmp(p, "]: {", 4) == 0)
            return p + 3;
        p++;
    }
    return NULL;
}

/* What the members of a line say. */
static inline enum reason
read_members(struct parser *p, const struct json_value v[MEMBERS_N], struct record *rec)
{
    struct fastly *f = p->state;
    char text[256 + 8];
    struct slice when = v[MEMBER_DATE_TIME].text;
    enum reason why;

    if ((why = read_texts(p, v, rec)) != KEEP)
        return why;
    if ((unlikely(v[MEMBER_DATE_TIME].escaped) &&
         !json_short_text(&v[MEMBER_DATE_TIME], text, 256, &when)) ||
        !memo_iso(&f->time, when, &rec->day, &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    if (!read_status(&v[MEMBER_STATUS], &rec->status) ||
        !read_bytes(&v[MEMBER_BYTES], &rec->bytes))
        return REJECT_NUMBER;
    if (wants_mark(p) && !read_mark(p, &v[f->marked], &rec->marked))
        return REJECT_FIELDS; /* no memory, which cannot be: a scratch holds far more than a line */
    rec->path_decodes = 1;
    return KEEP;
}

static inline void
forget_members(struct json_value v[MEMBERS_N])
{
    for (size_t i = 0; i < MEMBERS_N; i++)
        v[i].kind = JSON_ABSENT;
}

/* ---- lines like the one before ---- */

static unsigned
name_of(const void *ctx, unsigned outer, struct slice key)
{
    const struct shape_keys *keys = outer == 0 ? &of_line : &of_http;

    (void)ctx;
    for (unsigned i = 0; i < keys->n && (outer == 0 || outer == MEMBER_HTTP); i++)
        if (slice_eq(key, keys->keys[i])) {
            if (outer != 0)
                return MEMBER_NESTED_AGENT;
            return i + 1 == MEMBER_HTTP ? MEMBER_HTTP | PATTERN_OBJECT : i + 1;
        }
    return 0;
}

/* After the second line that went the general way, the fourth, the eighth and so on: a log of which no two lines are alike
 * does not pay for it. */
static void
learn_pattern(struct fastly *f, struct slice object)
{
    f->n_other++;
    if (f->n_other > 1 && (f->n_other & (f->n_other - 1)) == 0)
        json_pattern_learn(&f->pattern, object, name_of, NULL);
}

/* The line at p->at. False: it goes the general way. */
static inline bool
quick_line(struct parser *p, struct fastly *f, struct json_value v[MEMBERS_N], struct record *rec)
{
    size_t n_head = pattern_run(p->at, p->end, &f->pattern.n_head);
    const char *begin, *next;

    if (n_head < f->pattern.first)
        return false;
    begin = p->at + n_head - f->pattern.first;
    if ((next = json_pattern_read(&f->pattern, begin, p->end, v)) == NULL ||
        (begin > p->at && (p->heads == HEADS_NONE || !syslog_is_classic(p->at, begin))))
        return false;
    record_begin(p, rec);
    rec->why = read_members(p, v, rec);
    p->at += next - p->at;
    p->line_no++;
    return true;
}

static size_t
fastly_quick(struct parser *p, struct record *out, size_t max)
{
    struct fastly *f = p->state;
    struct json_value v[MEMBERS_N];
    size_t n = 0;

    if (wants_mark(p) || f->pattern.n_values == 0)
        return 0;
    forget_members(v);
    while (n < max && p->at < p->end && quick_line(p, f, v, &out[n]))
        n++;
    if (n > 0)
        f->n_other = 0;
    return n;
}

/* ---- any line ---- */

static enum reason
object_line(struct parser *p, struct json j, struct record *rec)
{
    struct fastly *f = p->state;
    struct slice object = { j.at, (size_t)(j.end - j.at) };
    struct json_value v[MEMBERS_N];

    if (wants_mark(p) && f->marked == MEMBER_OTHER)
        learn_mark(f, p->options->drop_key);
    forget_members(v);
    if (!walk_line(f, &j, v))
        return REJECT_JSON;
    if (!wants_mark(p))
        learn_pattern(f, object);
    return read_members(p, v, rec);
}

static enum reason
fastly_line(struct parser *p, struct slice line, struct record *rec)
{
    struct json j = { find_object(line), line.p + line.n };

    if (likely(j.at != NULL))
        return object_line(p, j, rec);
    return *line.p == '<' ? REJECT_FIELDS : fastly_text_line(p, line, rec);
}

static int
fastly_sniff(struct slice head)
{
    return format_share(&format_fastly, head);
}

#define SYSLOG "<134>2024-01-16T10:00:00Z cache-fra1 s3-request-logs[257]: "
#define HEAD   SYSLOG "{"
#define WHEN(time) "\"bytes\":742,\"date_time\":\"" time "\","
#define AGENT                                                                                      \
    "\"http\":{\"protocol\":\"HTTP/2\",\"useragent\":\"cargo/1.75.0\"},\"ip\":\"192.0.2.7\","
#define TAIL(status)                                                                               \
    "\"method\":\"GET\",\"status\":" status                                                        \
    ",\"url\":\"https://static.example.org/a\",\"version\":\"1\"}"

static const struct format_example examples[] = {
    { HEAD WHEN("2024-01-16T10:00:00.123456789Z") AGENT TAIL("200"), KEEP, 200, 742 },
    { HEAD "\"bytes\":null,\"date_time\":\"2024-01-16T10:00:00Z\"," TAIL("304"), KEEP, 304, 0 },
    { HEAD WHEN("2024-01-16T10:00:00Z") AGENT "\"method\":\"GET\",\"status\":200}", REJECT_FIELDS,
      0, 0 },
    { "{" WHEN("2024-01-16T10:00:00Z") AGENT TAIL("200"), KEEP, 200, 742 },
    { "<134>1 2024-01-16T10:00:00Z cache-fra1 s3-request-logs 257 - - {"
      WHEN("2024-01-16T10:00:00Z") TAIL("200"), KEEP, 200, 742 },
    { SYSLOG "192.0.2.7 Tue, 16 Jan 2024 10:00:00 GMT /gems/a-1.0.0.gem 200 Ruby/3.3", KEEP, 200, 0 },
    { SYSLOG "192.0.2.7 [16/Jan/2024:10:00:00 +0000] \"GET /tarballs/a-1.0.tar\" 304 \"Hex/2\" 0",
      KEEP, 304, 0 },
    { SYSLOG "192.0.2.7 Tue, 30 Feb 2024 10:00:00 GMT /gems/a-1.0.0.gem 200", REJECT_TIME, 0, 0 },
    { HEAD WHEN("2024-02-30T10:00:00Z") AGENT TAIL("200"), REJECT_TIME, 0, 0 },
    { HEAD WHEN("2024-01-16T10:00:00Z") AGENT TAIL("\"200\""), REJECT_NUMBER, 0, 0 },
    { HEAD WHEN("2024-01-16T10:00:00Z") AGENT TAIL("NaN"), REJECT_JSON, 0, 0 },
};

const struct format format_fastly = {
    .name = "fastly",
    .about = "Fastly's logs as crates.io (JSON), rubygems.org and hex.pm write them",
    .dataset = "stats",
    .line = fastly_line,
    .quick = fastly_quick,
    .sniff = fastly_sniff,
    .state_bytes = sizeof(struct fastly),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
