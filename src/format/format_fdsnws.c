/*
 * SeisComP's request log of fdsnws-dataselect: one JSON object a line, with a trace for each stream
 * of an answer. A line gives a record for each trace of an OK request, or one for a failed request;
 * which of the two, and when and by whom, may stand behind the traces. So records are made while
 * the line is walked, and given their day and client at its end. Traces that find no room are only
 * checked in that walk, and read again in the calls that follow. How a trace is read: trace.h.
 */
#include "format_priv.h"
#include "memo.h"
#include "shape.h"
#include "trace.h"

/*
 * The members that matter, of a line and of userLocation (of a trace: trace.h): M(enum, key). A
 * key that comes twice: the last one holds.
 */
#define LINE_MEMBERS(M)                \
    M(LINE_SERVICE, "service")         \
    M(LINE_USER, "userID")             \
    M(LINE_LOCATION, "userLocation")   \
    M(LINE_TRACE, "trace")             \
    M(LINE_STATUS, "status")           \
    M(LINE_FINISHED, "finished")

#define NAME(upper, key)      upper,
#define MEMBER_KEY(upper, key) { key, sizeof(key) - 1 },

enum line_member { LINE_OTHER, LINE_MEMBERS(NAME) LINE_MEMBERS_N };

static const struct slice line_keys[] = { LINE_MEMBERS(MEMBER_KEY) };
static const struct slice place_keys[] = { { "country", 7 } };

#undef NAME
#undef MEMBER_KEY

static const struct shape_keys of_line = { line_keys, ARRAY_LEN(line_keys) };
static const struct shape_keys of_place = { place_keys, ARRAY_LEN(place_keys) };

struct request {
    struct json_value v[LINE_MEMBERS_N];
    struct json_value country;   /* of the last userLocation */
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
    struct shape        line, place;
    struct trace_reader trace;
    struct iso_memo     time;
    struct request      request;
    struct common       common;
    /* A line of which traces are left: where the next one is, and the line's end. NULL: none. */
    const char         *rest, *end;
    char               *next_line;
};

/* ---- one trace ---- */

/* Of an element that is no object. */
static const struct json_value no_members[TRACE_MEMBERS_N];

/*
 * A surrogate without its partner in a code is left to the check of keys: what it becomes is no
 * UTF-8.
 */
static inline bool
trace_codes(struct arena *scratch, const struct json_value t[TRACE_MEMBERS_N], struct record *rec)
{
    bool lone;

    return json_text(scratch, &t[TRACE_NET], &lone, &rec->network) &&
           json_text(scratch, &t[TRACE_STA], &lone, &rec->station) &&
           json_text(scratch, &t[TRACE_LOC], &lone, &rec->location) &&
           json_text(scratch, &t[TRACE_CHA], &lone, &rec->channel);
}

static inline bool
is_ok(const struct json_value *status)
{
    if (likely(!status->escaped))
        return slice_is(status->text, "OK");
    return json_is(status, "OK");
}

static inline bool
is_ours(const struct json_value *service)
{
    if (likely(service->kind == JSON_STRING && !service->escaped))
        return slice_is(service->text, "fdsnws-dataselect");
    return service->kind == JSON_ABSENT || json_is(service, "fdsnws-dataselect");
}

static inline enum reason
trace_why(const struct json_value t[TRACE_MEMBERS_N], struct record *rec)
{
    if (t[TRACE_STATUS].kind != JSON_STRING)
        return REJECT_FIELDS;
    if (!is_ok(&t[TRACE_STATUS]))
        return FILTER_NO_DATA_TRACE;
    if (t[TRACE_NET].kind != JSON_STRING || t[TRACE_STA].kind != JSON_STRING ||
        t[TRACE_LOC].kind != JSON_STRING || t[TRACE_CHA].kind != JSON_STRING ||
        t[TRACE_BYTES].kind == JSON_ABSENT)
        return REJECT_FIELDS;
    return json_u63(&t[TRACE_BYTES], &rec->bytes) ? KEEP : REJECT_NUMBER;
}

