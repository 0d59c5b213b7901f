// Pictures for docs/images, which npm run drill -- --screenshots takes: dashboards, and the steps of the drill.
import { join } from "node:path";
import { open, withBrowser } from "./browser.ts";

const { IMAGES = "", PAGES = "{}", STATEMENT = "" } = process.env;
const pages = JSON.parse(PAGES) as Record<string, string>;
const VIEW = { name: "light", width: 1400, scheme: "light" } as const;
/** Last element in a picture, where it is not the last one of the page. */
const LAST: Record<string, string> = { "drill-database": "section", "drill-search": "tr:nth-child(15)" };

await withBrowser(async (browser) => {
  for (const [name, url] of Object.entries(pages)) {
    const page = await open(browser, url, VIEW);
    if (name === "drill-trace") await page.evaluate(openStatement, STATEMENT);
    const height = await page.$eval(LAST[name] ?? "main", (last) => last.getBoundingClientRect().bottom + 16);
    await page.setViewport({ width: VIEW.width, height: Math.ceil(height) });
    const path = join(IMAGES, `${name}.webp`) as `${string}.webp`;
    await page.screenshot({ path, type: "webp", quality: 80 });
    await page.close();
    process.stdout.write(`${name}.webp\n`);
  }
});

/** Opens the details of the statement, as a click does, and frames them. */
function openStatement(statement: string): void {
  const all = [...document.querySelectorAll("details")];
  const slow = all.find((details) => details.textContent.includes(statement));
  if (!slow) throw new Error("The trace does not have the statement.");
  slow.open = true;
  slow.style.outline = "2px solid #b42318";
}
