/*
 * 7TV's leaderboards, as they were last computed.
 */
import { el, name_of } from "./text.js";
import { exact } from "./numbers.js";

const BOARD_FIRST = 10;
const BOARD_TITLES = { top_daily: "Day", top_weekly: "Week", top_monthly: "Month", top_all_time: "All time",
    trending_day: "Trending by day", trending_week: "Trending by week", trending_month: "Trending by month" };

/* Trends are in millionths: of a week's growth what the day has, and so on. */
function score_text(name, score) {
    return name.startsWith("trending_") ? `${(score / 10000).toFixed(1)} %` : exact(score);
}

function board_of(name, entries) {
    const list = el("ol.board");
    const fill = (n) => list.replaceChildren(...entries.slice(0, n).map(([emote, score]) =>
        el("li", {}, el("span.emote", {}, name_of(emote)), el("span.num", {}, score_text(name, score)))));
    const more = el("button.more", { type: "button", click: () => { fill(entries.length); more.hidden = true; } }, `Show all ${entries.length}`);

    fill(BOARD_FIRST);
    more.hidden = entries.length <= BOARD_FIRST;
    return el("div", {}, el("h3", {}, BOARD_TITLES[name] ?? name), list, more);
}

export function boards_of(boards) {
    return el("section", {}, el("h2", {}, "Leaderboards"),
        el("p.muted", {}, `As of ${boards.updated_at} UTC, whatever the period. A trend is the score of the day as a share of that of the week, the week's of the month's, the month's of that of all time.`),
        el("div.boards", {}, Object.entries(boards.lists).map(([name, entries]) => board_of(name, entries))));
}
