/*
 * Which days of the period are looked at: two fields, and the usual lengths.
 */
import { el } from "./text.js";
import { day_of, day_of_month, day_text, month_of } from "./days.js";

const DAYS = [7, 30, 90, 365], MONTHS_LONG = [3, 6, 12];

/* The usual lengths that end with the day before `end`, as [text, first day]: of a table by month, whole months. */
function lengths_until(end, monthly) {
    if (monthly)
        return MONTHS_LONG.map((n) => [`${n} months`, day_of_month(month_of(end - 1) - n + 1)]);
    return DAYS.map((n) => [`${n} days`, end - n]);
}

/* choose([since, until]) with days, half-open; choose(null): the whole period. */
export function range_picker(choose) {
    const from = el("input", { type: "date", id: "range-from" }), to = el("input", { type: "date", id: "range-to" });
    const complaint = el("p.complaint", { role: "alert" });
    const buttons = el("div.lengths", { role: "group", "aria-label": "Length of the range" });
    let limits = null;

    const read = () => {
        const since = day_of(from.value), last = day_of(to.value);

        if (since === null || last === null)
            return;
        if (since > last || last < limits[0] || since >= limits[1]) {
            complaint.textContent = since > last ? "The first day lies after the last one." : `The report has ${day_text(limits[0])} to ${day_text(limits[1] - 1)}.`;
            return;
        }
        choose([Math.max(since, limits[0]), Math.min(last + 1, limits[1])]);
    };

    from.addEventListener("change", read);
    to.addEventListener("change", read);
    return {
        element: el("div.range", { role: "group", "aria-label": "Range of days" }, buttons,
            el("span.dates", {}, el("label", { for: "range-from" }, "From"), from, el("label", { for: "range-to" }, "to"), to), complaint),
        /* Days that there are, the newest with a figure, and the range that holds. */
        show(all, last_known, [since, until], monthly) {
            const pressed = (a, b) => String(a === since && b === until);
            const button = (text, a, b) => el("button", { type: "button", "aria-pressed": pressed(a, b), click: () => choose(a === all[0] && b === all[1] ? null : [a, b]) }, text);

            limits = all;
            const newest = Math.min(last_known + 1, all[1]);
            complaint.textContent = "";
            for (const field of [from, to]) {
                field.min = day_text(all[0]);
                field.max = day_text(all[1] - 1);
            }
            from.value = day_text(since);
            to.value = day_text(until - 1);
            const focused = Array.from(buttons.children).indexOf(document.activeElement);

            buttons.replaceChildren(button("Whole period", all[0], all[1]),
                ...lengths_until(newest, monthly).filter(([, first]) => first > all[0]).map(([text, first]) => button(text, first, newest)));
            buttons.children[focused]?.focus();
        },
    };
}
