/*
 * Events of 7TV in which channels take up emotes or drop them, one JSON object a line, in two
 * shapes:
 *
 *     {"user": ID, "old": [ID...], "new": [ID...], "time": ...}
 *     {"_id": ID, "data": {"kind": "emote_set",
 *                          "data": {"kind": "add_emote", "data": {"emote_id": ID}}}}
 *
 * The first is a channel's emotes before and after, of which a line gives a record for each emote
 * that is only in one of the lists. The second is an event as 7TV stores it; all kinds but two say
 * nothing of emotes without what a log does not hold.
 */
#include "emote_id.h"
#include "fields.h"
#include "shape.h"

#include <sodium.h>

#define LINE_MEMBERS(M) \
    M(OLD, "old")       \
    M(NEW, "new")       \
    M(TIME, "time")     \
    M(ID, "_id")        \
    M(DATA, "data")

#define DATA_MEMBERS(M) \
    M(KIND, "kind")     \
    M(INNER, "data")    \
    M(EMOTE, "emote_id")

#define NAME(upper, key)       MEMBER_##upper,
#define MEMBER_KEY(upper, key) { key, sizeof(key) - 1 },
enum line_member { MEMBER_OTHER, LINE_MEMBERS(NAME) LINE_MEMBERS_N };
enum data_member { MEMBER_NONE, DATA_MEMBERS(NAME) DATA_MEMBERS_N };
static const struct slice line_keys[] = { LINE_MEMBERS(MEMBER_KEY) };
static const struct slice data_keys[] = { DATA_MEMBERS(MEMBER_KEY) };
#undef NAME
#undef MEMBER_KEY

static const struct shape_keys of_line = { line_keys, ARRAY_LEN(line_keys) };
static const struct shape_keys of_data = { data_keys, ARRAY_LEN(data_keys) };

#define ID_TEXT_MAX 256 /* of one identifier, escapes and all */

struct change {
    uint8_t emote[16];
    int     by;
};

struct seventv {
    struct shape   line, data;
    struct change *changes; /* of the line at p->at, in the scratch; */
    size_t         n_changes, next;
    char          *next_line;
    int64_t        time_us;
};

/* ---- values ---- */

/* The members of the object that `text` is, into v. The text was checked before. */
static void
walk_data(struct shape *shape, struct slice text, struct json_value v[DATA_MEMBERS_N])
{
    struct json j = { text.p + 1, text.p + text.n };
    struct shape_walk w = shape_begin(shape, &of_data);

    for (size_t i = 0; i < DATA_MEMBERS_N; i++)
        v[i].kind = JSON_ABSENT;
    while (shape_next(&w, &j) == JSON_NEXT)
        json_value(&j, 0, &v[w.name]);
}

/*
 * The value of the first member of an object, which must have this key; as MongoDB's Extended JSON
 * writes types.
 */
static bool
extended(const struct json_value *v, const char *key, struct json_value *out)
{
    struct json j = { v->text.p + 1, v->text.p + v->text.n };
    struct json_value name;
    bool inside = false;

    return v->kind == JSON_OBJECT && json_member(&j, &inside, &name) == JSON_NEXT &&
           json_is(&name, key) && json_value(&j, 0, out);
}

