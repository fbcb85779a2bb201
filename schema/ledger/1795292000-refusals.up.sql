-- Inputs that were refused, so that they are named again without being read again, until they change or somebody accepts them.

-- One row for each place in which such bytes were found. What was refused is the file as stored, read in one way: `reading`
-- fingerprints it, of damage the version alone, else the options too, so that another --format is another question.
CREATE TABLE ingest.refusals (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size        bigint      NOT NULL,                               -- as stored
    stored      bytea       NOT NULL CHECK (length(stored) = 16),   -- keyed digest of the bytes as stored
    reading     bytea       NOT NULL CHECK (length(reading) = 16),
    machine     bytea,                -- keyed digest of the machine-id; NULL: the host has none
    path        bytea       NOT NULL, -- as given; file names need not be UTF-8
    device      bigint,               -- device to ctime_ns as in sightings
    inode       bigint,
    mtime_ns    bigint,
    ctime_ns    bigint,
    kind        text        NOT NULL CHECK (kind IN ('corrupt', 'format', 'not_a_log')),
    what        text        NOT NULL, -- the message: what could not be done, why, what to try
    cause       text        NOT NULL,
    hint        text        NOT NULL,
    line_no     bigint,               -- where: line, and byte of the file as stored
    at_byte     bigint,
    refused_at  timestamptz NOT NULL DEFAULT now(),
    accepted_at timestamptz,          -- somebody has looked at it: skipped from then on
    accepted_by text
);
CREATE UNIQUE INDEX refusals_once ON ingest.refusals (size, stored, reading, path, coalesce(machine, ''));
CREATE INDEX refusals_file ON ingest.refusals (inode, device) WHERE inode IS NOT NULL;

COMMENT ON TABLE ingest.refusals IS 'made by ingest: inputs that were refused, and which of them were accepted';
