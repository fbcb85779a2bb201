-- Which days each source covers, in SQL, as `ingest status` says it: docs/SQL.md, docs/STATUS.md.

-- What the configuration says of a source's time, as the last run of it has read it. NULL: it says nothing.
CREATE TABLE ingest.sources (
    name             text   PRIMARY KEY,
    settle_seconds   bigint CHECK (settle_seconds > 0),   -- how long after the end of a day lines of it may still come
    expected_seconds bigint CHECK (expected_seconds > 0)  -- how long it may take until the next payload comes
);

-- A row for each dataset, source and day of which lines were read; `hours` is a bit mask, 0: nobody knows at which hour they happened. `due`: of
-- the hours since 1970 (UTC) those before this one are over for so long that no line of them may still come. The same rules as in
-- src/ledger/standing_days.c, and a test holds the two together. Times are compared in UTC, whatever the time zone of the session.
CREATE VIEW ingest.covered_days AS
    SELECT dataset, source, day,
           CASE WHEN now() AT TIME ZONE 'UTC' < ends THEN 'open'
                WHEN last > greatest(ends, first + settle) THEN 'revised'
                ELSE 'settled' END AS state,
           hours, payloads, partial, late, lines, count, bytes, settle,
           floor(extract(epoch FROM now() - settle) / 3600)::bigint AS due
      FROM (SELECT *, day + interval '1 day' + settle AS ends
              FROM (SELECT d.dataset, p.source, d.day, bit_or(d.hours) AS hours, count(*) AS payloads,
                           count(*) FILTER (WHERE p.partial) AS partial,
                           count(*) FILTER (WHERE d.day < (greatest(p.at, h.at) - p.settle)::date) AS late,
                           sum(d.lines) AS lines, sum(d.count) AS count, sum(d.bytes) AS bytes,
                           min(p.at) AS first, max(greatest(p.at, h.at)) AS last, max(p.settle) AS settle
                      FROM ingest.payload_days d
                      JOIN (SELECT l.id, l.source, l.partial, l.counted_at AT TIME ZONE 'UTC' AS at,
                                   coalesce(s.settle_seconds, CASE l.format WHEN 'cloudfront' THEN 93600 WHEN 's3' THEN 259200 ELSE 7200 END)
                                   * interval '1 second' AS settle
                              FROM ingest.payloads l LEFT JOIN ingest.sources s ON s.name = l.source) p ON p.id = d.payload
                      LEFT JOIN (SELECT payload, day, max(healed_at) AT TIME ZONE 'UTC' AS at FROM ingest.unresolved
                                  WHERE healed_at IS NOT NULL GROUP BY payload, day) h ON h.payload = d.payload AND h.day = d.day
                     WHERE d.state IN ('counted', 'adopted')
                     GROUP BY d.dataset, p.source, d.day) x) y;

-- What is missing between the first and the last hour that a source covers, and over for longer than it may take: src/ledger/coverage.c. Days
-- that follow one another and lack the same hours are one row. What lies before a log begins, or behind its end, is no gap.
CREATE VIEW ingest.coverage_gaps AS
    WITH days AS (
        SELECT dataset, source, day, hours & 16777215 AS hours, (date '1970-01-01' + (due / 24)::integer) AS due_day, (due % 24)::integer AS due_hour,
               lag(day) OVER w AS before, lead(day) OVER w AS behind
          FROM ingest.covered_days WINDOW w AS (PARTITION BY dataset, source ORDER BY day)
    ), pieces AS ( -- the days missing before a day, and its own hours; of the first day those behind its first hour, of the last those before its last
        SELECT dataset, source, first, last, piece.hours, due_day, due_hour
          FROM days CROSS JOIN LATERAL (VALUES
               (before + 1, day - 1, 16777215),
               (day, day, CASE hours WHEN 0 THEN 0 ELSE 16777215 & ~hours
                          & CASE WHEN before IS NULL THEN ~((hours & -hours) - 1) ELSE -1 END
                          & CASE WHEN behind IS NULL THEN (1 << length(ltrim(hours::bit(24)::text, '0'))) - 1 ELSE -1 END END)
               ) AS piece(first, last, hours) WHERE first <= last
    ), due AS ( -- of these what is due: whole days, and the first hours of one
        SELECT dataset, source, part.first, part.last, part.hours
          FROM pieces p CROSS JOIN LATERAL (VALUES
               (p.first, least(p.last, due_day - 1), p.hours),
               (due_day, CASE WHEN due_day BETWEEN p.first AND p.last THEN due_day END, p.hours & ((1 << due_hour) - 1))
               ) AS part(first, last, hours) WHERE part.first <= part.last AND part.hours <> 0
    ), marked AS (
        SELECT *, first - 1 IS DISTINCT FROM lag(last) OVER w OR hours <> lag(hours) OVER w AS begins
          FROM due WINDOW w AS (PARTITION BY dataset, source ORDER BY first)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY dataset, source ORDER BY first) AS gap FROM marked
    )
    SELECT dataset, source, min(first) AS first_day, max(last) AS last_day, hours FROM numbered GROUP BY dataset, source, gap, hours;

COMMENT ON TABLE ingest.sources       IS 'made by ingest: what the configuration says of the time of sources';
COMMENT ON VIEW  ingest.covered_days  IS 'made by ingest: which days each source covers, and whether they may still change';
COMMENT ON VIEW  ingest.coverage_gaps IS 'made by ingest: which days and hours are missing between them';
