import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "../..");
const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;
/** Expressions that read the clock, chance, the environment or the network without an import. */
const IMPURE =
  /\bDate\.now\b|\} = Date\b|\bnew Date\(\)|\bMath\.random\b|\} = Math\b|\bcrypto\b|\bprocess\b|\bperformance\b|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(|\bglobalThis\b|\bIntl\b/g;

const impureIn = (source: string): string[] => source.replace(COMMENTS, "").match(IMPURE) ?? [];

// dependency-cruiser refuses the imports of rules that are not pure (`imports.test.ts`). Globals need no import.
test.each(
  globSync("{platform,services,gateway}/**/*-rules.ts", { cwd: ROOT, exclude: ["**/node_modules/**"] }),
)("the rules in %s get time, chance and settings as parameters", (path) => {
  expect(impureIn(readFileSync(join(ROOT, path), "utf8"))).toEqual([]);
});

test.each([
  ["if (start < Date.now()) return;", "Date.now"],
  ["// The comment before it.\nconst clock = Date.now;", "Date.now"],
  ["const { now } = Date;", "} = Date"],
  ["const now = new Date();", "new Date()"],
  ["return Math.random() < 0.5;", "Math.random"],
  ["const id = crypto.randomUUID();", "crypto"],
  ["const limit = Number(process.env.LIMIT);", "process"],
  ["const { env } = process;", "process"],
  ["await fetch(url);", "fetch("],
  ["setTimeout(expire, 100);", "setTimeout("],
])("%j is refused", (planted, found) => {
  expect(impureIn(planted)).toEqual([found]);
});

test("a time from a parameter is not refused", () => {
  expect(impureIn("// Date.now() is no parameter\nreturn new Date(now.getTime() + holdMs);")).toEqual([]);
});
