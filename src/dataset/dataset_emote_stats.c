/*
 * 7TV's table `emote_stats`: by how many channels more, or fewer, an emote was in use at the end of
 * a day than at its beginning. Counts go both ways; a day on which they cancel out keeps its row,
 * with 0.
 */
#include "ingest/base.h"
#include "dataset_priv.h"

static enum reason
emote_stats_pick(struct picker *p, const struct record *rec, struct hit *hit)
{
    enum reason why = rec->why;
    uint8_t *end;

    if (why != KEEP)
        return why;
    if (rec->given == NULL || !rec->given->is_change) /* a record of another kind of log */
        return FILTER_OTHER_SERVICE;
    if (!rules_has_day(p->rules, rec->day))
        return FILTER_DATE_RANGE;
    end = key_put_uuid(p->key, rec->given->emote);
    end = key_put_day(end, rec->day);
    *hit = (struct hit){
        .key = { (const char *)p->key, (size_t)(end - p->key) },
        .day = rec->day,
        .sums = { rec->given->change },
    };
    return KEEP;
}

const struct dataset dataset_emote_stats = {
    .name = "emote_stats",
    .table = "emote_stats",
    .about = "7TV channels that take up or drop an emote, by emote and day",
    .migrations = "seventv",
    .schema = "seventv",
    .bucket = BUCKET_DAY,
    .keys = {
        { .name = "emote_id", .kind = COLUMN_UUID },
        { .name = "date", .kind = COLUMN_DAY },
    },
    .n_keys = 2,
    .sums = { "count" },
    .n_sums = 1,
    .signed_sums = true,
    .pick = emote_stats_pick,
};
