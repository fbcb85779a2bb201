DROP TABLE ingest.openings; -- own rows: true
