DROP TABLE buildsrs.job_artifact_downloads;
DROP TABLE buildsrs.job_artifacts;
DROP TABLE buildsrs.job_logs;
DROP TABLE buildsrs.jobs;
DROP TABLE buildsrs.job_stages; -- own rows: name IN ('init', 'fetch', 'build', 'upload')
DROP TABLE buildsrs.crate_versions;
DROP TABLE buildsrs.crates;
DROP TABLE buildsrs.builder_targets;
DROP TABLE buildsrs.targets;
DROP TABLE buildsrs.builders;
DROP TABLE buildsrs.pubkey_fingerprints;
DROP TABLE buildsrs.pubkeys;
