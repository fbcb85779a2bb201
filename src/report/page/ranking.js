/*
 * A list of who has most: found, sorted, opened. Up to 10,000 stand in the document; so many rows as are looked at stand
 * in the page.
 */
import { el, name_of, seen } from "./text.js";
import { change, estimate, exact, plural, share, TWO_KEYS } from "./numbers.js";
import { format_of, word } from "./figures.js";
import { spark } from "./spark.js";
import { bar, detail_of } from "./versions.js";

const ROWS_FIRST = 25, ROWS_MORE = 100;
const LIST_TITLES = { name: "Names", network: "Networks", station: "Stations", country: "Countries", node: "Nodes", emote: "Emotes" };
const KEY_TITLES = { name: "Name", network: "Network", station: "Station", country: "Country", node: "Node", emote: "Emote" };
const countries = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/* What people call a country; a code that is none has no name. */
function country_of(code) {
    try {
        return countries.of(code) ?? "";
    } catch {
        return "";
    }
}

function key_of(list, key) {
    if (list.of === "country") {
        const country = key[0] === "" ? "" : country_of(key[0]);

        return [name_of(key[0], { empty: "(unknown)" }), country === "" ? null : el("span.muted", {}, ` ${country}`)];
    }
    return key.flatMap((part, k) => [k > 0 ? el("span.muted", {}, ".") : null, name_of(part)]);
}

/* What is no plain estimate says so to whoever points at it; all of it stands where the name opens. */
function clients_cell(list, i, range) {
    const are = list.clients_are(i);
    const title = { "two keys": TWO_KEYS, "upper bound": "an upper bound: those of what was retracted are in it" }[are];

    return title === undefined ? estimate(list.clients(i, range)) : el("span", { title }, estimate(list.clients(i, range), are));
}

/* The columns: id, title, value(i) that it is sorted by, cell(i) and classes. A column that says nothing is left out. */
function columns_of(list, range, rank) {
    const table = list.table;
    const total = table.total(table.main, range).value ?? 0;
    const main = (i) => list.value(table.main, i, range);
    const most = Array.from({ length: list.n }, (_, i) => main(i) ?? 0).reduce((a, b) => Math.max(a, b), 0);
    const others = table.measures.slice(1).filter((measure) => list.raw[measure] && table.is_whole(range))
        .filter((measure) => measure !== "failed" || list.raw.failed.some((n) => n > 0));
    const knows_before = Array.from({ length: list.n }).some((_, i) => (list.before(i, range) ?? 0) !== 0);
    const scale = table.bases(range)?.scale ?? 1; /* of periods of unlike many days the means are compared */
    const grown = (i) => change(main(i), list.before(i, range) === null ? null : list.before(i, range) * scale);
    const columns = [
        { id: "rank", title: "#", value: (i) => -rank[i], cell: (i) => exact(rank[i]), class: "num muted rank" },
        { id: "key", title: KEY_TITLES[list.of], value: (i) => list.key(i).join("."), cell: null, class: "key" },
    ];

    if (list.rich > 0)
        columns.push({ id: "spark", title: "Trend", cell: (i) => (list.series(i) ? spark(list.series(i).slice(range[0], range[1]), !table.monthly) : null), class: "trend" });
    columns.push({ id: "main", title: word(table.main), value: main, cell: (i) => [bar(main(i), most), el("span", {}, exact(main(i)))], class: "num main" });
    if (table.main !== "channels")
        columns.push({ id: "share", title: "Share", value: main, cell: (i) => share(main(i), total), class: "num narrow" });
    if (knows_before)
        columns.push({ id: "change", title: "Change", value: (i) => grown(i).rate,
            cell: (i) => el("span", { title: `${exact(list.before(i, range))} in the period before` }, grown(i).text), class: "num" });
    for (const measure of others)
        columns.push({ id: measure, title: word(measure), value: (i) => list.raw[measure][i], cell: (i) => format_of(measure)(list.raw[measure][i]), class: "num wide" });
    if (list.has_clients && table.is_whole(range))
        columns.push({ id: "clients", title: "Clients", value: (i) => list.clients(i, range)?.[0] ?? null, cell: (i) => clients_cell(list, i, range), class: "num wide" });
    return columns;
}

function compare(a, b) {
    if (a === b)
        return 0;
    if (a === null)
        return 1;
    if (b === null)
        return -1;
    return a < b ? 1 : -1;
}

