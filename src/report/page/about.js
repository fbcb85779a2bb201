/*
 * Where the figures come from: the last runs, the rules, what was refused.
 */
import { el, name_of } from "./text.js";
import { exact, plural } from "./numbers.js";

const STATUS = { 0: "all counted", 1: "some refused", 2: "usage or configuration", 3: "the database", 4: "no memory, no disk, or a bug", 5: "work left" };

function table_of(caption, heads, rows) {
    return el("div.scroll", { tabindex: "0", role: "group", "aria-label": caption }, el("table", {}, el("caption", {}, caption),
        el("thead", {}, el("tr", {}, heads.map(([title, kind]) => el(kind ? `th.${kind}` : "th", { scope: "col" }, title)))), el("tbody", {}, rows)));
}

function runs_of(runs) {
    return table_of("The newest run of each source",
        [["Begun, UTC"], ["Source"], ["Host"], ["Result"], ["Read", "num"], ["Known", "num"], ["Refused", "num"], ["Lines", "num"], ["Counted", "num"], ["Seconds", "num"]],
        runs.map((run) => el("tr", {}, el("td", {}, run.started_at), el("td", {}, run.source === null ? el("span.muted", {}, "files") : name_of(run.source)), el("td", {}, name_of(run.host ?? "")),
            el("td", {}, `${run.status}, ${STATUS[run.status] ?? "a signal"}`, run.failure ? el("div.muted", {}, name_of(run.failure, { most: 400 })) : null),
            [run.read, run.known, run.refused, run.lines, run.counted].map((n) => el("td.num", {}, exact(n))), el("td.num", {}, Number(run.seconds).toFixed(1)))));
}

function rules_of(rules) {
    return table_of("Rules under which days of the period were counted", [["Dataset"], ["Rules"], ["Payloads", "num"], ["From"], ["To"]],
        rules.map((rule) => el("tr", {}, el("td", {}, name_of(rule.dataset)), el("td", {}, el("code", {}, name_of(rule.rules_id.slice(0, 12)))), el("td.num", {}, exact(rule.payloads)),
            el("td", {}, rule.first_day), el("td", {}, rule.last_day))));
}

export function about_of(report) {
    const section = el("section.about", {}, el("h2", {}, "About this report"));
    const refused = report.coverage?.refused;
    const made = report.made;
    const facts = [["Made", [`${made.at} UTC by `, name_of(made.by)]], ["Database", [name_of(made.database), ", PostgreSQL ", name_of(made.server)]]];

    if (made.name !== null && made.name !== undefined)
        facts.push(["Names", ["those that fit ", name_of(made.name)]]);
    if (refused)
        facts.push(["Inputs refused", [`${exact(refused.open)} open, ${exact(refused.accepted)} accepted`]]);
    for (const [dataset, n] of Object.entries(report.coverage?.waiting ?? {}))
        facts.push(["Waiting for a key", [`${plural(n, "hit")} of `, name_of(dataset)]]);
    section.append(el("dl.facts", {}, facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])));
    if (report.runs?.length > 0)
        section.append(runs_of(report.runs));
    if (report.rules?.length > 0)
        section.append(rules_of(report.rules));
    return section;
}
