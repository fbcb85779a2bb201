DROP TABLE ingest.unresolved;
