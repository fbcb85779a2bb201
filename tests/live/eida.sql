-- EIDA's statistics (the web service and its command line) as its own yoyo migrations leave a database: with the constraints, the
-- trigger and the view that a writer meets. Differs from what one would draw: names of nodes may repeat, a payload's hash is unique
-- among all nodes, counters are integer, nearly all columns may be NULL. What is ours of it stands in schema/eida.
CREATE EXTENSION IF NOT EXISTS hll;

CREATE TABLE nodes (
    id                 serial PRIMARY KEY,
    name               text,
    contact            text,
    created_at         timestamptz DEFAULT now(),
    updated_at         timestamptz,
    restriction_policy boolean DEFAULT '0',
    eas_group          text
);

CREATE TABLE tokens (
    id          serial PRIMARY KEY,
    node_id     integer REFERENCES nodes (id),
    value       varchar(32),
    valid_from  timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    created_at  timestamptz DEFAULT now(),
    updated_at  timestamptz
);

CREATE TABLE payloads (
    id            serial PRIMARY KEY,
    node_id       integer REFERENCES nodes (id),
    hash          bigint,
    generated_at  timestamptz,
    version       varchar(32),
    first_stat_at timestamptz,
    last_stat_at  timestamptz,
    coverage      date[],
    created_at    timestamptz DEFAULT now(),
    CONSTRAINT uniq_payload UNIQUE (hash)
);

CREATE TABLE networks (
    node_id         integer REFERENCES nodes (id),
    name            varchar(6),
    inverted_policy boolean DEFAULT '0',
    eas_group       text,
    PRIMARY KEY (node_id, name)
);

CREATE TABLE dataselect_stats (
    node_id            integer REFERENCES nodes (id),
    date               date,
    network            varchar(6),
    station            varchar(5),
    location           varchar(2),
    channel            varchar(3),
    country            varchar(2),
    bytes              bigint,
    nb_reqs            integer,
    nb_successful_reqs integer,
    nb_failed_reqs     integer,
    clients            hll(11,5),
    created_at         timestamptz DEFAULT now(),
    updated_at         timestamptz,
    CONSTRAINT uniq_stat UNIQUE (node_id, date, network, station, location, channel, country),
    CONSTRAINT dataselect_stats_networks FOREIGN KEY (node_id, network) REFERENCES networks (node_id, name)
);

CREATE FUNCTION make_network() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM networks WHERE node_id = NEW.node_id AND name = NEW.network) THEN
        INSERT INTO networks (node_id, name, inverted_policy) VALUES (NEW.node_id, NEW.network, '0');
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER dataselect_stats_make_network BEFORE INSERT ON dataselect_stats
    FOR EACH ROW EXECUTE FUNCTION make_network();

CREATE VIEW coverage AS
    SELECT nodes.name AS node, covered.stat_day
    FROM nodes
    LEFT JOIN (SELECT node_id, unnest(coverage) AS stat_day FROM payloads) AS covered ON covered.node_id = nodes.id;
