/*
 * The document of docs/REPORT.md, as the page asks it. Knows nothing of the page.
 *
 * A step is a day or a month; steps are counted from the period's first, and those of the previous period are negative.
 * A range is a pair of steps, half-open.
 */
import { day_of, day_of_month, day_text, month_of, month_text } from "./days.js";

export const STATES = {
    s: { word: "settled", what: "covered by logs, and over" },
    o: { word: "open", what: "lines of it may still come" },
    r: { word: "revised", what: "something came after it was settled" },
    p: { word: "partly covered", what: "some hours, days or sources are missing" },
    g: { word: "gap", what: "no log covers it" },
    b: { word: "before the first", what: "before the first day that a log covers" },
    a: { word: "nothing yet", what: "after the last day that a log covers" },
    f: { word: "not begun", what: "it lies in the future" },
    u: { word: "unknown", what: "whether logs cover it is not known" },
};

/* Of so many days on the course is shown, in which weekdays do not show. */
export const SMOOTH_FROM = 42;

/* Letters of days that a log covers, if only in part. */
const COVERED = "sorp";

export function is_covered(letter) {
    return COVERED.includes(letter);
}

export class Table {
    constructor(raw) {
        this.raw = raw;
        this.title = raw.table;
        this.dataset = raw.dataset;
        this.monthly = raw.step === "month";
        this.main = raw.measures[0];
        this.measures = raw.measures;
        this.since = day_of(raw.period.since);
        this.until = day_of(raw.period.until);
        this.states = raw.series.state;
        this.n = this.states.length;
        this.lists = raw.lists.map((list) => new List(this, list));
        this.happened = this.all_that_happened();
    }

    /* Annotations and changes of the client key, in the order of days: day, text, step (negative: before the period), number. */
    all_that_happened() {
        const keys = (this.raw.keys ?? []).map((day) => ({ day, text: "another client key: unique clients of days on both sides are not added up" }));
        const all = [...(this.raw.annotations ?? []), ...keys].map(({ day, text }) => ({ day: day_of(day), text }))
            .sort((a, b) => a.day - b.day);
        let number = 0;

        return all.map((one) => {
            const step = this.monthly ? month_of(one.day) - month_of(this.since) : one.day - this.since;

            return { ...one, step, number: step >= 0 ? ++number : null };
        });
    }

    get unit() {
        return this.monthly ? "month" : "day";
    }

    /* The first day of a step. */
    day(step) {
        return this.monthly ? day_of_month(month_of(this.since) + step) : this.since + step;
    }

    label(step) {
        return this.monthly ? month_text(month_of(this.since) + step) : day_text(this.since + step);
    }

    /* The steps that touch the days from `since` up to `until`. */
    range_of(since, until) {
        const step = (day) => (this.monthly ? month_of(day) - month_of(this.since) : day - this.since);
        const from = Math.min(Math.max(step(since), 0), this.n);

        return [from, Math.min(Math.max(step(until - 1) + 1, from), this.n)];
    }

    is_whole([from, to]) {
        return from === 0 && to === this.n;
    }

    /* What can be drawn: the measures, and what follows from them. */
    get drawn() {
        return this.measures.includes("failed") ? [...this.measures, "failed_share"] : this.measures;
    }

    value(measure, step) {
        if (measure === "failed_share")
            return this.value(this.main, step) > 0 ? (this.value("failed", step) ?? 0) / this.value(this.main, step) : null;
        if (step >= 0)
            return this.raw.series[measure][step];
        return measure === this.main ? (this.raw.series.before[this.raw.series.before.length + step] ?? null) : null;
    }

    /* The step as long before as the range is long. */
    counterpart(step, [from, to]) {
        return step - (to - from);
    }

    /* Of the steps of a range: what those together have that have a figure, and how many these are. */
    sum(measure, [from, to]) {
        const result = { value: null, known: 0, of: to - from };

        for (let step = from; step < to; step++) {
            const value = this.value(measure, step);

            if (value === null)
                continue;
            result.value += value;
            result.known++;
        }
        return result;
    }

    /*
     * The mean of the seven days around a step, in which each weekday is once. null where one of them has no figure, or
     * may still grow.
     */
    week_mean(measure, step) {
        return week_mean((at) => (at >= this.n || this.states[at] === "o" ? null : this.value(measure, at)), step);
    }

    /* The totals are the document's own for the whole period. */
    total(measure, range) {
        const result = this.sum(measure, range);

        return this.is_whole(range) ? { ...result, value: result.known > 0 || this.raw.totals[measure] ? this.raw.totals[measure] : null } : result;
    }

