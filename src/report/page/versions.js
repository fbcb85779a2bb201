/*
 * What opens under a name: its line, its clients, its versions.
 */
import { el, name_of } from "./text.js";
import { bytes, estimate, exact, plural, share, tick, TWO_KEYS } from "./numbers.js";
import { chart_of } from "./chart.js";
import { word } from "./figures.js";

function versions_table(list, i) {
    const versions = list.versions(i);
    const all = versions.downloads.reduce((sum, n) => sum + n, 0) + (versions.others?.downloads ?? 0);
    const most = versions.downloads[0] ?? 0;
    const what = list.table.dataset === "job_artifact_downloads" ? "File" : "Version";
    const head = [el("th", { scope: "col" }, what), versions.auth && el("th", { scope: "col" }, "Auth"),
        el("th.num", { scope: "col" }, "Downloads"), el("th.num", { scope: "col" }, "Share"), versions.bytes && el("th.num.wide", { scope: "col" }, "Data")];
    const rows = versions.version.map((version, v) => el("tr", {},
        el("th", { scope: "row" }, name_of(version, { empty: "(none)" })),
        versions.auth && el("td", {}, name_of(versions.auth[v])),
        el("td.num", {}, bar(versions.downloads[v], most), exact(versions.downloads[v])),
        el("td.num", {}, share(versions.downloads[v], all)),
        versions.bytes && el("td.num.wide", {}, bytes(versions.bytes[v]))));

    if (versions.others)
        rows.push(el("tr.muted", {}, el("th", { scope: "row" }, `${plural(versions.others.n, "other")}`), versions.auth && el("td"),
            el("td.num", {}, exact(versions.others.downloads)), el("td.num", {}, share(versions.others.downloads, all)), versions.bytes && el("td.num.wide")));
    return el("div.scroll", { tabindex: "0", role: "group", "aria-label": `${what}s` },
        el("table.versions", {}, el("caption", {}, `${what}s, of the whole period`), el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)));
}

/* A bar behind a figure. Widths are set by script, not by markup: the policy of the page knows no style in markup. */
export function bar(value, most) {
    const span = el("span.bar", { "aria-hidden": "true" });

    span.style.width = `${most > 0 && value > 0 ? Math.max((100 * value) / most, 0.5) : 0}%`;
    return span;
}

export function detail_of(list, i) {
    const series = list.series(i);
    const clients = list.raw.clients?.[i] ?? null;
    const label = `${word(list.table.main)} per ${list.table.unit}`;
    const element = el("div.detail", {}, el("h3", {}, list.key(i).flatMap((key, k) => [k > 0 ? "." : "", name_of(key, { most: Infinity })])));
    let chart = null;

    if (list.clients_are(i) === "two keys")
        element.append(el("p", {}, `Unique clients of the whole period are ${TWO_KEYS}.`));
    else if (clients !== null)
        element.append(el("p", {}, `Unique clients of the whole period: ${estimate(clients, list.clients_are(i))}`,
            list.clients_are(i) === "upper bound" ? ", an upper bound: those of what was retracted are in it" : null));
    if (series !== null) {
        chart = chart_of(list.table, { label, height: 160, least: 1, format: tick, exact, value: (step) => series[step] ?? null });
        element.append(chart.element);
    }
    if (list.versions(i))
        element.append(versions_table(list, i));
    return { element, show: (now) => chart?.show(now), recolour: () => chart?.recolour(), fit: (width) => chart?.fit(width) };
}