export function ranking_of(list) {
    const title = LIST_TITLES[list.of];
    const id = `list-${list.table.raw.table}-${list.of}`.replace(/[^a-z_-]/gi, "-");
    const words = Array.from({ length: list.n }, (_, i) => [...list.key(i), list.of === "country" ? country_of(list.key(i)[0]) : ""].join(".").toLowerCase());
    const status = el("p.status", { role: "status" });
    const head = el("thead"), body = el("tbody"), foot = el("tfoot");
    const more = el("button.more", { type: "button", click: () => { limit += ROWS_MORE; draw(); } });
    const search = el("input", { type: "search", id: `${id}-search`, autocomplete: "off", spellcheck: "false", input: () => { limit = ROWS_FIRST; draw(); } });
    const element = el("section", { id },
        el("h2", {}, title),
        el("div.tools", {}, list.n > 10 ? [el("label", { for: `${id}-search` }, `Find ${title.toLowerCase()}`), search] : null, status),
        el("div.scroll", {}, el(`table.ranking.of-${list.of}`, {}, el("caption.unseen-caption", {}, title), head, body, foot)), more);
    if (list.n === 0)
        element.replaceChildren(el("h2", {}, title), el("p.muted", {}, "None in this period."));
    const opened = new Map();
    let range = null, limit = ROWS_FIRST, sorted_by = "main", upwards = false;
    let columns = [], rank = [], order = [];

    const sort_by = (column) => {
        upwards = sorted_by === column.id ? !upwards : column.id === "key";
        sorted_by = column.id;
        limit = ROWS_FIRST;
        draw();
        head.querySelector(`[data-column="${column.id}"] button`)?.focus();
    };
    const toggle = (i) => {
        if (!opened.delete(i))
            opened.set(i, null);
        draw();
        body.querySelector(`[data-entry="${i}"] button`)?.focus();
    };
    const name_cell = (i) => {
        if (i >= list.rich && !list.versions(i))
            return key_of(list, list.key(i));
        return el("button.open", { type: "button", "aria-expanded": String(opened.has(i)), click: () => toggle(i) }, key_of(list, list.key(i)));
    };
    const row = (i) => el("tr", { "data-entry": i }, columns.map((column) =>
        column.id === "key"
            ? el("th.key", { scope: "row", title: list.key(i).join(".").length > 40 ? seen(list.key(i).join(".")) : false }, name_cell(i))
            : el(["td", ...column.class.split(" ")].join("."), {}, column.cell(i))));
    const detail_row = (i) => {
        const detail = opened.get(i) ?? detail_of(list, i);

        opened.set(i, detail);
        return el("tr.details", {}, el("td", { colspan: columns.length }, detail.element));
    };
    const head_cell = (column) => {
        const sorted = sorted_by === column.id;

        return el(["th", ...column.class.split(" ")].join("."), { scope: "col", "data-column": column.id, "aria-sort": sorted ? (upwards ? "ascending" : "descending") : false },
            column.value ? el("button", { type: "button", click: () => sort_by(column) }, column.title, el("span.arrow", { "aria-hidden": "true" }, sorted ? (upwards ? "\u25B2" : "\u25BC") : "")) : column.title);
    };
    const draw = () => {
        const wanted = search.value.trim().toLowerCase();
        const column = columns.find((other) => other.id === sorted_by) ?? columns.find((other) => other.id === "main");
        const found = order.filter((i) => wanted === "" || words[i].includes(wanted));
        const value = new Map(found.map((i) => [i, column.value(i)]));

        if (column.id !== "main" || upwards)
            found.sort((a, b) => {
                const [x, y] = [value.get(a), value.get(b)];

                return x === null || y === null || !upwards ? compare(x, y) : -compare(x, y);
            });
        const shown = found.slice(0, limit);

        head.replaceChildren(el("tr", {}, columns.map(head_cell)));
        body.replaceChildren(...shown.flatMap((i) => (opened.has(i) ? [row(i), detail_row(i)] : [row(i)])));
        for (const i of shown)
            opened.get(i)?.show(range);
        foot.replaceChildren(...others_row());
        status.textContent = said(found.length, shown.length, wanted);
        more.hidden = shown.length === found.length;
        more.textContent = `Show ${Math.min(ROWS_MORE, found.length - shown.length)} more`;
    };
    const others_row = () => {
        const others = list.raw.others;
        const main = columns.findIndex((column) => column.id === "main");

        if (!others || search.value.trim() !== "" || !list.table.is_whole(range))
            return [];
        return [el("tr.muted", {}, el("th", { scope: "row", colspan: main }, `${plural(list.raw.total - list.n, "other")} that ${list.raw.total - list.n === 1 ? "does" : "do"} not stand here`),
            el("td.num", {}, exact(others[list.table.main])), el("td", { colspan: columns.length - main - 1 }))];
    };
    const said = (found, shown, wanted) => {
        const whole = list.table.is_whole(range);
        const parts = [wanted === "" ? `${shown} of ${plural(whole ? list.raw.total : order.length, KEY_TITLES[list.of].toLowerCase(), title.toLowerCase())}` : `${found} found`];

        if (!whole && order.length < list.n)
            parts.push(list.rich === 0 ? "figures by day are not in this report" : `a part of the period is known of the first ${list.rich} alone`);
        const bases = list.table.bases(range);

        if (bases !== null && !bases.even && columns.some((column) => column.id === "change"))
            parts.push(`changes are by ${list.table.unit}, of ${bases.now} now and ${bases.before} before`);
        return parts.join("; ");
    };

    return {
        element,
        show(next) {
            const value = (i) => list.value(list.table.main, i, next);

            range = next;
            order = Array.from({ length: list.n }, (_, i) => i).filter((i) => list.table.is_whole(next) || value(i) !== null);
            if (!list.table.is_whole(next))
                order.sort((a, b) => compare(value(a), value(b)) || a - b);
            rank = [];
            order.forEach((i, at) => { rank[i] = at + 1; });
            columns = columns_of(list, next, rank);
            limit = ROWS_FIRST;
            draw();
        },
        recolour: () => opened.forEach((detail) => detail?.recolour()),
        fit: (width) => opened.forEach((detail) => detail?.fit(width)),
    };
}
