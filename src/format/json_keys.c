/*
 * Which keys of a log are which fields of a record: of the logs that are known by name, and of any
 * other by what a section [format NAME] says. Reading the section's lines is left to cli/.
 */
#include "ingest/base.h"

#include "ingest/near.h"
#include "json_keys.h"

/* ---- logs that are known ---- */

#define NAMES1(a)       1, { { a, sizeof(a) - 1 } }
#define NAMES2(a, b)    2, { { a, sizeof(a) - 1 }, { b, sizeof(b) - 1 } }
#define NAMES3(a, b, c) 3, { { a, sizeof(a) - 1 }, { b, sizeof(b) - 1 }, { c, sizeof(c) - 1 } }

/*
 * Caddy ("Log encoders" and struct LoggableHTTPRequest), nginx with escape=json (the names of its
 * variables), Traefik (access log, "Available Fields"), CloudFront's standard logging v2 (JSON,
 * with the names of its W3C log). First come the better ones: when a request began before when it
 * was logged, the body's bytes before those with headers.
 */
#define KNOWN                                                                        \
    { KEY_TIME, TIME_ISO8601, NAMES1("StartUTC") },                                  \
    { KEY_TIME, TIME_AUTO, NAMES1("ts") },                                           \
    { KEY_TIME, TIME_ISO8601, NAMES1("time_iso8601") },                              \
    { KEY_TIME, TIME_CLF, NAMES1("time_local") },                                    \
    { KEY_TIME, TIME_UNIX, NAMES1("msec") },                                         \
    { KEY_TIME, TIME_UNIX_MS, NAMES1("timestamp(ms)") },                             \
    { KEY_DATE, TIME_AUTO, NAMES1("date") },                                         \
    { KEY_CLOCK, TIME_AUTO, NAMES1("time") },                                        \
    { KEY_TIME, TIME_AUTO, NAMES1("timestamp") },                                    \
    { KEY_PATH, HOW_PLAIN, NAMES2("request", "uri") },                               \
    { KEY_PATH, HOW_PLAIN, NAMES1("request_uri") },                                  \
    { KEY_PATH, HOW_PLAIN, NAMES1("RequestPath") },                                  \
    { KEY_PATH, HOW_TWICE, NAMES1("cs-uri-stem") },                                  \
    { KEY_QUERY, HOW_PLAIN, NAMES1("cs-uri-query") },                                \
    { KEY_REQUEST, HOW_PLAIN, NAMES1("request") },                                   \
    { KEY_METHOD, HOW_PLAIN, NAMES2("request", "method") },                          \
    { KEY_METHOD, HOW_PLAIN, NAMES1("request_method") },                             \
    { KEY_METHOD, HOW_PLAIN, NAMES1("RequestMethod") },                              \
    { KEY_METHOD, HOW_PLAIN, NAMES1("cs-method") },                                  \
    { KEY_STATUS, HOW_PLAIN, NAMES1("status") },                                     \
    { KEY_STATUS, HOW_PLAIN, NAMES1("DownstreamStatus") },                           \
    { KEY_STATUS, HOW_PLAIN, NAMES1("sc-status") },                                  \
    { KEY_BYTES, HOW_PLAIN, NAMES1("size") },                                        \
    { KEY_BYTES, HOW_PLAIN, NAMES1("body_bytes_sent") },                             \
    { KEY_BYTES, HOW_PLAIN, NAMES1("bytes_sent") },                                  \
    { KEY_BYTES, HOW_PLAIN, NAMES1("DownstreamContentSize") },                       \
    { KEY_BYTES, HOW_PLAIN, NAMES1("sc-bytes") },                                    \
    { KEY_CLIENT, HOW_PLAIN, NAMES2("request", "client_ip") },                       \
    { KEY_CLIENT, HOW_PLAIN, NAMES2("request", "remote_ip") },                       \
    { KEY_CLIENT, HOW_PORT, NAMES2("request", "remote_addr") },                      \
    { KEY_CLIENT, HOW_PLAIN, NAMES1("remote_addr") },                                \
    { KEY_CLIENT, HOW_PLAIN, NAMES1("ClientHost") },                                 \
    { KEY_CLIENT, HOW_PLAIN, NAMES1("c-ip") },                                       \
    { KEY_FORWARDED, HOW_PLAIN, NAMES3("request", "headers", "X-Forwarded-For") },   \
    { KEY_FORWARDED, HOW_PLAIN, NAMES1("http_x_forwarded_for") },                    \
    { KEY_FORWARDED, HOW_PLAIN, NAMES1("request_X-Forwarded-For") },                 \
    { KEY_FORWARDED, HOW_PLAIN, NAMES1("x-forwarded-for") },                         \
    { KEY_AGENT, HOW_PLAIN, NAMES3("request", "headers", "User-Agent") },            \
    { KEY_AGENT, HOW_PLAIN, NAMES1("http_user_agent") },                             \
    { KEY_AGENT, HOW_PLAIN, NAMES1("request_User-Agent") },                          \
    { KEY_AGENT, HOW_PLAIN, NAMES1("cs(User-Agent)") },                              \
    { KEY_COUNTRY, HOW_PLAIN, NAMES1("geoip_country_code") },                        \
    { KEY_COUNTRY, HOW_PLAIN, NAMES1("c-country") },                                 \
    { KEY_CONTENT_RANGE, HOW_PLAIN, NAMES2("resp_headers", "Content-Range") },       \
    { KEY_CONTENT_RANGE, HOW_PLAIN, NAMES1("sent_http_content_range") },             \
    { KEY_CONTENT_RANGE, HOW_PLAIN, NAMES1("downstream_Content-Range") },            \
    { KEY_RANGE_START, HOW_PLAIN, NAMES1("sc-range-start") },                        \
    { KEY_RANGE_END, HOW_PLAIN, NAMES1("sc-range-end") }
