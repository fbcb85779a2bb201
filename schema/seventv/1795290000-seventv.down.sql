DROP TABLE seventv.emote_stats;
