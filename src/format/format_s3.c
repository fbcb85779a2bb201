/*
 * Amazon S3's server access log ("Amazon S3 server access log format" of its user guide). Its
 * fields stand between blanks and partly in quotes, but S3 escapes no quote in what a client sent.
 * The path that routes see is the object's key: the request has the bucket in it or not, as the
 * client liked.
 */
#include "memo.h"
#include "request.h"

#include "format_priv.h"

/*
 * name, as in the manual; those up to KEY are words, and so are those behind REQUEST but REFERER
 * and AGENT
 */
#define FIELDS(F)                                                                                  \
    F(OWNER, bucket_owner) F(BUCKET, bucket) F(TIME, time) F(IP, remote_ip)                        \
    F(REQUESTER, requester) F(REQUEST_ID, request_id) F(OPERATION, operation) F(KEY, key)          \
    F(REQUEST, request_uri) F(STATUS, http_status) F(ERROR, error_code) F(BYTES, bytes_sent)       \
    F(SIZE, object_size) F(TOTAL, total_time) F(TURN, turn_around_time) F(REFERER, referer)        \
    F(AGENT, user_agent) F(VERSION, version_id) F(HOST_ID, host_id)                                \
    F(SIGNATURE, signature_version) F(CIPHER, cipher_suite) F(AUTH, authentication_type)           \
    F(HOST, host_header) F(TLS, tls_version) F(ARN, access_point_arn) F(ACL, acl_required)

enum field {
#define FIELD(upper, name) FIELD_##upper,
    FIELDS(FIELD)
#undef FIELD
    FIELDS_N
};

static bool
take_words(struct cursor *c, struct slice f[FIELDS_N], enum field first, enum field last)
{
    for (unsigned i = first; i <= (unsigned)last; i++)
        if (!take_until(c, ' ', &f[i]))
            return false;
    return true;
}

/* "] " is behind it, and 26 bytes of it are looked at later. */
static bool
take_time(struct cursor *c, struct slice *out)
{
    return take_byte(c, '[') && take_until(c, ']', out) && take_byte(c, ' ');
}

/* Does a status and a blank stand here? */
static bool
is_at_status(const char *p, const char *end)
{
    const char *blank = memchr(p, ' ', (size_t)(end - p < 4 ? end - p : 4));
    uint16_t status;

    return blank != NULL && field_status((struct slice){ p, (size_t)(blank - p) }, &status);
}

/*
 * The request: "-", or in quotes. A quote of the client's own does not end it, unless he writes a
 * status behind it; but then there would be a blank in his path, which no request line can have.
 */
static bool
take_request(struct cursor *c, struct slice *out)
{
    const char *from = c->at + 1, *p = from;

    if (!take_byte(c, '"'))
        return take_until(c, ' ', out);
    for (;; p++) {
        p = scan_byte(p, c->end, '"');
        if (c->end - p < 2)
            return false;
        if (p[1] == ' ' && is_at_status(p + 2, c->end))
            break;
    }
    *out = (struct slice){ from, (size_t)(p - from) };
    c->at = p + 2;
    return true;
}

/*
 * Each "-", or in quotes. The referer ends at the first quote with a blank behind it, the agent at
 * the last quote of the line: none follows.
 */
static bool
take_referer_and_agent(struct cursor *c, struct slice *referer, struct slice *agent)
{
    const char *from, *p;

    if (!take_byte(c, '"')) {
        if (!take_until(c, ' ', referer) || !field_is_dash(*referer))
            return false;
    } else {
        for (from = p = c->at;; p++) {
            p = scan_byte(p, c->end, '"');
            if (c->end - p < 2)
                return false;
            if (p[1] == ' ')
                break;
        }
        *referer = (struct slice){ from, (size_t)(p - from) };
        c->at = p + 2;
    }
    if (!take_byte(c, '"')) {
        *agent = take_word(c, ' ');
        return field_is_dash(*agent);
    }
    p = memrchr(c->at, '"', (size_t)(c->end - c->at));
    if (p == NULL || (p + 1 < c->end && p[1] != ' '))
        return false;
    *agent = (struct slice){ c->at, (size_t)(p - c->at) };
    c->at = p + 1;
    return true;
}

static bool
take_fields(struct cursor *c, struct slice f[FIELDS_N])
{
    return take_words(c, f, FIELD_OWNER, FIELD_BUCKET) && take_time(c, &f[FIELD_TIME]) &&
           take_words(c, f, FIELD_IP, FIELD_KEY) && take_request(c, &f[FIELD_REQUEST]) &&
           take_words(c, f, FIELD_STATUS, FIELD_TURN) &&
           take_referer_and_agent(c, &f[FIELD_REFERER], &f[FIELD_AGENT]);
}

