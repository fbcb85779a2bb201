/*
 * Access logs of one JSON object a line: those of servers that are known by their keys (Caddy,
 * nginx with escape=json, Traefik, CloudFront's logging v2), and any other by a key map. One walk
 * over the line, in which only wanted keys are looked at; what a field may look like is in
 * fields.c.
 */
#include "fields.h"
#include "json_tree.h"

struct json_log {
    bool             ready;
    uint32_t         mapped;
    uint64_t         of[KEY_FIELDS_N]; /* the definitions of each field */
    struct json_keys keys;
    struct json_tree tree;
};

/* ---- values ---- */

/* The strings of an array as a list "a, b": header fields that came more than once (RFC 9110,
 * 5.3). */
static bool
join(struct arena *scratch, struct slice array, struct field *out)
{
    struct json j = { array.p + 1, array.p + array.n };
    char *buf = arena_alloc(scratch, array.n);
    bool inside = false, lone;
    size_t n = 0;

    if (buf == NULL)
        return false;
    while (json_element(&j, &inside) == JSON_NEXT) {
        struct json_value v;

        if (!json_value(&j, 0, &v) || v.kind != JSON_STRING)
            continue; /* the array was checked when the line was walked */
        if (n > 0) {
            buf[n++] = ',';
            buf[n++] = ' ';
        }
        n += json_unescape(v.text, buf + n, &lone);
    }
    if (n > 0)
        *out = (struct field){ .kind = FIELD_TEXT, .text = { buf, n } };
    return true;
}

/* The first element of an array: null where it is empty. */
static struct json_value
first_element(struct slice array)
{
    struct json j = { array.p + 1, array.p + array.n };
    struct json_value v = { .kind = JSON_NULL };
    bool inside = false;

    if (json_element(&j, &inside) == JSON_NEXT && json_peek(&j) != '[' && json_peek(&j) != '{')
        json_value(&j, 0, &v);
    else if (inside)
        v.kind = JSON_OBJECT;
    return v;
}

/* False without memory. */
static bool
read_value(struct arena *scratch, const struct json_value *v, struct field *out)
{
    bool lone;

    out->text = v->text;
    switch (v->kind) {
    case JSON_STRING:
        out->kind = FIELD_TEXT;
        return json_text(scratch, v, &lone, &out->text);
    case JSON_TRUE:
    case JSON_FALSE:
        out->kind = FIELD_TEXT;
        return true;
    case JSON_INTEGER:
    case JSON_REAL:
        out->kind = FIELD_NUMBER;
        return true;
    case JSON_NULL:
        *out = (struct field){ .kind = FIELD_NONE };
        return true;
    default:
        out->kind = FIELD_BAD;
        return true;
    }
}

/* The fields of the line that was walked. False without memory. */
static bool
read_fields(struct arena *scratch, const struct json_log *log, struct fields *f)
{
    for (size_t i = 0; i < KEY_FIELDS_N; i++) {
        uint64_t found = log->of[i] & log->tree.present;
        struct json_value v;
        bool good;
        size_t def;

        f->v[i] = (struct field){ .kind = FIELD_NONE };
        if (found == 0)
            continue;
        def = (size_t)__builtin_ctzll(found);
        f->v[i].how = log->keys.defs[def].how;
        v = log->tree.values[log->tree.node_of[def]];
        if (v.kind == JSON_ARRAY && i == KEY_FORWARDED) {
            good = join(scratch, v.text, &f->v[i]);
        } else {
            if (v.kind == JSON_ARRAY)
                v = first_element(v.text);
            good = read_value(scratch, &v, &f->v[i]);
        }
        if (!good)
            return false;
    }
    return true;
}

/* ---- lines ---- */

static void
get_ready(struct parser *p, struct json_log *log)
{
    const struct json_keys *keys = p->options->json_keys;

    json_keys_with_mark(&log->keys, keys != NULL ? keys : &json_keys_known, p->options->drop_key);
    json_keys_masks(&log->keys, log->of);
    log->mapped = fields_mapped(log->of);
    json_tree_init(&log->tree, &log->keys);
    log->ready = true;
}

