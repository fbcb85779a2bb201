DROP TABLE ingest.runs; -- own rows: true
