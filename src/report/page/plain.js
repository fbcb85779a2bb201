/*
 * A chart of our own, for a page that was built without the library: a line with gaps, scale and months. It is not to
 * be zoomed by hand, but shows any range it is told.
 */
import { svg } from "./text.js";
import { labels_of } from "./happened.js";

const LEFT = 56, RIGHT = 8, TOP = 8, BOTTOM = 24;

/* A path through values, at x(i) and y(value), that is lifted where there is none. A lone one becomes a dot. */
export function path_of(values, x, y) {
    let path = "";
    let down = false;

    for (let i = 0; i < values.length; i++) {
        const value = values[i];

        if (value === null || value === undefined) {
            down = false;
            continue;
        }
        path += `${down ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
        if (!down && (values[i + 1] ?? null) === null)
            path += "h.01";
        down = true;
    }
    return path;
}

/* Runs of steps without a figure, as [first, last + 1, letter of the first]. */
export function holes_of(values, states) {
    const holes = [];

    values.forEach((value, i) => {
        const last = holes.at(-1);

        if (value !== null)
            return;
        if (last !== undefined && last[1] === i && last[2] === states[i])
            last[1]++;
        else
            holes.push([i, i + 1, states[i]]);
    });
    return holes;
}

/* A round number of which a few make `high`. */
function stride_of(high, few) {
    const raw = high / few;
    const power = 10 ** Math.floor(Math.log10(raw));

    return power * [1, 2, 5, 10].find((step) => step * power >= raw);
}

export function plain_chart(host, spec) {
    let shown = null;

    const draw = (width = Math.max(host.clientWidth, 120)) => {
        const { values, mean, before, states, marks, ticks } = shown;
        const known = [...values, ...(before ?? [])].filter((value) => value !== null);
        const high = Math.max(spec.least, ...known) * 1.05, low = Math.min(0, ...known) * 1.05;
        const x = (i) => LEFT + ((width - LEFT - RIGHT) * (i + 0.5)) / values.length;
        const y = (value) => TOP + ((spec.height - TOP - BOTTOM) * (high - value)) / (high - low);
        const picture = svg("svg", { width, height: spec.height, class: "plain", "aria-hidden": "true" });
        const edge = (i) => x(i - 0.5);

        for (const [from, to, letter] of holes_of(values, states))
            picture.append(svg("rect", { x: edge(from), width: edge(to) - edge(from), y: TOP, height: spec.height - TOP - BOTTOM,
                class: `hole hole-${letter}` }));
        for (let at = 0, stride = Math.max(stride_of(high, 4), Math.min(spec.least, 1)); at <= high; at += stride)
            picture.append(svg("path", { class: "grid", d: `M${LEFT} ${y(at)}H${width - RIGHT}` }),
                svg("text", { x: LEFT - 6, y: y(at) + 4, class: "tick", "text-anchor": "end" }, spec.format(at)));
        for (const [i, text] of ticks(Math.floor(width / 80)))
            picture.append(svg("text", { x: x(i), y: spec.height - 6, class: "tick", "text-anchor": "middle" }, text));
        if (before !== null)
            picture.append(svg("path", { class: "before", d: path_of(before, x, y) }));
        picture.append(svg("path", { class: mean === null ? "line" : "line faint", d: path_of(values, x, y) }));
        if (mean !== null)
            picture.append(svg("path", { class: "mean", d: path_of(mean, x, y) }));
        labels_of(marks, edge).forEach((label, k) => {
            const at = edge(marks[k][0]);

            picture.append(svg("path", { class: "happened", d: `M${at} ${TOP}V${spec.height - BOTTOM}` }),
                svg("text", { x: at + 3, y: TOP + 10, class: "tick happened-number" }, label));
        });
        host.replaceChildren(picture);
    };

    new ResizeObserver(() => shown !== null && draw()).observe(host);
    return {
        show(data) {
            shown = data;
            draw();
        },
        recolour() {},
        fit: draw,
        point() {},
    };
}
