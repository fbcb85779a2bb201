-- The life of client keys, and a witness of the ledger's secret: docs/KEYS.md.

-- From which day on the clients of a table are hashed under which key. The first row of a table begins with all days, and a table whose clients are
-- hashed without a key (EIDA's) has none. `key_id` tells keys from one another and nothing about them.
CREATE TABLE ingest.key_epochs (
    at_table   text        NOT NULL,                -- schema.table, as in the keys of settings
    from_day   date        NOT NULL,                -- -infinity: the first
    key_id     bytea       NOT NULL CHECK (length(key_id) = 8),
    added_at   timestamptz NOT NULL DEFAULT now(),
    dropped_at timestamptz,                         -- the key is destroyed; NULL: it is not
    PRIMARY KEY (at_table, from_day)
);

INSERT INTO ingest.key_epochs (at_table, from_day, key_id, added_at)
    SELECT substr(key, length('key_id:') + 1), '-infinity', value, set_at
      FROM ingest.settings WHERE starts_with(key, 'key_id:') AND length(value) = 8;

-- The same with the day before which each ends: sketches of days of one span, and of these alone, may be united.
CREATE VIEW ingest.key_spans AS
    SELECT at_table, from_day, lead(from_day, 1, 'infinity') OVER (PARTITION BY at_table ORDER BY from_day) AS until, key_id, dropped_at
      FROM ingest.key_epochs;

-- Under which key the clients of a day are hashed; NULL: under none. Days of one key follow one another, so that sketches from the first day to the
-- last may be united where both have the same. With its owner's rights: who may read a report need not read the ledger.
CREATE FUNCTION ingest.key_epoch(at_table text, day date) RETURNS bytea
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.key_id FROM ingest.key_epochs e WHERE e.at_table = $1 AND e.from_day <= $2 ORDER BY e.from_day DESC LIMIT 1
$$;

-- What is under the secret was put there under this one: the first 8 bytes of the SHA-256 of some words and the secret. A ledger whose settings are
-- lost, or those of another one, is noticed by it. It stands in each row, because what is restored without its neighbours are tables. NULL: counted
-- by an older program behind this migration.
DO $$
BEGIN
    EXECUTE format('ALTER TABLE ingest.payloads ADD COLUMN witness bytea DEFAULT %L::bytea',
        (SELECT substr(sha256(convert_to('ingest: witness of the block secret', 'UTF8') || value), 1, 8)
           FROM ingest.settings WHERE key = 'block_secret'));
    ALTER TABLE ingest.payloads ALTER COLUMN witness DROP DEFAULT;
END $$;

COMMENT ON TABLE    ingest.key_epochs            IS 'made by ingest: from which day on which client key holds';
COMMENT ON VIEW     ingest.key_spans             IS 'made by ingest: from which day to which one client key holds';
COMMENT ON FUNCTION ingest.key_epoch(text, date) IS 'made by ingest: ledger, the client key of a day';
