/*
 * A small line without axes, beside a name. It has a scale of its own, and says shape alone: of many days the course, in
 * which the days of a week do not show. What has no figure is a hole in it all the same.
 */
import { svg } from "./text.js";
import { path_of } from "./plain.js";
import { SMOOTH_FROM } from "./model.js";

const WIDTH = 112, HEIGHT = 22;

/* Each value as the mean of those that there are among the seven around it. */
function smoothed(values) {
    return values.map((value, i) => {
        const around = value === null ? [] : values.slice(Math.max(i - 3, 0), i + 4).filter((other) => other !== null);

        return value === null ? null : around.reduce((a, b) => a + b, 0) / around.length;
    });
}

export function spark(values, by_day) {
    const drawn = by_day && values.length >= SMOOTH_FROM ? smoothed(values) : values;
    const known = drawn.filter((value) => value !== null);
    const high = Math.max(1, ...known), low = Math.min(0, ...known);
    const x = (i) => 1 + ((WIDTH - 2) * i) / Math.max(values.length - 1, 1);
    const y = (value) => 2 + ((HEIGHT - 4) * (high - value)) / (high - low);

    return svg("svg", { class: "spark", width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
        svg("path", { d: path_of(drawn, x, y) }));
}
