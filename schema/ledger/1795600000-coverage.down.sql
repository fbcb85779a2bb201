DROP VIEW ingest.coverage_gaps;
DROP VIEW ingest.covered_days;
DROP TABLE ingest.sources; -- own rows: true
