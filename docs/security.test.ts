import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");
const TEST_FILE = /\| ((?:[\w-]+\/)+[\w.-]+\.test\.ts) \|$/gm;

test("every promise of the security document names a test that there is", () => {
  const text = readFileSync(join(ROOT, "docs/security.md"), "utf8");
  const files = [...text.matchAll(TEST_FILE)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
});
