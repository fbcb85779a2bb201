/*
 * A small line without axes, beside a name. It has a scale of its own, and says shape alone.
 */
import { svg } from "./text.js";
import { path_of } from "./plain.js";

const WIDTH = 112, HEIGHT = 22;

export function spark(values) {
    const known = values.filter((value) => value !== null);
    const high = Math.max(1, ...known), low = Math.min(0, ...known);
    const x = (i) => 1 + ((WIDTH - 2) * i) / Math.max(values.length - 1, 1);
    const y = (value) => 2 + ((HEIGHT - 4) * (high - value)) / (high - low);

    return svg("svg", { class: "spark", width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" },
        svg("path", { d: path_of(values, x, y) }));
}
