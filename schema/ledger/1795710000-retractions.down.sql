DROP TABLE ingest.upper_bounds; -- own rows: true
DROP TABLE ingest.retractions; -- own rows: true