#define KNOWN_N (sizeof((struct key_def[]){ KNOWN }) / sizeof(struct key_def))

const struct json_keys json_keys_known = { .format = "json", .n = KNOWN_N, .defs = { KNOWN } };

/* cranlogs: date,time,size,r_version,r_arch,r_os,package,version,country,ip_id */
const struct json_keys csv_keys_known = {
    .format = "csv",
    .n = KNOWN_N + 4,
    .defs = {
        KNOWN,
        { KEY_NAME, HOW_PLAIN, NAMES1("package") },
        { KEY_VERSION, HOW_PLAIN, NAMES1("version") },
        { KEY_CLIENT, HOW_PLAIN, NAMES1("ip_id") },
        { KEY_COUNTRY, HOW_PLAIN, NAMES1("country") },
    },
};

void
json_keys_masks(const struct json_keys *keys, uint64_t of[KEY_FIELDS_N])
{
    memset(of, 0, KEY_FIELDS_N * sizeof *of);
    for (size_t i = 0; i < keys->n; i++)
        of[keys->defs[i].field] |= UINT64_C(1) << i;
}

/* ---- paths ---- */

/* A name in quotes, the first of which is at *at; a backslash keeps the byte behind it. */
static const char *
quoted_name(struct slice text, size_t *at, struct arena *arena, struct slice *out)
{
    size_t from = ++*at, n = 0, end = from;
    char *buf;

    while (end < text.n && text.p[end] != '"')
        end += text.p[end] == '\\' ? 2 : 1;
    if (end >= text.n)
        return "a quote is not closed";
    buf = arena_alloc(arena, end - from + 1);
    if (buf == NULL)
        return "there is no memory for it";
    for (size_t i = from; i < end; i++) {
        i += text.p[i] == '\\';
        buf[n++] = text.p[i];
    }
    *out = (struct slice){ buf, n };
    *at = end + 1;
    return NULL;
}

