-- The notebook of the migrations runner, made before the first migration.
-- A DBA may have made the schema for a role that must not make any: then it is used, and stays his.
DO $$ BEGIN
    IF to_regnamespace('ingest') IS NULL THEN
        CREATE SCHEMA ingest;
        COMMENT ON SCHEMA ingest IS 'made by ingest: the ledger';
    END IF;
END $$;

CREATE TABLE ingest.migrations (
    set        text        COLLATE "C" NOT NULL,
    file       text        COLLATE "C" NOT NULL,   -- <posix-timestamp>-<name>, without .up.sql
    status     text        NOT NULL DEFAULT 'applied' CHECK (status = 'applied'), -- a failed one leaves nothing
    checksum   text        NOT NULL,               -- XXH3-128 of the .up.sql as it was applied, hex
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (set, file)
);
COMMENT ON TABLE ingest.migrations IS 'made by ingest: which migrations were applied';
