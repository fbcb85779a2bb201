/*
 * The payload of EIDA's aggregator: one JSON document, in which a node sends its statistics of some
 * days, summed up by month, stream and country, each with the sketch of its clients. Documents
 * reach 100 MB and mostly stand in one line, so it is read piece by piece (json_pieces.h), and what
 * other formats call a line is here a piece: an element of `stats` or `days_coverage`, or another
 * member.
 */
#include "format_priv.h"
#include "ingest/hash.h"
#include "ingest/num.h"
#include "json_pieces.h"
#include "python_repr.h"

#include <sodium.h>

#define ELEMENT_MEMBERS(M)                           \
    M(MONTH, "month")                                \
    M(NETWORK, "network")                            \
    M(STATION, "station")                            \
    M(LOCATION, "location")                          \
    M(CHANNEL, "channel")                            \
    M(COUNTRY, "country")                            \
    M(BYTES, "bytes")                                \
    M(REQUESTS, "nb_requests")                       \
    M(SUCCESSFUL, "nb_successful_requests")          \
    M(UNSUCCESSFUL, "nb_unsuccessful_requests")      \
    M(CLIENTS, "clients")

#define NAME(upper, key)       MEMBER_##upper,
#define MEMBER_KEY(upper, key) { key, sizeof(key) - 1 },
enum member { MEMBER_OTHER, ELEMENT_MEMBERS(NAME) MEMBERS_N };
static const struct slice element_keys[] = { ELEMENT_MEMBERS(MEMBER_KEY) };
#undef NAME
#undef MEMBER_KEY

static const struct shape_keys of_element = { element_keys, ARRAY_LEN(element_keys) };

enum list { LIST_NONE, LIST_STATS, LIST_DAYS, VALUE_VERSION, VALUE_GENERATED };
#define N_VALUES   2
#define SEEN_STATS (1u << (LIST_STATS - 1))
#define SEEN_DAYS  (1u << (LIST_DAYS - 1))
static const struct slice list_keys[] = {
    { "stats", 5 }, { "days_coverage", 13 }, { "version", 7 }, { "generated_at", 12 }
};
static const struct shape_keys lists = { list_keys, ARRAY_LEN(list_keys) };

#define MONTHS_MAX      128
#define SKETCH_HEX_MAX  8192 /* a sketch has at most 2566 digits */

struct eida {
    struct json_pieces pieces;
    struct shape       shape;
    bool               busy;     /* a record of this call has text in the carry */
    const char        *defect;   /* the document is refused, once what stands before it was given */
    uint64_t           n_lines;  /* pieces given so far */
    uint64_t           offset;   /* of p->at in the payload */
    struct {
        int32_t month, day;      /* its first day, and the first of its days that are covered */
    }                  covered[MONTHS_MAX];
    size_t             n_covered;
    struct murmur3_32  hash;     /* of what Python prints of the stats so far */
    bool               no_hash;  /* there is no such text, or of another list than was counted */
    uint64_t           n_stats;  /* elements of this document */
    uint64_t           n_documents;
};

/* ---- days ---- */

/*
 * A payload of one day in the middle of a month says nothing of the month's first day: what was
 * counted belongs to a day that the payload covers.
 */
static void
cover(struct eida *e, int32_t day)
{
    int32_t month = clock_month(day);

    for (size_t i = 0; i < e->n_covered; i++)
        if (e->covered[i].month == month) {
            if (day < e->covered[i].day)
                e->covered[i].day = day;
            return;
        }
    if (e->n_covered == MONTHS_MAX)
        return;
    e->covered[e->n_covered].month = month;
    e->covered[e->n_covered++].day = day;
}

static int32_t
covered_day(const struct eida *e, int32_t day)
{
    int32_t month = clock_month(day);

    for (size_t i = 0; i < e->n_covered; i++)
        if (e->covered[i].month == month)
            return e->covered[i].day;
    return month;
}

static bool
read_day(const struct json_value *v, int32_t *day)
{
    char buf[64];
    struct slice text;

    return json_short_text(v, buf, sizeof buf, &text) && clock_parse_day(text, day);
}

/* ---- an element of stats ---- */

static bool
walk_element(struct eida *e, struct json *j, struct json_value v[MEMBERS_N])
{
    struct shape_walk w = shape_begin(&e->shape, &of_element);
    enum json_step step;

    j->at++;
    while ((step = shape_next(&w, j)) == JSON_NEXT)
        if (!json_value(j, 3, &v[w.name]))
            return false;
    json_peek(j);
    return step == JSON_END && j->at == j->end;
}

