DROP VIEW stats_month;
DROP VIEW stats_total;
DROP VIEW stats_versions;
DROP VIEW stats_annotations;
DROP VIEW stats_upper_bounds;
DROP VIEW stats_keys;
DO $$ DECLARE f text; BEGIN FOR f IN SELECT p.oid::regprocedure FROM pg_catalog.pg_proc p WHERE starts_with(obj_description(p.oid, 'pg_proc'), 'made by ingest: stats, ') LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP; END $$;
