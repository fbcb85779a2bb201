DROP TABLE ingest.recounted; -- own rows: true
DROP TABLE ingest.recounts; -- own rows: true
