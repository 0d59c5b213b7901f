import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");
const PROMISES = /^## Promises.*?^(?=## )/ms;
const ROW = /^\| .* \| (?!Test \|)(.*) \|$/gm;
const TEST_FILE = /(?:[\w-]+\/)+[\w.-]+\.test\.ts/g;

test("every statement of the security document names existing tests", () => {
  const [promises] = PROMISES.exec(readFileSync(join(ROOT, "docs/security.md"), "utf8"))!;
  const rows = [...promises.matchAll(ROW)].map(([, tests]) => tests!).filter((tests) => !/^-+$/.test(tests));
  expect(rows.length).toBeGreaterThan(80);
  const named = rows.map((tests) => tests.match(TEST_FILE) ?? []);
  expect(rows.filter((_, i) => named[i]!.length === 0)).toEqual([]);
  expect(named.flat().filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});
