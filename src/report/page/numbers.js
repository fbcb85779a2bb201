/*
 * Figures as people read them. `null` is a figure that is not known, and never 0.
 */
const grouped = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const rounded = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

export const NONE = "\u2013";

/* Every digit; beyond 2^53 a number of JavaScript has not all of them. */
export function exact(n) {
    if (n === null || n === undefined)
        return NONE;
    return Number.isSafeInteger(Math.round(n)) ? grouped.format(Math.round(n)) : "\u2248 " + compact.format(n);
}

export function short(n) {
    if (n === null || n === undefined)
        return NONE;
    return Math.abs(n) < 10000 ? grouped.format(Math.round(n)) : compact.format(n);
}

/* On a scale, where figures are round. */
export function tick(n) {
    return Math.abs(n) < 10000 ? short(n) : rounded.format(n);
}

export function bytes(n) {
    let unit = 0;

    if (n === null || n === undefined)
        return NONE;
    while (Math.abs(n) >= 1000 && unit < UNITS.length - 1) {
        n /= 1024;
        unit++;
    }
    return `${unit === 0 ? n : n.toPrecision(3)} ${UNITS[unit]}`;
}

export function share(part, whole) {
    return part === null || part === undefined || !(whole > 0) ? NONE : percent(part / whole);
}

/* One place, so that the points stand below each other; what is there and too small for it is not 0. */
export function percent(rate) {
    return rate > 0 && rate < 0.0005 ? "< 0.1 %" : `${(100 * rate).toFixed(1)} %`;
}

/* What became of a figure. A change from nothing has no rate. */
export function change(now, before) {
    if (now === null || before === null || now === undefined || before === undefined)
        return { text: NONE, rate: null };
    if (before <= 0)
        return { text: now > 0 && before === 0 ? "new" : NONE, rate: now > 0 && before === 0 ? Infinity : null };
    const rate = now / before - 1;

    if (Math.abs(rate) < 0.0005)
        return { text: "\u00B1 0.0 %", rate: 0 };
    if (rate >= 9.995)
        return { text: `\u00D7 ${short(now / before)}`, rate };
    return { text: `${rate > 0 ? "+" : "\u2212"}${percent(Math.abs(rate))}`, rate };
}

export const TWO_KEYS = "not known: days under two client keys cannot be added up";

/* A number of clients that is at most so large. */
export function at_most(text, are) {
    return are === "upper bound" ? `\u2264 ${text}` : text;
}

/* [estimate, error], or null: what cannot be told apart from the figure is not written as if it could. */
export function estimate(clients, are) {
    if (are === "two keys" || clients === null || clients === undefined || clients[0] === null)
        return NONE;
    return at_most(clients[1] > 0 ? `${exact(clients[0])} \u00B1 ${exact(clients[1])}` : exact(clients[0]), are);
}

export function plural(n, one, many = one + "s") {
    return `${exact(n)} ${n === 1 ? one : many}`;
}
