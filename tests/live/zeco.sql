-- Zeco (Raku's ecosystem server) as its own migrations 000 to 004 leave a database: the tables that its service works on, where
-- its DDL differs from what one would draw. What is ours of it stands in schema/zeco.
CREATE TYPE migration_status AS ENUM ('complete', 'error', 'skipped');
CREATE TABLE migrations ( -- its runner makes this one
    id     serial           PRIMARY KEY,
    file   text             NOT NULL,
    status migration_status NOT NULL
);
INSERT INTO migrations (file, status)
VALUES ('000', 'complete'), ('001', 'complete'), ('002', 'complete'), ('003', 'complete'), ('004', 'complete');

CREATE TYPE group_role AS ENUM ('admin', 'member');

CREATE TABLE users (
    user_id  serial PRIMARY KEY,
    email    text   NOT NULL,
    username text   NOT NULL UNIQUE,
    password text
);

CREATE TABLE user_meta (
    user_meta_id serial PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES users (user_id),
    key          text   NOT NULL,
    value        text   NOT NULL,
    UNIQUE (user_id, key)
);

CREATE TABLE keys (
    key_id  serial  PRIMARY KEY,
    user_id integer NOT NULL REFERENCES users (user_id),
    authkey text    NOT NULL UNIQUE,
    expires bigint
);

CREATE TABLE pkeys (
    pkey_id serial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (user_id),
    prekey  text   NOT NULL UNIQUE,
    expires bigint NOT NULL
);

CREATE TABLE password_reset (
    password_reset_id serial PRIMARY KEY,
    user_id           bigint NOT NULL REFERENCES users (user_id),
    key               text   NOT NULL UNIQUE,
    expires           bigint NOT NULL
);

CREATE TABLE group_members (
    group_id         integer    NOT NULL,
    member_id        integer    NOT NULL,
    role             group_role NOT NULL,
    group_members_id serial     PRIMARY KEY, -- 002 and 003 moved the primary key here
    UNIQUE (group_id, member_id)
);

CREATE TABLE org_invites (
    group_id      bigint     NOT NULL REFERENCES users (user_id),
    member_id     bigint     NOT NULL REFERENCES users (user_id),
    role          group_role NOT NULL,
    expires       bigint     NOT NULL,
    org_invite_id serial     PRIMARY KEY
);

-- No primary key, and nothing unique: a dist or path may stand here more than once. The id comes with the INSERT.
CREATE TABLE dists (
    id      uuid      NOT NULL,
    dist    text      NOT NULL,
    path    text      NOT NULL,
    meta    jsonb     NOT NULL,
    created timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted timestamp -- a boolean in 000; 004 made it this
);

-- Does not keep rows without version apart: in a unique constraint NULLs differ.
CREATE TABLE stats (
    stat_id serial PRIMARY KEY,
    name    text   NOT NULL,
    version text,
    dldate  date   NOT NULL,
    count   bigint NOT NULL,
    auth    text   NOT NULL,
    UNIQUE (name, version, dldate, auth)
);
