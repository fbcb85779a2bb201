/*
 * The tables of variables. A new one is one line; they are looked through once per variable of a
 * format string, so no index is worth its lines.
 */
#include "ingest/base.h"

#include "ingest/near.h"
#include "log_names.h"

#define SKIP(text)        { .name = (text) }
#define WORD(text)        { .name = (text), .word = true }
#define LIST(text)        { .name = (text), .list = true }
#define HOST(text)        { .name = (text), .word = true, .glue = GLUE_HOST }
#define QUERY(text)       { .name = (text), .glue = GLUE_QUERY }
#define GIVES(text, what) .name = (text), .field = LOG_##what

static const struct log_var nginx_vars[] = {
    /* what a record wants */
    { GIVES("remote_addr", CLIENT), .word = true },
    { GIVES("realip_remote_addr", CLIENT), .rank = 1, .word = true },
    { GIVES("proxy_protocol_addr", CLIENT), .rank = 2, .word = true },
    { GIVES("http_x_forwarded_for", FORWARDED), .list = true },
    { GIVES("msec", SECONDS), .word = true },
    { GIVES("time_iso8601", ISO), .rank = 1, .width = 25 },
    { GIVES("time_local", CLF), .rank = 2, .width = 26 },
    { GIVES("request", REQUEST) },
    { GIVES("request_method", METHOD), .word = true },
    { GIVES("request_uri", TARGET), .rank = 1, .word = true },
    { GIVES("uri", URI), .rank = 2 },
    { GIVES("document_uri", URI), .rank = 3 },
    { GIVES("http_range", RANGE) },
    { GIVES("status", STATUS), .word = true },
    { GIVES("body_bytes_sent", BYTES), .word = true, .body = true },
    { GIVES("bytes_sent", BYTES), .rank = 1, .word = true },
    { GIVES("sent_http_content_range", CONTENT_RANGE) },
    { GIVES("http_user_agent", AGENT) },
    { GIVES("geoip_country_code", COUNTRY), .word = true },
    { GIVES("geoip_city_country_code", COUNTRY), .rank = 1, .word = true },
    /* what may stand beside a path */
    HOST("host"), HOST("http_host"), HOST("server_name"), HOST("hostname"),
    { .name = "args", .dashed = true, .glue = GLUE_QUERY },
    { .name = "query_string", .dashed = true, .glue = GLUE_QUERY }, QUERY("is_args"),
    /* all others, by module */
    SKIP("skip"), /* ours: any value, for a variable that the operator's own configuration makes */
    SKIP("arg_"), SKIP("cookie_"), SKIP("http_"), SKIP("sent_http_"), SKIP("sent_trailer_"),
    SKIP("binary_remote_addr"), WORD("bytes_received"), WORD("connection"),
    WORD("connection_requests"), WORD("connection_time"), WORD("connections_active"),
    WORD("connections_reading"), WORD("connections_waiting"), WORD("connections_writing"),
    WORD("content_length"), SKIP("content_type"), SKIP("document_root"), WORD("https"),
    WORD("http2"), WORD("http3"), WORD("quic"), SKIP("is_request_port"), WORD("limit_rate"),
    WORD("nginx_version"), WORD("pid"), { .name = "pipe", .width = 1 }, WORD("protocol"),
    LIST("proxy_add_x_forwarded_for"), WORD("proxy_host"), WORD("proxy_port"),
    WORD("proxy_protocol_port"), WORD("proxy_protocol_server_addr"),
    WORD("proxy_protocol_server_port"), SKIP("proxy_protocol_tlv_"), WORD("realip_remote_port"),
    SKIP("realpath_root"), WORD("remote_port"), SKIP("remote_user"), SKIP("request_body"),
    SKIP("request_body_file"), WORD("request_completion"), SKIP("request_filename"),
    WORD("request_id"), WORD("request_length"), WORD("request_port"), WORD("request_time"),
    WORD("scheme"), WORD("server_addr"), HOST("server_port"), WORD("server_protocol"),
    WORD("session_time"), SKIP("slice_range"), WORD("tcpinfo_rtt"), WORD("tcpinfo_rttvar"),
    WORD("tcpinfo_snd_cwnd"), WORD("tcpinfo_rcv_space"),
    SKIP("ancient_browser"), SKIP("modern_browser"), SKIP("msie"), SKIP("date_gmt"),
    SKIP("date_local"), SKIP("fastcgi_path_info"), SKIP("fastcgi_script_name"), SKIP("geoip_"),
    SKIP("geoip2_"), WORD("gzip_ratio"), WORD("brotli_ratio"), WORD("zstd_ratio"),
    SKIP("invalid_referer"), SKIP("jwt_claim_"), SKIP("jwt_header_"), SKIP("jwt_payload"),
    WORD("limit_conn_status"), WORD("limit_req_status"), SKIP("memcached_key"),
    SKIP("mqtt_preread_clientid"), SKIP("mqtt_preread_username"), SKIP("oidc_"),
    WORD("otel_parent_id"), WORD("otel_parent_sampled"), WORD("otel_span_id"),
    WORD("otel_trace_id"), SKIP("secure_link"), SKIP("secure_link_expires"),
    SKIP("session_log_binary_id"), SKIP("session_log_id"), WORD("spdy"),
    WORD("spdy_request_priority"), SKIP("ssl_"), SKIP("uid_got"), SKIP("uid_reset"),
    SKIP("uid_set"), LIST("upstream_"),
};