/* "\x" and hexadecimal digits, as PostgreSQL takes a bytea. */
static bool
read_sketch(struct arena *scratch, const struct json_value *v, struct slice *out)
{
    struct slice text;
    size_t n;
    bool lone;
    char *bytes;

    if (v->kind != JSON_STRING || v->text.n > SKETCH_HEX_MAX ||
        !json_text(scratch, v, &lone, &text))
        return false;
    if (!slice_starts(text, SLICE("\\x")) || text.n % 2 != 0)
        return false;
    if ((bytes = arena_alloc(scratch, text.n / 2)) == NULL)
        return false;
    if (sodium_hex2bin((unsigned char *)bytes, text.n / 2, text.p + 2, text.n - 2, NULL, &n,
                       NULL) != 0)
        return false;
    *out = (struct slice){ bytes, n };
    return true;
}

static bool
is_absent(const struct json_value *v)
{
    return v->kind == JSON_ABSENT || v->kind == JSON_NULL;
}

/* Old payloads do not say how many failed, or how many there were together. */
static bool
read_counts(const struct json_value v[MEMBERS_N], struct record *rec, struct given *g)
{
    if (!json_u63(&v[MEMBER_BYTES], &rec->bytes) || !json_u63(&v[MEMBER_SUCCESSFUL], &g->n_ok))
        return false;
    if (!is_absent(&v[MEMBER_UNSUCCESSFUL]) && !json_u63(&v[MEMBER_UNSUCCESSFUL], &g->n_failed))
        return false;
    if (!is_absent(&v[MEMBER_REQUESTS]))
        return json_u63(&v[MEMBER_REQUESTS], &g->n_requests);
    g->n_requests = g->n_ok;
    return num_add(&g->n_requests, g->n_failed);
}

/* A surrogate without its partner in a code is left to the check of keys. */
static bool
read_codes(struct arena *scratch, const struct json_value v[MEMBERS_N], struct record *rec)
{
    struct slice country = { "", 0 };
    bool lone;

    if (v[MEMBER_COUNTRY].kind == JSON_STRING &&
        !json_text(scratch, &v[MEMBER_COUNTRY], &lone, &country))
        return false;
    rec->country = slice_chars(country) == 2 ? country : (struct slice){ "", 0 };
    return json_text(scratch, &v[MEMBER_NETWORK], &lone, &rec->network) &&
           json_text(scratch, &v[MEMBER_STATION], &lone, &rec->station) &&
           json_text(scratch, &v[MEMBER_LOCATION], &lone, &rec->location) &&
           json_text(scratch, &v[MEMBER_CHANNEL], &lone, &rec->channel);
}

static enum reason
read_element(struct parser *p, const struct json_value v[MEMBERS_N], struct record *rec)
{
    struct given *g = arena_alloc(&p->scratch, sizeof *g);
    int32_t day;

    for (size_t i = MEMBER_MONTH; i <= MEMBER_CHANNEL; i++)
        if (v[i].kind != JSON_STRING)
            return REJECT_FIELDS;
    if (is_absent(&v[MEMBER_BYTES]) || is_absent(&v[MEMBER_SUCCESSFUL]) ||
        is_absent(&v[MEMBER_CLIENTS]))
        return REJECT_FIELDS;
    if (!read_day(&v[MEMBER_MONTH], &day))
        return REJECT_TIME;
    rec->day = covered_day(p->state, day);
    rec->time_us = rec->day * DAY_US;
    if (g == NULL)
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above an element */
    *g = (struct given){ .summed = true };
    if (!read_counts(v, rec, g))
        return REJECT_NUMBER;
    if (!read_codes(&p->scratch, v, rec))
        return REJECT_FIELDS;
    if (!read_sketch(&p->scratch, &v[MEMBER_CLIENTS], &g->sketch))
        return REJECT_SKETCH;
    rec->ok = true;
    rec->given = g;
    return KEEP;
}

/* ---- what the document says as a whole ---- */

static void
into_hash(void *ctx, const char *p, size_t n)
{
    murmur3_32_add(ctx, p, n);
}

/*
 * EIDA's web service keeps of a payload the hash of `str(stats)`, by which it refuses one that it
 * has. An element that Python would not print leaves none.
 */
static void
hash_element(struct eida *e, struct arena *scratch, struct slice text)
{
    if (e->n_stats++ == 0)
        murmur3_32_add(&e->hash, "[", 1);
    else
        murmur3_32_add(&e->hash, ", ", 2);
    if (!e->no_hash && !python_repr(text, scratch, into_hash, &e->hash))
        e->no_hash = true;
}

