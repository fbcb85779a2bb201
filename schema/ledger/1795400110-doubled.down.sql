DROP TABLE ingest.doubled;
