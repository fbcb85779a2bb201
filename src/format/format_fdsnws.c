/*
 * SeisComP's request log of fdsnws-dataselect: one JSON object a line, with a trace for each stream of an answer. A line
 * gives a record for each trace of an OK request, or one for a failed request; which of the two, and when and by whom,
 * may stand behind the traces. So records are made while the line is walked, and given their day and client at its end.
 * Traces that find no room are only checked in that walk, and read again in the calls that follow.
 */
#include "format_priv.h"
#include "json.h"
#include "ingest/num.h"

struct trace {
    struct json_value net, sta, loc, cha, status, bytes;
};

/* The members of a line that matter. A key that comes twice: the last one holds. */
struct request {
    struct json_value service, user, location, finished, status, country, trace;
    size_t            n_made;    /* records made of the last `trace` */
    const char       *rest;      /* its first element that found no room; NULL: all did */
};

/* What all records of a line share. */
struct common {
    int32_t      day;
    uint8_t      hour;
    int64_t      time_us;
    struct slice client, country;
};

struct fdsnws {
    struct request request;
    struct common  common;
    /* A line of which traces are left: where the next one is, and the line's end. NULL: none. */
    const char    *rest, *end;
    char          *next_line;
};

/* ---- keys ---- */

/* Copies `v` to the member that `key` names, if it is one. */
#define WANT(key, literal, member) \
    if (slice_is(key, literal)) {  \
        (member) = v;              \
        return;                    \
    }

static inline void
keep_trace_member(struct trace *t, struct slice key, struct json_value v)
{
    switch (key.n) {
    case 3:
        WANT(key, "net", t->net)
        WANT(key, "sta", t->sta)
        WANT(key, "loc", t->loc)
        WANT(key, "cha", t->cha)
        return;
    case 5:
        WANT(key, "bytes", t->bytes)
        return;
    case 6:
        WANT(key, "status", t->status)
        return;
    default:
        return;
    }
}

static inline void
keep_member(struct request *r, struct slice key, struct json_value v)
{
    WANT(key, "service", r->service)
    WANT(key, "userID", r->user)
    WANT(key, "finished", r->finished)
    WANT(key, "status", r->status)
}

#undef WANT

#define KEY_BUF 80 /* the longest key that is wanted, each of its bytes written \u00XX, and some */

/* A key as it is meant. One with escapes that is too long for `buf` is none that is wanted. */
static inline struct slice
key_text(const struct json_value *key, char buf[KEY_BUF])
{
    struct slice text = { "", 0 };

    if (likely(!key->escaped))
        return key->text;
    json_short_text(key, buf, KEY_BUF, &text);
    return text;
}

static inline bool
value_is(const struct json_value *v, const char *literal)
{
    char buf[128];
    struct slice text;

    return json_short_text(v, buf, sizeof buf, &text) && slice_eq(text, slice_of(literal));
}

/* ---- one trace ---- */

/* A value that is absent has a kind and nothing else. */
static inline void
trace_clear(struct trace *t)
{
    t->net.kind = t->sta.kind = t->loc.kind = t->cha.kind = JSON_ABSENT;
    t->status.kind = t->bytes.kind = JSON_ABSENT;
}

/* Reads the object at j->at; it stands in the trace array of the line. False: no JSON. */
static bool
walk_trace(struct json *j, struct trace *t)
{
    struct json_value key, v;
    enum json_step step;
    bool inside = false;
    char buf[KEY_BUF];

    j->at++;
    while ((step = json_member(j, &inside, &key)) == JSON_NEXT) {
        if (!json_value(j, 3, &v))
            return false;
        keep_trace_member(t, key_text(&key, buf), v);
    }
    return step == JSON_END;
}

/* The text of a string; escapes are undone in the scratch. False without memory. */
static inline bool
text_of(struct arena *scratch, const struct json_value *v, bool *lone, struct slice *out)
{
    char *buf;

    *lone = false;
    *out = v->text;
    if (likely(!v->escaped))
        return true;
    buf = arena_alloc(scratch, v->text.n);
    if (buf == NULL)
        return false;
    *out = (struct slice){ buf, json_unescape(v->text, buf, lone) };
    return true;
}

/* A surrogate without its partner in a code is left to the check of keys: what it becomes is no UTF-8. */
static inline bool
trace_codes(struct arena *scratch, const struct trace *t, struct record *rec)
{
    bool lone;

    return text_of(scratch, &t->net, &lone, &rec->network) &&
           text_of(scratch, &t->sta, &lone, &rec->station) &&
           text_of(scratch, &t->loc, &lone, &rec->location) &&
           text_of(scratch, &t->cha, &lone, &rec->channel);
}

