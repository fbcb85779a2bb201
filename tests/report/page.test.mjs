/*
 * The page of the report: what it shows is what its document says, and nothing in it can do harm.
 */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";

import { fits, is_accessible, page_with, shoot, start, stop, with_page } from "./browser.mjs";
import { empty, sample, year } from "./documents.mjs";

const NONE = "\u2013";
const grouped = (n) => (n === null || n === undefined ? NONE : n.toLocaleString("en"));
const known = (values) => values.filter((value) => value !== null);
const add = (values) => known(values).reduce((a, b) => a + b, 0);
const numbers = (text) => (text === "" ? [] : text.split(",").map((part) => (part === "" ? null : Number(part))));

const report = sample();
const [stats] = report.tables;
const names = stats.lists[0];
let path;

before(async () => {
    path = page_with(report, "sample");
    await start();
});
after(stop);

const names_section = (page) => page.locator("section:has(> h2:text-is('Names'))");
const column = (rows, name) => rows.locator(`td.${name}`).allInnerTexts();

/* The table behind the chart, opened: its cells, by step. */
async function steps_of(page) {
    await page.locator("details.steps summary").click();
    await page.locator("details.steps tbody tr").first().waitFor();
    return (await page.locator("details.steps tbody tr").evaluateAll((trs) => trs.map((tr) => Array.from(tr.children, (cell) => cell.textContent)))).reverse();
}

async function until(what, is_so) {
    for (let tries = 0; !(await is_so()); tries++)
        assert.ok(tries < 200, `not in time: ${what}`);
}

const first_names = (page) => names_section(page).locator("tbody tr[data-entry]").evaluateAll((rows) => rows.map((row) => Number(row.dataset.entry)));

test("every_figure_is_the_documents", async () => {
    await with_page(path, {}, async (page) => {
        for (const [i, table] of report.tables.entries()) {
            await page.locator("nav.tables button").nth(i).click();
            assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(table.totals[table.measures[0]])), table.table);

            const rows = await steps_of(page);

            assert.equal(rows.length, table.series.state.length);
            for (const [at, cells] of rows.entries())
                assert.equal(cells[2], grouped(table.series[table.measures[0]][at]), `${table.table}, ${cells[0]}`);
            assert.equal(rows[0][0], table.step === "day" ? table.period.since : table.period.since.slice(0, 7));

            for (const list of table.lists) {
                const section = page.locator(`table.of-${list.of} tbody`);
                const shown = await section.locator("td.main").allTextContents();

                assert.deepEqual(shown, list[table.measures[0]].slice(0, 25).map(grouped), `${table.table}: ${list.of}`);
            }
        }
    });
});

test("a_day_without_a_figure_is_no_zero", async () => {
    await with_page(path, {}, async (page) => {
        const rows = await steps_of(page);

        for (const [at, cells] of rows.entries())
            assert.equal(cells[2] === NONE, stats.series.downloads[at] === null, cells[0]);
        assert.deepEqual(rows.find((cells) => cells[0] === "2025-10-31").slice(1, 3), ["gap", NONE]);
        /* A sparkline is lifted where nothing is known: as many strokes as runs of days. */
        const values = numbers(names.series[0]);
        const strokes = values.filter((value, at) => value !== null && (values[at - 1] ?? null) === null).length;

        assert.equal((await page.locator("tr[data-entry='0'] svg.spark path").getAttribute("d")).match(/M/g).length, strokes);
        assert.match(await page.locator(".tile").nth(1).innerText(), new RegExp(`${known(stats.series.downloads).length} of ${stats.series.state.length} days have a figure`));
    });
});

test("clients_are_never_added_up", async () => {
    await with_page(path, {}, async (page) => {
        const tile = page.locator(".tile:has(dt:text-is('Unique clients'))");

        assert.match(await tile.innerText(), /\u00B1 9,476, one standard error/);
        await page.getByRole("button", { name: "30 days" }).click();
        assert.match(await tile.innerText(), /412K[^]*of the whole period/);
        await page.locator("#range-from").fill("2025-10-01");
        await page.locator("#range-to").fill("2025-10-31");
        assert.match(await tile.innerText(), /74.2K[^]*\u00B1 1,706[^]*of 2025-10/);
        /* A sketch that gives no figure says why, and a month of it is no column. */
        await page.locator("nav.tables button").nth(3).click();
        assert.equal(await page.locator("svg.clients rect.hole").count(), stats && report.tables[3].clients.months.filter((month) => month[1] === null).length);
        await page.locator("nav.tables button").nth(1).click();
        assert.match(await page.locator(".tile:has(dt:text-is('Unique clients'))").innerText(), /\u2013\s+the table keeps no sketches/);
    });
});