/* Only the rules' mark may want what stands behind the agent. */
static void
mark_field(const struct parser *p, struct cursor *c, struct slice f[FIELDS_N], struct record *rec)
{
    static const char *const names[] = {
#define FIELD(upper, name) #name,
        FIELDS(FIELD)
#undef FIELD
    };
    struct named named[FIELDS_N];

    for (unsigned i = 0; i < FIELDS_N; i++) {
        if (i >= FIELD_VERSION)
            f[i] = take_byte(c, ' ') ? take_word(c, ' ') : (struct slice){ NULL, 0 };
        named[i] = (struct named){ names[i], f[i] };
    }
    record_mark(p, named, FIELDS_N, rec);
}

/*
 * REST.GET.OBJECT, WEBSITE.HEAD.OBJECT: the word in the middle. False for all that is not done to
 * one object.
 */
static bool
read_operation(struct slice operation, struct slice *method)
{
    struct cursor c = cursor_at(operation);
    struct slice front;

    return take_until(&c, '.', &front) && take_until(&c, '.', method) && c.end - c.at == 6 &&
           memcmp(c.at, "OBJECT", 6) == 0;
}

/* The key, with the slash in front that it has in a URL (old logs have it there). */
static bool
read_key(struct parser *p, struct slice key, struct slice *path)
{
    char *text;

    *path = key;
    if (key.n > 0 && key.p[0] == '/')
        return true;
    text = arena_alloc(&p->scratch, key.n + 1);
    if (text == NULL)
        return false;
    text[0] = '/';
    memcpy(text + 1, key.p, key.n);
    *path = (struct slice){ text, key.n + 1 };
    return true;
}

/* Which part a 206 has is not logged; but if it is as long as the object, it is all of it. */
static void
read_part(struct slice size_text, struct record *rec)
{
    int64_t size;

    if (rec->status != 206 || !num_u63(size_text, &size) || size == 0 || rec->bytes != size)
        return;
    rec->range = RANGE_ZERO;
    rec->range_end = size;
}

static enum reason
s3_line(struct parser *p, struct slice line, struct record *rec)
{
    struct cursor c = cursor_at(line);
    struct slice f[FIELDS_N];

    if (!take_fields(&c, f))
        return REJECT_FIELDS;
    if (f[FIELD_TIME].n != 26 || !memo_clf(p->state, f[FIELD_TIME].p, &rec->time_us))
        return REJECT_TIME;
    record_date(rec);
    if (!field_status(f[FIELD_STATUS], &rec->status) || !field_bytes(f[FIELD_BYTES], &rec->bytes))
        return REJECT_NUMBER;
    if (!read_operation(f[FIELD_OPERATION], &rec->method))
        return FILTER_NOT_A_DOWNLOAD;
    if (!read_key(p, f[FIELD_KEY], &rec->path))
        return REJECT_FIELDS; /* no memory: cannot be, the ceiling is far above a line */
    rec->path_decodes = 2;
    rec->client = f[FIELD_IP];
    rec->agent = f[FIELD_AGENT];
    read_part(f[FIELD_SIZE], rec);
    if (wants_mark(p))
        mark_field(p, &c, f, rec);
    return KEEP;
}

static int
s3_sniff(struct slice head)
{
    return format_share(&format_s3, head);
}

#define HEAD(time) "79a59df900b949e5 bucket [" time "] 192.0.2.3 - 3E57427F3EXAMPLE "
#define FRONT      HEAD("06/Feb/2019:00:00:38 +0000")
#define TAIL                                                                                       \
    " 7 5 \"-\" \"curl/8\" - s9lzHYrFp76= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader b.s3.amazonaws.com TLSv1.2 - -"

static const struct format_example examples[] = {
    { FRONT "REST.GET.OBJECT a/b-1.0.gem \"GET /bucket/a/b-1.0.gem HTTP/1.1\" 200 - 742 742" TAIL,
      KEEP, 200, 742 },
    { FRONT "WEBSITE.GET.OBJECT a \"GET /a HTTP/1.1\" 304 - - 742" TAIL, KEEP, 304, 0 },
    { FRONT "REST.GET.OBJECT a \"GET /a\"b HTTP/1.1\" 206 - 742 742 7 5 \"-\" \"a \"b\" c\" -",
      KEEP, 206, 742 },
    { FRONT "REST.GET.VERSIONING - \"GET /bucket?versioning HTTP/1.1\" 200 - 113 -" TAIL,
      FILTER_NOT_A_DOWNLOAD, 0, 0 },
    { FRONT "REST.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 742", REJECT_FIELDS, 0, 0 },
    { HEAD("30/Feb/2019:00:00:38 +0000") "REST.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 742 742" TAIL,
      REJECT_TIME, 0, 0 },
    { FRONT "REST.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 7e2 742" TAIL, REJECT_NUMBER, 0, 0 },
};

const struct format format_s3 = {
    .name = "s3",
    .about = "Amazon S3's server access log",
    .dataset = "stats",
    .line = s3_line,
    .sniff = s3_sniff,
    .state_bytes = sizeof(struct clf_memo),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