/* What an element of the trace array becomes; the rest of the record is known when the line is. */
static inline enum st
trace_record(struct parser *p, const struct json_value t[TRACE_MEMBERS_N], struct record *rec,
    struct err *err)
{
    bool lone;

    record_clear(rec);
    rec->ok = true;
    rec->why = trace_why(t, rec);
    if (rec->why == KEEP && unlikely(!trace_codes(&p->scratch, t, rec)))
        return err_memory(err, "cannot hold the text of a request log");
    if (unlikely(p->options->trace_starts) && t[TRACE_START].kind == JSON_STRING &&
        !json_text(&p->scratch, &t[TRACE_START], &lone, &rec->marked))
        return err_memory(err, "cannot hold the text of a request log");
    return ST_OK;
}

/* ---- the line ---- */

enum walk { WALK_DONE, WALK_NO_JSON, WALK_FAILED };

/*
 * Reads elements of the array at j->at, the first or those behind `inside`, making at most `max`
 * records. The one that finds no room is r->rest and is not read. Stops there, or at the array's
 * end (r->rest NULL, the ']' taken).
 */
static enum walk
walk_elements(struct parser *p, struct json *j, struct request *r, bool inside, struct record *out,
    size_t max, struct err *err)
{
    struct fdsnws *f = p->state;
    struct json_value ignored;
    enum json_step step;

    r->n_made = 0;
    r->rest = NULL;
    while ((step = json_element(j, &inside)) == JSON_NEXT) {
        const struct json_value *t = no_members;

        if (r->n_made == max) {
            r->rest = j->at;
            return WALK_DONE;
        }
        if (json_peek(j) != '{') {
            if (!json_value(j, 2, &ignored))
                return WALK_NO_JSON;
        } else if ((t = trace_read(&f->trace, j)) == NULL) {
            return WALK_NO_JSON;
        }
        if (trace_record(p, t, &out[r->n_made++], err) != ST_OK)
            return WALK_FAILED;
    }
    return step == JSON_END ? WALK_DONE : WALK_NO_JSON;
}

/*
 * The array of traces at j->at: records for those that find room, the others are checked and
 * stepped over.
 */
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
walk_place(struct fdsnws *f, struct json *j, struct json_value *country)
{
    struct shape_walk w = shape_begin(&f->place, &of_place);
    struct json_value ignored;
    enum json_step step;

    j->at++;
    while ((step = shape_next(&w, j)) == JSON_NEXT)
        if (!json_value(j, 2, w.name != 0 ? country : &ignored))
            return false;
    return step == JSON_END;
}

/* The value of the member `name`. */
static inline enum walk
walk_member(struct parser *p, struct json *j, struct request *r, unsigned name, struct record *out,
    size_t max, struct err *err)
{
    bool good;

    if (name == LINE_TRACE) {
        r->n_made = 0;
        r->rest = NULL;
        if (json_peek(j) == '[') {
            r->v[LINE_TRACE].kind = JSON_ARRAY;
            return walk_traces(p, j, r, out, max, err);
        }
    }
    if (name == LINE_LOCATION) {
        r->country.kind = JSON_ABSENT;
        r->v[LINE_LOCATION].kind = JSON_OBJECT;
    }
    if (name == LINE_LOCATION && json_peek(j) == '{')
        good = walk_place(p->state, j, &r->country);
    else
        good = json_value(j, 1, &r->v[name]);
    return good ? WALK_DONE : WALK_NO_JSON;
}

/* The whole line, once. Every byte of it is checked. */
static enum walk
walk_line(struct parser *p, struct slice line, struct request *r, struct record *out, size_t max,
    struct err *err)
{
    struct fdsnws *f = p->state;
    struct json j = { line.p, line.p + line.n };
    struct shape_walk w = shape_begin(&f->line, &of_line);
    enum json_step step;
    enum walk walk;

