/*
 * The page of `ingest report`: reads the document that it carries, and shows one of its tables at a time.
 */
import { el, name_of, seen } from "./text.js";
import { day_of, range_text } from "./days.js";
import { read_document, SMOOTH_FROM } from "./model.js";
import { figures_of, client_months, format_of, steps_table, tick_format_of, word } from "./figures.js";
import { chart_of } from "./chart.js";
import { happened_of } from "./happened.js";
import { ranking_of } from "./ranking.js";
import { coverage_of } from "./calendar.js";
import { boards_of } from "./boards.js";
import { about_of } from "./about.js";
import { range_picker } from "./range.js";

const THEMES = ["auto", "light", "dark"];

const page = document.getElementById("page");
const main = document.getElementById("main");
let recolour = () => {}, fit = () => {}; /* the charts that are shown */
let held = null; /* the days that were chosen, whichever table is looked at; null: all */

/* ---- light and dark ---- */

function set_theme(theme) {
    if (theme === "auto")
        delete document.documentElement.dataset.theme;
    else
        document.documentElement.dataset.theme = theme;
    recolour();
}

/* What the reader chose last; a browser may keep nothing for a page from a file. */
function remembered(choice) {
    try {
        if (choice !== undefined)
            localStorage.setItem("ingest-report-theme", choice);
        return localStorage.getItem("ingest-report-theme");
    } catch {
        return null;
    }
}

function theme_picker() {
    const select = el("select", { id: "theme", change: () => { remembered(select.value); set_theme(select.value); } },
        THEMES.map((theme) => el("option", { value: theme }, theme[0].toUpperCase() + theme.slice(1))));
    const last = remembered();

    if (THEMES.includes(last))
        select.value = last;
    set_theme(select.value);
    return el("span.theme", {}, el("label", { for: "theme" }, "Colours"), select);
}

/* Charts have colours in their pixels: they are drawn again where those change, on paper as well. */
for (const query of ["(prefers-color-scheme: dark)", "print"])
    matchMedia(query).addEventListener("change", () => recolour());

/* About as wide as a sheet is between its margins: what was drawn for a window would be cut, or too small to be read. */
addEventListener("beforeprint", () => fit(680));
addEventListener("afterprint", () => fit());

/* ---- a table ---- */

/* What there is to say of a table without a figure. */
function nothing_of(table, report) {
    const { first_day: first, last_day: last } = table.raw;
    const like = report.made.name ? [", of names that fit ", name_of(report.made.name)] : "";

    return el("section.nothing", {}, el("h2", {}, first === null ? "Nothing is counted yet" : "Nothing in this period"),
        el("p", {}, ...(first === null ? ["No row is in ", name_of(table.title), like, "."]
            : ["The rows of ", name_of(table.title), like, ` are of ${range_text(day_of(first), day_of(last) + 1)}.`])));
}

