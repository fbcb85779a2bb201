/*
 * Documents for the tests of the page, of the shape of docs/REPORT.md.
 */
import { readFileSync } from "node:fs";

const DAY_MS = 86400000;

export const sample = () => JSON.parse(readFileSync(new URL("sample.json", import.meta.url), "utf8"));

function day(text, n) {
    return new Date(Date.parse(text) + n * DAY_MS).toISOString().slice(0, 10);
}

/* The same numbers in each run. */
function dice(seed) {
    return () => ((seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff);
}

/* A year of so many names, as large as `ingest report` makes it: series, clients and versions of the first hundred. */
export function year(n, rich = 100) {
    const roll = dice(7), days = 365;
    const counts = Array.from({ length: n }, (_, i) => Math.ceil(9e6 / (i + 1)));
    const series = Array.from({ length: days }, () => Math.floor(roll() * 3e5));
    const first = (make) => Array.from({ length: Math.min(rich, n) }, (_, i) => make(i));

    return {
        report: 1,
        made: { at: "2026-02-28 12:00:00", by: "ingest 0.1.0", database: "stats", server: "15.14", name: null, top: rich },
        period: { since: "2025-03-01", until: day("2025-03-01", days) },
        previous: { since: day("2025-03-01", -days), until: "2025-03-01" },
        tables: [{
            table: "public.stats", dataset: "stats", step: "day", first_day: "2025-03-01", last_day: "2026-02-27",
            period: { since: "2025-03-01", until: day("2025-03-01", days) }, previous: { since: day("2025-03-01", -days), until: "2025-03-01" },
            measures: ["downloads", "bytes"],
            totals: { downloads: series.reduce((a, b) => a + b), bytes: 5e12, names: n, versions: 5 * n }, before: { downloads: 1e7, bytes: 1e12, names: 10, versions: 20 },
            clients: { estimate: 400000, error: 9300, before: { estimate: null, error: null }, months: [], why: "no" },
            series: { state: "s".repeat(days), downloads: series, bytes: series.map((v) => v * 1000), before: series.map((v) => Math.floor(v / 2)) },
            lists: [{
                of: "name", keys: ["name"], name: counts.map((_, i) => `some-package-${i.toString(36)}-${Math.floor(roll() * 1e6).toString(36)}`),
                downloads: counts, bytes: counts.map((v) => v * 1000), before: counts.map((v) => Math.floor(v * roll())),
                series: first((i) => Array.from({ length: days }, () => Math.floor((counts[i] / days) * (0.5 + roll()))).join(",")),
                clients: first((i) => [counts[i] >> 3, counts[i] >> 8]),
                versions: first((i) => ({ version: Array.from({ length: 20 }, (_, v) => `1.${i}.${v}`), downloads: Array.from({ length: 20 }, (_, v) => counts[i] >> (v + 1)), bytes: Array.from({ length: 20 }, () => 1000000) })),
                total: n,
            }],
        }],
        coverage: { sources: [{ dataset: "stats", source: "edge", payloads: 365, partial: 0, last_counted_at: "2026-02-28 02:00:00", first_day: "2025-03-01", last_day: "2026-02-27", states: "s".repeat(days), gaps: [] }],
            refused: { open: 0, accepted: 0 } },
    };
}

/* A period in which nothing happened, of a role that may read nothing else. */
export function empty() {
    const report = year(0, 0);
    const table = report.tables[0];

    for (const column of Object.keys(table.series))
        table.series[column] = column === "state" ? "u".repeat(365) : table.series[column].map(() => null);
    Object.assign(table, { first_day: null, last_day: null, totals: { downloads: 0, bytes: 0, names: 0, versions: 0 }, before: { downloads: 0, bytes: 0, names: 0, versions: 0 },
        clients: { estimate: null, error: null, before: { estimate: null, error: null }, months: [], why: "no row" } });
    report.coverage = { unknown: "the role may not read the ledger" };
    return report;
}