static const struct log_var apache_vars[] = {
    { GIVES("a", CLIENT), .word = true },
    { GIVES("h", CLIENT), .rank = 1, .word = true },
    { GIVES("r", REQUEST) },
    { GIVES("m", METHOD), .word = true },
    { GIVES("U", URI), .rank = 1 },
    { GIVES("s", STATUS), .word = true },
    { GIVES("B", BYTES), .word = true, .body = true },
    { GIVES("b", BYTES), .rank = 1, .word = true, .body = true },
    { GIVES("O", BYTES), .rank = 2, .word = true },
    HOST("v"), HOST("V"), QUERY("q"),
    WORD("A"), SKIP("C"), WORD("D"), SKIP("e"), SKIP("f"), WORD("H"), SKIP("i"), WORD("I"),
    WORD("k"), WORD("l"), WORD("L"), SKIP("n"), SKIP("o"), HOST("p"), WORD("P"), SKIP("R"),
    WORD("S"), WORD("T"), SKIP("u"), { .name = "X", .width = 1 }, SKIP("x"), SKIP("c"),
    WORD("^FB"), WORD("^FU"), SKIP("^ti"), SKIP("^to"),
};

/* %{name}letter that gives more than the letter alone; names of headers without regard to case. */
static const struct {
    const char    *letter;
    struct log_var var;
} apache_named[] = {
    { "a", { GIVES("c", CLIENT), .rank = 2, .word = true } },
    { "i", { GIVES("User-Agent", AGENT) } },
    { "i", { GIVES("X-Forwarded-For", FORWARDED), .list = true } },
    { "i", { GIVES("Range", RANGE) } },
    { "i", HOST("Host") },
    { "o", { GIVES("Content-Range", CONTENT_RANGE) } },
    { "e", { GIVES("GEOIP_COUNTRY_CODE", COUNTRY), .word = true } },
    { "e", { GIVES("MM_COUNTRY_CODE", COUNTRY), .rank = 1, .word = true } },
    { "h", { GIVES("c", CLIENT), .rank = 3, .word = true } },
};

static bool
is_family(const char *name)
{
    return name[strlen(name) - 1] == '_';
}

/* The names of geoip2's variables are the operator's; those of the documentation end so. */
static bool
is_geoip2_country(struct slice name)
{
    return slice_starts(name, SLICE("geoip2_")) && name.n > 5 &&
           memcmp(name.p + name.n - 5, "_code", 5) == 0 &&
           memmem(name.p, name.n, "country", 7) != NULL;
}

const struct log_var *
log_name_nginx(struct slice name)
{
    static const struct log_var country = { GIVES("geoip2_", COUNTRY), .rank = 2, .word = true };
    const struct log_var *family = NULL;

    if (is_geoip2_country(name))
        return &country;
    for (size_t i = 0; i < ARRAY_LEN(nginx_vars); i++) {
        struct slice known = slice_of(nginx_vars[i].name);

        if (!is_family(known.p) && slice_eq(name, known))
            return &nginx_vars[i];
        if (is_family(known.p) && name.n > known.n && slice_starts(name, known))
            family = &nginx_vars[i];
    }
    return family;
}

const char *
log_name_nginx_near(struct slice name)
{
    const char *best = NULL;
    size_t least = NEAR_ENOUGH;

    for (size_t i = 0; i < ARRAY_LEN(nginx_vars); i++) {
        size_t d = near_distance(name, slice_of(nginx_vars[i].name));

        if (d < least && d < name.n && !is_family(nginx_vars[i].name)) {
            least = d;
            best = nginx_vars[i].name;
        }
    }
    return best;
}

const struct log_var *
log_name_apache(struct slice argument, struct slice letter)
{
    for (size_t i = 0; argument.p != NULL && i < ARRAY_LEN(apache_named); i++)
        if (slice_eq(letter, slice_of(apache_named[i].letter)) &&
            strlen(apache_named[i].var.name) == argument.n &&
            strncasecmp(apache_named[i].var.name, argument.p, argument.n) == 0)
            return &apache_named[i].var;
    for (size_t i = 0; i < ARRAY_LEN(apache_vars); i++)
        if (slice_eq(letter, slice_of(apache_vars[i].name)))
            return &apache_vars[i];
    return NULL;
}
