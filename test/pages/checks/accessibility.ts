// axe finds nothing on the pages, in light, in dark, and on a phone.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { DOCS, ERRORS, expectEqual, open, VIEWS, withBrowser } from "./browser.ts";

interface AxeResults {
  violations: { id: string; nodes: { target: string[]; any: { message: string }[] }[] }[];
}
declare const axe: { run(root: Document): Promise<AxeResults> };

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = [DOCS, `${DOCS}#tag/sign-in`, `${DOCS}#tag/meet`, `${DOCS}#tag/book/POST/v1/bookings`, ERRORS];

await withBrowser(async (browser) => {
  for (const url of PAGES) {
    for (const view of VIEWS) {
      const page = await open(browser, url, view);
      const session = await page.createCDPSession();
      // The page's Content-Security-Policy forbids the script, so it runs as the debugger's.
      await session.send("Runtime.evaluate", { expression: AXE });
      const { violations } = await page.evaluate(() => axe.run(document));
      const findings = violations.flatMap(({ id, nodes }) =>
        nodes.map(
          ({ target, any }) => `${id} at ${target.join(" ")}: ${any.map((a) => a.message).join("; ")}`,
        ),
      );
      expectEqual(`axe on ${url.slice(new URL(url).origin.length)} (${view.name})`, findings, []);
      await page.close();
    }
  }
});
