-- 7TV's statistics, in a schema of their own: channels that took up an emote on a day, less those that dropped it.
CREATE SCHEMA IF NOT EXISTS seventv;

CREATE TABLE seventv.emote_stats (
    emote_id uuid   NOT NULL,
    date     date   NOT NULL,
    count    bigint NOT NULL,
    CONSTRAINT emote_stats_once PRIMARY KEY (emote_id, date)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX emote_stats_date ON seventv.emote_stats (date);

COMMENT ON TABLE seventv.emote_stats IS 'made by ingest: channels that took up an emote on a day, less those that dropped it';