test("names_are_found_sorted_and_shown_further", async () => {
    await with_page(path, {}, async (page) => {
        const section = names_section(page);
        const by = (measure, up) => names.name.map((_, i) => i).sort((a, b) => (up ? 1 : -1) * (names[measure][a] - names[measure][b]) || a - b).slice(0, 25);

        assert.match(await section.locator(".status").innerText(), /^25 of 431 names; changes are by day, of 163 now and 160 before$/);
        await section.locator("button.more").click();
        assert.equal(await section.locator("tbody tr[data-entry]").count(), 125);

        await section.getByRole("button", { name: "Data" }).click();
        assert.deepEqual(await first_names(page), by("bytes", false));
        assert.equal(await section.locator("th[data-column=bytes]").getAttribute("aria-sort"), "descending");
        await section.getByRole("button", { name: "Data" }).click();
        assert.deepEqual(await first_names(page), by("bytes", true));
        assert.equal(await section.locator("th[aria-sort]").count(), 1);

        await section.getByRole("searchbox").fill("SERDE");
        assert.deepEqual((await first_names(page)).map((i) => names.name[i]).sort(), ["serde", "serde_json"]);
        assert.equal(await section.locator(".status").innerText().then((text) => text.split(";")[0]), "2 found");
        for (const [what, found] of [["\\", 1], ["%s%n", 1], ["no such name", 0], ["__proto__", 1], ["constructor", 1]]) {
            await section.getByRole("searchbox").fill(what);
            assert.equal(await section.locator("tbody tr[data-entry]").count(), found, what);
        }
    });
});

test("a_range_adds_up_its_days", async () => {
    const from = 91, to = 121; /* 2025-12-01 to 2025-12-30, a gap in it */

    await with_page(path, {}, async (page) => {
        await page.locator("#range-from").fill("2025-12-01");
        await page.locator("#range-to").fill("2025-12-30");
        assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(add(stats.series.downloads.slice(from, to)))));
        assert.match(await page.locator(".tile").nth(1).innerText(), /29 of 30 days have a figure/);

        const sums = names.series.map((text, i) => ({ i, sum: add(numbers(text).slice(from, to)), any: known(numbers(text).slice(from, to)).length })).filter((name) => name.any > 0).sort((a, b) => b.sum - a.sum || a.i - b.i);

        assert.deepEqual(await first_names(page), sums.slice(0, 25).map((name) => name.i));
        assert.deepEqual(await column(names_section(page).locator("tbody tr[data-entry]"), "main"), sums.slice(0, 25).map((name) => grouped(name.sum)));
        assert.match(await names_section(page).locator(".status").innerText(), /known of the first 40 alone/);

        await page.locator("#range-to").fill("2025-11-01");
        assert.match(await page.locator(".range [role=alert]").innerText(), /first day lies after/);
        await page.locator("#range-to").fill("2031-11-01");
        assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(add(stats.series.downloads.slice(from)))), "a day too far is the last one");
        await page.getByRole("button", { name: "Whole period" }).click();
        assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(stats.totals.downloads)));

        /* Months are shown as a whole, whichever of their days are asked for. */
        await page.locator("nav.tables button").nth(3).click();
        await page.locator("#range-from").fill("2025-12-07");
        assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(add(report.tables[3].series.requests.slice(3)))));
        assert.equal(await page.locator("#range-from").inputValue(), "2025-12-01");
    });
});

test("the_period_before_is_of_the_same_length", async () => {
    await with_page(path, {}, async (page) => {
        const row = (day) => page.locator(`details.steps tbody tr:has(th:text-is("${day}")) td:last-child`);

        await page.locator("details.steps summary").click();
        assert.equal(await row("2025-10-01").innerText(), grouped(stats.series.before[30]));
        await page.getByRole("button", { name: "30 days" }).click();
        assert.equal(await row("2026-02-27").innerText(), grouped(stats.series.downloads[179 - 30]));
        await page.locator("#range-from").fill("2025-09-13");
        await page.locator("#range-to").fill("2025-10-02");
        assert.equal(await row("2025-09-13").innerText(), grouped(stats.series.before[stats.series.before.length + 12 - 20]), "reaches into the period before");
    });
});

