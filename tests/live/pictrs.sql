-- pict-rs as its own migrations V0000 to V0014 leave a database. `hash` is the text of 39 bytes in base64, nothing cascades but what says so,
-- aliases have no time of access, and no index leads from a proxy's alias to the proxy. What is ours of it stands in schema/pictrs.
CREATE TABLE refinery_schema_history ( -- its runner makes this one
    version    integer PRIMARY KEY,
    name       varchar(255),
    applied_on varchar(255),
    checksum   varchar(255)
);
INSERT INTO refinery_schema_history (version, name) SELECT v, 'v' || v FROM generate_series(0, 14) v;

CREATE TABLE hashes (
    hash              text      PRIMARY KEY,
    identifier        text      NOT NULL UNIQUE,
    motion_identifier text      UNIQUE,
    created_at        timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    blurhash          text
);
CREATE INDEX ordered_hash_index ON hashes (created_at, hash);

CREATE TABLE variants (
    id         uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    hash       text      NOT NULL REFERENCES hashes (hash),
    variant    text      NOT NULL,
    identifier text      NOT NULL,
    accessed   timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX hash_variant_index ON variants (hash, variant);

CREATE TABLE aliases (
    alias text PRIMARY KEY,
    hash  text NOT NULL REFERENCES hashes (hash),
    token text NOT NULL
);
CREATE INDEX aliases_hash_index ON aliases (hash);

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE details (
    identifier text PRIMARY KEY,
    json       jsonb NOT NULL
);

CREATE TYPE job_status AS ENUM ('new', 'running');
CREATE TABLE job_queue (
    id         uuid       PRIMARY KEY DEFAULT gen_random_uuid(),
    queue      text       NOT NULL,
    job        jsonb      NOT NULL,
    worker     uuid,
    status     job_status NOT NULL DEFAULT 'new',
    queue_time timestamp  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    heartbeat  timestamp,
    unique_key text       UNIQUE,
    retry      integer    NOT NULL DEFAULT 5
);
CREATE INDEX queue_status_index ON job_queue (queue_time);
CREATE INDEX heartbeat_index ON job_queue (heartbeat);
CREATE FUNCTION queue_status_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('queue_status_channel', NEW.id::text || ' ' || NEW.queue::text);
    RETURN NEW;
END;
$$;
CREATE TRIGGER queue_status AFTER INSERT OR UPDATE OF status ON job_queue
    FOR EACH ROW EXECUTE FUNCTION queue_status_notify();

CREATE TABLE store_migrations (
    old_identifier text PRIMARY KEY,
    new_identifier text NOT NULL UNIQUE
);

CREATE TABLE uploads (
    id         uuid      PRIMARY KEY DEFAULT gen_random_uuid(),
    result     jsonb,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE proxies (
    url      text      PRIMARY KEY,
    alias    text      NOT NULL REFERENCES aliases (alias),
    accessed timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE keyed_notifications (
    key       text      PRIMARY KEY,
    heartbeat timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX keyed_notifications_heartbeat_index ON keyed_notifications (heartbeat);
