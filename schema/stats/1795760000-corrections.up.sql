-- sketches as in: stats

-- What became of numbers: clients that are upper bounds, since a payload was taken out (docs/CORRECTING.md), clients of days under two keys, which nobody
-- can add up (docs/KEYS.md), what happened on a day, and what stood in the table before. Views keep their columns and who may read them; new ones stand behind.

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
    IF to_regclass('ingest.upper_bounds') IS NULL OR to_regclass('ingest.openings') IS NULL OR to_regclass('ingest.annotations') IS NULL
       OR to_regclass('ingest.key_epochs') IS NULL THEN
        RAISE EXCEPTION 'the ledger is older than these views; first: ingest migrate up ledger';
    END IF;
    PERFORM set_config('search_path', concat_ws(', ', quote_ident(beside),
        (SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          WHERE e.extname = 'hll' AND n.nspname <> beside), 'pg_temp'), true);
END $$;

-- ---- what the ledger knows, for whoever may read the table ----

-- What happened to the numbers and is no growth, from this day on.
CREATE VIEW stats_annotations AS
    SELECT day, text, made_at FROM ingest.annotations WHERE dataset = 'stats' AND scope = 0;

-- sketches:
-- Rows of a name and day whose clients are an upper bound. '': all rows of the day.
CREATE VIEW stats_upper_bounds AS
    SELECT day, name FROM ingest.upper_bounds WHERE dataset = 'stats' AND scope = 0;

-- From which day on clients are hashed under which key; the first from -infinity on. Sketches of days under one key may be united.
CREATE VIEW stats_keys AS
    SELECT from_day, key_id, added_at, dropped_at
      FROM (SELECT *, lag(key_id) OVER (ORDER BY from_day) AS before FROM ingest.key_epochs
             WHERE at_table = (SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                                WHERE c.oid = 'stats'::regclass)) e
     WHERE key_id IS DISTINCT FROM before;
-- end

-- Who reads the table reads these, without which the functions are closed to him; who reads the days reads what happened on them.
DO $$
DECLARE
    reader record;
BEGIN
    FOR reader IN SELECT new, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS name
                    FROM (VALUES ('stats', 'stats_upper_bounds'), ('stats', 'stats_keys'), ('stats_days', 'stats_annotations')) AS v(old, new)
                    JOIN pg_catalog.pg_class c ON c.oid = to_regclass(old) CROSS JOIN LATERAL aclexplode(c.relacl) a
                   WHERE a.privilege_type = 'SELECT' AND a.grantee <> c.relowner AND to_regclass(new) IS NOT NULL
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO %s', reader.new, reader.name);
    END LOOP;
END $$;

-- ---- days ----

-- Of days that were counted elsewhere, and adopted, the ledger has no numbers: what stood in the table then counts, and stands by itself, too.
CREATE OR REPLACE VIEW stats_days AS
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
    ), openings AS (
        SELECT day, count, bytes FROM ingest.openings WHERE dataset = 'stats' AND scope = 0
    )
    SELECT day, CASE WHEN c.open THEN 'open' WHEN d.revised THEN 'revised' WHEN d.day IS NOT NULL THEN 'settled' END AS state,
           CASE WHEN d.day IS NOT NULL THEN NULL
                WHEN c.open THEN 'not yet'
                WHEN EXISTS (SELECT FROM refused r WHERE r.day BETWEEN c.day AND c.day + 1) THEN 'refused'
                ELSE 'not covered' END AS missing,
           coalesce(d.sources, 0) AS sources, coalesce(g.gaps, 0) AS gaps, d.payloads, d.partial, d.late, d.lines,
           d.count + coalesce(o.count, 0) AS count, d.bytes + coalesce(o.bytes, 0) AS bytes,
           o.count AS opening_count, o.bytes AS opening_bytes
      FROM (SELECT day, EXISTS (SELECT FROM sources s WHERE day BETWEEN s.first AND s.last + 7
                                   AND now() AT TIME ZONE 'UTC' < day + interval '1 day' + s.settle) AS open FROM calendar) c
      LEFT JOIN by_day d USING (day) LEFT JOIN gaps g USING (day) LEFT JOIN openings o USING (day);

-- sketches:
-- ---- sums over time: sketches of two keys are never united, and it is said what a number of clients is ----