test("of_unlike_many_days_means_are_compared", async () => {
    const now = known(stats.series.downloads), prior = known(stats.series.before);
    const sign = (rate) => `${rate < 0 ? "\u2212" : "+"}${(100 * Math.abs(rate)).toFixed(1)} %`;
    const fair = (value, before) => sign(value / now.length / (before / prior.length) - 1);

    assert.notEqual(now.length, prior.length);
    await with_page(path, {}, async (page) => {
        const tile = (i) => page.locator(".tile").nth(i).innerText();

        assert.match(await tile(0), new RegExp(`34\\.3M before, of ${prior.length} days`));
        assert.doesNotMatch(await tile(0), /%/);
        assert.ok((await tile(1)).includes(fair(stats.totals.downloads, stats.before.downloads)), await tile(1));
        assert.doesNotMatch(await page.locator(".tile:has(dt:text-is('Data'))").innerText(), /%/);
        assert.doesNotMatch(await page.locator(".tile:has(dt:text-is('Unique clients'))").innerText(), /%/);
        const head = names_section(page).locator("thead th");
        const at = (await head.evaluateAll((cells) => cells.map((cell) => cell.dataset.column))).indexOf("change");
        const shown = await names_section(page).locator(`tbody tr[data-entry] > :nth-child(${at + 1})`).allInnerTexts();

        for (const i of [0, 1, 2].filter((i) => names.before[i] > 0))
            assert.equal(shown[i], fair(names.downloads[i], names.before[i]), names.name[i]);
        /* Of as many days sums are compared as they are. */
        await page.locator("#range-from").fill("2025-12-22");
        await page.locator("#range-to").fill("2025-12-28");
        const [week, week_before] = [stats.series.downloads.slice(112, 119), stats.series.downloads.slice(105, 112)];

        assert.equal(known(week).length, known(week_before).length);
        assert.ok((await tile(0)).includes(sign(add(week) / add(week_before) - 1)), await tile(0));
        assert.doesNotMatch(await names_section(page).locator(".status").innerText(), /changes are by/);
    });
    /* Estimates that are no further apart than their errors are the same, others are not. */
    const alike = sample();

    alike.tables[0].series.before = alike.tables[0].series.downloads.map((value) => value && value * 2);
    await with_page(page_with(alike, "alike"), {}, async (page) => {
        assert.match(await page.locator(".tile:has(dt:text-is('Unique clients'))").innerText(), /398K before: the same, within the error/);
    });
    alike.tables[0].clients.before.estimate = 340000;
    await with_page(page_with(alike, "unlike"), {}, async (page) => {
        assert.match(await page.locator(".tile:has(dt:text-is('Unique clients'))").innerText(), /\+21\.3 % on 340K before/);
    });
});

test("weeks_are_smoothed_and_holes_stay", async () => {
    const values = stats.series.downloads, open = (at) => stats.series.state[at] === "o";
    const mean = (at) => {
        const around = Array.from({ length: 7 }, (_, i) => (open(at - 3 + i) ? null : values[at - 3 + i] ?? null));

        return around.includes(null) ? null : add(around) / 7;
    };

    await with_page(page_with(report, "smooth", { without_charts: true }), {}, async (page) => {
        const strokes = values.filter((_, at) => mean(at) !== null && (at === 0 || mean(at - 1) === null)).length;

        assert.equal((await page.locator(".daily svg.plain .mean").getAttribute("d")).match(/M/g).length, strokes);
        assert.equal(await page.locator(".daily svg.plain .line.faint").count(), 1);
        await page.locator(".daily .frame").focus();
        await page.keyboard.press("Home");
        const said = [];

        for (let at = 0; at < 75; at++) {
            said.push(await page.locator(".daily .readout").innerText());
            await page.keyboard.press("ArrowRight");
        }
        said.forEach((text, at) => assert.equal(/mean of 7 days: ([\d,]*\d)/.exec(text)?.[1], mean(at) === null ? undefined : grouped(Math.round(mean(at))), text));
        await page.locator("#smooth").uncheck();
        assert.equal(await page.locator(".daily svg.plain .mean").count(), 0);
        await page.locator("#smooth").check();
        await page.getByRole("button", { name: "30 days" }).click();
        assert.equal(await page.locator(".daily svg.plain .mean").count(), 0);
        assert.equal(await page.locator("#smooth").isDisabled(), true);
    });
});

test("nothing_is_said_to_be_nothing", async () => {
    const bare = empty(), late = empty();

    Object.assign(late.tables[0], { first_day: "2020-01-01", last_day: "2020-02-29" });
    await with_page(page_with(bare, "bare"), {}, async (page) => {
        assert.match(await page.locator("main").innerText(), /^Nothing is counted yet\s+No row is in public\.stats\./);
        assert.equal(await page.locator(".daily, .tile, .ranking").count(), 0);
        assert.equal(await page.locator(".range").isVisible(), false);
        await is_accessible(page, "nothing");
        await fits(page, "nothing");
    });
    await with_page(page_with(late, "late"), {}, async (page) => {
        assert.match(await page.locator("main").innerText(), /^Nothing in this period\s+The rows of public\.stats are of 2020-01-01 to 2020-02-29\./);
    });
    /* The first table that holds something is shown; a range that was chosen there outlives a look at an empty one. */
    const one = sample();

    one.tables.unshift({ ...empty().tables[0], table: "a.stats" });
    one.tables[4].lists[0].total = 0;
    await with_page(page_with(one, "one_of_two"), {}, async (page) => {
        const tables = page.locator("nav.tables button");

        assert.equal(await tables.nth(1).getAttribute("aria-pressed"), "true");
        assert.match(await tables.nth(0).innerText(), /^a\.stats\s+empty$/);
        await page.getByRole("button", { name: "7 days" }).click();
        const from = await page.locator("#range-from").inputValue();

        await tables.nth(0).click();
        assert.equal(await page.locator(".range").isVisible(), false);
        await tables.nth(1).click();
        assert.equal(await page.locator("#range-from").inputValue(), from);
    });
});

