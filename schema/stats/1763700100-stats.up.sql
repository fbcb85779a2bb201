-- Downloads by name, version and day. The row without a version is the total of the name's versions on that day.
-- fillfactor 50 and no index on a measure: an update then stays on its page (HOT), which makes the merge more than twice as fast.
CREATE TABLE stats (
    name    text   COLLATE "C" NOT NULL,
    version text   COLLATE "C",
    dldate  date   NOT NULL,
    count   bigint NOT NULL CHECK (count >= 0),
    bytes   bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    -- sketches:
    clients hll(11,5) NOT NULL DEFAULT hll_empty(11,5),
    -- end
    CONSTRAINT stats_once UNIQUE (name, version, dldate)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

-- A unique constraint takes NULLs for different.
CREATE UNIQUE INDEX stats_total_once ON stats (name, dldate) WHERE version IS NULL;
CREATE INDEX stats_dldate ON stats (dldate);

COMMENT ON TABLE stats IS 'made by ingest: downloads by name, version and day';