static inline bool
trace_is_ok(const struct trace *t)
{
    if (likely(!t->status.escaped))
        return slice_is(t->status.text, "OK");
    return value_is(&t->status, "OK");
}

/* What an element of the trace array becomes; the rest of the record is known when the line is. */
static enum st
trace_record(struct parser *p, const struct trace *t, struct record *rec, struct err *err)
{
    record_clear(rec);
    rec->ok = true;
    rec->why = REJECT_FIELDS;
    if (t->status.kind != JSON_STRING)
        return ST_OK;
    rec->why = FILTER_NO_DATA_TRACE;
    if (!trace_is_ok(t))
        return ST_OK;
    rec->why = REJECT_FIELDS;
    if (t->net.kind != JSON_STRING || t->sta.kind != JSON_STRING || t->loc.kind != JSON_STRING ||
        t->cha.kind != JSON_STRING || t->bytes.kind == JSON_ABSENT)
        return ST_OK;
    rec->why = REJECT_NUMBER;
    if (t->bytes.kind != JSON_INTEGER ||
        (!num_u63(t->bytes.text, &rec->bytes) && !slice_is(t->bytes.text, "-0")))
        return ST_OK;
    rec->why = KEEP;
    if (unlikely(!trace_codes(&p->scratch, t, rec)))
        return err_memory(err, "cannot hold the text of a request log");
    return ST_OK;
}

/* ---- the line ---- */

enum walk { WALK_DONE, WALK_NO_JSON, WALK_FAILED };

/*
 * Reads elements of the array at j->at, the first or those behind `inside`, making at most `max` records. The one that
 * finds no room is r->rest and is not read. Stops there, or at the array's end (r->rest NULL, the ']' taken).
 */
static enum walk
walk_elements(struct parser *p, struct json *j, struct request *r, bool inside, struct record *out,
    size_t max, struct err *err)
{
    enum json_step step;

    r->n_made = 0;
    r->rest = NULL;
    while ((step = json_element(j, &inside)) == JSON_NEXT) {
        struct trace t;
        struct json_value ignored;

        if (r->n_made == max) {
            r->rest = j->at;
            return WALK_DONE;
        }
        trace_clear(&t);
        if (likely(json_peek(j) == '{') ? !walk_trace(j, &t) : !json_value(j, 2, &ignored))
            return WALK_NO_JSON;
        if (trace_record(p, &t, &out[r->n_made++], err) != ST_OK)
            return WALK_FAILED;
    }
    return step == JSON_END ? WALK_DONE : WALK_NO_JSON;
}

/* The array of traces at j->at: records for those that find room, the others are checked and stepped over. */
static enum walk
walk_traces(struct parser *p, struct json *j, struct request *r, struct record *out, size_t max,
    struct err *err)
{
    enum json_step step;
    enum walk walk;
    bool inside = false;
    struct json_value ignored;

    j->at++;
    walk = walk_elements(p, j, r, false, out, max, err);
    if (walk != WALK_DONE || r->rest == NULL)
        return walk;
    do {
        if (!json_value(j, 2, &ignored))
            return WALK_NO_JSON;
        inside = true;
    } while ((step = json_element(j, &inside)) == JSON_NEXT);
    return step == JSON_END ? WALK_DONE : WALK_NO_JSON;
}

/* The object of userLocation at j->at: only its last country is of interest. */
static bool
walk_location(struct json *j, struct request *r)
{
    struct json_value key, v;
    enum json_step step;
    bool inside = false;
    char buf[KEY_BUF];

    j->at++;
    while ((step = json_member(j, &inside, &key)) == JSON_NEXT) {
        if (!json_value(j, 2, &v))
            return false;
        if (slice_is(key_text(&key, buf), "country"))
            r->country = v;
    }
    return step == JSON_END;
}

static enum walk
walk_member(struct parser *p, struct json *j, struct request *r, struct slice key,
    struct record *out, size_t max, struct err *err)
{
    struct json_value v = { 0 };
    char c = json_peek(j);

    if (slice_is(key, "trace")) {
        r->n_made = 0;
        r->rest = NULL;
        if (c == '[') {
            r->trace.kind = JSON_ARRAY;
            return walk_traces(p, j, r, out, max, err);
        }
        return json_value(j, 1, &r->trace) ? WALK_DONE : WALK_NO_JSON;
    }
    if (slice_is(key, "userLocation")) {
        r->country = (struct json_value){ 0 };
        r->location.kind = JSON_OBJECT;
        if (c == '{')
            return walk_location(j, r) ? WALK_DONE : WALK_NO_JSON;
        return json_value(j, 1, &r->location) ? WALK_DONE : WALK_NO_JSON;
    }
    if (!json_value(j, 1, &v))
        return WALK_NO_JSON;
    keep_member(r, key, v);
    return WALK_DONE;
}

