/*
 * The figures at the top of a table, the clients of each month, and all figures by step as a table.
 */
import { el, svg } from "./text.js";
import { day_of, day_of_month, month_of } from "./days.js";
import { at_most, bytes, change, estimate, exact, NONE, percent, plural, share, short, tick, TWO_KEYS } from "./numbers.js";
import { STATES } from "./model.js";

const WORDS = {
    downloads: "Downloads", bytes: "Data", requests: "Requests", successful: "Successful", failed: "Failed",
    channels: "Channels, net", failed_share: "Failed, share", names: "Names", versions: "Versions", networks: "Networks", stations: "Stations",
    countries: "Countries", emotes: "Emotes",
};

const ONE = { versions: "version", stations: "station", countries: "country" };

export function word(name) {
    return WORDS[name] ?? name;
}

function share_text(rate) {
    return rate === null || rate === undefined ? NONE : percent(rate);
}

export function format_of(measure) {
    return { bytes, failed_share: share_text }[measure] ?? exact;
}

export function short_format_of(measure) {
    return { bytes, failed_share: share_text }[measure] ?? short;
}

export function tick_format_of(measure) {
    return { bytes, failed_share: share_text }[measure] ?? tick;
}

function tile(label, figure, ...lines) {
    return el("div.tile", {}, el("dt", {}, label), el("dd.figure", {}, figure),
        lines.filter((line) => line !== null && line !== "").map((line) => el("dd.line", {}, line)));
}

/* "+12 % on 1,234 before". Where these are not of as many days, what they are of: the mean tells the change. */
function against(table, range, now, before, format) {
    const bases = table.bases(range);
    const { text, rate } = change(now, before);

    if (before === null || before === undefined)
        return "the period before is not known";
    if (bases !== null && !bases.even)
        return `${format(before)} before, of ${plural(bases.before, table.unit)}`;
    return rate === null || rate === Infinity ? `${format(before)} in the period before` : `${text} on ${format(before)} before`;
}

/* The mean of what has a figure compares periods of which not the same days are covered. */
function mean_tile(table, range, now) {
    const before = table.total_before(table.main, range);
    const mean = now.known > 0 ? now.value / now.known : null;
    const mean_before = before !== null && before.known > 0 ? before.value / before.known : null;
    const { text, rate } = change(mean, mean_before);

    return tile(`A ${table.unit}, on average`, short(mean),
        rate === null || rate === Infinity ? null : `${text} on ${short(mean_before)} before`,
        `${exact(now.known)} of ${plural(now.of, table.unit)} have a figure`);
}

/* What two estimates say of a change: nothing, as long as they are no further apart than their errors. */
function against_clients(table, range, { estimate: now, error, before }) {
    if (!(before.estimate > 0) || before.are === "upper bound")
        return null;
    if (table.bases(range)?.even && error > 0 && Math.abs(now - before.estimate) < 2 * Math.hypot(error, before.error))
        return `${short(before.estimate)} before: the same, within the error`;
    return against(table, range, now, before.estimate, short);
}

function clients_tile(table, range) {
    const clients = table.raw.clients;
    const whole = table.is_whole(range);
    const month = whole ? null : months_of(table).find(([name]) => is_month(table, range, name));
    const [value, error, are] = month ? [month[1], month[2], month[3]] : [clients.estimate, clients.error, clients.are];

    if (are === "two keys")
        return tile("Unique clients", NONE, TWO_KEYS);
    if (value === null)
        return tile("Unique clients", NONE, clients.why ?? "not known");
    return tile("Unique clients", at_most(short(value), are),
        are === "upper bound" ? "an upper bound: those of what was retracted are in it" : null,
        error > 0 ? `\u00B1 ${exact(error)}, one standard error` : are === "upper bound" ? null : "exactly",
        month ? `of ${month[0]}` : whole ? against_clients(table, range, clients) : "of the whole period");
}

/* [month, estimate, error, what it is] */
function months_of(table) {
    return (table.raw.clients?.months ?? []).map((month, i) => [...month, table.raw.clients.months_are?.[i] ?? null]);
}

/* A range that is one whole month has a figure of its own. */
function is_month(table, [from, to], name) {
    const month = month_of(day_of(`${name}-01`));
    const steps = table.range_of(day_of_month(month), day_of_month(month + 1));

    return steps[0] === from && steps[1] === to;
}

function counts_tile(table, range) {
    const counts = ["names", "versions", "networks", "stations", "countries", "emotes"].filter((name) => name in table.raw.totals);
    const [first, ...rest] = counts;

    return tile(word(first), exact(table.raw.totals[first]),
        table.knows_before ? `${exact(table.raw.before[first])} before` : null,
        rest.map((name) => plural(table.raw.totals[name], ONE[name], name)).join(", "),
        table.is_whole(range) ? null : "of the whole period");
}

