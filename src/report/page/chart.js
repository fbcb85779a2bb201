/*
 * Figures by day or month as a line or as columns, with what is not covered drawn as a hole, and never as zero. uPlot
 * draws it where the page has it, plain.js where not.
 *
 * The chart can be read without eyes and used without a mouse: it has a summary, arrows move through the steps and say
 * each, + and - zoom, and the figures stand in a table besides.
 */
import { el, name_of } from "./text.js";
import { month_name, month_of, year_of } from "./days.js";
import { STATES } from "./model.js";
import { holes_of, plain_chart } from "./plain.js";
import { labels_of, marks_of } from "./happened.js";

const UPLOT = globalThis.uPlot;
const DAY_S = 86400;

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/* Of the steps of a range those that have a word on the axis: first of months, of weeks, or each. */
function ticks_of(table, [from, to], most) {
    const marks = [];
    const months = table.monthly ? to - from : month_of(table.day(to - 1)) - month_of(table.day(from)) + 1;
    const every = [1, 2, 3, 6, 12, 24, 60, 120, 600].find((n) => months / n <= most) ?? 1200;

    if (!table.monthly && to - from <= 92) {
        const days = [1, 2, 7, 14, 28].find((n) => (to - from) / n <= most) ?? 92;

        for (let step = from; step < to; step += days)
            marks.push([step - from, table.label(step).slice(5)]);
        return marks;
    }
    for (let step = from; step < to; step++) {
        const month = month_of(table.day(step));
        const first = table.monthly || table.label(step).endsWith("-01");

        if (first && month % every === 0)
            marks.push([step - from, month % 12 === 0 ? String(year_of(month)) : month_name(month)]);
    }
    return marks;
}

/* What may lie between two lines of the grid: no half download. */
function strides_from(least) {
    return Array.from({ length: 22 }, (_, i) => least * 10 ** i).flatMap((power) => [power, 2 * power, 5 * power]);
}

/* A mean of days is drawn over the days, which are then faint. */
function strokes_of(shown) {
    return shown.mean === null ? { width: 1.75, colour: "--line" } : { width: 1, colour: "--faint" };
}

/* Values that have none beside them: a line does not show them. */
function lone_ones(values) {
    return values.map((value, i) => i)
        .filter((i) => values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null);
}

/* Behind the line: steps without a figure; of gaps it is said what they are. */
function draw_holes(u, shown) {
    const { left, top, width, height } = u.bbox;
    const edge = (i) => Math.min(Math.max(u.valToPos(i - 0.5, "x", true), left), left + width);

    u.ctx.save();
    for (const [from, to, letter] of holes_of(shown.values, shown.states)) {
        u.ctx.fillStyle = colour(letter === "g" ? "--gap-tint" : "--hole");
        u.ctx.fillRect(edge(from), top, Math.max(edge(to) - edge(from), devicePixelRatio), height);
        if (letter === "g") {
            u.ctx.fillStyle = colour("--gap");
            u.ctx.fillRect(edge(from), top + height - 3 * devicePixelRatio, Math.max(edge(to) - edge(from), devicePixelRatio), 3 * devicePixelRatio);
        }
    }
    u.ctx.restore();
}

/* Over the line: where something happened, with its number. The line stands where the day begins. */
function draw_marks(u, shown, font) {
    const { left, top, width, height } = u.bbox;
    const x = (i) => Math.min(Math.max(u.valToPos(i - 0.5, "x", true), left), left + width);
    const labels = labels_of(shown.marks, x, 18 * devicePixelRatio);

    u.ctx.save();
    u.ctx.strokeStyle = u.ctx.fillStyle = colour("--happened");
    u.ctx.lineWidth = 1.5 * devicePixelRatio;
    u.ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    u.ctx.font = font.replace(/^\d+/, (size) => size * devicePixelRatio);
    u.ctx.textAlign = "left";
    u.ctx.textBaseline = "top";
    shown.marks.forEach(([i], k) => {
        u.ctx.beginPath();
        u.ctx.moveTo(x(i), top);
        u.ctx.lineTo(x(i), top + height);
        u.ctx.stroke();
        u.ctx.fillText(labels[k], x(i) + 3 * devicePixelRatio, top + devicePixelRatio);
    });
    u.ctx.restore();
}

