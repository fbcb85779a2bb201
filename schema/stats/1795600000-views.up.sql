-- sketches as in: stats

-- What is to be asked of `stats`, without its traps: docs/SQL.md. Rows without a version are totals, so no view has both; sketches are united,
-- and clients never added up; a day without logs is not a day without downloads.

-- All stands beside the table. What functions find does not depend on who calls them: their search path is the one that is set here.
DO $$
DECLARE
    beside text := (SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.relname = 'stats' AND c.relkind IN ('r', 'p') AND n.nspname = ANY (current_schemas(false))
                       AND starts_with(obj_description(c.oid, 'pg_class'), 'made by ingest')
                     ORDER BY array_position(current_schemas(false), n.nspname) LIMIT 1);
BEGIN
    IF beside IS NULL THEN
        RAISE EXCEPTION 'the table "stats" that an earlier migration made is not on the search path'
            USING HINT = 'PGOPTIONS=''-c search_path=SCHEMA'' ingest migrate up stats';
    END IF;
    PERFORM set_config('search_path', concat_ws(', ', quote_ident(beside),
        (SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          WHERE e.extname = 'hll' AND n.nspname <> beside), 'pg_temp'), true);
END $$;

-- ---- what is covered ----

-- Days and hours that are missing, by source.
CREATE VIEW coverage_gaps AS
    SELECT source, first_day, last_day, last_day - first_day + 1 AS days,
           ARRAY(SELECT h FROM generate_series(0, 23) h WHERE hours >> h & 1 = 1) AS hours
      FROM ingest.coverage_gaps WHERE dataset = 'stats';

-- Every day from the first that is covered to today, in UTC, all sources together. A source is waited for until its time for the day is over, if it
-- had anything in the week before. What was refused is of no known day: the file's own time has to do.
CREATE VIEW stats_days AS
    WITH covered AS (
        SELECT * FROM ingest.covered_days WHERE dataset = 'stats'
    ), by_day AS (
        SELECT day, count(*) AS sources, bool_or(state = 'revised') AS revised, sum(payloads) AS payloads, sum(partial) AS partial, sum(late) AS late,
               sum(lines) AS lines, sum(count) AS count, sum(bytes) AS bytes
          FROM covered GROUP BY day
    ), sources AS (
        SELECT min(day) AS first, max(day) AS last, max(settle) AS settle FROM covered GROUP BY source
    ), gaps AS (
        SELECT day::date, count(DISTINCT coalesce(source, '')) AS gaps
          FROM ingest.coverage_gaps g, generate_series(first_day::timestamp, last_day, interval '1 day') AS day WHERE dataset = 'stats' GROUP BY 1
    ), refused AS (
        SELECT DISTINCT (coalesce(timestamptz 'epoch' + mtime_ns / 1000 * interval '1 microsecond', refused_at) AT TIME ZONE 'UTC')::date AS day
          FROM (SELECT *, bool_or(accepted_at IS NOT NULL) OVER (PARTITION BY size, stored) AS accepted FROM ingest.refusals) r WHERE NOT accepted
    ), calendar AS (
        SELECT day::date FROM generate_series((SELECT min(first)::timestamp FROM sources), now() AT TIME ZONE 'UTC', interval '1 day') AS day
    )
    SELECT day, CASE WHEN c.open THEN 'open' WHEN d.revised THEN 'revised' WHEN d.day IS NOT NULL THEN 'settled' END AS state,
           CASE WHEN d.day IS NOT NULL THEN NULL
                WHEN c.open THEN 'not yet'
                WHEN EXISTS (SELECT FROM refused r WHERE r.day BETWEEN c.day AND c.day + 1) THEN 'refused'
                ELSE 'not covered' END AS missing,
           coalesce(d.sources, 0) AS sources, coalesce(g.gaps, 0) AS gaps, d.payloads, d.partial, d.late, d.lines, d.count, d.bytes
      FROM (SELECT day, EXISTS (SELECT FROM sources s WHERE day BETWEEN s.first AND s.last + 7
                                   AND now() AT TIME ZONE 'UTC' < day + interval '1 day' + s.settle) AS open FROM calendar) c
      LEFT JOIN by_day d USING (day) LEFT JOIN gaps g USING (day);

-- ---- sums over time ----

