/*
 * Named values into a record. Which value is which field was found out before; here is what a value
 * of a field may look like, whatever the log it stands in.
 */
#include "fields.h"
#include "request.h"

/* ---- numbers that are times ---- */

#define EXPONENT_MAX 400

struct decimal {
    struct slice whole, fraction;
    int          exponent;
};

static struct slice
take_digits(struct cursor *c)
{
    const char *from = c->at;

    while (c->at < c->end && (unsigned char)(*c->at - '0') <= 9)
        c->at++;
    return (struct slice){ from, (size_t)(c->at - from) };
}

/* Digits, perhaps a point and more, perhaps an exponent; no sign. */
static bool
read_decimal(struct slice s, struct decimal *d)
{
    struct cursor c = cursor_at(s);
    bool negative = false;

    *d = (struct decimal){ .exponent = 0 };
    d->whole = take_digits(&c);
    if (d->whole.n == 0)
        return false;
    if (take_byte(&c, '.') && (d->fraction = take_digits(&c)).n == 0)
        return false;
    if (take_byte(&c, 'e') || take_byte(&c, 'E')) {
        struct slice digits;

        if (!take_byte(&c, '+'))
            negative = take_byte(&c, '-');
        digits = take_digits(&c);
        if (digits.n == 0)
            return false;
        for (size_t i = 0; i < digits.n && d->exponent < EXPONENT_MAX; i++)
            d->exponent = d->exponent * 10 + (digits.p[i] - '0');
    }
    if (negative)
        d->exponent = -d->exponent;
    return cursor_done(&c);
}

static int
digit_at(const struct decimal *d, size_t i)
{
    if (i < d->whole.n)
        return d->whole.p[i] - '0';
    i -= d->whole.n;
    return i < d->fraction.n ? d->fraction.p[i] - '0' : 0;
}

/* How many digits a second's point moves to the right to give microseconds. */
static int
scale_of(enum key_how how, int64_t n_whole)
{
    if (how == TIME_UNIX)
        return 6;
    if (how == TIME_UNIX_MS)
        return 3;
    return n_whole <= 11 ? 6 : n_whole <= 14 ? 3 : n_whole <= 17 ? 0 : -3;
}

bool
fields_time_number(struct slice s, enum key_how how, int64_t *time_us)
{
    struct decimal d;
    size_t zeros = 0;
    int64_t point, end, v = 0;

    if (!read_decimal(s, &d))
        return false;
    while (zeros < d.whole.n + d.fraction.n && digit_at(&d, zeros) == 0)
        zeros++;
    *time_us = 0;
    if (zeros == d.whole.n + d.fraction.n)
        return true;
    point = (int64_t)d.whole.n + d.exponent; /* in digits of both together */
    end = point + scale_of(how, point - (int64_t)zeros);
    if (end - (int64_t)zeros > 18)
        return false;
    for (int64_t i = (int64_t)zeros; i < end; i++)
        v = v * 10 + digit_at(&d, (size_t)i);
    *time_us = v;
    return v < (DAY_MAX + INT64_C(1)) * DAY_US;
}

/* ---- times ---- */

static bool
time_of(const struct field *f, int64_t *time_us)
{
    struct slice s = f->text;
    int32_t day;

    switch (f->how) {
    case TIME_UNIX:
    case TIME_UNIX_MS:
        return fields_time_number(s, f->how, time_us);
    case TIME_ISO8601:
        return f->kind == FIELD_TEXT && clock_parse_iso(s, &day, time_us);
    case TIME_CLF:
        return f->kind == FIELD_TEXT && clock_parse_clf(s, time_us);
    default:
        break;
    }
    if (f->kind == FIELD_TEXT && s.n > 10 && s.p[2] == '/')
        return clock_parse_clf(s, time_us);
    if (f->kind == FIELD_TEXT && s.n > 10 && s.p[4] == '-')
        return clock_parse_iso(s, &day, time_us);
    return fields_time_number(s, f->how, time_us);
}

/* A day of its own with the time of day in another field, or without one. */
static bool
day_and_clock(const struct field *date, const struct field *clock, int64_t *time_us)
{
    int32_t day, seconds = 0;

    if (date->kind != FIELD_TEXT || !clock_parse_day(date->text, &day))
        return false;
    if (clock->kind != FIELD_NONE && !clock_parse_hms(clock->text, &seconds))
        return false;
    *time_us = day * DAY_US + seconds * INT64_C(1000000);
    return true;
}

static bool
read_time(const struct fields *f, struct record *rec)
{
    const struct field *date = &f->v[KEY_DATE], *clock = &f->v[KEY_CLOCK];
    bool good;

    if (f->v[KEY_TIME].kind != FIELD_NONE)
        good = time_of(&f->v[KEY_TIME], &rec->time_us);
    else if (date->kind != FIELD_NONE && (clock->kind != FIELD_NONE || date->text.n == 10))
        good = day_and_clock(date, clock, &rec->time_us);
    else
        good = time_of(date->kind != FIELD_NONE ? date : clock, &rec->time_us);
    if (good)
        record_date(rec);
    return good;
}

/* ---- texts ---- */

static bool
is_there(const struct fields *f, enum key_field field)
{
    return f->v[field].kind != FIELD_NONE;
}