test("drawn_over_days_are_zoomed_to", async () => {
    await with_page(path, {}, async (page) => {
        const over = page.locator(".daily .u-over");
        const box = await over.boundingBox();
        const at = (step) => box.x + (box.width * (step + 0.5)) / stats.series.state.length;

        await page.mouse.move(at(91), box.y + 80);
        await page.mouse.down();
        await page.mouse.move(at(100), box.y + 90, { steps: 4 });
        await page.mouse.move(at(120), box.y + 90);
        await page.mouse.up();
        assert.equal(await page.locator("#range-from").inputValue(), "2025-12-01");
        assert.equal(await page.locator("#range-to").inputValue(), "2025-12-30");
        await page.mouse.move(box.x + box.width / 2, box.y + 60);
        assert.match(await page.locator(".daily .readout").innerText(), /^2025-12-1[56] [\d,]+ settled, before: [\d,]+ on 2025-11-1[56]/);
        await over.dblclick();
        assert.equal(await page.locator("#range-from").inputValue(), "2025-09-01");
    });
});

test("a_name_opens", async () => {
    await with_page(path, {}, async (page) => {
        const section = names_section(page);
        const versions = names.versions[1];

        await section.locator("tr[data-entry='1'] button").click();
        const rows = section.locator(".detail .versions tbody tr");

        assert.deepEqual((await rows.locator("th").allInnerTexts()).slice(0, versions.version.length), versions.version);
        assert.deepEqual((await rows.locator("td:nth-of-type(1)").allInnerTexts()).slice(0, versions.version.length), versions.downloads.map(grouped));
        assert.match(await section.locator(".detail").innerText(), /479,065 \u00B1 11,009/);
        assert.equal(await section.locator(".detail .u-over").count(), 1);
        await section.locator("tr[data-entry='1'] button").click();
        assert.equal(await section.locator(".detail").count(), 0);
    });
});

