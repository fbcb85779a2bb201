-- builds.rs's database as its migrations make it at the head of its main branch: targets are called triples, a job has a task (what is to be made of a
-- version for a triple), and views with triggers stand before the tables. `pg_trgm` is for its search. The notebook is refinery's.
CREATE EXTENSION pg_trgm;

CREATE TABLE refinery_schema_history (
    version    integer      PRIMARY KEY,
    name       varchar(255),
    applied_on varchar(255),
    checksum   varchar(255)
);
INSERT INTO refinery_schema_history VALUES (1, 'initial', '2024-01-01T00:00:00Z', '0');

CREATE TABLE pubkeys (
    id      bigserial PRIMARY KEY,
    encoded text      NOT NULL UNIQUE
);

CREATE TABLE pubkey_fingerprints (
    fingerprint text   PRIMARY KEY,
    pubkey      bigint NOT NULL REFERENCES pubkeys (id) ON DELETE CASCADE
);

CREATE TABLE builders (
    id        bigserial PRIMARY KEY,
    uuid      uuid      NOT NULL UNIQUE,
    pubkey    bigint    NOT NULL REFERENCES pubkeys (id) ON DELETE RESTRICT,
    enabled   boolean   NOT NULL DEFAULT false,
    heartbeat bigint,
    comment   text
);

CREATE TABLE triples (
    id      bigserial PRIMARY KEY,
    enabled boolean   NOT NULL DEFAULT false,
    name    text      NOT NULL UNIQUE
);
INSERT INTO triples (name, enabled) VALUES ('generic', true);

CREATE TABLE builder_triples (
    builder bigint NOT NULL REFERENCES builders (id) ON DELETE CASCADE,
    triple  bigint NOT NULL REFERENCES triples (id) ON DELETE CASCADE,
    PRIMARY KEY (builder, triple)
);

CREATE TABLE crates (
    id      bigserial PRIMARY KEY,
    enabled boolean   NOT NULL DEFAULT true,
    name    text      NOT NULL UNIQUE
);
CREATE INDEX crates_name_trgm ON crates USING gin (name gin_trgm_ops);

CREATE TABLE crate_versions (
    id       bigserial PRIMARY KEY,
    crate    bigint    NOT NULL REFERENCES crates (id) ON DELETE CASCADE,
    version  text      NOT NULL,
    checksum text      NOT NULL,
    yanked   boolean   NOT NULL,
    UNIQUE (crate, version)
);

-- A checksum never changes.
CREATE VIEW crate_versions_view AS
    SELECT crates.name, crate_versions.version, crate_versions.checksum, crate_versions.yanked
    FROM crate_versions JOIN crates ON crates.id = crate_versions.crate;
CREATE FUNCTION crate_versions_view_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    crate_id bigint;
BEGIN
    INSERT INTO crates (name) VALUES (NEW.name) ON CONFLICT DO NOTHING;
    SELECT id INTO crate_id FROM crates WHERE crates.name = NEW.name;
    IF EXISTS (SELECT FROM crate_versions v WHERE v.crate = crate_id AND v.version = NEW.version AND v.checksum <> NEW.checksum) THEN
        RAISE EXCEPTION 'changed_checksum';
    END IF;
    INSERT INTO crate_versions (crate, version, checksum, yanked) VALUES (crate_id, NEW.version, NEW.checksum, NEW.yanked)
        ON CONFLICT (crate, version) DO UPDATE SET yanked = EXCLUDED.yanked;
    RETURN NEW;
END $$;
CREATE TRIGGER crate_versions_view_insert INSTEAD OF INSERT ON crate_versions_view
    FOR EACH ROW EXECUTE FUNCTION crate_versions_view_insert();

CREATE TABLE task_kinds (
    id   bigserial PRIMARY KEY,
    name text      NOT NULL UNIQUE
);
INSERT INTO task_kinds (name) VALUES ('metadata'), ('tarball'), ('trunk'), ('coverage');

CREATE TABLE tasks (
    id            bigserial PRIMARY KEY,
    kind          bigint    NOT NULL REFERENCES task_kinds (id),
    crate_version bigint    NOT NULL REFERENCES crate_versions (id) ON DELETE CASCADE,
    triple        bigint    NOT NULL REFERENCES triples (id) ON DELETE CASCADE,
    UNIQUE (kind, crate_version, triple)
);

CREATE TABLE job_stages (
    id   bigserial PRIMARY KEY,
    name text      NOT NULL UNIQUE
);
INSERT INTO job_stages (name) VALUES ('init'), ('fetch'), ('build'), ('upload');

CREATE TABLE jobs (
    id      bigserial PRIMARY KEY,
    uuid    uuid      NOT NULL UNIQUE,
    builder bigint    NOT NULL REFERENCES builders (id) ON DELETE RESTRICT,
    task    bigint    NOT NULL REFERENCES tasks (id),
    started bigint    NOT NULL DEFAULT 0,
    timeout bigint    NOT NULL DEFAULT 0,
    stage   bigint    NOT NULL REFERENCES job_stages (id) ON DELETE RESTRICT,
    ended   bigint,
    success boolean
);

CREATE TABLE job_logs (
    id    bigserial PRIMARY KEY,
    job   bigint    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    stage bigint    NOT NULL REFERENCES job_stages (id),
    line  text      NOT NULL
);

-- No uniqueness of (job, name).
CREATE TABLE job_artifacts (
    id        bigserial PRIMARY KEY,
    job       bigint    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name      text      NOT NULL,
    hash      text      NOT NULL,
    size      bigint    NOT NULL,
    signature text      NOT NULL,
    downloads bigint    NOT NULL DEFAULT 0
);

-- downloads may be NULL; nothing says what a date is.
CREATE TABLE job_artifact_downloads (
    artifact  bigint NOT NULL REFERENCES job_artifacts (id) ON DELETE CASCADE,
    date      bigint,
    downloads bigint,
    PRIMARY KEY (artifact, date)
);

CREATE VIEW jobs_view AS
    SELECT jobs.id, jobs.uuid, builders.uuid AS builder, triples.name AS triple, crates.name AS crate, crate_versions.version,
        task_kinds.name AS kind, job_stages.name AS stage, jobs.started, jobs.ended, jobs.success
    FROM jobs JOIN builders ON builders.id = jobs.builder JOIN tasks ON tasks.id = jobs.task JOIN task_kinds ON task_kinds.id = tasks.kind
        JOIN triples ON triples.id = tasks.triple JOIN crate_versions ON crate_versions.id = tasks.crate_version
        JOIN crates ON crates.id = crate_versions.crate JOIN job_stages ON job_stages.id = jobs.stage;
