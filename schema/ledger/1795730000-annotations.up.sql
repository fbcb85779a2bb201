-- What happened to numbers and is no growth: above all a change of rules. docs/CORRECTING.md.

-- A line at a day, to be shown beside the numbers. Runs write the ones about rules, in the transaction that counts; anybody who may can write others.
CREATE TABLE ingest.annotations (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset      text        NOT NULL,
    scope        integer     NOT NULL DEFAULT 0,   -- as in payloads
    day          date        NOT NULL,             -- the first day that it is about
    text         text        NOT NULL CHECK (text <> ''),
    made_at      timestamptz NOT NULL DEFAULT now(),
    rules_before bytea       CHECK (length(rules_before) = 16), -- of a change of rules: rules_used.kind, then and now; else NULL
    rules_after  bytea       CHECK (length(rules_after) = 16),
    UNIQUE (dataset, scope, day, rules_before, rules_after)     -- two hosts that do not agree write one a day, and not one a batch
);

-- The rules that a dataset was counted under, by name. Each source of logs may have its own.
CREATE TABLE ingest.rules_used (
    dataset       text        NOT NULL,
    scope         integer     NOT NULL,
    source        text        NOT NULL,                               -- as in payloads; '': none
    rules_id      bytea       NOT NULL CHECK (length(rules_id) = 16), -- as in payloads and payload_days
    kind          bytea       NOT NULL CHECK (length(kind) = 16),     -- without --since and --until, and how lines are read: what counts
    pack          text        NOT NULL,                               -- its name when it was first used
    current_since timestamptz,                                        -- of the source what was counted last was counted under these; else NULL
    first_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dataset, scope, source, rules_id)
);

COMMENT ON TABLE ingest.annotations IS 'made by ingest: what happened to numbers on a day';
COMMENT ON TABLE ingest.rules_used  IS 'made by ingest: names of the rules that were counted under';
