// Lighthouse, desktop preset: accessibility and best practices 100, performance at least 90 (median of five).
import lighthouse, { desktopConfig } from "lighthouse";
import { CONSOLE } from "./admin.ts";
import { DOCS, ERRORS, expectEqual, GUIDES, withBrowser } from "./browser.ts";

const ROUNDS = 5;
const WANTED = { performance: 90, accessibility: 100, "best-practices": 100 };
type Category = keyof typeof WANTED;
const CATEGORIES = Object.keys(WANTED) as Category[];

for (const url of [DOCS, ERRORS, `${GUIDES}book`, CONSOLE]) {
  const scores = Object.fromEntries(CATEGORIES.map((name) => [name, [] as number[]])) as Record<
    Category,
    number[]
  >;
  const findings = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      const result = await lighthouse(url, { onlyCategories: CATEGORIES }, desktopConfig, page);
      for (const name of CATEGORIES) {
        const category = result?.lhr.categories[name];
        scores[name].push(Math.round((category?.score ?? 0) * 100));
        if (name === "performance") continue;
        for (const { id } of category?.auditRefs ?? [])
          if (result?.lhr.audits[id]?.score === 0) findings.add(id);
      }
    });
  }
  process.stdout.write(`${new URL(url).pathname} ${JSON.stringify(scores)} ${[...findings].join(" ")}\n`);
  for (const name of CATEGORIES) {
    const median = scores[name].toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
    expectEqual(`${name} is at least ${WANTED[name]}`, median >= WANTED[name], true);
  }
}