const char *
json_keys_path(struct key_def *def, struct slice text, struct arena *arena, size_t *at)
{
    const char *defect;

    def->n_names = 0;
    *at = text.n > 0 && text.p[0] == '.';
    for (;; ++*at) {
        struct slice *name = &def->names[def->n_names];
        size_t from = *at;

        if (def->n_names == JSON_KEY_NAMES_MAX)
            return "there are more than 8 names";
        if (from < text.n && text.p[from] == '"') {
            if ((defect = quoted_name(text, at, arena, name)) != NULL)
                return defect;
        } else {
            while (*at < text.n && text.p[*at] != '.' && text.p[*at] != '"')
                ++*at;
            *name = (struct slice){ text.p + from, *at - from };
            if (name->n == 0)
                return "a name is missing";
        }
        def->n_names++;
        if (*at == text.n)
            return NULL;
        if (text.p[*at] != '.')
            return "a dot must stand between two names";
    }
}

void
json_keys_with_mark(struct json_keys *out, const struct json_keys *keys, const char *drop_key)
{
    struct key_def mark = { KEY_MARK, HOW_PLAIN, 0, { { NULL, 0 } } };
    struct arena none;
    size_t at;

    *out = *keys;
    out->n = 0;
    for (size_t i = 0; i < keys->n; i++)
        if (keys->defs[i].field != KEY_MARK)
            out->defs[out->n++] = keys->defs[i];
        else if (drop_key != NULL && strcmp(drop_key, "mark") == 0)
            mark = keys->defs[i];
    if (drop_key == NULL)
        return;
    arena_init(&none, 0); /* a quoted name is not copied: it is taken for what it looks like */
    if (mark.n_names == 0 && (drop_key[0] != '.' ||
                              json_keys_path(&mark, slice_of(drop_key), &none, &at) != NULL)) {
        mark.n_names = 1;
        mark.names[0] = slice_of(drop_key);
    }
    assert(out->n < KEY_DEFS_MAX);
    out->defs[out->n++] = mark;
}

/* ---- a section [format NAME] ---- */

static const struct slice field_keys[] = {
#define FIELD(upper, key) { key, sizeof(key) - 1 },
    KEY_FIELDS(FIELD)
#undef FIELD
};

static const char *const time_formats[] = {
    [TIME_AUTO] = "auto", [TIME_ISO8601] = "iso8601", [TIME_UNIX] = "unix",
    [TIME_UNIX_MS] = "unix_ms", [TIME_CLF] = "clf",
};
static const char *const kinds[] = { "json", "csv", "tsv" };

/* How much of a text is shown. */
static int
shown(struct slice s)
{
    return s.n < 80 ? (int)s.n : 80;
}

static enum st
refuse(const struct json_key_text *pair, struct err *err)
{
    err_set(err, ST_USAGE, "cannot use the key \"%.*s\" of a format", shown(pair->key),
            pair->key.p);
    err->line_no = pair->line_no;
    return ST_USAGE;
}

static enum st
unknown_key(const struct json_key_text *pair, struct err *err)
{
    static const struct slice others[] = { { "kind", 4 }, { "time_format", 11 } };
    struct slice best = { NULL, 0 };
    size_t least = NEAR_ENOUGH;

    for (size_t i = 0; i < ARRAY_LEN(field_keys) + ARRAY_LEN(others); i++) {
        struct slice known =
            i < ARRAY_LEN(field_keys) ? field_keys[i] : others[i - ARRAY_LEN(field_keys)];
        size_t distance = known.n > 0 ? near_distance(pair->key, known) : SIZE_MAX;

        if (distance < least) {
            least = distance;
            best = known;
        }
    }
    refuse(pair, err);
    err_cause(err, "there is no such key");
    if (best.p != NULL)
        err_hint(err, "did you mean \"%s\"?", best.p);
    else
        err_hint(err, "the keys are kind, time, time_format, path, query, request, method, status, "
                      "bytes, client, forwarded, agent, country, content_range, name, version, mark");
    return ST_USAGE;
}

