/*
 * What happened to the numbers and is no growth: lines in the charts, by their numbers, and what each of them is.
 */
import { el, name_of } from "./text.js";
import { day_text } from "./days.js";

/* Of a table, as a table; null where nothing happened. What happened before the period has no line. */
export function happened_of(table) {
    const rows = table.happened.map(({ day, text, step, number }) =>
        el("tr", {}, el("td.num", {}, step >= 0 ? String(number) : ""), el("th", { scope: "row" }, day_text(day)), el("td", {}, name_of(text, { most: 2000 }))));

    if (rows.length === 0)
        return null;
    return el("section.happened", {}, el("h2", {}, "What happened to these numbers"),
        el("p.muted", {}, "From that day on they are counted otherwise, or something was put right: what changes there need be no growth. In charts it is a line of that number."),
        el("div.scroll", { tabindex: "0", role: "group", "aria-label": "What happened to these numbers" }, el("table", {}, el("thead", {}, el("tr", {}, el("th.num", { scope: "col" }, "Line"), el("th", { scope: "col" }, "Day"), el("th", { scope: "col" }, "What"))),
            el("tbody", {}, rows))));
}

/* Of a range of steps: [step within it, numbers], each step once. */
export function marks_of(table, [from, to]) {
    const marks = new Map();

    for (const { step, number } of table.happened)
        if (step >= from && step < to)
            marks.set(step - from, [...(marks.get(step - from) ?? []), number]);
    return [...marks];
}

/* Which of them have room for their numbers, `apart` pixels from the one before. */
export function labels_of(marks, x, apart = 18) {
    let last = -Infinity;

    return marks.map(([i, numbers]) => {
        if (x(i) - last < apart)
            return "";
        last = x(i);
        return numbers.length > 2 ? `${numbers[0]}\u2013${numbers.at(-1)}` : numbers.join(",");
    });
}
