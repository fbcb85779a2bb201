-- The ledger: what was counted, how, from where, with which result. Needs no extension. The schema `ingest` is there
-- already: the runner made it for its notebook.

-- One row a payload: the decoded bytes of one input, whatever its name or compression. Its digests are keyed by settings.block_secret.
CREATE TABLE ingest.payloads (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope        integer     NOT NULL,              -- nodes.id where the dataset's table has node_id, else 0
    dataset      text        NOT NULL,
    hash         bytea       NOT NULL CHECK (length(hash) = 16),
    length       bigint      NOT NULL CHECK (length >= 0),       -- decoded bytes
    head         bytea       NOT NULL CHECK (length(head) = 16), -- digest of the first 4,096 bytes
    extends      bigint      REFERENCES ingest.payloads,         -- the longest known payload that this one begins with
    partial      boolean     NOT NULL DEFAULT false,             -- salvaged from an input that was cut short
    integrity    text        NOT NULL CHECK (integrity IN ('verified', 'unverifiable')),
    format       text        NOT NULL,
    source       text,
    rules_id     bytea       NOT NULL CHECK (length(rules_id) = 16),
    lines_read   bigint      NOT NULL,
    lines_counted bigint     NOT NULL,
    records_read bigint      NOT NULL,
    records_counted bigint   NOT NULL,
    lines_why    jsonb       NOT NULL DEFAULT '{}', -- reason: lines, filtered and rejected
    records_why  jsonb       NOT NULL DEFAULT '{}',
    first_event  timestamptz,
    last_event   timestamptz,
    counted_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (scope, dataset, hash)
);
CREATE INDEX payloads_head ON ingest.payloads (head);

-- What a payload holds, by day: coverage (hours is a bit mask, bit 0 is 00:00-00:59) and what it added to the rollups.
CREATE TABLE ingest.payload_days (
    payload  bigint  NOT NULL REFERENCES ingest.payloads,
    dataset  text    NOT NULL,
    day      date    NOT NULL,
    state    text    NOT NULL DEFAULT 'counted' CHECK (state IN ('counted', 'replaced', 'retracted', 'adopted')),
    rules_id bytea   NOT NULL CHECK (length(rules_id) = 16),
    lines    bigint  NOT NULL,          -- read, of that day
    count    bigint  NOT NULL,          -- records counted
    bytes    bigint  NOT NULL,
    hours    integer NOT NULL,
    PRIMARY KEY (payload, day)
);
CREATE INDEX payload_days_day ON ingest.payload_days (dataset, day);

-- Where a payload was seen. device to ctime_ns are NULL where the file was too young to be known again by them.
CREATE TABLE ingest.sightings (
    payload  bigint      NOT NULL REFERENCES ingest.payloads,
    machine  bytea,                      -- keyed digest of the machine-id; NULL: the host has none
    path     bytea       NOT NULL,       -- as given; file names need not be UTF-8
    device   bigint,
    inode    bigint,
    size     bigint,                     -- as stored; NULL for stdin
    mtime_ns bigint,
    ctime_ns bigint,
    stored   bytea CHECK (length(stored) = 16), -- keyed digest of the bytes as stored; NULL for stdin
    seen_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX sightings_once ON ingest.sightings
    (payload, path, coalesce(machine, ''), coalesce(device, 0), coalesce(inode, 0), coalesce(size, -1), coalesce(mtime_ns, 0), coalesce(ctime_ns, 0));
CREATE INDEX sightings_file ON ingest.sightings (inode, device) WHERE inode IS NOT NULL;
CREATE INDEX sightings_size ON ingest.sightings (size) WHERE size IS NOT NULL;

-- block_secret, and per table its key_id and ecosystem.
CREATE TABLE ingest.settings (
    key    text PRIMARY KEY,
    value  bytea NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE ingest.payloads     IS 'made by ingest: every payload that was counted';
COMMENT ON TABLE ingest.payload_days IS 'made by ingest: what a payload added, by day';
COMMENT ON TABLE ingest.sightings    IS 'made by ingest: the files in which payloads were seen';
COMMENT ON TABLE ingest.settings     IS 'made by ingest: the block secret, and per table its key and ecosystem';