/* The whole line, once. Every byte of it is checked. */
static enum walk
walk_line(struct parser *p, struct slice line, struct request *r, struct record *out, size_t max,
    struct err *err)
{
    struct json j = { line.p, line.p + line.n };
    struct json_value key;
    enum json_step step;
    enum walk walk;
    bool inside = false;
    char buf[KEY_BUF];

    *r = (struct request){ 0 };
    if (!json_take(&j, '{'))
        return WALK_NO_JSON;
    while ((step = json_member(&j, &inside, &key)) == JSON_NEXT) {
        walk = walk_member(p, &j, r, key_text(&key, buf), out, max, err);
        if (walk != WALK_DONE)
            return walk;
    }
    json_peek(&j);
    return step == JSON_END && j.at == j.end ? WALK_DONE : WALK_NO_JSON;
}

/* ---- what the records of a line share ---- */

/* Python's str() of the userID. */
static enum reason
read_client(struct arena *scratch, const struct json_value *v, struct slice *out)
{
    bool lone;
    char *buf;

    switch (v->kind) {
    case JSON_ABSENT:
        return KEEP;
    case JSON_STRING:
        if (!text_of(scratch, v, &lone, out))
            return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
        return lone ? REJECT_ENCODING : KEEP;
    case JSON_INTEGER:
    case JSON_REAL:
        buf = arena_alloc(scratch, JSON_PYTHON_BYTES);
        if (buf == NULL)
            return REJECT_FIELDS;
        *out = json_python_number(v, buf);
        return KEEP;
    case JSON_TRUE:
        *out = SLICE("True");
        return KEEP;
    case JSON_FALSE:
        *out = SLICE("False");
        return KEEP;
    case JSON_NULL:
        *out = SLICE("None");
        return KEEP;
    default:
        return REJECT_FIELDS;
    }
}

/* Two characters, or ''. */
static struct slice
read_country(struct arena *scratch, const struct json_value *v)
{
    struct slice text, none = { "", 0 };
    bool lone;

    if (v->kind != JSON_STRING || !text_of(scratch, v, &lone, &text) || slice_chars(text) != 2)
        return none;
    return text;
}

static enum reason
read_finished(const struct json_value *v, struct common *c)
{
    char buf[256];
    struct slice text;

    if (!json_short_text(v, buf, sizeof buf, &text) ||
        !clock_parse_iso(text, &c->day, &c->time_us))
        return REJECT_TIME;
    c->hour = (uint8_t)((text.p[11] - '0') * 10 + (text.p[12] - '0')); /* of the day as written */
    return KEEP;
}

static enum reason
read_common(struct parser *p, const struct request *r, struct common *c)
{
    enum reason why;

    *c = (struct common){ .day = DAY_NONE, .country = { "", 0 } };
    if (r->finished.kind != JSON_STRING || r->status.kind != JSON_STRING)
        return REJECT_FIELDS;
    if ((why = read_finished(&r->finished, c)) != KEEP)
        return why;
    if (r->service.kind != JSON_ABSENT && !value_is(&r->service, "fdsnws-dataselect"))
        return FILTER_OTHER_SERVICE;
    if ((why = read_client(&p->scratch, &r->user, &c->client)) != KEEP)
        return why;
    c->country = read_country(&p->scratch, &r->country);
    return KEEP;
}

static void
share(const struct parser *p, const struct common *c, struct record *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i].line_no = p->line_no;
        out[i].day = c->day;
        out[i].hour = c->hour;
        out[i].time_us = c->time_us;
        out[i].client = c->client;
        out[i].country = c->country;
    }
}

/* ---- records ---- */

/* The one record of a line that has no traces to give. */
static void
single_record(const struct parser *p, enum reason why, const struct common *c, struct record *rec)
{
    *rec = (struct record){ .why = why, .first = true };
    rec->network = rec->station = rec->channel = (struct slice){ "", 0 };
    rec->location = SLICE("--");
    share(p, c, rec, 1);
}

