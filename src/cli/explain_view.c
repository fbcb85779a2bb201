/*
 * A record as names and values: its fields, its client, its route, the rows it touches. What prints
 * them knows no format and no dataset.
 */
#include "ingest/base.h"

#include "ingest/address.h"
#include "ingest/clock.h"

#include "explain_priv.h"

enum st
viewer_init(struct viewer *v, const struct rules *rules, struct err *err)
{
    *v = (struct viewer){ .scratch = malloc(LINE_BYTES_MAX + 1), .agents = rules->agents };
    arena_init(&v->arena, SIZE_MAX);
    if (v->scratch == NULL)
        return err_memory(err, "cannot hold a path");
    v->own_agents = v->agents == NULL;
    return v->own_agents ? agents_new(&v->agents, rules->pack->agent.files, err) : ST_OK;
}

void
viewer_release(struct viewer *v)
{
    if (v->own_agents)
        agents_free(v->agents);
    free(v->scratch);
    arena_release(&v->arena);
}

/* Without memory a text is empty: nothing but a look is lost. */
static struct slice
print(struct viewer *v, const char *format, ...)
    PRINTF(2, 3);

static struct slice
print(struct viewer *v, const char *format, ...)
{
    char text[128];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        return SLICE("");
    return arena_copy(&v->arena, (struct slice){ text, (size_t)n });
}

/* ---- fields ---- */

static void
put(struct view *out, const char *name, struct slice text)
{
    if (text.p != NULL && out->n_fields < FIELDS_MAX)
        out->fields[out->n_fields++] = (struct field){ .name = name, .text = text };
}

static void
put_number(struct viewer *v, struct view *out, const char *name, int64_t n)
{
    put(out, name, print(v, "%" PRId64, n));
    out->fields[out->n_fields - 1].number = true;
}

static struct slice
print_day(struct viewer *v, int32_t day)
{
    char text[11];

    clock_format_day(day, text);
    return print(v, "%s", text);
}

static void
put_time(struct viewer *v, struct view *out, const struct record *rec)
{
    int64_t second = rec->time_us / 1000000, us = rec->time_us % 1000000;
    int32_t day = (int32_t)(rec->time_us / DAY_US);
    char date[11], fraction[16] = "";

    if (rec->day == DAY_NONE || rec->time_us < 0)
        return;
    clock_format_day(day, date);
    if (us > 0)
        snprintf(fraction, sizeof fraction, ".%06d", (int)us);
    put(out, "time", print(v, "%s %02d:%02d:%02d%s UTC", date, (int)(second / 3600 % 24),
                           (int)(second / 60 % 60), (int)(second % 60), fraction));
    if (day != rec->day) /* the date as written may be another: docs/COUNTING.md, "fdsnws" */
        put(out, "day", print_day(v, rec->day));
}

static void
put_range(struct viewer *v, struct view *out, const struct record *rec)
{
    if (rec->range_end > 0)
        put(out, "range", print(v, "bytes %" PRId64 " to %" PRId64, rec->range_first,
                                rec->range_end - 1));
    else if (rec->range != RANGE_UNKNOWN)
        put(out, "range", rec->range == RANGE_ZERO ? SLICE("from 0") : SLICE("from a later byte"));
}

static bool
is_there(struct slice s)
{
    return s.n > 0 && !slice_is(s, "-");
}

static struct slice
print_uuid(struct viewer *v, const uint8_t b[16])
{
    return print(v, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                 b[14], b[15]);
}

static void
see_given(struct viewer *v, const struct given *given, struct view *out)
{
    put(out, "name", given->name);
    put(out, "version", given->version);
    if (given->summed) {
        put_number(v, out, "requests", given->n_requests);
        put_number(v, out, "ok", given->n_ok);
        put_number(v, out, "failed", given->n_failed);
        put(out, "sketch", print(v, "%zu bytes", given->sketch.n));
    }
    if (given->is_change) {
        put(out, "emote", print_uuid(v, given->emote));
        put_number(v, out, "change", given->change);
    }
}

/* A format that filters or rejects a line leaves the fields open. */
static void
see_fields(struct viewer *v, const struct record *rec, struct view *out)
{
    if (rec->why != KEEP) {
        if (rec->day != DAY_NONE)
            put(out, "day", print_day(v, rec->day));
        return;
    }
    put_time(v, out, rec);
    put(out, "method", rec->method);
    put(out, "path", rec->path);
    if (rec->path.p != NULL)
        put_number(v, out, "status", rec->status);
    if (rec->given == NULL || !rec->given->is_change)
        put_number(v, out, "bytes", rec->bytes);
    put_range(v, out, rec);
    put(out, "agent", rec->agent);
    put(out, "client", rec->client);
    if (is_there(rec->forwarded))
        put(out, "forwarded", rec->forwarded);
    put(out, "marked", rec->marked);
    if (rec->country.n > 0)
        put(out, "country", rec->country);
    if (rec->location.p != NULL && (rec->given == NULL || !rec->given->summed))
        put(out, "answer", rec->ok ? SLICE("OK") : SLICE("failed"));
    put(out, "network", rec->network);
    put(out, "station", rec->station);
    put(out, "location", rec->location);
    put(out, "channel", rec->channel);
    if (rec->given != NULL)
        see_given(v, rec->given, out);
}

