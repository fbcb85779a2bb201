/*
 * Access logs of AWS's load balancers: the application load balancer's, whose lines begin with the
 * type of the connection, and the classic one's, which lack that ("Access logs for your Application
 * Load Balancer", "... Classic Load Balancer").
 */
#include "format_priv.h"
#include "request.h"

/*
 * name, as in the manual; Q: in quotes. The classic one has no type, and ends behind ssl_protocol.
 */
#define FIELDS(F, Q)                                                                               \
    F(TYPE, type) F(TIME, time) F(ELB, elb) F(CLIENT, client) F(TARGET, target)                    \
    F(T1, request_processing_time) F(T2, target_processing_time) F(T3, response_processing_time)   \
    F(STATUS, elb_status_code) F(TARGET_STATUS, target_status_code) F(RECEIVED, received_bytes)    \
    F(SENT, sent_bytes) Q(REQUEST, request) Q(AGENT, user_agent) F(CIPHER, ssl_cipher)             \
    F(PROTOCOL, ssl_protocol) F(GROUP, target_group_arn) Q(TRACE, trace_id) Q(DOMAIN, domain_name) \
    Q(CERT, chosen_cert_arn) F(PRIORITY, matched_rule_priority) F(CREATED, request_creation_time)  \
    Q(ACTIONS, actions_executed) Q(REDIRECT, redirect_url) Q(ERROR, error_reason)                  \
    Q(TARGETS, target_port_list) Q(TARGET_STATUSES, target_status_code_list)                       \
    Q(CLASS, classification) Q(CLASS_REASON, classification_reason) F(CONN, conn_trace_id)

enum field {
#define FIELD(upper, name) FIELD_##upper,
    FIELDS(FIELD, FIELD)
#undef FIELD
    FIELDS_N
};

static bool
is_type(struct slice word)
{
    static const char *const types[] = { "http", "https", "h2", "grpcs", "ws", "wss" };

    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (slice_eq(word, slice_of(types[i])))
            return true;
    return false;
}

/* Up to the user agent. */
static bool
take_fields(struct cursor *c, struct slice f[FIELDS_N], bool *escaped)
{
    unsigned first = FIELD_TYPE;
    bool ignored;

    f[FIELD_TYPE] = (struct slice){ NULL, 0 };
    if (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        first = FIELD_TIME;
    for (unsigned i = first; i <= FIELD_SENT; i++)
        if (!take_until(c, ' ', &f[i]))
            return false;
    return (first == FIELD_TIME || is_type(f[FIELD_TYPE])) &&
           take_quoted(c, &f[FIELD_REQUEST], escaped) && take_byte(c, ' ') &&
           take_quoted(c, &f[FIELD_AGENT], &ignored) && (cursor_done(c) || *c->at == ' ');
}

static void
mark_field(const struct parser *p, struct cursor *c, struct slice f[FIELDS_N], struct record *rec)
{
    static const char *const names[] = {
#define FIELD(upper, name) #name,
        FIELDS(FIELD, FIELD)
#undef FIELD
    };
    struct named named[FIELDS_N];
    bool escaped = false;

    for (unsigned i = 0; i < FIELDS_N; i++) {
        if (i > FIELD_AGENT) {
            f[i] = (struct slice){ NULL, 0 };
            if (take_byte(c, ' ') && !take_quoted(c, &f[i], &escaped))
                f[i] = take_word(c, ' ');
        }
        named[i] = (struct named){ names[i], f[i] };
    }
    record_mark(p, named, FIELDS_N, rec);
}

/* "192.0.2.7:2817": without the port, and an IPv6 address without brackets too. */
static struct slice
without_port(struct slice s)
{
    const char *colon = memrchr(s.p, ':', s.n);

    if (colon != NULL)
        s.n = (size_t)(colon - s.p);
    if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
        s = (struct slice){ s.p + 1, s.n - 2 };
    return s;
}

static enum reason
elb_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct slice f[FIELDS_N];
    bool escaped = false;
    int32_t day;

    if (!take_fields(&c, f, &escaped))
        return REJECT_FIELDS;
    if (!clock_parse_iso(f[FIELD_TIME], &day, &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    if (!field_status(f[FIELD_STATUS], &rec->status) || !field_bytes(f[FIELD_SENT], &rec->bytes))
        return REJECT_NUMBER;
    request_split(f[FIELD_REQUEST], rec);
    if (escaped && !request_unescape(&p->scratch, &rec->path))
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    rec->path_decodes = 1;
    rec->client = without_port(f[FIELD_CLIENT]);
    rec->agent = f[FIELD_AGENT];
    if (wants_mark(p))
        mark_field(p, &c, f, rec);
    return KEEP;
}

static int
elb_sniff(struct slice head)
{
    return format_share(&format_elb, head);
}

#define TIMES "192.0.2.7:2817 10.0.0.1:80 0.000 0.001 0.000 "
#define LINE(time, numbers)                                                                \
    "https " time " app/lb/50dc6c495c0c9188 " TIMES numbers                                \
    " \"GET https://example.org:443/a?b HTTP/1.1\" \"curl/8\" ECDHE-RSA-AES128-GCM-SHA256" \
    " TLSv1.2 arn:x \"Root=1-58337281\" \"-\" \"-\" 0 " time " \"forward\" \"-\" \"-\""

static const struct format_example examples[] = {
    { LINE("2024-03-01T00:00:01.186641Z", "200 200 34 366"), KEEP, 200, 366 },
    { LINE("2024-03-01T00:00:01.186641Z", "502 - 34 -"), KEEP, 502, 0 },
    { "2024-03-01T00:00:01.943958Z lb " TIMES
      "206 206 0 29 \"GET http://example.org:80/ HTTP/1.1\" \"-\" - -",
      KEEP, 206, 29 },
    { LINE("2024-03-01T00:00:01.186641Z", "200 200 34"), REJECT_FIELDS, 0, 0 },
    { "tls 2.0 2024-03-01T00:00:01 net/lb/c6e7 g3d4b5e8bb8464cd 192.0.2.7:51341 172.100.100.185:443 5 2 98 246",
      REJECT_FIELDS, 0, 0 },
    { LINE("2024-02-30T00:00:01.186641Z", "200 200 34 366"), REJECT_TIME, 0, 0 },
    { LINE("2024-03-01T00:00:01.186641Z", "200 200 34 -1"), REJECT_NUMBER, 0, 0 },
};

const struct format format_elb = {
    .name = "elb",
    .about = "access log of AWS's application and classic load balancers",
    .dataset = "stats",
    .line = elb_line,
    .sniff = elb_sniff,
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