function uplot_chart(host, spec) {
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    let shown = null;
    let u = null;

    const axis = { stroke: () => colour("--muted"), font, ticks: { show: false }, gap: 6 };
    const options = {
        width: Math.max(host.clientWidth, 120),
        height: spec.height,
        padding: [8, 8, 0, 0],
        legend: { show: false },
        cursor: {
            y: false,
            drag: { x: spec.on_zoom !== undefined, y: false, setScale: false },
            points: { size: 7, fill: () => colour("--line"), stroke: () => colour("--paper"), width: 2 },
            bind: { dblclick: () => () => spec.on_zoom?.(null) },
        },
        scales: {
            x: { time: false, range: () => [-0.5, shown.values.length - 0.5] },
            y: { range: (_, low, high) => [Math.min(0, low ?? 0) * 1.05, Math.max(spec.least, high ?? spec.least) * 1.05] },
        },
        axes: [
            { ...axis, size: 28, grid: { show: false }, space: 1, splits: () => shown.ticks(Math.floor(u.bbox.width / devicePixelRatio / 70)).map(([i]) => i),
                values: (_, splits) => { const words = new Map(shown.ticks(Math.floor(u.bbox.width / devicePixelRatio / 70))); return splits.map((i) => words.get(i)); } },
            { ...axis, size: 56, grid: { stroke: () => colour("--rule"), width: 1 }, incrs: () => strides_from(spec.least), values: (_, splits) => splits.map(spec.format) },
        ],
        series: [
            {},
            { label: "before", stroke: () => colour("--before"), width: 1.25, dash: [5, 4], points: { show: false } },
            spec.columns
                ? { label: "now", stroke: () => colour("--line"), fill: () => colour("--line"), width: 0, paths: UPLOT.paths.bars({ size: [0.6, 64] }), points: { show: false } }
                : { label: "now", stroke: (chart) => { chart.series[2].width = strokes_of(shown).width; return colour(strokes_of(shown).colour); }, width: 1.75,
                    points: { show: true, size: 5, fill: () => colour("--line"), filter: () => lone_ones(shown.values) } },
            { label: "mean", stroke: () => colour("--line"), width: 2.25, points: { show: false } },
            { label: "unfinished", stroke: () => colour("--line"), width: 0, paths: () => null,
                points: { show: true, size: 6, width: 1.5, stroke: () => colour("--line"), fill: () => colour("--paper") } },
        ],
        hooks: {
            drawClear: [(chart) => draw_holes(chart, shown)],
            draw: [(chart) => draw_marks(chart, shown, font)],
            setCursor: [(chart) => spec.on_point?.(chart.cursor.idx ?? null)],
            setSelect: [(chart) => {
                const from = Math.round(chart.posToVal(chart.select.left, "x"));
                const to = Math.round(chart.posToVal(chart.select.left + chart.select.width, "x")) + 1;

                chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
                if (to - from > 1)
                    spec.on_zoom?.([Math.max(from, 0), Math.min(to, shown.values.length)]);
            }],
        },
    };
    const data = () => [
        shown.values.map((_, i) => i),
        shown.before ?? shown.values.map(() => null),
        shown.values,
        shown.mean ?? shown.values.map(() => null),
        shown.values.map((value, i) => ("po".includes(shown.states[i]) ? value : null)),
    ];

    const fit = (width) => u?.setSize({ width: width ?? Math.max(host.clientWidth, 120), height: spec.height });
    let room = 0;

    /* Of the width alone: what is fitted for paper changes the height of the host. */
    new ResizeObserver(() => {
        if (host.clientWidth !== room)
            fit();
        room = host.clientWidth;
    }).observe(host);
    return {
        show(next) {
            shown = next;
            if (u === null)
                u = new UPLOT(options, data(), host);
            else
                u.setData(data());
        },
        recolour() {
            u?.redraw(false, true);
        },
        fit,
        point(i) {
            u.setCursor({ left: u.valToPos(i, "x"), top: u.bbox.height / devicePixelRatio / 2 });
        },
    };
}

/* What the marks mean; of those alone that are there. */
function legend_of(shown, columns) {
    const has = (letters) => Array.from(shown.states).some((letter) => letters.includes(letter));
    const item = (kind, text) => el("li", {}, el(`span.mark.mark-${kind}`, { "aria-hidden": "true" }), text);
    const items = shown.mean === null ? [item(columns ? "column" : "line", "this period")] : [item("line", "this period, mean of 7 days"), item("faint", "each day")];

    if (shown.before !== null && shown.before.some((value) => value !== null))
        items.push(item("before", shown.mean === null ? "the period before" : "the period before, mean of 7 days"));
    if (has("po"))
        items.push(item("unfinished", "open or partly covered"));
    if (has("g"))
        items.push(item("gap", "gap: no log covers it"));
    if (has("baf") || shown.values.some((value, i) => value === null && shown.states[i] === "u"))
        items.push(item("hole", "no figure"));
    if (shown.marks.length > 0)
        items.push(item("happened", "something happened to the numbers: it is told below, by its number"));
    return el("ul.legend", {}, items);
}

