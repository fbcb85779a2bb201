-- Days that were counted again, and of which payloads: `ingest recount`, docs/CORRECTING.md.

-- One row for each recount: from the first day to the day before the last, of a dataset (of a node, where it has nodes).
CREATE TABLE ingest.recounts (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope        integer     NOT NULL,             -- as in payloads
    dataset      text        NOT NULL,
    since        date        NOT NULL,
    until        date        NOT NULL CHECK (until > since),
    rules_id     bytea       NOT NULL CHECK (length(rules_id) = 16),
    partial      boolean     NOT NULL,             -- payloads that were not given lost these days
    rows_before  bigint      NOT NULL,             -- of the dataset's table, in these days
    rows_after   bigint      NOT NULL,
    recounted_at timestamptz NOT NULL DEFAULT now()
);

-- The payloads whose days it made anew. What `payloads` says of their lines is what was found when they were first read.
CREATE TABLE ingest.recounted (
    recount bigint NOT NULL REFERENCES ingest.recounts,
    payload bigint NOT NULL REFERENCES ingest.payloads,
    PRIMARY KEY (payload, recount)
);

COMMENT ON TABLE ingest.recounts  IS 'made by ingest: days that were counted again';
COMMENT ON TABLE ingest.recounted IS 'made by ingest: the payloads of recounts';
