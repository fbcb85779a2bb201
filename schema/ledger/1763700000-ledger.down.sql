DROP TABLE ingest.sightings;
DROP TABLE ingest.payload_days;
DROP TABLE ingest.payloads;
DROP TABLE ingest.settings;
