/*
 * Waveform requests a month: EIDA's table `dataselect_stats`, a row for each month, stream and
 * country. An OK trace counts for its stream; a failed request counts once, for no stream (the
 * format has made it so). What an aggregator has summed up already is added as it is.
 */
#include "ingest/base.h"
#include "ingest/sketch.h"
#include "dataset_priv.h"

enum {
    NETWORK_CHARS = 6,
    STATION_CHARS = 5,
    LOCATION_CHARS = 2,
    CHANNEL_CHARS = 3,
    COUNTRY_CHARS = 2,
    TEXTS_N = 5 /* of a key, in this order */
};

static int32_t
month_of(struct picker *p, int32_t day)
{
    if (day != p->last_month.day) {
        p->last_month.day = day;
        p->last_month.first = clock_month(day);
    }
    return p->last_month.first;
}

/* These columns are never NULL: EIDA's unique constraint would not see such rows as equal. */
static struct slice
code(struct slice s)
{
    return s.p != NULL ? s : SLICE("");
}

/* The log's own word, else what the user's file says of an address; a userID is none. */
static struct slice
country(const struct picker *p, const struct record *rec, char room[2])
{
    uint8_t address[16];

    if (rec->country.n > 0 || p->rules->countries == NULL || !address_any(rec->client, address) ||
        !country_find(p->rules->countries, address, room))
        return code(rec->country);
    return (struct slice){ room, 2 };
}

/* Are these texts short, as they nearly always are, and good as they stand? No says nothing. */
static inline bool
are_usual(const struct slice texts[TEXTS_N])
{
    return texts[0].n <= NETWORK_CHARS && texts[1].n <= STATION_CHARS &&
           texts[2].n <= LOCATION_CHARS && texts[3].n <= CHANNEL_CHARS &&
           texts[4].n <= COUNTRY_CHARS && slice_is_short_ascii(texts[0]) &&
           slice_is_short_ascii(texts[1]) && slice_is_short_ascii(texts[2]) &&
           slice_is_short_ascii(texts[3]) && slice_is_short_ascii(texts[4]);
}

/* Sums of an aggregator, with the sketch of its clients. */
static enum reason
take_sums(const struct record *rec, const struct given *given, struct hit *hit)
{
    struct err ignored;

    if (hll_check(given->sketch, &ignored) != ST_OK)
        return REJECT_SKETCH;
    hit->sums[0] = rec->bytes;
    hit->sums[1] = given->n_requests;
    hit->sums[2] = given->n_ok;
    hit->sums[3] = given->n_failed;
    hit->sketch = given->sketch;
    return KEEP;
}

static enum reason
dataselect_stats_pick(struct picker *p, const struct record *rec, struct hit *hit)
{
    struct slice texts[TEXTS_N];
    enum reason why = rec->why;
    char room[2], extended[NETWORK_EXTENDED];
    uint8_t *end;

    if (why != KEEP)
        return why;
    if (rec->path.p != NULL) /* a record of a web server, not of the request log */
        return FILTER_OTHER_SERVICE;
    if (!rules_has_day(p->rules, rec->day))
        return FILTER_DATE_RANGE;
    texts[0] = code(rec->network);
    texts[1] = code(rec->station);
    texts[2] = code(rec->location);
    texts[3] = code(rec->channel);
    texts[4] = country(p, rec, room);
    if (unlikely(p->rules->networks != NULL) && rec->ok && rec->given == NULL &&
        !networks_extend(p->rules->networks, texts[0], rec->marked, extended, &texts[0]))
        return FILTER_UNKNOWN_NETWORK;
    if (!are_usual(texts) && (why = key_check(p->dataset, texts)) != KEEP)
        return why;

    end = key_put_day(p->key, month_of(p, rec->day));
    for (size_t i = 0; i < TEXTS_N; i++)
        end = key_put_text(end, texts[i]);
    *hit = (struct hit){
        .key = { (const char *)p->key, (size_t)(end - p->key) },
        .day = month_of(p, rec->day),
        .sums = { rec->ok ? rec->bytes : 0, 1, rec->ok, !rec->ok },
    };
    if (rec->given != NULL && rec->given->summed)
        return take_sums(rec, rec->given, hit);
    picker_client(p, rec, hit);
    return KEEP;
}

/*
 * EIDA's table refers to the networks of each node, and a trigger makes the missing ones row by
 * row: slow, and two sessions that make the same one do not agree. They are made before the rows,
 * all at once. The empty name of failed requests is one of them.
 */
static const char *const make_networks[] = {
    "{has:networks.inverted_policy}INSERT INTO {schema}.networks (node_id, name, inverted_policy)"
    " SELECT DISTINCT node_id, network, false FROM {stage} ORDER BY node_id, network"
    " ON CONFLICT DO NOTHING",
    NULL,
};
static const struct table_right networks_rights[] = {
    { .table = "networks", .right = "SELECT", .if_there = true },
    { .table = "networks", .right = "INSERT", .if_there = true },
    { NULL, NULL, NULL, false },
};

const struct dataset dataset_dataselect_stats = {
    .name = "dataselect_stats",
    .table = "dataselect_stats",
    .about = "fdsnws-dataselect requests by stream, country and month",
    .migrations = "eida",
    .has_node = true,
    .bucket = BUCKET_MONTH,
    .clients = CLIENT_EIDA,
    .keys = {
        { .name = "date", .kind = COLUMN_DAY },
        { .name = "network", .kind = COLUMN_TEXT, .chars_max = NETWORK_CHARS },
        { .name = "station", .kind = COLUMN_TEXT, .chars_max = STATION_CHARS },
        { .name = "location", .kind = COLUMN_TEXT, .chars_max = LOCATION_CHARS },
        { .name = "channel", .kind = COLUMN_TEXT, .chars_max = CHANNEL_CHARS },
        { .name = "country", .kind = COLUMN_TEXT, .chars_max = COUNTRY_CHARS },
    },
    .n_keys = 6,
    .sums = { "bytes", "nb_reqs", "nb_successful_reqs", "nb_failed_reqs" },
    .n_sums = 4,
    .uniques = "clients",
    .before = make_networks,
    .rights = networks_rights,
    .pick = dataselect_stats_pick,
};