    /* The same of the steps just before; null where the document has not all of them. */
    total_before(measure, range) {
        const [from, to] = range;
        const window = [from - (to - from), from];
        const whole = this.is_whole(range);

        if (measure !== this.main) {
            if (window[0] >= 0)
                return this.sum(measure, window);
            return whole && this.knows_before ? { value: this.raw.before[measure] ?? null, known: null, of: null } : null;
        }
        if (-window[0] > this.raw.series.before.length && !whole)
            return null;
        const result = whole ? this.sum(measure, [-this.raw.series.before.length, 0]) : this.sum(measure, window);

        return whole && result.known > 0 ? { ...result, value: this.raw.before[measure] } : result;
    }

    /*
     * Of how many steps the figures of a range and of those before it are; null where nothing is known before. Sums of
     * unlike many are no change of what happened: those are compared by step.
     */
    bases(range) {
        const now = this.sum(this.main, range).known, before = this.total_before(this.main, range)?.known ?? 0;

        return now > 0 && before > 0 ? { now, before, even: now === before, scale: now / before } : null;
    }

    /* Whether anything is known of the previous period: a name that had nothing in one that is not covered is not new. */
    get knows_before() {
        return this.raw.series.before.some((value) => value !== null);
    }

    /* Whether there is anything to be shown: a figure, if it is 0, or a row. */
    get is_empty() {
        return this.sum(this.main, [0, this.n]).known === 0;
    }

    /* Whether anything at all is known of what is covered. */
    get knows_coverage() {
        return /[^u]/.test(this.states);
    }
}

export class List {
    constructor(table, raw) {
        this.table = table;
        this.raw = raw;
        this.of = raw.of;
        this.keys = raw.keys;
        this.n = raw[raw.keys[0]].length;
        this.rich = raw.series?.length ?? 0; /* so many have figures by step */
        this.has_clients = (raw.clients?.some((clients) => clients !== null) ?? false) || raw.clients_are !== undefined;
        this.parsed = new Map();
    }

    key(i) {
        return this.keys.map((key) => this.raw[key][i]);
    }

    /* The figures by step of an entry, or null. */
    series(i) {
        if (i >= this.rich)
            return null;
        if (!this.parsed.has(i))
            this.parsed.set(i, this.raw.series[i].split(",").map((text) => (text === "" ? null : Number(text))));
        return this.parsed.get(i);
    }

    /* What an entry has in a range; null where the document does not say it. */
    value(measure, i, range) {
        if (this.table.is_whole(range))
            return this.raw[measure]?.[i] ?? null;
        if (measure !== this.table.main || i >= this.rich)
            return null;
        return sum_known(this.series(i), range[0], range[1]);
    }

    /* The same of as many steps before. The steps of the previous period are not known one by one. */
    before(i, range) {
        const [from, to] = range;

        if (this.table.is_whole(range))
            return this.table.knows_before ? (this.raw.before[i] ?? null) : null;
        if (i >= this.rich || 2 * from - to < 0)
            return null;
        return sum_known(this.series(i), 2 * from - to, from);
    }

    clients(i, range) {
        return this.table.is_whole(range) ? (this.raw.clients?.[i] ?? null) : null;
    }

    /* What the clients of an entry are: an estimate, if nothing else is said. */
    clients_are(i) {
        return this.raw.clients_are?.[i] ?? null;
    }

    versions(i) {
        return this.raw.versions?.[i] ?? null;
    }
}

/* Of what value_of gives for the seven steps around one: their mean, or null. */
export function week_mean(value_of, step) {
    let sum = 0;

    for (let at = step - 3; at <= step + 3; at++) {
        const value = value_of(at) ?? null;

        if (value === null)
            return null;
        sum += value;
    }
    return sum / 7;
}

function sum_known(values, from, to) {
    let sum = null;

    for (let i = from; i < to; i++) {
        if (values[i] !== null && values[i] !== undefined)
            sum += values[i];
    }
    return sum;
}

/* Throws what is wrong, in words for people. */
export function read_document(text) {
    let raw;

    try {
        raw = JSON.parse(text);
    } catch {
        throw new Error("The document in this page is damaged. Make the report again.");
    }
    if (raw?.report !== 1)
        throw new Error("The document in this page is of a kind that this page does not know. Make the report again.");
    return { ...raw, tables: raw.tables.map((table) => new Table(table)) };
}
