-- What `ingest migrate up zeco --heal` found doubled, as it was before: rows of a table that has no unique index over its NULLs.
CREATE TABLE ingest.doubled (
    id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at_table text        NOT NULL,               -- schema.table
    kept     boolean     NOT NULL,               -- the row that the others of its key were added to
    original jsonb       NOT NULL,               -- the whole row
    healed_at timestamptz NOT NULL DEFAULT now() -- the same for all that were healed together
);

COMMENT ON TABLE ingest.doubled IS 'made by ingest: rows that were united with others of their key, as they were';
