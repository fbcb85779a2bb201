DROP VIEW coverage;
DROP TABLE dataselect_stats;
DROP TABLE networks;
DROP TABLE payloads;
DROP TABLE tokens;
DROP TABLE nodes; -- own rows: name = 'local'
