-- builds.rs's database as its documentation draws it, and as its migrations made it at commit 673df4b (2023-09-23): jobs have a target and a version of a
-- crate. The one difference that hurts is kept: `version` is unique by itself there, so two crates cannot both have a 1.0.0. (The good constraint
-- stands in schema/buildsrs.) The notebook is refinery's.
CREATE TABLE refinery_schema_history (
    version    integer      PRIMARY KEY,
    name       varchar(255),
    applied_on varchar(255),
    checksum   varchar(255)
);
INSERT INTO refinery_schema_history VALUES (1, 'initial', '2023-09-23T00:00:00Z', '0');

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

CREATE TABLE targets (
    id      bigserial PRIMARY KEY,
    enabled boolean   NOT NULL DEFAULT false,
    name    text      NOT NULL UNIQUE
);

CREATE TABLE builder_targets (
    builder bigint NOT NULL REFERENCES builders (id) ON DELETE CASCADE,
    target  bigint NOT NULL REFERENCES targets (id) ON DELETE CASCADE,
    PRIMARY KEY (builder, target)
);

CREATE TABLE crates (
    id      bigserial PRIMARY KEY,
    enabled boolean   NOT NULL DEFAULT true,
    name    text      NOT NULL UNIQUE
);

CREATE TABLE crate_versions (
    id       bigserial PRIMARY KEY,
    crate    bigint    NOT NULL REFERENCES crates (id) ON DELETE CASCADE,
    version  text      NOT NULL UNIQUE,
    checksum text      NOT NULL,
    yanked   boolean   NOT NULL
);

CREATE TABLE job_stages (
    id   bigserial PRIMARY KEY,
    name text      NOT NULL UNIQUE
);
INSERT INTO job_stages (name) VALUES ('init'), ('fetch'), ('build'), ('upload');

CREATE TABLE jobs (
    id            bigserial PRIMARY KEY,
    uuid          uuid      NOT NULL UNIQUE,
    builder       bigint    NOT NULL REFERENCES builders (id) ON DELETE RESTRICT,
    target        bigint    NOT NULL REFERENCES targets (id) ON DELETE RESTRICT,
    crate_version bigint    NOT NULL REFERENCES crate_versions (id) ON DELETE RESTRICT,
    started       bigint    NOT NULL DEFAULT 0,
    timeout       bigint    NOT NULL DEFAULT 0,
    stage         bigint    NOT NULL REFERENCES job_stages (id) ON DELETE RESTRICT,
    ended         bigint,
    success       boolean
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
