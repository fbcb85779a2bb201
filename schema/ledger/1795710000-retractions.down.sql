DROP TABLE ingest.upper_bounds; -- own rows: true
DROP TABLE ingest.retractions; -- own rows: true
DROP INDEX IF EXISTS ingest.payloads_extends;