test("keys_alone_will_do", async () => {
    await with_page(path, {}, async (page) => {
        const focus_text = () => page.evaluate(() => document.activeElement.textContent);

        await page.locator(".daily .frame").focus();
        for (let i = 0; i < 13; i++)
            await page.keyboard.press("ArrowRight");
        assert.match(await page.locator(".daily .readout").innerText(), /^2025-09-13 184,070 settled/);
        await page.keyboard.press("End");
        await page.keyboard.press("ArrowLeft");
        assert.match(await page.locator(".daily .readout").innerText(), /^2026-02-27 572,920 open/);
        await page.keyboard.press("+");
        assert.notEqual(await page.locator("#range-from").inputValue(), "2025-09-01");
        for (let i = 0; i < 4; i++)
            await page.keyboard.press("-");
        assert.equal(await page.locator("#range-from").inputValue(), "2025-09-01");
        await page.keyboard.press("+");
        await page.keyboard.press("Escape");
        assert.equal(await page.locator("#range-from").inputValue(), "2025-09-01");

        /* From the search, by tab: the heads, then the first name; what was pressed keeps the focus. */
        await names_section(page).getByRole("searchbox").focus();
        await page.keyboard.type("serde_json");
        await page.keyboard.press("Tab");
        assert.match(await focus_text(), /^#/);
        for (let i = 0; i < 20 && !/^serde_json$/.test(await focus_text()); i++)
            await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        assert.equal(await focus_text(), "serde_json");
        assert.equal(await page.locator(".detail").count(), 1);
        await names_section(page).locator("th[data-column=main] button").focus();
        await page.keyboard.press("Enter");
        assert.match(await focus_text(), /^Downloads/);
        await page.locator(".lengths button").nth(1).focus();
        await page.keyboard.press("Space");
        assert.equal(await focus_text(), "7 days");
    });
});

test("strangers_names_are_inert", async () => {
    const hostile = sample();
    const worst = ["<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "\u202Egnp.exe", "\u2066x\u2069", "a\u0000b", "\uD800", "\u200B", " ", "", "javascript:alert(1)", "x".repeat(100000),
        "e\u0301".repeat(2000), "__proto__", "toString", "@import url(http://example.invalid)", "\u0085", "\u{E0041}tag", "\n\n\n"];

    worst.forEach((name, i) => {
        hostile.tables[0].lists[0].name[i] = name;
        hostile.tables[0].lists[0].versions[i].version[0] = name;
    });
    hostile.tables[0].table = worst[0];
    hostile.tables[0].ecosystem = worst[1];
    hostile.made.database = worst[2];
    hostile.notes = worst;
    hostile.coverage.sources[0].source = worst[1];
    hostile.runs[0].host = hostile.runs[0].failure = worst[0];
    hostile.tables[3].lists[2].country[0] = "<b";
    hostile.tables[3].lists[2].country[1] = "ZZ";

    const file = page_with(hostile, "hostile");

    assert.equal(readFileSync(file, "utf8").match(/<script\b/g).length, 3, "three scripts, and no stranger's");
    await with_page(file, {}, async (page) => {
        const elements = () => page.evaluate(() => ({ scripts: document.scripts.length, odd: document.querySelectorAll("#page :is(script, img, iframe, object, embed, link, style, a, b:not(.readout b), base, form)").length }));

        for (const i of [0, 1, 2, 4, 10])
            await names_section(page).locator(`tr[data-entry='${i}'] button`).click();
        assert.deepEqual(await elements(), { scripts: 3, odd: 0 });
        assert.equal(await names_section(page).locator("tr[data-entry='0'] th bdi").textContent(), worst[0]);
        assert.equal(await names_section(page).locator("tr[data-entry='2'] th bdi").textContent(), "202Egnp.exe");
        assert.equal(await names_section(page).locator("tr[data-entry='2'] .unseen").innerText(), "202E");
        assert.equal(await names_section(page).locator("tr[data-entry='4'] .unseen").innerText(), "0000");
        assert.equal(await names_section(page).locator("tr[data-entry='5'] .unseen").innerText(), "D800");
        assert.equal(await names_section(page).locator("tr[data-entry='8'] th").innerText(), "(empty)");
        assert.ok((await names_section(page).locator("tr[data-entry='10'] button").textContent()).length < 120);
        assert.doesNotMatch(await page.title(), /\u202E/);
        assert.doesNotMatch(await page.evaluate(() => document.body.innerText), /[\u202A-\u202E\u2066-\u2069\u0000-\u0008\u200B]/);
        await fits(page, "hostile names");
        await page.locator("nav.tables button").nth(3).click();
        assert.deepEqual(await elements(), { scripts: 3, odd: 0 });
        await page.locator("nav.tables button").nth(0).click();
    });
});

test("the_policy_is_strict", async () => {
    await with_page(path, { complaints: /Content Security Policy|TrustedHTML|TrustedScript/ }, async (page) => {
        const policy = await page.locator("meta[http-equiv]").getAttribute("content");

        assert.doesNotMatch(policy, /unsafe|http|\*|data:/);
        const tried = await page.evaluate(() => {
            const blocked = [];
            const attempt = (what, act) => { try { act(); } catch { blocked.push(what); } };

            attempt("innerHTML", () => { document.createElement("p").innerHTML = "<b>"; });
            const script = document.createElement("script");

            attempt("script", () => { script.textContent = "globalThis.harm = 1"; document.body.append(script); });
            return { blocked, harm: globalThis.harm ?? null };
        });

        assert.deepEqual(tried, { blocked: ["innerHTML", "script"], harm: null });
    });
});

test("dark_and_light", async () => {
    const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

    await with_page(path, { colorScheme: "dark" }, async (page) => {
        assert.equal(await paper(page), "rgb(16, 19, 23)");
        await is_accessible(page, "dark");
        await shoot(page, "dark");
        await page.locator("#theme").selectOption("light");
        assert.equal(await paper(page), "rgb(255, 255, 255)");
        await page.reload();
        assert.equal(await page.locator("#theme").inputValue(), "light");
        assert.equal(await paper(page), "rgb(255, 255, 255)");
    });
});

test("readers_of_every_kind", async () => {
    await with_page(path, { colorScheme: "light" }, async (page) => {
        await names_section(page).locator("tr[data-entry='1'] button").click();
        await is_accessible(page, "light");
        await shoot(page, "light");
        for (const i of [3, 4]) {
            await page.locator("nav.tables button").nth(i).click();
            await is_accessible(page, report.tables[i].table);
            await shoot(page, `table-${i}`);
        }
        assert.match(await page.locator(".daily .frame").getAttribute("aria-label"), /^Channels, net per day, 2025-09-01 to 2026-02-28\. Most on \d{4}-\d\d-\d\d: [\d,]+\. 18 of 181 days have no figure\./);
    });
});

test("narrow_and_wide", async () => {
    for (const width of [400, 1600]) {
        await with_page(path, { width }, async (page) => {
            for (const [i, table] of report.tables.entries()) {
                await page.locator("nav.tables button").nth(i).click();
                await fits(page, `${table.table} at ${width}`);
            }
            await page.locator("nav.tables button").nth(0).click();
            await names_section(page).locator("tr[data-entry='1'] button").click();
            await fits(page, `an open name at ${width}`);
            await shoot(page, `width-${width}`);
        });
    }
});

test("without_the_library_there_is_a_plain_line", async () => {
    const plain = page_with(report, "plain", { without_charts: true });

    await with_page(plain, {}, async (page) => {
        const values = stats.series.downloads;
        const strokes = (series) => series.filter((value, at) => value !== null && (series[at - 1] ?? null) === null).length;

        assert.equal(await page.evaluate(() => typeof globalThis.uPlot), "undefined");
        assert.equal((await page.locator(".daily svg.plain .line").getAttribute("d")).match(/M/g).length, strokes(values));
        assert.equal(await page.locator(".daily svg.plain .hole-g").count(), 2);
        await page.locator("#range-from").fill("2025-12-01");
        await page.locator("#range-to").fill("2025-12-30");
        assert.equal((await page.locator(".daily svg.plain .line").getAttribute("d")).match(/M/g).length, strokes(values.slice(91, 121)));
        await page.locator(".daily .frame").focus();
        await page.keyboard.press("ArrowRight");
        assert.match(await page.locator(".daily .readout").innerText(), /^2025-12-01 /);
        assert.equal(await page.locator("#licence").isVisible(), false);
        /* Few downloads have no halves, and a small share has a scale of its own. */
        await page.locator("nav.tables button").nth(1).click();
        for (const [choice, texts] of [[null, /^\d+$/], ["failed_share", /^\d\.\d %$/]]) {
            if (choice) {
                await page.locator("nav.tables button").nth(3).click();
                await page.locator("#measure").selectOption(choice);
            }
            const ticks = await page.locator(".daily svg.plain .tick[text-anchor=end]").allTextContents();

            assert.ok(ticks.length > 2 && new Set(ticks).size === ticks.length, ticks.join(", "));
            ticks.forEach((tick) => assert.match(tick, texts));
        }
        await shoot(page, "plain");
    });
});

test("a_range_holds_for_the_next_table", async () => {
    await with_page(path, {}, async (page) => {
        await page.getByRole("button", { name: "30 days" }).click();
        await page.locator("nav.tables button").nth(2).click();
        assert.equal(await page.locator("#range-from").inputValue(), "2026-01-29");
        assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(add(report.tables[2].series.downloads.slice(150, 180)))));
        /* A share of failures is one of a month's requests, and none where there were none. */
        await page.locator("nav.tables button").nth(3).click();
        await page.getByRole("button", { name: "3 months" }).click();
        assert.match(await page.locator(".tile").first().innerText(), new RegExp(grouped(add(report.tables[3].series.requests.slice(3)))));
        assert.equal(await page.getByRole("button", { name: "3 months" }).getAttribute("aria-pressed"), "true");
        await page.getByRole("button", { name: "Whole period" }).click();
        await page.locator("#measure").selectOption("failed_share");
        const [requests, failed] = ["requests", "failed"].map((name) => report.tables[3].series[name]);

        await page.locator(".daily .frame").focus();
        await page.keyboard.press("Home");
        assert.match(await page.locator(".daily .readout").innerText(), new RegExp(`^2025-09 ${((100 * failed[0]) / requests[0]).toFixed(1)} % `));
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("ArrowRight");
        assert.match(await page.locator(".daily .readout").innerText(), /^2025-11 \u2013 gap/);
    });
});