CREATE OR REPLACE VIEW stats_month AS
    SELECT s.name, s.month, s.count, s.bytes,
           CASE WHEN s.n < 'infinity' AND NOT s.two_keys THEN round(s.n)::bigint END AS clients,
           CASE WHEN s.two_keys THEN NULL WHEN s.n <= 160 THEN 0 WHEN s.n < 'infinity' THEN s.n * 1.04 / sqrt(2048) END AS clients_error,
           CASE WHEN NOT s.two_keys THEN s.sketch END AS sketch,
           m.state, m.missing_days,
           CASE WHEN s.two_keys THEN 'two keys' WHEN s.n >= 'infinity' THEN 'saturated'
                WHEN EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name = s.name AND date_trunc('month', u.day::timestamp)::date = s.month)
                  OR s.month IN (SELECT date_trunc('month', u.day::timestamp)::date FROM stats_upper_bounds u WHERE u.name = '') THEN 'upper bound'
                WHEN s.n IS NOT NULL THEN 'estimate' END AS clients_are
      FROM (SELECT g.*, EXISTS (SELECT FROM unnest(k.days) AS d(day) WHERE d.day > first_day AND d.day <= last_day) AS two_keys
              FROM (SELECT name, date_trunc('month', dldate::timestamp)::date AS month, min(dldate) AS first_day, max(dldate) AS last_day,
                           least(sum(count), 9223372036854775807)::bigint AS count, least(sum(bytes), 9223372036854775807)::bigint AS bytes,
                           hll_cardinality(hll_union_agg(clients)) AS n, hll_union_agg(clients) AS sketch
                      FROM stats WHERE version IS NULL GROUP BY 1, 2) g
             CROSS JOIN (SELECT array_agg(from_day) AS days FROM stats_keys) k) s
      LEFT JOIN (SELECT date_trunc('month', day::timestamp)::date AS month,
                        CASE WHEN bool_or(state = 'open') THEN 'open' WHEN bool_or(state = 'revised') THEN 'revised' ELSE max(state) END AS state,
                        count(missing) + extract(day FROM min(day))::bigint - 1 AS missing_days
                   FROM stats_days GROUP BY 1) m ON m.month = s.month;

CREATE OR REPLACE VIEW stats_total AS
    SELECT name, first_day, last_day, count, bytes,
           CASE WHEN n < 'infinity' AND NOT two_keys THEN round(n)::bigint END AS clients,
           CASE WHEN two_keys THEN NULL WHEN n <= 160 THEN 0 WHEN n < 'infinity' THEN n * 1.04 / sqrt(2048) END AS clients_error,
           CASE WHEN NOT two_keys THEN sketch END AS sketch,
           CASE WHEN two_keys THEN 'two keys' WHEN n >= 'infinity' THEN 'saturated'
                WHEN EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name = s.name) OR EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name = '') THEN 'upper bound'
                WHEN n IS NOT NULL THEN 'estimate' END AS clients_are
      FROM (SELECT g.*, EXISTS (SELECT FROM unnest(k.days) AS d(day) WHERE d.day > first_day AND d.day <= last_day) AS two_keys
              FROM (SELECT name, min(dldate) AS first_day, max(dldate) AS last_day,
                           least(sum(count), 9223372036854775807)::bigint AS count, least(sum(bytes), 9223372036854775807)::bigint AS bytes,
                           hll_cardinality(hll_union_agg(clients)) AS n, hll_union_agg(clients) AS sketch
                      FROM stats WHERE version IS NULL GROUP BY name) g
             CROSS JOIN (SELECT array_agg(from_day) AS days FROM stats_keys) k) s;

CREATE OR REPLACE VIEW stats_versions AS
    SELECT name, version, first_day, last_day, count, bytes,
           CASE WHEN n < 'infinity' AND NOT two_keys THEN round(n)::bigint END AS clients,
           CASE WHEN two_keys THEN NULL WHEN n <= 160 THEN 0 WHEN n < 'infinity' THEN n * 1.04 / sqrt(2048) END AS clients_error,
           CASE WHEN NOT two_keys THEN sketch END AS sketch,
           CASE WHEN two_keys THEN 'two keys' WHEN n >= 'infinity' THEN 'saturated'
                WHEN EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name = s.name) OR EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name = '') THEN 'upper bound'
                WHEN n IS NOT NULL THEN 'estimate' END AS clients_are
      FROM (SELECT g.*, EXISTS (SELECT FROM unnest(k.days) AS d(day) WHERE d.day > first_day AND d.day <= last_day) AS two_keys
              FROM (SELECT name, version, min(dldate) AS first_day, max(dldate) AS last_day,
                           least(sum(count), 9223372036854775807)::bigint AS count, least(sum(bytes), 9223372036854775807)::bigint AS bytes,
                           hll_cardinality(hll_union_agg(clients)) AS n, hll_union_agg(clients) AS sketch
                      FROM stats WHERE version IS NOT NULL GROUP BY name, version) g
             CROSS JOIN (SELECT array_agg(from_day) AS days FROM stats_keys) k) s;

-- ---- questions ----