static void
take_version(struct document *d, const struct json_value *v)
{
    char buf[8 * sizeof d->version];
    struct slice text;

    if (!json_short_text(v, buf, sizeof buf, &text) || !slice_is_text(text) ||
        slice_chars(text) > DOCUMENT_VERSION_MAX)
        return;
    memcpy(d->version, text.p, text.n);
    d->version[text.n] = '\0';
}

static void
take_value(struct document *d, unsigned name, const struct json_value *v)
{
    char buf[256];
    struct slice text;
    int32_t day;

    if (name == VALUE_VERSION)
        take_version(d, v);
    if (name == VALUE_GENERATED && json_short_text(v, buf, sizeof buf, &text))
        d->is_generated = clock_parse_iso(text, &day, &d->generated_us);
}

/* Of several documents behind one another none speaks for all. */
static void
end_document(struct parser *p)
{
    struct eida *e = p->state;

    if (e->n_documents++ > 0) {
        p->document = (struct document){ .is_payload = true };
        return;
    }
    p->document.is_payload = true;
    if (e->no_hash || e->pieces.again)
        return;
    murmur3_32_add(&e->hash, "[]", e->n_stats == 0 ? 2 : 0);
    murmur3_32_add(&e->hash, "]", e->n_stats == 0 ? 0 : 1);
    p->document.has_hash = true;
    p->document.hash = (int32_t)murmur3_32_finish(&e->hash);
}

/* ---- pieces ---- */

/* NULL, or why the document is none. */
static const char *
read_piece(struct parser *p, const struct json_piece *piece, struct record *rec)
{
    struct eida *e = p->state;
    struct json j = { piece->text.p, piece->text.p + piece->text.n };
    struct json_value v[MEMBERS_N];
    int32_t day;

    if (piece->too_long && (piece->kind != PIECE_ELEMENT || piece->name != LIST_STATS))
        return "a value of over 1 MiB";
    if (piece->too_long) {
        e->no_hash = true;
        rec->why = REJECT_LINE_TOO_LONG;
        return NULL;
    }
    for (size_t i = 0; i < MEMBERS_N; i++)
        v[i].kind = JSON_ABSENT;
    if (piece->kind == PIECE_ELEMENT && piece->name == LIST_STATS && json_peek(&j) == '{') {
        if (!walk_element(e, &j, v))
            return "no JSON";
        rec->why = read_element(p, v, rec);
        hash_element(e, &p->scratch, piece->text);
        return NULL;
    }
    if (!json_value(&j, piece->kind == PIECE_ELEMENT ? 2 : 1, &v[0]) || j.at != j.end)
        return "no JSON";
    rec->why = FILTER_COMMENT;
    if (piece->name == LIST_STATS) {
        rec->why = REJECT_FIELDS;
        if (piece->kind == PIECE_ELEMENT)
            hash_element(e, &p->scratch, piece->text);
        else
            e->no_hash = true;
    }
    if (piece->kind == PIECE_VALUE)
        take_value(&p->document, piece->name, &v[0]);
    if (piece->kind == PIECE_ELEMENT && piece->name == LIST_DAYS && read_day(&v[0], &day)) {
        cover(e, day);
        rec->day = day;
        rec->time_us = day * DAY_US;
    }
    return NULL;
}

static enum st
refuse(struct parser *p, const char *defect, struct err *err)
{
    struct eida *e = p->state;

    err_fail(err, ST_FORMAT, "cannot read this payload of EIDA's aggregator",
             "%s, up to byte %" PRIu64 " as decoded", defect, e->offset);
    err->line_no = e->n_lines + 1;
    return ST_FORMAT;
}

/* The next record into `rec`. False: none for now. */
static bool
next_record(struct parser *p, struct record *rec)
{
    struct eida *e = p->state;
    struct json_piece piece;

    for (;;) {
        const char *at = p->at;
        enum json_pieces_step rc = json_pieces_next(&e->pieces, &at, p->end, e->busy, &piece);

        e->offset += (uint64_t)(at - p->at);
        p->at += at - p->at;
        if (rc == PIECES_BAD)
            e->defect = "no JSON";
        if (rc != PIECES_GOT)
            return false;
        if (piece.kind == PIECE_END) {
            if ((e->pieces.seen & SEEN_STATS) == 0)
                e->defect = "a document without a list \"stats\"";
            e->n_covered = 0;
            if (e->defect != NULL)
                return false;
            end_document(p);
            continue;
        }
        record_begin(p, rec);
        if ((e->defect = read_piece(p, &piece, rec)) != NULL)
            return false;
        e->busy = e->busy || piece.carried;
        p->line_no = ++e->n_lines + 1;
        return true;
    }
}