test("on_paper", async () => {
    await with_page(path, { colorScheme: "dark" }, async (page) => {
        await page.emulateMedia({ media: "print", colorScheme: "dark" });
        assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
        assert.equal(await page.getByRole("searchbox").first().isVisible(), false);
        assert.equal(await page.locator(".tiles").isVisible(), true);
        await shoot(page, "print");
        /* The window has got another layout as well, of which the charts hear when they hear of it. */
        await until("the chart is as wide as a sheet", () => page.evaluate(() => {
            globalThis.dispatchEvent(new Event("beforeprint"));
            return new Promise((done) => requestAnimationFrame(() => done(document.querySelector(".daily canvas").width === 680 * devicePixelRatio)));
        }));
        await page.locator(".daily .plot").evaluate((plot) => { plot.style.width = "400px"; });
        const [chart, room] = await page.evaluate(() => [".daily canvas", ".daily .plot"].map((what) => document.querySelector(what).getBoundingClientRect().width));

        assert.ok(chart <= room, `the chart is ${chart} wide, the sheet ${room}`);
        await page.evaluate(() => globalThis.dispatchEvent(new Event("afterprint")));
        await page.locator(".daily .plot").evaluate((plot) => { plot.style.width = ""; });
        assert.ok((await page.pdf({ path: process.env.PAGE_OUT + "/print.pdf", format: "A4" })).length > 20000);
    });
});

