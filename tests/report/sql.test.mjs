/*
 * The whole way: logs are counted, `ingest report` writes the page, Chromium shows it, and what it shows is what SQL
 * says of the tables, in another wording than the report's own.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { is_accessible, shoot, start, stop, with_page } from "./browser.mjs";

const HOSTILE = "<img src=x onerror=alert(1)>";
const NAMES = ["serde", "tokio", HOSTILE, "\u202Egnp", "rare"];
const SKIPPED = [10, 11, 12]; /* days of March of which there is no log */
const TOTALS = "SELECT coalesce(sum(count), 0), coalesce(sum(bytes), 0) FROM stats WHERE version IS NULL AND dldate";

let dir;

const run = (program, args, options = {}) => execFileSync(program, args, { encoding: "utf8", cwd: dir, env: { ...process.env, HOME: dir }, ...options });
const ingest = (...args) => run(process.env.INGEST, args, { stdio: ["ignore", "pipe", "pipe"] });
const sql = (query) => run("psql", ["-XAtqF", "|", "-v", "ON_ERROR_STOP=1", "-c", query]).trimEnd();
const rows = (query) => sql(query).split("\n").map((line) => line.split("|"));
const grouped = (n) => Number(n).toLocaleString("en");

function log_of(day) {
    const lines = [];

    for (const [i, name] of NAMES.entries()) {
        for (let n = 0; n < (name === "rare" ? (day === 20 ? 1 : 0) : 40 + 7 * i + ((day * (i + 3)) % 11)); n++)
            lines.push(`10.${i}.${day % 4}.${n} - - [${String(day).padStart(2, "0")}/Mar/2024:${String(n % 24).padStart(2, "0")}:00:00 +0000] ` +
                `"GET /dl/${encodeURIComponent(name)}/${1 + (n % 3)}.0 HTTP/1.1" 200 ${1000 + n} "-" "client/1.0"`);
    }
    return lines.join("\n") + "\n";
}

before(async () => {
    dir = mkdtempSync(join(tmpdir(), "ingest-report."));
    sql("CREATE EXTENSION IF NOT EXISTS hll");
    ingest("migrate", "up", "-d", "");
    const logs = [];

    for (let day = 1; day <= 31; day++) {
        const path = join(dir, `access-${day}.log`);

        if (SKIPPED.includes(day))
            continue;
        writeFileSync(path, log_of(day));
        logs.push(path);
    }
    ingest("-d", "", "--client-key", "none", "--route", "/dl/{name}/{version}", ...logs);
    await start();
});
after(async () => {
    await stop();
    rmSync(dir, { recursive: true, force: true });
});

test("the_page_says_what_sql_says", async (t) => {
    const file = join(dir, "report.html");

    ingest("report", "-d", "", "--since", "2024-03-01", "--until", "2024-04-01", "-o", file);
    t.diagnostic(`${statSync(file).size} bytes`);
    await with_page(file, {}, async (page) => {
        const tables = page.locator("nav.tables button");

        if (await tables.count() > 0)
            await tables.filter({ hasText: /^public\.stats/ }).click();
        const tile = (name) => page.locator(`.tile:has(dt:text-is('${name}'))`);
        const [[downloads, bytes]] = rows(`${TOTALS} BETWEEN '2024-03-01' AND '2024-03-31'`);

        assert.match(await tile("Downloads").innerText(), new RegExp(`\\b${grouped(downloads)}\\b`));
        assert.match(await tile("Data").innerText(), new RegExp(`^Data\\s+${(bytes / 1024 ** 2).toPrecision(3)} MiB`));
        assert.match(await tile("Names").innerText(), new RegExp(`^Names\\s+${NAMES.length}\\s`));

        /* The union of all days, and not what the days add up to. */
        const [[clients, daily]] = rows("SELECT round(#hll_union_agg(clients)), round(sum(#clients)) FROM stats WHERE version IS NULL");

        assert.notEqual(clients, daily);
        assert.match(await tile("Unique clients").innerText(), new RegExp(`^Unique clients\\s+${grouped(clients)}\\s+\u00B1`));

        await page.locator("details.steps summary").click();
        await page.locator("details.steps tbody tr").first().waitFor();
        const shown = await page.locator("details.steps tbody tr").evaluateAll((trs) => trs.map((tr) => Array.from(tr.children, (cell) => cell.textContent).slice(0, 3)));
        const days = new Map(rows("SELECT dldate, sum(count) FROM stats WHERE version IS NOT NULL GROUP BY 1"));

        assert.equal(shown.length, 31);
        for (const [day, state, figure] of shown) {
            assert.equal(figure, days.has(day) ? grouped(days.get(day)) : "\u2013", day);
            assert.equal(state, SKIPPED.includes(Number(day.slice(8))) ? "gap" : "settled", day);
        }

        const list = page.locator("table.of-name tbody tr[data-entry]");
        const ranked = rows("SELECT encode(convert_to(name, 'UTF8'), 'hex'), sum(count), round(#hll_union_agg(clients)) FROM stats WHERE version IS NULL GROUP BY name ORDER BY 2 DESC, name COLLATE \"C\"");

        assert.deepEqual(await list.locator("td.main").allInnerTexts(), ranked.map((row) => grouped(row[1])));
        assert.deepEqual((await list.locator("td:last-child").allInnerTexts()).map((text) => text.replace(/ .*/, "")), ranked.map((row) => grouped(row[2])));
        assert.equal(Buffer.from(ranked.find((row) => row[0].startsWith("3c"))[0], "hex").toString(), HOSTILE);
        assert.equal(await page.locator("table.of-name").getByText(HOSTILE, { exact: true }).count(), 1);

        /* Ten days with the gap in them. */
        await page.locator("#range-from").fill("2024-03-05");
        await page.locator("#range-to").fill("2024-03-14");
        const [[part]] = rows(`${TOTALS} >= '2024-03-05' AND dldate < '2024-03-15'`), [[part_before]] = rows(`${TOTALS} >= '2024-02-24' AND dldate < '2024-03-05'`);

        assert.match(await tile("Downloads").innerText(), new RegExp(`\\b${grouped(part)}\\b`));
        assert.match(await tile("A day, on average").innerText(), /7 of 10 days have a figure/);
        assert.match(await tile("Downloads").innerText(), new RegExp(`\n${grouped(part_before)} before, of 4 days`));
        const of_part = rows("SELECT sum(count) FROM stats WHERE version IS NULL AND dldate BETWEEN '2024-03-05' AND '2024-03-14' GROUP BY name ORDER BY 1 DESC, min(name COLLATE \"C\")");

        assert.deepEqual((await list.locator("td.main").allInnerTexts()).filter((text) => text !== "0"), of_part.map((row) => grouped(row[0])));

        await page.getByRole("button", { name: "serde", exact: true }).click();
        assert.deepEqual(await page.locator(".versions tbody tr").evaluateAll((trs) => trs.map((tr) => [tr.children[0].textContent, tr.children[1].textContent])),
            rows("SELECT version, sum(count) FROM stats WHERE name = 'serde' AND version IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1").map(([version, n]) => [version, grouped(n)]));
        await is_accessible(page, "a real report");
        await shoot(page, "sql");
    });
});
