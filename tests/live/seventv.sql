-- 7TV's statistics as the real system has them, for a PostgreSQL: SevenTV/SevenTV of January 2025 keeps them in ClickHouse, in
--     emote_stats (emote_id UUID, date Date, count Int32), SummingMergeTree(count), ORDER BY (emote_id, date)
-- which is this table, with the key that the merge keeps once it has run. The rest of 7TV is MongoDB and has no table.
CREATE TABLE emote_stats (
    emote_id uuid    NOT NULL,
    date     date    NOT NULL,
    count    integer NOT NULL,
    PRIMARY KEY (emote_id, date)
);