/* {"$binary": {"base64": "...", "subType": "04"}} */
static bool
read_binary(const struct json_value *v, uint8_t out[16])
{
    struct json_value binary, text;
    char buf[ID_TEXT_MAX];
    struct slice s;
    size_t n;

    return extended(v, "$binary", &binary) && extended(&binary, "base64", &text) &&
           json_short_text(&text, buf, sizeof buf, &s) &&
           sodium_base642bin(out, 16, s.p, s.n, NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n == 16;
}

static bool
read_id(const struct json_value *v, uint8_t out[16])
{
    struct json_value inner;
    char buf[ID_TEXT_MAX];
    struct slice s;

    if (v->kind == JSON_OBJECT) {
        if (read_binary(v, out))
            return true;
        if (!extended(v, "$uuid", &inner) && !extended(v, "$oid", &inner))
            return false;
        v = &inner;
    }
    return json_short_text(v, buf, sizeof buf, &s) && emote_id(s, out);
}

/* ISO 8601, or milliseconds since 1970; either as {"$date": ...} too. */
static bool
read_time(const struct json_value *v, int64_t *time_us)
{
    struct json_value inner, number;
    char buf[ID_TEXT_MAX];
    struct slice s;
    int32_t day;

    if (v->kind == JSON_OBJECT) {
        if (!extended(v, "$date", &inner))
            return false;
        v = &inner;
    }
    if (v->kind == JSON_OBJECT) {
        if (!extended(v, "$numberLong", &number) || !json_short_text(&number, buf, sizeof buf, &s))
            return false;
        return fields_time_number(s, TIME_UNIX_MS, time_us);
    }
    if (v->kind == JSON_INTEGER)
        return fields_time_number(v->text, TIME_UNIX_MS, time_us);
    return json_short_text(v, buf, sizeof buf, &s) && clock_parse_iso(s, &day, time_us);
}

/* ---- a channel's emotes before and after ---- */

static int
by_emote(const void *a, const void *b)
{
    return memcmp(((const struct change *)a)->emote, ((const struct change *)b)->emote, 16);
}

/* The identifiers of an array behind `out`, each with `by`. False: one is none. */
static bool
read_list(struct slice array, int by, struct change *out, size_t *n)
{
    struct json j = { array.p + 1, array.p + array.n };
    bool inside = false;

    while (json_element(&j, &inside) == JSON_NEXT) {
        struct json_value v;

        if (!json_value(&j, 0, &v) || !read_id(&v, out[*n].emote))
            return false;
        out[(*n)++].by = by;
    }
    return true;
}

/* Keeps those that stand in one list only, each once. */
static size_t
difference(struct change *all, size_t n)
{
    size_t kept = 0;

    qsort(all, n, sizeof *all, by_emote);
    for (size_t i = 0, next; i < n; i = next) {
        bool is_new = false, is_old = false;

        for (next = i; next < n && by_emote(&all[i], &all[next]) == 0; next++) {
            is_new = is_new || all[next].by > 0;
            is_old = is_old || all[next].by < 0;
        }
        if (is_new == is_old)
            continue;
        all[kept] = all[i];
        all[kept++].by = is_new ? 1 : -1;
    }
    return kept;
}

static enum reason
read_lists(struct parser *p, const struct json_value v[LINE_MEMBERS_N])
{
    struct seventv *s = p->state;
    /* An identifier takes three bytes of a list at least: its quotes and a comma. */
    size_t room = (v[MEMBER_OLD].text.n + v[MEMBER_NEW].text.n) / 3 + 1, n = 0;

    if (v[MEMBER_OLD].kind != JSON_ARRAY || v[MEMBER_NEW].kind != JSON_ARRAY)
        return REJECT_FIELDS;
    if (!read_time(&v[MEMBER_TIME], &s->time_us))
        return v[MEMBER_TIME].kind == JSON_ABSENT ? REJECT_FIELDS : REJECT_TIME;
    s->changes = arena_alloc(&p->scratch, room * sizeof *s->changes);
    if (s->changes == NULL)
        return REJECT_FIELDS; /* cannot be: the scratch's ceiling is above what a line needs */
    if (!read_list(v[MEMBER_OLD].text, -1, s->changes, &n) ||
        !read_list(v[MEMBER_NEW].text, 1, s->changes, &n))
        return REJECT_FIELDS;
    s->n_changes = difference(s->changes, n);
    return s->n_changes > 0 ? KEEP : FILTER_NO_CHANGE;
}

/* ---- an event as it is stored ---- */

static enum reason
read_event(struct parser *p, const struct json_value v[LINE_MEMBERS_N])
{
    struct seventv *s = p->state;
    struct json_value data[DATA_MEMBERS_N], inner[DATA_MEMBERS_N], what[DATA_MEMBERS_N];
    uint8_t id[16];

    if (v[MEMBER_DATA].kind != JSON_OBJECT || !read_id(&v[MEMBER_ID], id))
        return REJECT_FIELDS;
    s->time_us = emote_id_time_us(id);
    if (s->time_us >= (DAY_MAX + INT64_C(1)) * DAY_US)
        return REJECT_TIME;
    walk_data(&s->data, v[MEMBER_DATA].text, data);
    if (data[MEMBER_KIND].kind != JSON_STRING)
        return REJECT_FIELDS;
    if (!json_is(&data[MEMBER_KIND], "emote_set") || data[MEMBER_INNER].kind != JSON_OBJECT)
        return FILTER_NEEDS_STATE;
    walk_data(&s->data, data[MEMBER_INNER].text, inner);
    if (!json_is(&inner[MEMBER_KIND], "add_emote") && !json_is(&inner[MEMBER_KIND], "remove_emote"))
        return FILTER_NEEDS_STATE;
    if ((s->changes = arena_alloc(&p->scratch, sizeof *s->changes)) == NULL ||
        inner[MEMBER_INNER].kind != JSON_OBJECT)
        return REJECT_FIELDS;
    walk_data(&s->data, inner[MEMBER_INNER].text, what);
    if (!read_id(&what[MEMBER_EMOTE], s->changes[0].emote))
        return REJECT_FIELDS;
    s->changes[0].by = json_is(&inner[MEMBER_KIND], "add_emote") ? 1 : -1;
    s->n_changes = 1;
    return KEEP;
}

/* ---- lines ---- */

/* Which shape it is, and what changes. A key that comes twice: the last one holds. */
static enum reason
read_line(struct parser *p, struct slice line)
{
    struct seventv *s = p->state;
    struct json j = { line.p, line.p + line.n };
    struct shape_walk w = shape_begin(&s->line, &of_line);
    struct json_value v[LINE_MEMBERS_N] = { 0 };
    enum json_step step;

    s->n_changes = s->next = 0;
    s->time_us = -1;
    if (!json_take(&j, '{'))
        return REJECT_JSON;
    while ((step = shape_next(&w, &j)) == JSON_NEXT)
        if (!json_value(&j, 1, &v[w.name]))
            return REJECT_JSON;
    json_peek(&j);
    if (step != JSON_END || j.at != j.end)
        return REJECT_JSON;
    if (v[MEMBER_OLD].kind != JSON_ABSENT || v[MEMBER_NEW].kind != JSON_ABSENT)
        return read_lists(p, v);
    return read_event(p, v);
}

static enum st
give_change(struct parser *p, struct record *rec, struct err *err)
{
    struct seventv *s = p->state;
    const struct change *change = &s->changes[s->next];
    struct given *given = arena_alloc(&p->scratch, sizeof *given);

    if (given == NULL)
        return err_memory(err, "cannot hold the changes of an event");
    *given = (struct given){ .is_change = true, .change = change->by };
    memcpy(given->emote, change->emote, sizeof given->emote);
    record_begin(p, rec);
    rec->first = s->next == 0;
    rec->given = given;
    rec->time_us = s->time_us;
    record_date(rec);
    s->next++;
    return ST_OK;
}

/* Begins the line at p->at. *given: it has its one record, and is done. */
static void
begin_line(struct parser *p, struct record *rec, bool *given)
{
    struct seventv *s = p->state;
    struct slice line = line_at(p, &s->next_line);

    record_begin(p, rec);
    rec->why = line.n == 0 ? FILTER_BLANK : read_line(p, line);
    *given = rec->why != KEEP;
    if (line.n > 0 && *given && s->time_us >= 0 && rec->why != REJECT_TIME) {
        rec->time_us = s->time_us;
        record_date(rec);
    }
}

static enum st
seventv_block(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err)
{
    struct seventv *s = p->state;
    size_t n = 0;
    enum st rc;

    if (s->next == s->n_changes) /* else the changes of a half-given line are there */
        arena_reset(&p->scratch);
    while (n < max && p->at < p->end && (n == 0 || p->scratch.used_bytes < SCRATCH_ENOUGH)) {
        bool given = false;

        if (s->next == s->n_changes)
            begin_line(p, &out[n], &given);
        if (!given && (rc = give_change(p, &out[n], err)) != ST_OK)
            return rc;
        n++;
        if (given || s->next == s->n_changes) {
            s->n_changes = s->next = 0;
            p->at = s->next_line;
            p->line_no++;
        }
    }
    *n_records = n;
    return ST_OK;
}

/* Lists called `old` and `new` are common words: without identifiers in them nothing is sure. */
static bool
says_something(const struct parser *p, const struct record *rec)
{
    (void)p;
    return rec->why == KEEP || rec->why == FILTER_NEEDS_STATE;
}

static int
seventv_sniff(struct slice head)
{
    return share_of_objects(&format_seventv, head, says_something);
}

#define EMOTE "01F6M3N17G000B5V5G2M2RYJN7"
#define EVENT(kind, what)                                                                          \
    "{\"_id\":\"01HM8Z0000ABCDEFGHJKMNPQRS\",\"actor_id\":null,\"data\":{\"kind\":\"" kind         \
    "\",\"target_id\":\"" EMOTE "\",\"data\":{\"kind\":" what "}}}"

static const struct format_example examples[] = {
    { "{\"user\":\"" EMOTE "\",\"old\":[],\"new\":[\"" EMOTE "\"],\"time\":\"2024-01-16T10:00:00Z\"}", KEEP, 0, 0 },
    { EVENT("emote_set", "\"add_emote\",\"data\":{\"emote_id\":\"" EMOTE "\",\"alias\":\"x\"}"), KEEP, 0, 0 },
    { EVENT("user", "\"change_active_emote_set\",\"data\":{\"old\":null,\"new\":null}"), FILTER_NEEDS_STATE, 0, 0 },
    { "{\"user\":\"" EMOTE "\",\"old\":[],\"new\":[],\"time\":\"2024-01-16T10:00:00Z\"}", FILTER_NO_CHANGE, 0, 0 },
    { "{\"user\":\"" EMOTE "\",\"old\":[],\"new\":[\"x\"],\"time\":\"2024-01-16T10:00:00Z\"}", REJECT_FIELDS, 0, 0 },
    { "{\"user\":\"" EMOTE "\",\"old\":[],\"new\":[],\"time\":\"2024-01-16\"}", REJECT_TIME, 0, 0 },
    { "{\"old\":[],\"new\":[\"" EMOTE "\"],}", REJECT_JSON, 0, 0 },
};

const struct format format_seventv = {
    .name = "seventv",
    .about = "7TV's events of channels and their emotes, one JSON object a line",
    .dataset = "emote_stats",
    .block = seventv_block,
    .sniff = seventv_sniff,
    .state_bytes = sizeof(struct seventv),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
