DROP TABLE seventv.cron_jobs; -- own rows: id IN (0, 1)
DROP TABLE seventv.emote_scores;