/* What was asked for, or what the log says was downloaded. */
static bool
read_request(const struct fields *f, uint32_t mapped, struct record *rec)
{
    bool has_method = (mapped & (1u << KEY_METHOD | 1u << KEY_REQUEST)) != 0;

    if (is_there(f, KEY_REQUEST))
        request_split(f->v[KEY_REQUEST].text, rec);
    if (is_there(f, KEY_PATH))
        rec->path = f->v[KEY_PATH].text;
    if (is_there(f, KEY_METHOD))
        rec->method = f->v[KEY_METHOD].text;
    if (!has_method)
        rec->method = SLICE("GET");
    rec->query = f->v[KEY_QUERY].text;
    rec->path_decodes = f->v[KEY_PATH].how == HOW_TWICE ? 2 : 1;
    return rec->method.p != NULL && (rec->path.p != NULL || is_there(f, KEY_NAME));
}

/* 192.0.2.7:443 and [2001:db8::7]:443 without their ports. */
static struct slice
without_port(struct slice s)
{
    const char *colon = memrchr(s.p, ':', s.n);
    struct slice host = { s.p, colon == NULL ? s.n : (size_t)(colon - s.p) };

    if (colon == NULL || memchr(host.p, ':', host.n) == NULL)
        return host;
    if (host.n < 2 || host.p[0] != '[' || host.p[host.n - 1] != ']')
        return s;
    return (struct slice){ host.p + 1, host.n - 2 };
}

static void
read_client(const struct fields *f, struct record *rec)
{
    const struct field *client = &f->v[KEY_CLIENT];

    rec->client = client->text;
    if (client->kind != FIELD_NONE && client->how == HOW_PORT)
        rec->client = without_port(client->text);
    rec->forwarded = f->v[KEY_FORWARDED].text;
    rec->agent = f->v[KEY_AGENT].text;
    rec->marked = f->v[KEY_MARK].text;
    rec->country = (struct slice){ "", 0 };
    if (f->v[KEY_COUNTRY].text.n == 2)
        rec->country = f->v[KEY_COUNTRY].text;
}

static enum reason
read_given(struct parser *p, const struct fields *f, struct record *rec)
{
    struct given *given;

    if (!is_there(f, KEY_NAME))
        return KEEP;
    if ((given = arena_alloc(&p->scratch, sizeof *given)) == NULL)
        return REJECT_FIELDS; /* cannot be: the ceiling of the scratch is far above a line */
    *given = (struct given){ .name = f->v[KEY_NAME].text, .version = f->v[KEY_VERSION].text,
                             .ecosystem = f->ecosystem };
    rec->given = given;
    return KEEP;
}

/* ---- numbers ---- */

static bool
read_status(const struct field *f, struct record *rec)
{
    if (f->kind == FIELD_NONE) {
        rec->status = 200;
        return true;
    }
    return field_status(f->text, &rec->status);
}

static bool
read_bytes(const struct field *f, int64_t *out)
{
    if (f->kind == FIELD_NONE || f->text.n == 0 ||
        (f->kind == FIELD_NUMBER && slice_is(f->text, "-0"))) {
        *out = 0;
        return true;
    }
    return !(f->kind == FIELD_NUMBER && f->text.p[0] == '-') && field_bytes(f->text, out);
}

static void
read_range(const struct fields *f, struct record *rec)
{
    struct slice start = f->v[KEY_RANGE_START].text, end = f->v[KEY_RANGE_END].text;
    int64_t last;

    if (is_there(f, KEY_CONTENT_RANGE))
        request_content_range(f->v[KEY_CONTENT_RANGE].text, rec);
    if (start.n == 0 || field_is_dash(start))
        return;
    rec->range = slice_is(start, "0") ? RANGE_ZERO : RANGE_LATER;
    if (!num_u63(start, &rec->range_first) || !num_u63(end, &last) || last < rec->range_first ||
        last == INT64_MAX)
        return;
    rec->range_end = last + 1;
}

/* ---- the record ---- */

uint32_t
fields_mapped(const uint64_t of[KEY_FIELDS_N])
{
    uint32_t mapped = 0;

    for (unsigned i = 0; i < KEY_FIELDS_N; i++)
        mapped |= (uint32_t)(of[i] != 0) << i;
    return mapped;
}

enum reason
fields_record(struct parser *p, const struct fields *f, uint32_t mapped, struct record *rec)
{
    for (size_t i = 0; i < KEY_FIELDS_N; i++)
        if (f->v[i].kind == FIELD_BAD)
            return REJECT_FIELDS;
    if (!is_there(f, KEY_TIME) && !is_there(f, KEY_DATE) && !is_there(f, KEY_CLOCK))
        return REJECT_FIELDS;
    if (!read_request(f, mapped, rec) || (mapped >> KEY_STATUS & 1 && !is_there(f, KEY_STATUS)))
        return REJECT_FIELDS;
    read_client(f, rec);
    if (!read_time(f, rec))
        return REJECT_TIME;
    if (!read_status(&f->v[KEY_STATUS], rec) || !read_bytes(&f->v[KEY_BYTES], &rec->bytes))
        return REJECT_NUMBER;
    read_range(f, rec);
    return read_given(p, f, rec);
}