static enum st
one_of(const struct json_key_text *pair, const char *const *words, size_t n, size_t *out,
       struct err *err)
{
    for (*out = 0; *out < n; ++*out)
        if (slice_eq(pair->value, slice_of(words[*out])))
            return ST_OK;
    refuse(pair, err);
    err_cause(err, "\"%.*s\" is none of its words", shown(pair->value), pair->value.p);
    err_hint(err, n == 3 ? "json, csv or tsv" : "auto, iso8601, unix, unix_ms or clf");
    return ST_USAGE;
}

static enum st
add_path(struct json_keys *keys, enum key_field field, const struct json_key_text *pair,
         struct arena *arena, struct err *err)
{
    struct key_def *def = &keys->defs[keys->n++];
    struct slice text = arena_copy(arena, pair->value);
    const char *defect;
    size_t at = 0;

    if (text.p == NULL)
        return err_memory(err, "cannot hold a format");
    *def = (struct key_def){ .field = field };
    defect = json_keys_path(def, text, arena, &at);
    if (defect == NULL)
        return ST_OK;
    refuse(pair, err);
    err_cause(err, "%s at byte %zu of \"%.*s\"", defect, at + 1, shown(text), text.p);
    err_hint(err, "a path is names behind dots, like .resp.status; others in quotes, as "
                  ".\"a.b\"");
    return ST_USAGE;
}

/* What has been said so far. */
struct said {
    bool   fields[KEY_FIELDS_N], kind, time_format;
    size_t kind_no, time_no;
};

static enum st
twice(const struct json_key_text *pair, struct err *err)
{
    refuse(pair, err);
    err_cause(err, "it stands there twice");
    return ST_USAGE;
}

static enum st
take_pair(struct json_keys *keys, struct said *said, const struct json_key_text *pair,
          struct arena *arena, struct err *err)
{
    bool *before = NULL;
    size_t field = 0;

    if (slice_is(pair->key, "kind"))
        before = &said->kind;
    else if (slice_is(pair->key, "time_format"))
        before = &said->time_format;
    for (; before == NULL && field < KEY_FIELDS_N; field++)
        if (pair->key.n > 0 && slice_eq(pair->key, field_keys[field])) {
            before = &said->fields[field];
            break;
        }
    if (before == NULL)
        return unknown_key(pair, err);
    if (*before)
        return twice(pair, err);
    *before = true;
    if (before == &said->kind)
        return one_of(pair, kinds, ARRAY_LEN(kinds), &said->kind_no, err);
    if (before == &said->time_format)
        return one_of(pair, time_formats, ARRAY_LEN(time_formats), &said->time_no, err);
    return add_path(keys, (enum key_field)field, pair, arena, err);
}

static enum st
missing(const char *what, struct err *err)
{
    err_fail(err, ST_USAGE, "cannot use the keys of a format", "%s", what);
    err_hint(err, "at least: time = .ts and path = .url (or request, or name)");
    return ST_USAGE;
}

enum st
json_keys_compile(const struct json_keys **out, const struct json_key_text *pairs, size_t n,
                  struct arena *arena, struct err *err)
{
    struct json_keys *keys = arena_alloc(arena, sizeof *keys);
    struct said said = { .kind = false };
    enum st rc;

    if (keys == NULL)
        return err_memory(err, "cannot hold a format");
    *keys = (struct json_keys){ .n = 0 };
    for (size_t i = 0; i < n; i++)
        if ((rc = take_pair(keys, &said, &pairs[i], arena, err)) != ST_OK)
            return rc;
    if (!said.fields[KEY_TIME])
        return missing("nothing says where the time stands", err);
    if (!said.fields[KEY_PATH] && !said.fields[KEY_REQUEST] && !said.fields[KEY_NAME])
        return missing("nothing says what was downloaded", err);
    keys->format = kinds[said.kind_no];
    for (size_t i = 0; i < keys->n; i++)
        if (keys->defs[i].field == KEY_TIME)
            keys->defs[i].how = (enum key_how)said.time_no;
    *out = keys;
    return ST_OK;
}

const char *
json_keys_format(const struct json_keys *keys)
{
    return keys->format;
}
