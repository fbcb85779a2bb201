-- A day that was counted again after it was settled is revised, like one to which something came: docs/STATUS.md. The view is that of
-- 1795600000-coverage with the times of recounts; the same rules as in src/ledger/standing_days.c, and a test holds the two together.

CREATE OR REPLACE VIEW ingest.covered_days AS
    SELECT dataset, source, day,
           CASE WHEN now() AT TIME ZONE 'UTC' < ends THEN 'open'
                WHEN last > greatest(ends, first + settle) THEN 'revised'
                ELSE 'settled' END AS state,
           hours, payloads, partial, late, lines, count, bytes, settle,
           floor(extract(epoch FROM now() - settle) / 3600)::bigint AS due
      FROM (SELECT *, day + interval '1 day' + settle AS ends
              FROM (SELECT d.dataset, p.source, d.day, bit_or(d.hours) AS hours, count(*) AS payloads,
                           count(*) FILTER (WHERE p.partial) AS partial,
                           count(*) FILTER (WHERE d.day < (greatest(p.at, h.at, r.at) - p.settle)::date) AS late,
                           sum(d.lines) AS lines, sum(d.count) AS count, sum(d.bytes) AS bytes,
                           min(p.at) AS first, max(greatest(p.at, h.at, r.at)) AS last, max(p.settle) AS settle
                      FROM ingest.payload_days d
                      JOIN (SELECT l.id, l.source, l.partial, l.counted_at AT TIME ZONE 'UTC' AS at,
                                   coalesce(s.settle_seconds, CASE l.format WHEN 'cloudfront' THEN 93600 WHEN 's3' THEN 259200 ELSE 7200 END)
                                   * interval '1 second' AS settle
                              FROM ingest.payloads l LEFT JOIN ingest.sources s ON s.name = l.source) p ON p.id = d.payload
                      LEFT JOIN (SELECT payload, day, max(healed_at) AT TIME ZONE 'UTC' AS at FROM ingest.unresolved
                                  WHERE healed_at IS NOT NULL GROUP BY payload, day) h ON h.payload = d.payload AND h.day = d.day
                      LEFT JOIN (SELECT c.payload, g.day, max(n.recounted_at) AT TIME ZONE 'UTC' AS at
                                   FROM ingest.recounts n JOIN ingest.recounted c ON c.recount = n.id
                                   JOIN ingest.payload_days g ON g.payload = c.payload AND g.day >= n.since AND g.day < n.until
                                  GROUP BY c.payload, g.day) r ON r.payload = d.payload AND r.day = d.day
                     WHERE d.state IN ('counted', 'adopted')
                     GROUP BY d.dataset, p.source, d.day) x) y;