/* What goes into a sketch for this client: docs/COUNTING.md, "Clients". */
static const char *
client_kind(const struct viewer *v, struct slice client)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    uint8_t b[16];

    if (!is_there(client))
        return NULL;
    if (v->choice->dataset->clients == CLIENT_EIDA)
        return "its text, hashed as EIDA does";
    if (v->clients_as_logged)
        return "its text as logged";
    if (!address_any(client, b))
        return "its text: it is no address";
    return memcmp(b, mapped, sizeof mapped) == 0 ? "the IPv4 address"
                                                 : "the /64 network of the IPv6 address";
}

static void
see_client(struct viewer *v, const struct record *rec, struct view *out)
{
    struct slice client = record_client(v->choice->rules, rec);

    if (!slice_eq(client, rec->client))
        put(out, "counted_as", client); /* the peer is a trusted proxy */
    if (v->choice->dataset->uniques != NULL)
        out->client = client_kind(v, client);
}

/* ---- rows ---- */

static void
see_key(struct viewer *v, const struct key_column *column, const uint8_t **at, struct field *f)
{
    f->name = column->name;
    switch (column->kind) {
    case COLUMN_TEXT:
        f->text = key_get_text(at);
        break;
    case COLUMN_DAY:
        f->number = column->as_epoch;
        f->text = f->number ? print(v, "%" PRId64, day_epoch(key_get_day(at)))
                            : print_day(v, key_get_day(at));
        break;
    case COLUMN_UUID:
        f->text = print_uuid(v, key_get_uuid(at));
        break;
    case COLUMN_INT:
        f->number = true;
        f->text = print(v, "%" PRId64, key_get_int(at));
        break;
    }
    f->missing = f->text.p == NULL;
}

static void
see_row(struct viewer *v, struct slice key, struct view *out)
{
    const struct dataset *d = v->choice->dataset;
    struct row_view *row = &out->rows[out->n_rows++];
    const uint8_t *at = (const uint8_t *)key.p;

    *row = (struct row_view){ .table = d->table,
                              .uniques = d->uniques,
                              .latest = d->keeps_latest };
    for (size_t i = 0; i < d->n_keys; i++) {
        struct field *f = &row->keys[row->n_keys++];

        see_key(v, &d->keys[i], &at, f);
    }
    for (size_t i = 0; i < d->n_sums; i++)
        row->sums[row->n_sums++] =
            (struct field){ .name = d->sums[i],
                            .text = print(v, "%" PRId64, out->look->hit->sums[i]),
                            .number = true };
}

static void
see_rows(struct viewer *v, struct view *out)
{
    const struct dataset *d = v->choice->dataset;
    const struct hit *hit = out->look->hit;
    size_t n;

    if (hit == NULL)
        return;
    see_row(v, hit->key, out);
    if (d->total != NULL && (n = d->total(hit->key, v->total)) != hit->key.n)
        see_row(v, (struct slice){ (const char *)v->total, n }, out);
}

/* ---- all of it ---- */

/* The route that takes the path, counted or not: it says what the line would have been. */
static void
see_route(struct viewer *v, const struct record *rec, struct view *out)
{
    const struct rules *rules = v->choice->rules;
    struct slice path;

    if (rec->why != KEEP || !v->choice->dataset->has_ecosystem || rec->path.p == NULL)
        return;
    path = path_clean(rec->path, rec->path_decodes, v->scratch);
    for (size_t i = 0; !out->has_route && route_view_at(rules, i, &out->route); i++)
        out->has_route = route_view_try(rules, i, path, v->room, &out->match) == NULL;
}

/* Told even where the pack counts all classes: it may be why somebody looks. */
static void
see_class(struct viewer *v, const struct record *rec, struct view *out)
{
    if (rec->why != KEEP || !is_there(rec->agent))
        return;
    agents_find(v->agents, rec->agent, &out->finding);
    out->class = agent_class_name(out->finding.class);
}

static void
see_why(struct viewer *v, const struct look_record *look, struct view *out)
{
    const struct record *rec = look->record;

    out->why[0] = '\0';
    if (look->why == FILTER_UNKNOWN_ARTIFACT)
        snprintf(out->why, sizeof out->why, "no database is asked, and it alone knows artifacts");
    if (rec->why == KEEP && v->choice->dataset->has_ecosystem && rec->path.p != NULL &&
        rules_explain(v->choice->rules, rec, out->why, sizeof out->why) != look->why)
        out->why[0] = '\0'; /* something behind the rules decided */
}

void
viewer_see(struct viewer *v, const struct look_record *look, struct view *out)
{
    *out = (struct view){ .look = look };
    arena_reset(&v->arena);
    see_fields(v, look->record, out);
    if (look->record->why == KEEP)
        see_client(v, look->record, out);
    see_class(v, look->record, out);
    see_why(v, look, out);
    see_route(v, look->record, out);
    see_rows(v, out);
}