DROP FUNCTION downloads_by_day(text, date, date);
CREATE FUNCTION downloads_by_day(name text, since date, until date,
    OUT day date, OUT count bigint, OUT bytes bigint, OUT clients bigint, OUT clients_error double precision,
    OUT state text, OUT missing text, OUT clients_are text) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 400 SET search_path FROM CURRENT AS $$
    SELECT d.day, coalesce(s.count, CASE WHEN d.missing IS NULL THEN 0 END), coalesce(s.bytes, CASE WHEN d.missing IS NULL THEN 0 END),
           CASE WHEN s.n < 'infinity' THEN round(s.n)::bigint WHEN s.dldate IS NULL AND d.missing IS NULL THEN 0 END,
           CASE WHEN s.n > 160 AND s.n < 'infinity' THEN s.n * 1.04 / sqrt(2048) WHEN s.n <= 160 OR s.dldate IS NULL AND d.missing IS NULL THEN 0 END,
           d.state, CASE WHEN s.dldate IS NULL THEN d.missing END,
           CASE WHEN s.n >= 'infinity' THEN 'saturated' WHEN s.n IS NOT NULL AND u.day IS NOT NULL THEN 'upper bound'
                WHEN s.n IS NOT NULL OR s.dldate IS NULL AND d.missing IS NULL THEN 'estimate' END
      FROM days_between($2, $3) d
      LEFT JOIN (SELECT dldate, stats.count, stats.bytes, hll_cardinality(stats.clients) AS n
                   FROM stats WHERE stats.name = $1 AND version IS NULL AND dldate >= $2 AND dldate < $3) s ON s.dldate = d.day
      LEFT JOIN (SELECT DISTINCT stats_upper_bounds.day FROM stats_upper_bounds
                  WHERE stats_upper_bounds.name IN ($1, '') AND stats_upper_bounds.day >= $2 AND stats_upper_bounds.day < $3) u ON u.day = d.day
     ORDER BY 1
$$;

DROP FUNCTION top_downloads(date, date, bigint, text);
CREATE FUNCTION top_downloads(since date, until date, n bigint DEFAULT 100, pattern text DEFAULT NULL,
    OUT place bigint, OUT name text, OUT count bigint, OUT bytes bigint, OUT clients bigint, OUT clients_error double precision, OUT clients_are text)
    RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100 SET search_path FROM CURRENT AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.place, t.name, t.count, t.bytes,
           CASE WHEN c.n < 'infinity' AND NOT c.two_keys THEN round(c.n)::bigint END,
           CASE WHEN c.two_keys THEN NULL WHEN c.n <= 160 THEN 0 WHEN c.n < 'infinity' THEN c.n * 1.04 / sqrt(2048) END,
           CASE WHEN c.two_keys THEN 'two keys' WHEN c.n >= 'infinity' THEN 'saturated'
                WHEN EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name IN (t.name, '') AND u.day >= $1 AND u.day < $2) THEN 'upper bound'
                WHEN c.n IS NOT NULL THEN 'estimate' END
      FROM (SELECT row_number() OVER (ORDER BY sum(s.count) DESC, s.name COLLATE "C") AS place, s.name::text,
                   least(sum(s.count), 9223372036854775807)::bigint AS count, least(sum(s.bytes), 9223372036854775807)::bigint AS bytes
              FROM stats s WHERE s.version IS NULL AND s.dldate >= $1 AND s.dldate < $2 AND ($4 IS NULL OR s.name LIKE $4)
             GROUP BY s.name ORDER BY 1 LIMIT greatest($3, 0)) t
           CROSS JOIN LATERAL (SELECT hll_cardinality(hll_union_agg(s.clients)) AS n,
                                      EXISTS (SELECT FROM stats_keys k WHERE k.from_day > min(s.dldate) AND k.from_day <= max(s.dldate)) AS two_keys
                                 FROM stats s WHERE s.name = t.name AND s.version IS NULL AND s.dldate >= $1 AND s.dldate < $2) c
     ORDER BY t.place;
END $$;

DROP FUNCTION clients_between(text, date, date);
CREATE FUNCTION clients_between(name text, since date, until date, OUT clients bigint, OUT clients_error double precision, OUT missing_days bigint,
    OUT clients_are text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    n double precision;
    two_keys boolean;
BEGIN
    SELECT coalesce(hll_cardinality(hll_union_agg(s.clients)), 0),
           EXISTS (SELECT FROM stats_keys k WHERE k.from_day > min(s.dldate) AND k.from_day <= max(s.dldate)) INTO n, two_keys
      FROM stats s WHERE s.name = $1 AND s.version IS NULL AND s.dldate >= $2 AND s.dldate < $3;
    missing_days := (SELECT count(*) FROM days_between($2, $3) d WHERE d.missing IS NOT NULL);
    IF two_keys THEN
        clients_are := 'two keys';
    ELSIF n < 'infinity' THEN
        clients := round(n)::bigint;
        clients_error := CASE WHEN n <= 160 THEN 0 ELSE n * 1.04 / sqrt(2048) END;
        clients_are := CASE WHEN EXISTS (SELECT FROM stats_upper_bounds u WHERE u.name IN ($1, '') AND u.day >= $2 AND u.day < $3) THEN 'upper bound'
                            ELSE 'estimate' END;
    ELSE
        clients_are := 'saturated';
    END IF;
END $$;

COMMENT ON VIEW stats_upper_bounds IS 'made by ingest: names and days whose clients are an upper bound';
COMMENT ON VIEW stats_keys         IS 'made by ingest: from which day on clients are hashed under which key';
COMMENT ON FUNCTION downloads_by_day(text, date, date)      IS 'made by ingest: stats, a name day by day';
COMMENT ON FUNCTION top_downloads(date, date, bigint, text) IS 'made by ingest: stats, the most downloaded names';
COMMENT ON FUNCTION clients_between(text, date, date)       IS 'made by ingest: stats, different clients of a name';
-- end

COMMENT ON VIEW stats_annotations IS 'made by ingest: what happened to the numbers, and from which day on';