test("without_scripts_there_is_text", async () => {
    await with_page(page_with(report, "noscript", { text: "names &lt;b&gt;" }), { javaScriptEnabled: false }, async (page) => {
        assert.equal(await page.locator("noscript pre").innerText(), "names <b>");
        assert.equal(await page.locator("#page").isVisible(), false);
    });
});

test("a_year_of_ten_thousand_names", async (t) => {
    const file = page_with(year(10000), "year");
    const size = statSync(file).size;

    assert.ok(size < 1e6, `the page has ${size} bytes`);
    await with_page(file, {}, async (page) => {
        t.diagnostic(`${size} bytes, there after ${await page.evaluate(() => Math.round(performance.now()))} ms`);
        assert.equal(await names_section(page).locator("tbody tr[data-entry]").count(), 25);
        await names_section(page).getByRole("searchbox").fill("package-7p");
        assert.ok((await first_names(page)).length > 0);
        await names_section(page).getByRole("button", { name: "Name", exact: true }).click();
        await shoot(page, "year");
    });
});

test("odd_documents", async () => {
    const cases = { empty: empty() };

    /* Twenty years, of which the figures are the year's over and over. */
    cases.long = year(30, 10);
    for (const part of [cases.long, cases.long.tables[0]])
        part.period.since = "2006-03-06";
    for (const [name, values] of Object.entries(cases.long.tables[0].series))
        cases.long.tables[0].series[name] = Array.isArray(values) ? Array.from({ length: 7300 }, (_, i) => values[i % 365]) : values.repeat(20);
    cases.long.tables[0].lists[0].series = cases.long.tables[0].lists[0].series.map((text) => Array(20).fill(text).join(","));
    cases.long.coverage.sources[0].states = "s".repeat(7300);
    cases.failures = sample();
    Object.assign(cases.failures.tables[3].totals, { successful: 0, failed: cases.failures.tables[3].totals.requests });
    cases.failures.tables[3].lists = cases.failures.tables[3].lists.map((list) => ({ ...Object.fromEntries(Object.keys(list).map((key) => [key, []])), of: list.of, keys: list.keys, total: 0 }));

    cases.one_day = sample();
    for (const table of cases.one_day.tables.slice(0, 1)) {
        for (const [name, values] of Object.entries(table.series))
            table.series[name] = values.slice(-1);
        table.period.since = "2026-02-28";
        table.lists[0].series = table.lists[0].series.map((text) => text.split(",").at(-1));
    }
    cases.no_ledger = sample();
    cases.no_ledger.coverage = { unknown: "the role may not read <b>it</b>" };
    delete cases.no_ledger.runs;
    delete cases.no_ledger.rules;
    delete cases.no_ledger.notes;
    cases.no_table = { ...sample(), tables: [] };
    cases.largest = sample();
    cases.largest.tables[0].totals = { downloads: 9223372036854775807, bytes: 9223372036854775807, names: 1, versions: 1 };
    cases.largest.tables[0].lists[0].downloads[0] = 9223372036854775807;
    cases.largest.tables[0].series.downloads[20] = 9223372036854775807;
    for (const [name, document] of Object.entries(cases)) {
        await with_page(page_with(document, name), {}, async (page) => {
            const text = await page.locator("#page").innerText();

            assert.doesNotMatch(text, /NaN|Infinity|undefined|null|\[object/, name);
            if (name === "empty")
                assert.match(text, /Not known: the role may not read the ledger/);
            if (name === "long") {
                assert.match(text, /7,300 of 7,300 days have a figure/);
                await fits(page, name);
                await page.getByRole("button", { name: "365 days" }).click();
                assert.equal(await page.locator("#range-from").inputValue(), "2025-03-01");
            }
            if (name === "failures") {
                await page.locator("nav.tables button").nth(3).click();
                assert.equal(await page.getByText("None in this period.").count(), 4);
                assert.equal(await page.locator("table.ranking").count(), 0);
            }
            if (name === "largest")
                assert.match(text, /8\.00 EiB/);
        });
    }
    for (const [name, text, says] of [["damaged", "{\"report\":1,", /damaged/], ["newer", "{\"report\":2}", /a kind that this page does not know/]]) {
        await with_page(page_with(text, name), { complaints: /^threw: The document/ }, async (page) => {
            assert.match(await page.getByRole("alert").innerText(), says);
        });
    }
});

test("what_happened_is_a_line_and_a_row", async () => {
    const changed = sample();
    const table = changed.tables[0];
    const hostile = "pack <img src=x onerror=alert(1)> \u202E2";

    table.annotations = [{ day: "2025-06-01", text: "long before" }, { day: "2025-11-03", text: hostile }, { day: "2025-11-03", text: "and more" }, { day: "2026-01-10", text: "pack crates 3" }];
    table.keys = ["2025-12-24"];
    const rows_of = (page) => page.locator("section.happened tbody tr").evaluateAll((trs) => trs.map((tr) => Array.from(tr.children, (cell) => cell.textContent)));
    const expected = [["", "2025-06-01"], ["1", "2025-11-03"], ["2", "2025-11-03"], ["3", "2025-12-24"], ["4", "2026-01-10"]];

    for (const without_charts of [false, true]) {
        await with_page(page_with(changed, `happened-${without_charts}`, { without_charts }), { colorScheme: "light" }, async (page) => {
            const rows = await rows_of(page);

            assert.deepEqual(rows.map((row) => row.slice(0, 2)), expected);
            assert.equal(rows[1][2], "pack <img src=x onerror=alert(1)> 202E2");
            assert.match(rows[3][2], /another client key/);
            assert.equal(await page.locator("section.happened img").count(), 0);
            assert.match(await page.locator(".daily .frame").getAttribute("aria-label"), /4 things happened to these numbers, told in a table below\./);
            assert.equal(await page.locator(".daily .mark-happened").count(), 1);
            if (!without_charts) {
                await is_accessible(page, "what happened");
                await shoot(page, "happened");
            }
            /* A day tells what happened on it. */
            await page.locator("#range-from").fill("2025-11-03");
            await page.locator("#range-to").fill("2025-11-20");
            await page.locator(".daily .frame").focus();
            await page.keyboard.press("Home");
            assert.match(await page.locator(".daily .readout").innerText(), /^2025-11-03 [^]*and more/);
            if (without_charts) {
                assert.equal(await page.locator(".daily svg.plain .happened").count(), 1);
                assert.equal(await page.locator(".daily svg.plain .happened-number").textContent(), "1,2");
                await page.getByRole("button", { name: /whole|all/i }).first().click();
                assert.equal(await page.locator(".daily svg.plain .happened").count(), 3);
            }
            await page.locator("#range-from").fill("2025-11-04");
            await page.locator("#range-to").fill("2025-11-20");
            assert.equal(await page.locator(".daily .mark-happened").count(), 0);
            /* Other tables have other things. */
            await page.locator("nav.tables button").nth(1).click();
            assert.equal(await page.locator("section.happened").count(), 0);
        });
    }
    await with_page(path, {}, async (page) => assert.equal(await page.locator("section.happened, .mark-happened").count(), 0));
});

test("upper_bounds_say_so_and_two_keys_have_no_sum", async () => {
    const changed = sample();
    const table = changed.tables[0];
    const list = table.lists[0];
    const tile = (page) => page.locator(".tile:has(dt:text-is('Unique clients'))").innerText();

    table.clients.are = "upper bound";
    table.clients.months_are = table.clients.months.map((_, i) => (i === 1 ? "upper bound" : "estimate"));
    list.clients_are = list.clients.map((_, i) => ["upper bound", "two keys"][i] ?? "estimate");
    list.clients[1] = null;
    await with_page(page_with(changed, "bounds"), {}, async (page) => {
        assert.match(await tile(page), /\u2264 412K[^]*an upper bound: those of what was retracted are in it/);
        assert.match(await page.locator("section:has(> h2:text-is('Unique clients by month'))").innerText(), /\u2264 stands before upper bounds/);
        const cells = await names_section(page).locator("tbody tr[data-entry]").evaluateAll((trs) => trs.slice(0, 3).map((tr) => tr.lastElementChild.textContent));

        assert.match(cells[0], /^\u2264 [\d,]+/);
        assert.equal(cells[1], NONE);
        assert.match(cells[2], /^[\d,]+/);
        await names_section(page).locator("tr[data-entry='1'] button").click();
        assert.match(await page.locator(".detail").innerText(), /under two client keys cannot be added up/);
        await page.getByRole("button", { name: "30 days" }).click();
        assert.match(await tile(page), /\u2264 412K[^]*of the whole period/);
        await is_accessible(page, "upper bounds");
    });
    Object.assign(table.clients, { estimate: null, error: null, are: "two keys", why: "days under two client keys cannot be added up" });
    table.clients.months_are = table.clients.months.map((_, i) => (i === 2 ? "two keys" : "estimate"));
    table.clients.months[2] = [table.clients.months[2][0], null, null];
    await with_page(page_with(changed, "keys"), {}, async (page) => {
        assert.match(await tile(page), new RegExp(`${NONE}[^]*under two client keys cannot be added up`));
        assert.match(await page.locator("section:has(> h2:text-is('Unique clients by month'))").innerText(), /A month under two client keys has no figure/);
    });
});