static enum reason
json_line(struct parser *p, struct slice line, struct record *rec)
{
    struct json_log *log = p->state;
    struct fields f;

    f.ecosystem = NULL;
    if (unlikely(!log->ready))
        get_ready(p, log);
    if (!json_tree_walk(&log->tree, line))
        return REJECT_JSON;
    if (unlikely(!read_fields(&p->scratch, log, &f)))
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    return fields_record(p, &f, log->mapped, rec);
}

static int
json_sniff(struct slice head)
{
    return share_of_objects(&format_json, head, NULL);
}

#define CADDY(ts, status)                                                                          \
    "{\"level\":\"info\",\"ts\":" ts ",\"logger\":\"http.log.access\",\"msg\":\"handled request\"," \
    "\"request\":{\"remote_ip\":\"192.0.2.7\",\"remote_port\":\"41342\",\"client_ip\":\"192.0.2.7\"," \
    "\"proto\":\"HTTP/1.1\",\"method\":\"GET\",\"host\":\"localhost\",\"uri\":\"/a\",\"headers\":"  \
    "{\"User-Agent\":[\"curl/7.82.0\"],\"Accept\":[\"*/*\"]}},\"bytes_read\":0,\"user_id\":\"\","   \
    "\"duration\":0.000929675,\"size\":42,\"status\":" status ",\"resp_headers\":{\"Server\":[\"Caddy\"]}}"
#define NGINX(request, bytes)                                                                      \
    "{\"time_local\":\"01/Mar/2024:00:00:01 +0000\",\"remote_addr\":\"192.0.2.7\",\"request\":\"" request \
    "\",\"status\":\"200\",\"body_bytes_sent\":\"" bytes "\",\"http_user_agent\":\"curl/8\"}"

static const struct format_example examples[] = {
    { CADDY("1709251201.5241024", "200"), KEEP, 200, 42 },
    { NGINX("GET /a HTTP/1.1", "42"), KEEP, 200, 42 },
    { "{\"ClientHost\":\"192.0.2.7\",\"DownstreamContentSize\":42,\"DownstreamStatus\":304,"
      "\"RequestMethod\":\"GET\",\"RequestPath\":\"/a\",\"StartUTC\":\"2024-03-01T00:00:01.123456789Z\","
      "\"request_User-Agent\":\"curl/8\",\"time\":\"2024-03-01T00:00:02Z\"}",
      KEEP, 304, 42 },
    { "{\"date\":\"2024-03-01\",\"time\":\"00:00:01\",\"sc-bytes\":\"42\",\"c-ip\":\"192.0.2.7\","
      "\"cs-method\":\"GET\",\"cs-uri-stem\":\"/a\",\"sc-status\":\"206\",\"sc-range-start\":\"0\"}",
      KEEP, 206, 42 },
    { CADDY("\"tomorrow\"", "200"), REJECT_TIME, 0, 0 },
    { CADDY("1709251201", "true"), REJECT_NUMBER, 0, 0 },
    { NGINX("GET /a HTTP/1.1", "many"), REJECT_NUMBER, 0, 0 },
    { "{\"ts\":1709251201.5,\"level\":\"info\",\"msg\":\"server running\"}", REJECT_FIELDS, 0, 0 },
    { NGINX("GET /a\\x20b HTTP/1.1", "42"), REJECT_JSON, 0, 0 },
};

const struct format format_json = {
    .name = "json",
    .about = "JSON lines: Caddy, nginx, Traefik, CloudFront v2, or any by a key map",
    .dataset = "stats",
    .line = json_line,
    .sniff = json_sniff,
    .state_bytes = sizeof(struct json_log),
    .clear_bytes = offsetof(struct json_log, tree),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
