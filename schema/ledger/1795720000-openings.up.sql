-- What stood in a table before the ledger began to keep its books: `ingest adopt`, docs/CORRECTING.md.

-- Of a day (of a month's first, where the table keeps months) with adopted payloads: what the tables of the dataset held beyond what the counted
-- days of the ledger explain, as the audit adds both up. The latest adoption states it anew; a recount of the day ends it.
CREATE TABLE ingest.openings (
    dataset    text        NOT NULL,
    scope      integer     NOT NULL,             -- as in payloads
    day        date        NOT NULL,
    count      bigint      NOT NULL,
    bytes      bigint      NOT NULL,             -- 0 where the tables keep none
    adopted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, scope, day)
);

COMMENT ON TABLE ingest.openings IS 'made by ingest: what stood in tables before, on days that were adopted';
