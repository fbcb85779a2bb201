ALTER TABLE IF EXISTS ingest.payloads DROP COLUMN IF EXISTS witness;
DROP FUNCTION IF EXISTS ingest.key_epoch(text, date);
DROP VIEW ingest.key_spans;
DROP TABLE ingest.key_epochs; -- own rows: true
