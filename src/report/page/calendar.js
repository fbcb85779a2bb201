/*
 * What is covered: a small square a day, weeks from left to right. Each state has a shape as well as a colour.
 */
import { el, name_of, svg } from "./text.js";
import { day_of, day_text, month_name, month_of, range_text, weekday_name, weekday_of } from "./days.js";
import { exact, plural } from "./numbers.js";
import { is_covered, STATES } from "./model.js";

const PITCH = 13, CELL = 11, MARGIN = 30;
const FIRST_SOURCES = 6;

function dot(x, y) {
    return `M${x + 4} ${y + 4}h3v3h-3z`;
}

/* Of one cell at x, y. What is solid is counted, what is hollow is not. */
const SHAPES = {
    s: (x, y) => `M${x} ${y}h${CELL}v${CELL}h-${CELL}z`,
    r: (x, y) => `M${x} ${y}h${CELL}v${CELL}h-${CELL}zM${x + 4} ${y + 4}v3h3v-3z`,
    o: (x, y) => `M${x + 2} ${y + 2}h${CELL - 4}v${CELL - 4}h-${CELL - 4}z`,
    p: (x, y) => `M${x} ${y + CELL}v-${CELL}h${CELL}z`,
    g: (x, y) => `M${x + 1} ${y + 1}l9 9m0-9l-9 9`,
    u: (x, y) => `M${x + 2} ${y + CELL / 2}h${CELL - 4}`,
    b: dot, a: dot, f: dot,
};

function summary(states, what) {
    const covered = Array.from(states).filter(is_covered).length;

    return `${what}: ${covered} of ${plural(states.length, "day")} covered`;
}

/* The picture of a string of letters, the first being that of the day `since`. */
export function calendar(states, since, what) {
    const weeks = Math.ceil((weekday_of(since) + states.length) / 7);
    const paths = {};
    const readout = el("p.readout", { "aria-hidden": "true" }, "\u00A0");
    const picture = svg("svg", { class: "calendar", width: MARGIN + weeks * PITCH, height: 7 * PITCH + 16, viewBox: `0 0 ${MARGIN + weeks * PITCH} ${7 * PITCH + 16}`,
        role: "img", "aria-label": summary(states, what) });
    const place = (i) => {
        const at = weekday_of(since) + i;

        return [MARGIN + Math.floor(at / 7) * PITCH, 16 + (at % 7) * PITCH];
    };
    let free = 0; /* the week from which on there is room for a name */

    ["Mon", "", "Wed", "", "Fri"].forEach((name, row) => picture.append(svg("text", { x: 0, y: 16 + row * PITCH + 9, class: "tick" }, name)));
    for (let i = 0; i < states.length; i++) {
        const letter = states[i] in SHAPES ? states[i] : "u";
        const [x, y] = place(i);
        const week = Math.floor((x - MARGIN) / PITCH);

        paths[letter] = (paths[letter] ?? "") + SHAPES[letter](x, y);
        if ((i === 0 || day_text(since + i).endsWith("-01")) && week >= free) {
            const month = month_of(since + i);
            const with_year = free === 0 || month % 12 === 0;

            picture.append(svg("text", { x, y: 10, class: "tick" }, with_year ? `${month_name(month)} ${day_text(since + i).slice(0, 4)}` : month_name(month)));
            free = week + (with_year ? 5 : 3);
        }
    }
    for (const [letter, path] of Object.entries(paths))
        picture.append(svg("path", { class: `cell cell-${letter}`, d: path, "fill-rule": "evenodd" }));
    picture.addEventListener("pointermove", (event) => {
        const box = picture.getBoundingClientRect();
        const row = Math.floor((event.clientY - box.top - 16) / PITCH);
        const i = Math.floor((event.clientX - box.left - MARGIN) / PITCH) * 7 + row - weekday_of(since);

        readout.textContent = row >= 0 && row < 7 && i >= 0 && i < states.length
            ? `${weekday_name(since + i)} ${day_text(since + i)}: ${STATES[states[i]]?.word ?? "unknown"}` : "\u00A0";
    });
    return el("div.calendar-box", {}, el("div.scroll.newest", { tabindex: "0", role: "group", "aria-label": `Calendar, ${what}` }, picture), readout);
}

export function key_of_states(letters) {
    return el("ul.legend", {}, Object.keys(STATES).filter((letter) => letters.has(letter)).map((letter) => el("li", {},
        svg("svg", { width: CELL, height: CELL, class: "calendar", "aria-hidden": "true" }, svg("path", { class: `cell cell-${letter}`, d: SHAPES[letter](0, 0), "fill-rule": "evenodd" })),
        `${STATES[letter].word}: ${STATES[letter].what}`)));
}

function hours_text(hours) {
    const runs = [];

    for (const hour of hours) {
        const last = runs.at(-1);

        if (last !== undefined && last[1] === hour - 1)
            last[1] = hour;
        else
            runs.push([hour, hour]);
    }
    return runs.map(([a, b]) => (a === b ? String(a).padStart(2, "0") : `${String(a).padStart(2, "0")}\u2013${String(b).padStart(2, "0")}`)).join(", ");
}

function gaps_of(source) {
    const most = 12;
    const items = source.gaps.slice(-most).reverse().map((gap) => el("li", {},
        range_text(day_of(gap.first_day), day_of(gap.last_day) + 1), gap.hours.length < 24 ? `, hours ${hours_text(gap.hours)}` : ""));

    if (source.gaps.length > most)
        items.push(el("li.muted", {}, `and ${source.gaps.length - most} earlier`));
    return source.gaps.length === 0 ? null : el("div", {}, el("p.list-head", {}, plural(source.gaps.length, "gap")), el("ul.gaps", {}, items));
}

function source_of(source, since) {
    const what = source.source === null ? "files that were named one by one" : "source";

    return el("div.source", {},
        el("h3", {}, source.source === null ? "Files that were named one by one" : ["Source ", name_of(source.source)]),
        el("p.muted", {}, `${summary(source.states, what).replace(/^[^:]*: /, "")}; ${plural(source.payloads, "payload")}` +
            (source.partial > 0 ? `, ${exact(source.partial)} partial` : "") + `, the last counted ${source.last_counted_at} UTC`),
        el("div.beside", {}, calendar(source.states, since, source.source === null ? what : "one source"), gaps_of(source)));
}

/* The coverage of a table's dataset, of the period of the report. */
export function coverage_of(table, report) {
    const section = el("section", {}, el("h2", {}, "Coverage"));
    const since = day_of(report.period.since);

    if (report.coverage?.unknown !== undefined) {
        section.append(el("p", {}, `Not known: ${report.coverage.unknown}`));
        return section;
    }
    const sources = (report.coverage?.sources ?? []).filter((source) => source.dataset === table.dataset);

    if (sources.length === 0 || !table.knows_coverage) {
        section.append(el("p", {}, table.raw.first_day === null ? "No log was counted for this table." : "The ledger knows nothing of this table: it was filled by another program."));
        return section;
    }
    section.append(key_of_states(new Set(sources.flatMap((source) => Array.from(source.states)))));
    section.append(...sources.slice(0, FIRST_SOURCES).map((source) => source_of(source, since)));
    if (sources.length > FIRST_SOURCES) {
        const rest = el("details", { toggle: () => rest.children.length === 1 && rest.append(...sources.slice(FIRST_SOURCES).map((source) => source_of(source, since))) },
            el("summary", {}, `${plural(sources.length - FIRST_SOURCES, "more source")}`));

        section.append(rest);
    }
    return section;
}