static enum st
eida_block(struct parser *p, struct record *out, size_t max, size_t *n_records, struct err *err)
{
    struct eida *e = p->state;
    size_t n = 0;

    arena_reset(&p->scratch);
    e->pieces.lists = lists;
    e->pieces.n_values = N_VALUES;
    e->busy = false;
    p->line_no = e->n_lines + 1;
    while (n < max && e->defect == NULL && p->at < p->end &&
           p->scratch.used_bytes < SCRATCH_ENOUGH && next_record(p, &out[n]))
        n++;
    *n_records = n;
    return e->defect != NULL && n == 0 ? refuse(p, e->defect, err) : ST_OK;
}

static enum st
eida_end(struct parser *p, struct err *err)
{
    const struct eida *e = p->state;

    if (e->defect != NULL) /* in the last piece of the last block, behind records */
        return refuse(p, e->defect, err);
    if (e->pieces.place == PLACE_OUTSIDE)
        return ST_OK;
    refuse(p, "it ends before its last bracket", err);
    err_hint(err, "it may still be growing, or was cut short; load it again once it is whole");
    return ST_FORMAT;
}

/* ---- sniffing ---- */

/*
 * Its lists have names of their own; the elements of the first one, where there are any, must be
 * what they should.
 */
static int
eida_sniff(struct slice head)
{
    struct parser p = { 0 };
    struct record rec;
    struct err ignored;
    size_t at = 0, n = 1, seen = 0, good = 0;
    const struct eida *e;
    char *copy;
    enum st rc;
    int score = 0;

    while (at < head.n && strchr(" \t\r\n", head.p[at]) != NULL && head.p[at] != '\0')
        at++;
    if (at == head.n || (head.p[at] != '{' && head.p[at] != '[')) /* no document, at little cost */
        return 0;
    if ((copy = malloc(head.n + BLOCK_SLACK)) == NULL)
        return 0;
    memcpy(copy, head.p, head.n);
    memset(copy + head.n, 0, BLOCK_SLACK);
    rc = parser_init(&p, &format_eida, NULL, &ignored);
    if (rc == ST_OK)
        parser_feed(&p, &(struct block){ .p = copy, .n = head.n, .first_line_no = 1 });
    while (rc == ST_OK && n > 0) {
        rc = parser_next(&p, &rec, 1, &n, &ignored);
        seen += n > 0 && rec.why != FILTER_COMMENT;
        good += n > 0 && rec.why == KEEP;
    }
    e = p.state;
    if (e != NULL && (seen > 0 || (e->pieces.seen & SEEN_DAYS) != 0)) {
        seen += rc != ST_OK; /* where it is damaged, what stood before tells what it was to be */
        score = seen > 0 ? (int)(good * 100 / seen) : 100;
    }
    parser_release(&p);
    free(copy);
    return score;
}

#define PAYLOAD(month, bytes, clients)                                                             \
    "{\"generated_at\": \"2024-02-01 03:00:00\", \"version\": \"1.2.0\", \"days_coverage\": [\"2024-01-16\"], " \
    "\"aggregation_score\": 4, \"stats\": [{\"month\": " month ", \"network\": \"GE\", \"station\": \"EIL\", " \
    "\"location\": \"\", \"channel\": \"BHZ\", \"country\": \"DE\", \"bytes\": " bytes ", \"nb_requests\": 2, "   \
    "\"nb_successful_requests\": 2, \"nb_unsuccessful_requests\": 0, \"clients\": " clients "}]}"
#define CLIENTS "\"\\\\x128B7F00000000688E5440\""

static const struct format_example examples[] = {
    { PAYLOAD("\"2024-01-01\"", "2048", CLIENTS), KEEP, 0, 2048 },
    { PAYLOAD("20240101", "2048", CLIENTS), REJECT_FIELDS, 0, 0 },
    { PAYLOAD("\"2024-13-01\"", "2048", CLIENTS), REJECT_TIME, 0, 0 },
    { PAYLOAD("\"2024-01-01\"", "-1", CLIENTS), REJECT_NUMBER, 0, 0 },
    { PAYLOAD("\"2024-01-01\"", "2048", "\"128B7F\""), REJECT_SKETCH, 0, 0 },
};

const struct format format_eida = {
    .name = "eida",
    .about = "the payload of EIDA's statistics aggregator, a JSON document",
    .dataset = "dataselect_stats",
    .block = eida_block,
    .document = true,
    .end = eida_end,
    .sniff = eida_sniff,
    .state_bytes = sizeof(struct eida),
    .examples = examples,
    .n_examples = ARRAY_LEN(examples),
};