/* The tiles of a table, for a range. */
export function figures_of(table, range) {
    const tiles = el("dl.tiles");
    const main = table.total(table.main, range);

    tiles.append(tile(word(table.main), short(main.value), exact(main.value) === short(main.value) ? null : exact(main.value),
        against(table, range, main.value, table.total_before(table.main, range)?.value, short)));
    tiles.append(mean_tile(table, range, main));
    if (table.measures.includes("failed")) {
        const failed = table.total("failed", range);

        tiles.append(tile("Failed", share(failed.value, main.value), `${exact(failed.value)} of ${exact(main.value)} requests`));
    }
    if (table.raw.clients)
        tiles.append(clients_tile(table, range));
    if (table.measures.includes("bytes")) {
        const data = table.total("bytes", range);

        tiles.append(tile("Data", bytes(data.value), against(table, range, data.value, table.total_before("bytes", range)?.value, bytes)));
    }
    if (["names", "networks", "emotes"].some((name) => name in table.raw.totals))
        tiles.append(counts_tile(table, range));
    return tiles;
}

/* Columns with whiskers of one standard error; a month that is not known is a hole. */
export function client_months(table, room) {
    const months = months_of(table);
    const known = months.filter((month) => month[1] !== null);
    const high = Math.max(1, ...known.map((month) => month[1] + month[2]));
    const height = 120, pitch = Math.min(Math.max(Math.floor(room / months.length), 44), 84), width = Math.max(months.length * pitch, pitch);
    const y = (value) => 16 + ((height - 36) * (high - value)) / high;
    const picture = svg("svg", { class: "clients", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
        "aria-label": "Unique clients by month; the figures stand in the table below" });

    if (known.length === 0 || months.length < 2)
        return null;
    months.forEach(([name, value, error, are], i) => {
        const middle = i * pitch + pitch / 2;

        picture.append(svg("text", { x: middle, y: height - 4, "text-anchor": "middle", class: "tick" }, name.slice(2)));
        if (value === null) {
            picture.append(svg("rect", { x: middle - 14, width: 28, y: 16, height: height - 36, class: "hole" }));
            return;
        }
        picture.append(svg("rect", { x: middle - 14, width: 28, y: y(value), height: Math.max(y(0) - y(value), 1), class: "column" }),
            svg("text", { x: middle, y: y(value + error) - 4, "text-anchor": "middle", class: "tick" }, at_most(short(value), are)));
        if (error > 0)
            picture.append(svg("path", { class: "whisker",
                d: `M${middle} ${y(value + error)}V${y(value - error)}M${middle - 4} ${y(value + error)}h8M${middle - 4} ${y(value - error)}h8` }));
    });
    const rows = months.map(([name, value, error, are]) => el("tr", {}, el("th", { scope: "row" }, name), el("td.num", {}, are === "two keys" ? TWO_KEYS : estimate([value, error], are))));

    return el("section", {}, el("h2", {}, "Unique clients by month"),
        el("p.muted", {}, "Who comes in several months is in each of them; the months do not add up to the period. Whiskers are one standard error.",
            months.some((month) => month[3] === "upper bound") ? " \u2264 stands before upper bounds: clients of what was retracted are in them." : null,
            months.some((month) => month[3] === "two keys") ? " A month under two client keys has no figure." : null),
        el("div.scroll.newest", { tabindex: "0", role: "group", "aria-label": "Unique clients by month, a chart" }, picture),
        el("details", {}, el("summary", {}, "These figures as a table"), el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Month"), el("th.num", { scope: "col" }, "Clients"))),
            el("tbody", {}, rows))));
}

/* Every figure of the chart. Made when it is opened: it may have a thousand rows. */
export function steps_table(table, range_now) {
    const body = el("tbody");
    const head = el("tr", {}, el("th", { scope: "col" }, table.monthly ? "Month" : "Day"), el("th", { scope: "col" }, "State"),
        table.measures.map((measure) => el("th.num", { scope: "col" }, word(measure))), el("th.num", { scope: "col" }, "Before"));
    const fill = () => {
        const range = range_now();
        const rows = [];

        for (let step = range[1] - 1; step >= range[0]; step--)
            rows.push(el("tr", {}, el("th", { scope: "row" }, table.label(step)), el("td", {}, STATES[table.states[step]]?.word ?? ""),
                table.measures.map((measure) => el("td.num", {}, format_of(measure)(table.value(measure, step)))),
                el("td.num.muted", {}, format_of(table.main)(table.value(table.main, table.counterpart(step, range))))));
        body.replaceChildren(...rows);
    };
    const details = el("details.steps", { toggle: () => (details.open ? fill() : body.replaceChildren()) },
        el("summary", {}, `These figures as a table, by ${table.unit}`),
        el("div.scroll", { tabindex: "0", role: "group", "aria-label": `Figures by ${table.unit}` }, el("table", {}, el("thead", {}, head), body)));

    return { element: details, show: () => details.open && fill() };
}
