import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "puppeteer-core";
import { expectEqual } from "./browser.ts";

interface AxeResults {
  violations: { id: string; nodes: { target: string[]; any: { message: string }[] }[] }[];
}
declare const axe: { run(root: Document): Promise<AxeResults> };

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Throws unless axe finds nothing on a page. */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  const session = await page.createCDPSession();
  // The page's Content-Security-Policy forbids the script, so it runs as the debugger's.
  await session.send("Runtime.evaluate", { expression: AXE });
  const { violations } = await page.evaluate(() => axe.run(document));
  const findings = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, any }) => `${id} at ${target.join(" ")}: ${any.map((a) => a.message).join("; ")}`),
  );
  expectEqual(`axe on ${name}`, findings, []);
}