    *r = (struct request){ .n_made = 0 };
    if (!json_take(&j, '{'))
        return WALK_NO_JSON;
    while ((step = shape_next(&w, &j)) == JSON_NEXT) {
        walk = walk_member(p, &j, r, w.name, out, max, err);
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
        if (!json_text(scratch, v, &lone, out))
            return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
        return lone ? REJECT_ENCODING : KEEP;
    case JSON_INTEGER:
        *out = json_python_number(v, NULL);
        return KEEP;
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

    if (v->kind != JSON_STRING || !json_text(scratch, v, &lone, &text) || slice_chars(text) != 2)
        return none;
    return text;
}

static enum reason
read_finished(struct iso_memo *memo, const struct json_value *v, struct common *c)
{
    char buf[256 + 8];
    struct slice text;

    if (!json_short_text(v, buf, 256, &text) || !memo_iso(memo, text, &c->day, &c->time_us))
        return REJECT_TIME;
    c->hour = (uint8_t)((text.p[11] - '0') * 10 + (text.p[12] - '0')); /* of the day as written */
    return KEEP;
}

static enum reason
read_common(struct parser *p, const struct request *r, struct common *c)
{
    struct fdsnws *f = p->state;
    enum reason why;

    *c = (struct common){ .day = DAY_NONE, .country = { "", 0 } };
    if (r->v[LINE_FINISHED].kind != JSON_STRING || r->v[LINE_STATUS].kind != JSON_STRING)
        return REJECT_FIELDS;
    if ((why = read_finished(&f->time, &r->v[LINE_FINISHED], c)) != KEEP)
        return why;
    if (!is_ours(&r->v[LINE_SERVICE]))
        return FILTER_OTHER_SERVICE;
    if ((why = read_client(&p->scratch, &r->v[LINE_USER], &c->client)) != KEEP)
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
    if (why == KEEP && is_ok(&r->v[LINE_STATUS])) {
        if (r->v[LINE_TRACE].kind == JSON_ARRAY && r->n_made > 0) {
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

/*
 * More traces of the line at p->at, from f->rest. They have been checked, so that this finds
 * nothing wrong.
 */
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
    trace_forget(&f->trace); /* the one before may stand in a block that is gone */
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
 * Many programs write JSON with `finished` and `status`. Lines are SeisComP's if they name its
 * service, or, where an old one has no such member, if they have the two others that it always
 * writes.
 */
static bool
is_seiscomp(const struct parser *p, const struct record *rec)
{
    const struct request *r = &((const struct fdsnws *)p->state)->request;

    if (rec->why == FILTER_OTHER_SERVICE)
        return false;
    return r->v[LINE_SERVICE].kind != JSON_ABSENT ||
           (r->v[LINE_USER].kind != JSON_ABSENT && r->v[LINE_LOCATION].kind != JSON_ABSENT);
}

static int
fdsnws_sniff(struct slice head)
{
    return share_of_objects(&format_fdsnws, head, is_seiscomp);
}

#define HEAD                                                                                       \
    "{\"service\": \"fdsnws-dataselect\", \"userID\": 1497164453, \"userLocation\": {\"country\": \"DE\"}, "
#define TRACE(status, bytes)                                                                       \
    "{\"net\": \"GE\", \"sta\": \"EIL\", \"loc\": \"\", \"cha\": \"BHZ\", \"restricted\": false, " \
    "\"status\": " status ", \"bytes\": " bytes "}"
#define TAIL(status)                                                                               \
    "\"status\": " status ", \"bytes\": 0, \"finished\": \"2024-01-16T10:00:00.5Z\"}"

static const struct format_example examples[] = {
    { HEAD "\"trace\": [" TRACE("\"OK\"", "2048") "], " TAIL("\"OK\""), KEEP, 0, 2048 },
    { HEAD TAIL("\"NODATA\""), KEEP, 0, 0 },
    { HEAD "\"trace\": [" TRACE("\"NODATA\"", "0") "], " TAIL("\"OK\""), FILTER_NO_DATA_TRACE, 0,
      0 },
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
