/*
 * A page of the report in Chromium, for tests. Whatever a page must never do fails the test that opened it: asking for
 * anything but itself, opening a dialog, writing to the console (there the browser says what the policy forbade).
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const OUT = process.env.PAGE_OUT;
const require = createRequire(join(OUT, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const head = readFileSync(process.env.PAGE_HEAD, "utf8"), tail = readFileSync(process.env.PAGE_TAIL, "utf8");
let browser = null, shared = null;
let url = "", said = []; /* of the page that is open: where it is, and what it should not have done */

export async function start() {
    /* As root, which containers are, Chromium has no sandbox. /dev/shm may be too small there. */
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
}

export async function stop() {
    await browser?.close();
}

/* The page as `ingest report` writes it, with a document (an object, or text as it is). Gives its path. */
export function page_with(document, name = "page", { text = "the report as text", without_charts = false } = {}) {
    const json = typeof document === "string" ? document : JSON.stringify(document);
    const escaped = json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const path = join(OUT, `${name}.html`);
    const end = without_charts ? tail.replace(/<script>[^]*?<\/script>/, "<script></script>") : tail; /* as it is built without npm */

    mkdirSync(OUT, { recursive: true });
    writeFileSync(path, `${head}<noscript><pre>\n${text}</pre></noscript>\n<script type="application/json" id="report">${escaped}</script>\n${end}`);
    return path;
}

/* One window for all tests: a new one takes a second of the processor, a page in it a fifth. */
async function open_window(settings) {
    const context = await browser.newContext({ locale: "en-GB", timezoneId: "Pacific/Kiritimati", ...settings });
    const page = await context.newPage();

    page.on("request", (request) => request.url() === url || said.push(`asked for ${request.url()}`));
    page.on("dialog", async (dialog) => { said.push(`opened a dialog: ${dialog.message()}`); await dialog.dismiss(); });
    page.on("console", (message) => said.push(`wrote: ${message.text()}`));
    page.on("pageerror", (error) => said.push(`threw: ${error.message}`));
    page.on("popup", () => said.push("opened a window"));
    return page;
}

/*
 * Opens a file, does what is to be done, and looks whether the page kept to itself. `complaints`: what it may say on the
 * console, where a test wants it to.
 */
export async function with_page(path, { complaints, colorScheme = "light", width = 1280, javaScriptEnabled = true }, act) {
    const page = javaScriptEnabled ? (shared ??= await open_window({})) : await open_window({ javaScriptEnabled });

    url = pathToFileURL(path).href;
    said = [];
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, media: null });
    await page.goto(url);
    if (javaScriptEnabled)
        await page.waitForSelector("#page:not([hidden])");
    await act(page);
    if (javaScriptEnabled)
        await page.evaluate(() => localStorage.clear());
    else
        await page.context().close();
    assert.deepEqual(said.filter((line) => !complaints?.test(line)), []);
}

/* What axe finds wrong. It is put into the page by way of the debugger, past the policy. */
export async function is_accessible(page, where) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));

    assert.deepEqual(found.violations.map((v) => `${where}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`), []);
}

export async function shoot(page, name) {
    await page.screenshot({ path: join(OUT, `${name}.png`), fullPage: true });
}

export async function fits(page, where) {
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);

    assert.ok(wide <= room, `${where}: the page is ${wide} pixels wide, the window ${room}`);
}
