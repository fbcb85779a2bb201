-- 7TV's leaderboards: what each emote scores, and the timetable by which several hosts agree on who computes it.

-- The figures of 7TV's emote_stats job, 32 bits wide as there. No index on a figure: every run writes all of them.
CREATE TABLE seventv.emote_scores (
    emote_id       uuid        PRIMARY KEY,
    top_daily      integer     NOT NULL,   -- sums of emote_stats.count: today and the 2 days before,
    top_weekly     integer     NOT NULL,   -- the 7 before,
    top_monthly    integer     NOT NULL,   -- the 30 before,
    top_all_time   integer     NOT NULL,   -- all
    trending_day   integer     NOT NULL CHECK (trending_day   >= 0),   -- daily in millionths of weekly,
    trending_week  integer     NOT NULL CHECK (trending_week  >= 0),   -- weekly of monthly,
    trending_month integer     NOT NULL CHECK (trending_month >= 0),   -- monthly of all time
    updated_at     timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

CREATE TABLE seventv.cron_jobs (
    id                   integer     PRIMARY KEY,       -- never changes its meaning: 0 and 1 below
    name                 text        NOT NULL,
    description          text,
    tags                 text[]      NOT NULL DEFAULT '{}',
    last_run             timestamptz,                   -- when it last succeeded
    next_run             timestamptz NOT NULL DEFAULT now(),
    interval_unit        text        NOT NULL CHECK (interval_unit IN ('Hours', 'Days')),
    interval_count       integer     NOT NULL CHECK (interval_count > 0),
    enabled              boolean     NOT NULL DEFAULT true,
    currently_running_by uuid,                          -- a fresh one for each claim
    held_until           timestamptz NOT NULL DEFAULT '-infinity', -- whoever runs it moves this on; past: nobody does
    updated_at           timestamptz NOT NULL DEFAULT now(),
    search_updated_at    timestamptz
);
-- ingest runs the first; the second belongs to who has subscriptions, who may enable it.
INSERT INTO seventv.cron_jobs (id, name, description, interval_unit, interval_count, enabled) VALUES
    (0, 'EmoteScoresUpdate', 'scores and leaderboards of emotes (ingest leaderboard)', 'Days', 1, true),
    (1, 'SubscriptionRefresh', 'renewal of subscriptions (not run by ingest)', 'Days', 1, false);

COMMENT ON TABLE seventv.emote_scores IS 'made by ingest: what each emote scores on the leaderboards';
COMMENT ON TABLE seventv.cron_jobs    IS 'made by ingest: what is to be done when, and who is doing it';