-- A row for each name and month: the totals, not the versions.
CREATE VIEW stats_month AS
    SELECT s.name, s.month, s.count, s.bytes,
           -- sketches:
           CASE WHEN s.n < 'infinity' THEN round(s.n)::bigint END AS clients,
           CASE WHEN s.n <= 160 THEN 0 WHEN s.n < 'infinity' THEN s.n * 1.04 / sqrt(2048) END AS clients_error, s.sketch,
           -- end
           m.state, m.missing_days
      FROM (SELECT name, date_trunc('month', dldate::timestamp)::date AS month,
                   least(sum(count), 9223372036854775807)::bigint AS count, least(sum(bytes), 9223372036854775807)::bigint AS bytes
                   -- sketches:
                   , hll_cardinality(hll_union_agg(clients)) AS n, hll_union_agg(clients) AS sketch
                   -- end
              FROM stats WHERE version IS NULL GROUP BY 1, 2) s
      LEFT JOIN (SELECT date_trunc('month', day::timestamp)::date AS month,
                        CASE WHEN bool_or(state = 'open') THEN 'open' WHEN bool_or(state = 'revised') THEN 'revised' ELSE max(state) END AS state,
                        -- of the first month also the days before the first one
                        count(missing) + extract(day FROM min(day))::bigint - 1 AS missing_days
                   FROM stats_days GROUP BY 1) m ON m.month = s.month;

-- A row for each name.
CREATE VIEW stats_total AS
    SELECT name, first_day, last_day, count, bytes
           -- sketches:
           , CASE WHEN n < 'infinity' THEN round(n)::bigint END AS clients,
           CASE WHEN n <= 160 THEN 0 WHEN n < 'infinity' THEN n * 1.04 / sqrt(2048) END AS clients_error, sketch
           -- end
      FROM (SELECT name, min(dldate) AS first_day, max(dldate) AS last_day,
                   least(sum(count), 9223372036854775807)::bigint AS count, least(sum(bytes), 9223372036854775807)::bigint AS bytes
                   -- sketches:
                   , hll_cardinality(hll_union_agg(clients)) AS n, hll_union_agg(clients) AS sketch
                   -- end
              FROM stats WHERE version IS NULL GROUP BY name) s;

-- A row for each version of a name. Downloads that do not say of which version they are stand in stats_total alone.
CREATE VIEW stats_versions AS
    SELECT name, version, first_day, last_day, count, bytes
           -- sketches:
           , CASE WHEN n < 'infinity' THEN round(n)::bigint END AS clients,
           CASE WHEN n <= 160 THEN 0 WHEN n < 'infinity' THEN n * 1.04 / sqrt(2048) END AS clients_error, sketch
           -- end
      FROM (SELECT name, version, min(dldate) AS first_day, max(dldate) AS last_day,
                   least(sum(count), 9223372036854775807)::bigint AS count, least(sum(bytes), 9223372036854775807)::bigint AS bytes
                   -- sketches:
                   , hll_cardinality(hll_union_agg(clients)) AS n, hll_union_agg(clients) AS sketch
                   -- end
              FROM stats WHERE version IS NOT NULL GROUP BY name, version) s;

-- ---- questions; of days the half-open range [since, until), in UTC ----

