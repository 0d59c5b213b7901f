import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { bundleOf, ensureBundles, MAINS, ROOT } from "./bundles.ts";
import { NODE_FLAGS } from "./node-flags.ts";

/** Folder for the bundles of this test. It is inside dist, so that Node finds node_modules. */
let folder: string;
beforeAll(async () => {
  await ensureBundles();
  folder = mkdtempSync(join(ROOT, "dist/test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * @returns true if V8 accepts the bundle's code cache. The check runs in a new process, because jest sets V8
 * flags, and V8 rejects caches that were made with other flags.
 */
async function isFromCache(bundle: string): Promise<boolean> {
  const script = `import { compile } from ${JSON.stringify(join(ROOT, "deploy/bundles/code-cache.ts"))};
    process.stdout.write(String(compile(${JSON.stringify(bundle)}).script.cachedDataRejected));`;
  const args = [...NODE_FLAGS, "--input-type=module-typescript", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout === "false";
}

test.each(Object.keys(MAINS))("%s starts from cached code", async (name) => {
  expect(await isFromCache(join(ROOT, bundleOf(name)))).toBe(true);
});

test("rejects the code of another text of the same length", async () => {
  const original = join(ROOT, bundleOf("clinical"));
  const other = join(folder, "other.js");
  copyFileSync(`${original}.cache`, `${other}.cache`);
  copyFileSync(original, other);
  expect(await isFromCache(other)).toBe(true);
  writeFileSync(other, readFileSync(original, "latin1").replace("return", "throw "));
  expect(await isFromCache(other)).toBe(false);
});

test("rejects a damaged cache", async () => {
  const bundle = join(folder, "damaged.js");
  copyFileSync(join(ROOT, bundleOf("clinical")), bundle);
  const cache = readFileSync(join(ROOT, `${bundleOf("clinical")}.cache`));
  for (const length of [0, 3, 4, cache.length >> 1]) {
    writeFileSync(`${bundle}.cache`, cache.subarray(0, length));
    expect(await isFromCache(bundle)).toBe(false);
  }
});