/* The line at p->at: at least one record, at most `max`; f->rest says where the others begin. */
static enum st
begin_line(struct parser *p, struct record *out, size_t max, size_t *n, struct err *err)
{
    struct fdsnws *f = p->state;
    struct request *r = &f->request;
    struct slice line = line_at(p, &f->next_line);
    enum reason why;

    f->common = (struct common){ .day = DAY_NONE };
    *n = 1;
    if (line.n == 0) {
        single_record(p, FILTER_BLANK, &f->common, out);
        return ST_OK;
    }
    switch (walk_line(p, line, r, out, max, err)) {
    case WALK_FAILED:
        return ST_MEMORY;
    case WALK_NO_JSON:
        single_record(p, REJECT_JSON, &f->common, out);
        return ST_OK;
    case WALK_DONE:
        break;
    }
    why = read_common(p, r, &f->common);
    if (why == KEEP && value_is(&r->status, "OK")) {
        if (r->trace.kind == JSON_ARRAY && r->n_made > 0) {
            *n = r->n_made;
            f->rest = r->rest;
            f->end = line.p + line.n;
            share(p, &f->common, out, *n);
            out[0].first = true;
            return ST_OK;
        }
        why = FILTER_NO_DATA_TRACE;
    }
    single_record(p, why, &f->common, out);
    return ST_OK;
}

/* More traces of the line at p->at, from f->rest. They have been checked, so that this finds nothing wrong. */
static enum st
continue_line(struct parser *p, struct record *out, size_t max, size_t *n, struct err *err)
{
    struct fdsnws *f = p->state;
    struct json j = { f->rest, f->end };

    if (walk_elements(p, &j, &f->request, false, out, max, err) == WALK_FAILED)
        return ST_MEMORY;
    *n = f->request.n_made;
    f->rest = f->request.rest;
    share(p, &f->common, out, *n);
    return ST_OK;
}

static enum st
fdsnws_block(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err)
{
    struct fdsnws *f = p->state;
    size_t n = 0, more;
    enum st rc;

    if (f->rest == NULL) /* else the text of a half-given line is there */
        arena_reset(&p->scratch);
    while (n < max && p->at < p->end && (n == 0 || p->scratch.used_bytes < SCRATCH_ENOUGH)) {
        rc = f->rest == NULL ? begin_line(p, out + n, max - n, &more, err)
                             : continue_line(p, out + n, max - n, &more, err);
        if (rc != ST_OK)
            return rc;
        n += more;
        if (f->rest == NULL) {
            p->at = f->next_line;
            p->line_no++;
        }
    }
    *n_records = n;
    return ST_OK;
}

/* ---- sniffing ---- */

/*
 * Many programs write JSON with `finished` and `status`. Lines are SeisComP's if they name its service, or, where an old
 * one has no such member, if they have the two others that it always writes.
 */
static bool
is_seiscomp(const struct parser *p, const struct record *rec)
{
    const struct request *r = &((const struct fdsnws *)p->state)->request;

    if (rec->why == FILTER_OTHER_SERVICE)
        return false;
    return r->service.kind != JSON_ABSENT ||
           (r->user.kind != JSON_ABSENT && r->location.kind != JSON_ABSENT);
}

static int
fdsnws_sniff(struct slice head)
{
    return share_of(&format_fdsnws, head, is_seiscomp);
}

#define HEAD "{\"service\": \"fdsnws-dataselect\", \"userID\": 1497164453, \"userLocation\": {\"country\": \"DE\"}, "
#define TRACE(status, bytes)                                                                       \
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"restricted\": false, " \
    "\"status\": " status ", \"bytes\": " bytes "}"
#define TAIL(status) "\"status\": " status ", \"bytes\": 0, \"finished\": \"2024-01-16T10:00:00.5Z\"}"

static const struct format_example examples[] = {
    { HEAD "\"trace\": [" TRACE("\"OK\"", "2048") "], " TAIL("\"OK\""), KEEP, 0, 2048 },
    { HEAD TAIL("\"NODATA\""), KEEP, 0, 0 },
    { HEAD "\"trace\": [" TRACE("\"NODATA\"", "0") "], " TAIL("\"OK\""), FILTER_NO_DATA_TRACE, 0, 0 },
    { HEAD "\"trace\": [" TRACE("\"OK\"", "1.5") "], " TAIL("\"OK\""), REJECT_NUMBER, 0, 0 },
    { HEAD "\"trace\": [" TRACE("1", "1") "], " TAIL("\"OK\""), REJECT_FIELDS, 0, 0 },
    { HEAD "\"status\": \"OK\", \"finished\": \"2024-01-16 25:00:00Z\"}", REJECT_TIME, 0, 0 },
    { HEAD "\"status\": \"OK\", \"finished\": \"2024-01-16T10:00:00Z\",}", REJECT_JSON, 0, 0 },
};

const struct format format_fdsnws = {
    .name = "fdsnws",
    .about = "SeisComP's fdsnws-dataselect request log, one JSON object a line",
    .dataset = "dataselect_stats",
    .block = fdsnws_block,
    .sniff = fdsnws_sniff,
    .state_bytes = sizeof(struct fdsnws),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
