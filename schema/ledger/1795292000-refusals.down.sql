DROP TABLE ingest.refusals;
