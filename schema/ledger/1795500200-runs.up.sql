-- What runs did: when, on which host, how they ended.

-- One row a run that counts into this database, written by itself behind its last batch and outside of any transaction of them: one that
-- is killed, or has lost the server, leaves none. No row is ever deleted, and none is needed: to thin them out is for the owner.
CREATE TABLE ingest.runs (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at      timestamptz NOT NULL,
    ended_at        timestamptz NOT NULL DEFAULT now(),
    host            text,                           -- its name; NULL: it has none
    version         text        NOT NULL,           -- of ingest
    source          text,                           -- the [source NAME] whose files they were
    status          smallint    NOT NULL,           -- exit status
    read            bigint      NOT NULL,           -- files, as in the closing summary
    known           bigint      NOT NULL,
    known_otherwise bigint      NOT NULL,
    grown           bigint      NOT NULL,
    partial         bigint      NOT NULL,
    refused         bigint      NOT NULL,
    skipped         bigint      NOT NULL,
    lines           bigint      NOT NULL,
    counted         bigint      NOT NULL,           -- records
    failure         text                            -- what ended it; NULL: it went to its end
);

COMMENT ON TABLE ingest.runs IS 'made by ingest: what runs did, and how they ended';