function show_table(report, table, picker) {
    const figures = el("div");
    const measures = table.drawn;
    let measure = table.main;
    let range = [0, table.n];

    const last_known = () => {
        for (let step = table.n - 1; step >= 0; step--)
            if (table.value(table.main, step) !== null)
                return table.monthly ? table.day(step + 1) - 1 : table.day(step);
        return table.until - 1;
    };
    const chart = chart_of(table, {
        get label() { return `${word(measure)} per ${table.unit}`; },
        get least() { return measure === "failed_share" ? 0.001 : 1; },
        height: 280,
        format: (n) => tick_format_of(measure)(n),
        exact: (n) => format_of(measure)(n),
        value: (step) => table.value(measure, step),
        before: (step, shown) => (measure === table.main && compare.checked ? table.value(measure, table.counterpart(step, shown)) : null),
        mean: (step, shown) => (is_smooth(shown) ? table.week_mean(measure, step) : null),
        mean_before: (step, shown) => (measure === table.main && compare.checked ? table.week_mean(measure, table.counterpart(step, shown)) : null),
        on_zoom: (steps) => (steps === null ? choose(null) : choose_steps([range[0] + steps[0], range[0] + steps[1]])),
    });
    const compare = el("input", { type: "checkbox", id: "compare", checked: true, change: () => chart.show(range) });
    const smooth = el("input", { type: "checkbox", id: "smooth", checked: true, change: () => chart.show(range) });
    const is_smooth = ([from, to]) => !table.monthly && smooth.checked && to - from >= SMOOTH_FROM;
    const title = el("h2");
    const entitle = () => { title.textContent = measure === "channels" ? "Channels that took an emote up, less those that dropped it" : `${word(measure)} by ${table.unit}`; };
    const select = el("select", { id: "measure", change: () => { measure = select.value; compare.disabled = measure !== table.main; entitle(); chart.show(range); } },
        measures.map((name) => el("option", { value: name }, word(name))));
    const smoothing = table.monthly ? null : el("span", {}, smooth, el("label", { for: "smooth" }, "mean of 7 days"));
    const steps = steps_table(table, () => range);
    const lists = table.lists.map((list) => ranking_of(list));
    const parts = [chart, ...lists, steps];

    const choose_steps = ([from, to]) => {
        const width = Math.min(to - from, table.n);
        const start = Math.min(Math.max(from, 0), table.n - width);

        range = [start, start + width];
        held = table.is_whole(range) ? null : [table.day(range[0]), table.day(range[1])];
        picker.show([table.since, table.until], last_known(), [table.day(range[0]), table.monthly && range[1] === table.n ? table.until : table.day(range[1])], table.monthly);
        smooth.disabled = range[1] - range[0] < SMOOTH_FROM;
        figures.replaceChildren(figures_of(table, range));
        for (const part of parts)
            part.show(range);
    };
    const choose = (days) => {
        const steps = days === null ? [0, 0] : table.range_of(...days);

        choose_steps(steps[0] < steps[1] ? steps : [0, table.n]);
    };

    if (table.is_empty) {
        picker.element.hidden = true;
        main.replaceChildren(nothing_of(table, report), ...(table.raw.boards ? [boards_of(table.raw.boards)] : []), coverage_of(table, report), about_of(report));
        recolour = fit = () => {};
        return () => {};
    }
    picker.element.hidden = false;
    entitle();
    main.replaceChildren(
        figures,
        el("section.daily", {}, title,
            el("div.tools", {}, measures.length > 1 ? [el("label", { for: "measure" }, "Show"), select] : null,
                table.knows_before ? el("span", {}, compare, el("label", { for: "compare" }, "compare with the period before")) : null,
                smoothing),
            chart.element, steps.element),
        ...[happened_of(table)].filter((part) => part !== null),
        ...lists.map((list) => list.element),
        ...[table.raw.clients ? client_months(table, main.clientWidth) : null, table.raw.boards ? boards_of(table.raw.boards) : null].filter((part) => part !== null),
        coverage_of(table, report),
        about_of(report));
    recolour = () => [chart, ...lists].forEach((part) => part.recolour());
    fit = (width) => [chart, ...lists].forEach((part) => part.fit(width));
    main.querySelectorAll(".newest").forEach((part) => { part.scrollLeft = part.scrollWidth; });
    if (table.n > 0)
        choose(held);
    return choose;
}

/* ---- all of it ---- */

function tables_nav(report, show) {
    const datasets = new Set(report.tables.map((table) => table.title));
    const buttons = report.tables.map((table, i) => el("button", { type: "button", "aria-pressed": "false", click: () => show(i) }, name_of(table.title),
        table.raw.ecosystem ? [" \u00B7 ", name_of(table.raw.ecosystem)] : null, table.is_empty ? [" ", el("span.empty", {}, "empty")] : null));

    return datasets.size > 1 ? el("nav.tables", { "aria-label": "Tables" }, buttons) : null;
}

function start(report) {
    let choose = () => {};
    const picker = range_picker((days) => choose(days));
    const show = (i) => {
        nav?.querySelectorAll("button").forEach((button, at) => button.setAttribute("aria-pressed", String(at === i)));
        choose = show_table(report, report.tables[i], picker);
    };
    const nav = tables_nav(report, show);
    const only = report.tables.length === 1 ? report.tables[0] : null;

    document.title = `Downloads, ${seen(report.made.database)}, ${range_text(day_of(report.period.since), day_of(report.period.until))}`;
    document.getElementById("head").append(
        el("div.title", {}, el("h1", {}, "Downloads ", el("span.muted", {}, name_of(only ? only.title : report.made.database))), theme_picker()),
        el("p.muted", {}, `${range_text(day_of(report.period.since), day_of(report.period.until))}, all days in UTC; as of ${seen(report.made.at.slice(0, 16))}`,
            report.made.name ? [", names that fit ", name_of(report.made.name)] : null),
        ...(report.notes ?? []).map((note) => el("p.note", {}, name_of(note, { most: 400 }))),
        ...(nav ? [nav] : []), picker.element);
    document.getElementById("licence").hidden = !globalThis.uPlot;
    page.hidden = false;
    if (report.tables.length > 0)
        show(Math.max(report.tables.findIndex((table) => !table.is_empty), 0));
    else
        main.append(el("p", {}, "There is no table in this report."), about_of(report));
}

try {
    start(read_document(document.getElementById("report").textContent));
} catch (error) {
    page.hidden = false;
    main.replaceChildren(el("p.complaint", { role: "alert" }, error instanceof Error ? error.message : String(error)));
    throw error;
}