function summary_of(table, range, values, spec) {
    const known = values.filter((value) => value !== null);
    const highest = values.indexOf(known.reduce((a, b) => (b > a ? b : a), known[0] ?? null));
    const parts = [`${spec.label}, ${table.label(range[0])} to ${table.label(range[1] - 1)}.`];

    if (known.length === 0)
        return parts[0] + " There are no figures.";
    parts.push(`Most on ${table.label(range[0] + highest)}: ${spec.exact(values[highest])}.`);
    const happened = table.happened.filter(({ step }) => step >= range[0] && step < range[1]).length;

    if (happened > 0)
        parts.push(`${happened} ${happened === 1 ? "thing" : "things"} happened to these numbers, told in a table below.`);
    if (known.length < values.length)
        parts.push(`${values.length - known.length} of ${values.length} ${table.unit}s have no figure.`);
    return parts.join(" ");
}

/*
 * A chart of a table's steps. spec: label, height, format(value), exact(value), value(step), before(step, range) or
 * undefined, on_zoom([from, to] or null) or undefined, least: what the scale has at least, and its smallest stride.
 */
export function chart_of(table, spec) {
    const host = el("div.plot");
    const readout = el("p.readout", { "aria-live": "polite" });
    const legend = el("div");
    const frame = el("div.frame", { role: "group", tabindex: "0" }, host);
    const element = el("div.chart", {}, frame, el("div.under", {}, legend, readout));
    let range = null, shown = null, at = null, chart = null;

    const tell = (i) => {
        const hint = spec.on_zoom && UPLOT ? "Drag over days to zoom, click twice for the whole period." : "";

        if (i === null || i < 0 || i >= shown.values.length) {
            readout.replaceChildren(el("span.muted", {}, hint.replace("days", `${table.unit}s`)));
            return;
        }
        const before = shown.known_before?.[i] ?? null;
        const step = range[0] + i;

        at = i;
        readout.replaceChildren(el("b", {}, table.label(step)), ` ${spec.exact(shown.values[i])}`,
            el("span.muted", {}, ` ${STATES[shown.states[i]]?.word ?? ""}`,
                shown.mean === null || shown.mean[i] === null ? "" : `, mean of 7 days: ${spec.exact(shown.mean[i])}`,
                before === null ? "" : `, before: ${spec.exact(before)} on ${table.label(table.counterpart(step, range))}`),
            ...table.happened.filter((one) => one.step === step).flatMap(({ text }) => ["; ", name_of(text, { most: 400 })]));
    };
    const move = (event) => {
        const n = shown.values.length;
        const page = table.monthly ? 12 : 7;
        const here = at ?? -1;
        const to = { ArrowLeft: here - 1, ArrowRight: here + 1, PageUp: here - page, PageDown: here + page, Home: 0, End: n - 1 }[event.key];

        if (event.ctrlKey || event.altKey || event.metaKey)
            return;
        if (to !== undefined) {
            const i = Math.min(Math.max(to, 0), n - 1);

            chart.point(i);
            tell(i);
        } else if ((event.key === "+" || event.key === "-") && spec.on_zoom) {
            const middle = at ?? n / 2, width = event.key === "+" ? n / 2 : n * 2;

            spec.on_zoom([Math.round(middle - width / 2), Math.max(Math.round(middle + width / 2), Math.round(middle - width / 2) + 1)]);
        } else if (event.key === "Escape" && spec.on_zoom) {
            spec.on_zoom(null);
        } else {
            return;
        }
        event.preventDefault();
    };

    frame.addEventListener("keydown", move);
    chart = UPLOT
        ? uplot_chart(host, Object.assign(spec, { columns: table.monthly, on_point: tell }))
        : plain_chart(host, spec);
    return {
        element,
        recolour: () => chart.recolour(),
        fit: (width) => chart.fit(width),
        show(next) {
            const steps = Array.from({ length: next[1] - next[0] }, (_, i) => next[0] + i);
            const mean = spec.mean ? steps.map((step) => spec.mean(step, next)) : [];
            const smooth = mean.some((value) => (value ?? null) !== null);
            const known_before = spec.before ? steps.map((step) => spec.before(step, next)) : null;
            const before = smooth && spec.mean_before ? steps.map((step) => spec.mean_before(step, next)) : known_before;

            range = next;
            at = null;
            shown = { values: steps.map(spec.value), mean: smooth ? mean : null, before, known_before, states: table.states.slice(next[0], next[1]), marks: marks_of(table, next), ticks: (most) => ticks_of(table, next, most) };
            chart.show(shown);
            legend.replaceChildren(legend_of(shown, table.monthly && UPLOT));
            frame.setAttribute("aria-label", `${summary_of(table, next, shown.values, spec)} Arrow keys read the ${table.unit}s` +
                (spec.on_zoom ? ", plus and minus zoom, Escape shows the whole period." : "."));
            tell(null);
        },
    };
}