-- The days of a range, none left out, and what is to be known of the table on each.
CREATE FUNCTION days_between(since date, until date, OUT day date, OUT state text, OUT missing text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 400 SET search_path FROM CURRENT AS $$
    SELECT c.day::date, d.state,
           CASE WHEN d.day IS NOT NULL THEN d.missing
                WHEN c.day > now() AT TIME ZONE 'UTC' THEN 'future'
                ELSE 'before the first' END
      FROM generate_series($1::timestamp, $2::timestamp - interval '1 day', interval '1 day') AS c(day) LEFT JOIN stats_days d ON d.day = c.day
     ORDER BY 1
$$;

-- A name day by day: NULL where nobody knows, 0 where nobody came.
CREATE FUNCTION downloads_by_day(name text, since date, until date,
    OUT day date, OUT count bigint, OUT bytes bigint,
    -- sketches:
    OUT clients bigint, OUT clients_error double precision,
    -- end
    OUT state text, OUT missing text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 400 SET search_path FROM CURRENT AS $$
    SELECT d.day, coalesce(s.count, CASE WHEN d.missing IS NULL THEN 0 END), coalesce(s.bytes, CASE WHEN d.missing IS NULL THEN 0 END),
           -- sketches:
           CASE WHEN s.n < 'infinity' THEN round(s.n)::bigint WHEN s.dldate IS NULL AND d.missing IS NULL THEN 0 END,
           CASE WHEN s.n > 160 AND s.n < 'infinity' THEN s.n * 1.04 / sqrt(2048) WHEN s.n <= 160 OR s.dldate IS NULL AND d.missing IS NULL THEN 0 END,
           -- end
           d.state, CASE WHEN s.dldate IS NULL THEN d.missing END
      FROM days_between($2, $3) d
      LEFT JOIN (SELECT dldate, stats.count, stats.bytes
                        -- sketches:
                        , hll_cardinality(stats.clients) AS n
                        -- end
                   FROM stats WHERE stats.name = $1 AND version IS NULL AND dldate >= $2 AND dldate < $3) s ON s.dldate = d.day
     ORDER BY 1
$$;

-- The most downloaded names, the first of a place by bytes. `pattern` as in LIKE. The clients of those alone are united.
CREATE FUNCTION top_downloads(since date, until date, n bigint DEFAULT 100, pattern text DEFAULT NULL,
    OUT place bigint, OUT name text, OUT count bigint, OUT bytes bigint
    -- sketches:
    , OUT clients bigint, OUT clients_error double precision
    -- end
    ) RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.place, t.name, t.count, t.bytes
           -- sketches:
           , CASE WHEN c.n < 'infinity' THEN round(c.n)::bigint END, CASE WHEN c.n <= 160 THEN 0 WHEN c.n < 'infinity' THEN c.n * 1.04 / sqrt(2048) END
           -- end
      FROM (SELECT row_number() OVER (ORDER BY sum(s.count) DESC, s.name COLLATE "C") AS place, s.name::text,
                   least(sum(s.count), 9223372036854775807)::bigint AS count, least(sum(s.bytes), 9223372036854775807)::bigint AS bytes
              FROM stats s WHERE s.version IS NULL AND s.dldate >= $1 AND s.dldate < $2 AND ($4 IS NULL OR s.name LIKE $4)
             GROUP BY s.name ORDER BY 1 LIMIT greatest($3, 0)) t
           -- sketches:
           CROSS JOIN LATERAL (SELECT hll_cardinality(hll_union_agg(s.clients)) AS n
                                 FROM stats s WHERE s.name = t.name AND s.version IS NULL AND s.dldate >= $1 AND s.dldate < $2) c
           -- end
     ORDER BY t.place;
END $$;

-- sketches:
-- How many different clients a name had, and the standard error of that. NULL: the sketch is saturated. `missing_days`: of so many days nobody knows.
CREATE FUNCTION clients_between(name text, since date, until date, OUT clients bigint, OUT clients_error double precision, OUT missing_days bigint)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    n double precision;
BEGIN
    n := (SELECT coalesce(hll_cardinality(hll_union_agg(s.clients)), 0) FROM stats s
           WHERE s.name = $1 AND s.version IS NULL AND s.dldate >= $2 AND s.dldate < $3);
    missing_days := (SELECT count(*) FROM days_between($2, $3) d WHERE d.missing IS NOT NULL);
    IF n < 'infinity' THEN
        clients := round(n)::bigint;
        clients_error := CASE WHEN n <= 160 THEN 0 ELSE n * 1.04 / sqrt(2048) END;
    END IF;
END $$;
COMMENT ON FUNCTION clients_between(text, date, date) IS 'made by ingest: stats, different clients of a name';
-- end

COMMENT ON VIEW coverage_gaps  IS 'made by ingest: days and hours of which no log was counted, by source';
COMMENT ON VIEW stats_days     IS 'made by ingest: how each day stands, and what was counted';
COMMENT ON VIEW stats_month    IS 'made by ingest: downloads by name and month';
COMMENT ON VIEW stats_total    IS 'made by ingest: downloads by name';
COMMENT ON VIEW stats_versions IS 'made by ingest: downloads by name and version';
COMMENT ON FUNCTION days_between(date, date)                       IS 'made by ingest: stats, how each day of a range stands';
COMMENT ON FUNCTION downloads_by_day(text, date, date)             IS 'made by ingest: stats, a name day by day';
COMMENT ON FUNCTION top_downloads(date, date, bigint, text)        IS 'made by ingest: stats, the most downloaded names';
