-- Hits whose key is not known yet, because a replica lags behind or a file is entered after its first download. They wait here and
-- count in a later run, once the catalog of their dataset knows the path.

-- One row for each payload, path and day. A row that has healed stays: what it added stands in payload_days of its payload.
CREATE TABLE ingest.unresolved (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payload   bigint      NOT NULL REFERENCES ingest.payloads,
    dataset   text        NOT NULL,
    path      text        NOT NULL,          -- what the catalog is asked for
    day       date        NOT NULL,
    count     bigint      NOT NULL CHECK (count > 0),
    bytes     bigint      NOT NULL CHECK (bytes >= 0),
    clients   bytea,                         -- hll(11,5); NULL: the dataset's table keeps none
    healed_at timestamptz,                   -- when it was counted; NULL: it waits
    UNIQUE (payload, path, day)
);
CREATE INDEX unresolved_waiting ON ingest.unresolved (dataset, id) WHERE healed_at IS NULL;

COMMENT ON TABLE ingest.unresolved IS 'made by ingest: hits that wait for a key, and those that have found it';
