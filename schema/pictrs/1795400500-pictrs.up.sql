-- What pict-rs plans to keep in PostgreSQL, in a schema of its own, widened where its printed SQL cannot work: aliases are a UUID and an
-- extension (40 characters and more, not 30), delete tokens and workers are UUIDs. Times have no zone and are UTC.
CREATE SCHEMA IF NOT EXISTS pictrs;

CREATE TABLE pictrs.hashes (
    hash              bytea     PRIMARY KEY,
    identifier        text      NOT NULL UNIQUE,
    motion_identifier text      UNIQUE,
    created_at        timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    blurhash          text
);
CREATE INDEX hashes_created_at ON pictrs.hashes (created_at, hash);

CREATE TABLE pictrs.variants (
    id         uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    hash       bytea     NOT NULL REFERENCES pictrs.hashes ON DELETE CASCADE,
    variant    text      NOT NULL,
    identifier text      NOT NULL,
    accessed   timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    CONSTRAINT variants_once UNIQUE (hash, variant)
) WITH (fillfactor = 70);
CREATE INDEX variants_accessed ON pictrs.variants (accessed);

CREATE TABLE pictrs.aliases (
    alias        varchar(60) PRIMARY KEY,
    hash         bytea       NOT NULL REFERENCES pictrs.hashes ON DELETE CASCADE,
    delete_token varchar(60) NOT NULL,
    accessed     timestamp   NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
) WITH (fillfactor = 70);
CREATE INDEX aliases_hash ON pictrs.aliases (hash);
CREATE INDEX aliases_accessed ON pictrs.aliases (accessed);

CREATE TABLE pictrs.settings (
    key   varchar(80) PRIMARY KEY,
    value varchar(80) NOT NULL
);

CREATE TABLE pictrs.details (
    identifier text  PRIMARY KEY,
    details    jsonb NOT NULL
);

CREATE TABLE pictrs.migrations (
    identifier text PRIMARY KEY
);

CREATE TABLE pictrs.store_migrations (
    old_identifier text PRIMARY KEY,
    new_identifier text NOT NULL UNIQUE
);

CREATE TABLE pictrs.proxies (
    url      text        PRIMARY KEY,
    alias    varchar(60) NOT NULL REFERENCES pictrs.aliases,
    accessed timestamp   NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
) WITH (fillfactor = 70);
CREATE INDEX proxies_alias ON pictrs.proxies (alias);
CREATE INDEX proxies_accessed ON pictrs.proxies (accessed);

CREATE TABLE pictrs.uploads (
    id         uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    result     jsonb,
    created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);

CREATE TABLE pictrs.keyed_notifications (
    key       text      PRIMARY KEY,
    heartbeat timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')
);
CREATE INDEX keyed_notifications_heartbeat ON pictrs.keyed_notifications (heartbeat);

-- Jobs, of several queues by name. A running one belongs to worker_id as long as its heartbeat is young; retry is how often it may still be
-- tried, and of jobs with the same unique_key there is one.
CREATE TYPE pictrs.job_status AS ENUM ('new', 'running');

CREATE TABLE pictrs.queue (
    id         uuid              PRIMARY KEY DEFAULT gen_random_uuid(),
    queue      varchar(50)       NOT NULL,
    job        jsonb             NOT NULL,
    worker_id  uuid,
    status     pictrs.job_status NOT NULL DEFAULT 'new',
    queue_time timestamp         NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'),
    heartbeat  timestamp,
    unique_key text              UNIQUE,
    retry      integer           NOT NULL DEFAULT 5
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX queue_queue_time ON pictrs.queue (queue, queue_time) WHERE status = 'new';
CREATE INDEX queue_heartbeat ON pictrs.queue (heartbeat);

-- Whoever waits for work hears of each job that becomes new or running: its id and its queue.
CREATE FUNCTION pictrs.queue_status_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_catalog.pg_notify('queue_status_channel', NEW.id::text || ' ' || NEW.queue);
    RETURN NEW;
END;
$$;
CREATE TRIGGER queue_status AFTER INSERT OR UPDATE OF status ON pictrs.queue
    FOR EACH ROW EXECUTE FUNCTION pictrs.queue_status_notify();

COMMENT ON TABLE pictrs.hashes              IS 'made by ingest: stored files by content';
COMMENT ON TABLE pictrs.variants            IS 'made by ingest: processed images and when each was last asked for';
COMMENT ON TABLE pictrs.aliases             IS 'made by ingest: public names of files and when each was last asked for';
COMMENT ON TABLE pictrs.settings            IS 'made by ingest: settings of the server';
COMMENT ON TABLE pictrs.details             IS 'made by ingest: what is known about a stored file';
COMMENT ON TABLE pictrs.migrations          IS 'made by ingest: files that were moved to another store';
COMMENT ON TABLE pictrs.store_migrations    IS 'made by ingest: files that were moved to another store, and where to';
COMMENT ON TABLE pictrs.proxies             IS 'made by ingest: remote files that are kept and when each was last asked for';
COMMENT ON TABLE pictrs.uploads             IS 'made by ingest: uploads that go on in the background';
COMMENT ON TABLE pictrs.keyed_notifications IS 'made by ingest: work under a key that others wait for';
COMMENT ON TABLE pictrs.queue               IS 'made by ingest: jobs, of several queues';
