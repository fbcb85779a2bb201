/*
 * One row a run in ingest.runs, for whoever asks later what was done and when; and what the
 * configuration says of the source's time. No counting depends on either: a ledger that has no such
 * table, or a role that may not write to it, goes without.
 */
#include "ingest/base.h"

#include "ledger_priv.h"

/*
 * Times are the server's. A note is not worth a wait for the disk: set_config holds for this
 * transaction, which is the one statement.
 */
static const char sql[] =
    "INSERT INTO ingest.runs (started_at, ended_at, host, version, source, status, read, known,"
    " known_otherwise, grown, partial, refused, skipped, lines, counted, failure)"
    " SELECT clock_timestamp() - $1::bigint * interval '1 microsecond', clock_timestamp(), $2::text,"
    " $3::text, $4::text, $5::smallint, $6::bigint, $7::bigint, $8::bigint, $9::bigint, $10::bigint,"
    " $11::bigint, $12::bigint, $13::bigint, $14::bigint, nullif($15::text, '')"
    " FROM set_config('synchronous_commit', 'off', true)";

enum st
ledger_note_run(struct ledger *l, const struct run_note *note, struct err *err)
{
    const int64_t numbers[] = { note->status,  (int64_t)note->read,    (int64_t)note->known,
                                (int64_t)note->known_otherwise,        (int64_t)note->grown,
                                (int64_t)note->partial, (int64_t)note->refused,
                                (int64_t)note->skipped, (int64_t)note->lines,
                                (int64_t)note->counted };
    char host[65] = "", wall[24], texts[ARRAY_LEN(numbers)][24];
    const char *values[4 + ARRAY_LEN(numbers) + 1] = { wall, NULL, INGEST_VERSION, note->source };

    if (!l->notes_runs)
        return ST_OK;
    if (gethostname(host, sizeof host - 1) == 0 && slice_is_text(slice_of(host)))
        values[1] = host;
    snprintf(wall, sizeof wall, "%" PRId64, note->wall_us);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        snprintf(texts[i], sizeof texts[i], "%" PRId64, numbers[i]);
        values[4 + i] = texts[i];
    }
    values[4 + ARRAY_LEN(numbers)] = note->failure;
    return pg_run(l->pg, "cannot note this run in the ledger", sql, ARRAY_LEN(values), values, NULL,
                  err);
}

enum st
ledger_note_source(struct ledger *l, const char *source, int64_t settle_s, int64_t expected_s,
                   struct err *err)
{
    static const char upsert[] =
        "INSERT INTO ingest.sources AS s (name, settle_seconds, expected_seconds)"
        " SELECT $1::text, nullif($2::bigint, 0), nullif($3::bigint, 0)"
        " FROM set_config('synchronous_commit', 'off', true)"
        " ON CONFLICT (name) DO UPDATE SET settle_seconds = excluded.settle_seconds,"
        " expected_seconds = excluded.expected_seconds"
        " WHERE (s.settle_seconds, s.expected_seconds)"
        " IS DISTINCT FROM (excluded.settle_seconds, excluded.expected_seconds)";
    char settle[24], expected[24];
    const char *values[] = { source, settle, expected };

    if (!l->keeps_sources)
        return ST_OK;
    snprintf(settle, sizeof settle, "%" PRId64, settle_s);
    snprintf(expected, sizeof expected, "%" PRId64, expected_s);
    return pg_run(l->pg, "cannot note this source in the ledger", upsert, ARRAY_LEN(values), values,
                  NULL, err);
}
