-- What was taken out again: `ingest retract`, docs/CORRECTING.md.

-- One row for each payload that was taken out, and for each beginning of it that went with it. It stays in `payloads`, and is known.
CREATE TABLE ingest.retractions (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payload      bigint      NOT NULL REFERENCES ingest.payloads,
    named        bigint      NOT NULL REFERENCES ingest.payloads, -- the payload that was said: this one, or one that it is a beginning of
    exact        boolean     NOT NULL,                            -- the other payloads of its days were counted again; else its hits were subtracted
    retracted_at timestamptz NOT NULL DEFAULT now(),
    undone_at    timestamptz CHECK (undone_at >= retracted_at)    -- NULL: it stays out
);
CREATE INDEX payloads_extends ON ingest.payloads (extends) WHERE extends IS NOT NULL; -- what stands on a payload?
CREATE UNIQUE INDEX retractions_standing ON ingest.retractions (payload) WHERE undone_at IS NULL;

-- Numbers of clients that are upper bounds: the sketch still holds clients of what was subtracted, until the day is counted again.
CREATE TABLE ingest.upper_bounds (
    dataset text    NOT NULL,
    scope   integer NOT NULL, -- as in payloads
    day     date    NOT NULL, -- as in the table: of one by months their first
    name    text    NOT NULL, -- of the rows: the first column of text in their key; '': every row of the day
    PRIMARY KEY (dataset, scope, day, name)
);

COMMENT ON TABLE ingest.retractions  IS 'made by ingest: payloads that were taken out again';
COMMENT ON TABLE ingest.upper_bounds IS 'made by ingest: numbers of clients that are upper bounds';
