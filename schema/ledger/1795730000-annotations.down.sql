DROP TABLE ingest.rules_used; -- own rows: true
DROP TABLE ingest.annotations; -- own rows: true
