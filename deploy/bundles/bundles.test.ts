import { execFile } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "@jest/globals";
import {
  type BundleStamp,
  bundleOf,
  ensureBundles,
  hashOf,
  launcherOf,
  MAINS,
  ROOT,
  STAMP_FILE,
} from "./bundles.ts";
import { MALLOC, NODE_FLAGS } from "./node-flags.ts";

beforeAll(ensureBundles);

/** Module that replaces `process.exit`. The replacement prints the call stack before the process ends. */
const TRACE_EXIT =
  "data:text/javascript,process.exit = () => { process.stdout.write(new Error().stack); process.reallyExit(1); }";

/**
 * Module that prints two things when the process exits: the V8 flags that the process has set, and the
 * properties of a bound function.
 */
const TELL_GARBAGE = `data:text/javascript,${encodeURIComponent(`
  import { AsyncResource } from "node:async_hooks";
  import v8 from "node:v8";
  const flags = [];
  v8.setFlagsFromString = (flag) => flags.push(flag);
  process.exit = () => {
    const bound = Object.keys(new AsyncResource("TEST").bind(() => {}));
    process.stdout.write(JSON.stringify({ flags, bound }));
    process.reallyExit(1);
  };`)}`;

/**
 * Runs a process without settings, so that the process exits during its start.
 *
 * @param hook module that runs before the process's own code
 * @returns the output
 */
const run = (file: string, hook: string): Promise<string> =>
  new Promise((resolve) => {
    const args = [...NODE_FLAGS, "--import", hook, file];
    execFile(process.execPath, args, { cwd: ROOT, env: {} }, (_error, stdout) => resolve(stdout));
  });

test.each(Object.entries(MAINS))("a stack trace of %s names lines of the sources", async (name, main) => {
  const trace = await run(launcherOf(name), TRACE_EXIT);
  const place = trace.split("\n").find((frame) => frame.includes(`${join(ROOT, main)}:`));
  const [, line] = /:(\d+):\d+\)?$/.exec(place ?? "") ?? [];
  expect({ trace, line }).toEqual({ trace, line: expect.stringMatching(/^\d+$/) });
  expect(readFileSync(join(ROOT, main), "utf8").split("\n")[Number(line) - 1]).toContain("loadConfig(");
});

test.each(Object.keys(MAINS))("%s frees its garbage in minor collections", async (name) => {
  expect(JSON.parse(await run(launcherOf(name), TELL_GARBAGE))).toEqual({
    flags: expect.arrayContaining(["--no-allocation-site-pretenuring"]),
    bound: [],
  });
});

test.each(Object.keys(MAINS))("%s has no import(), of which Node would warn in its log", (name) => {
  expect(readFileSync(join(ROOT, bundleOf(name)), "latin1")).not.toMatch(/\bimport\(/);
});

test("the bundles are rebuilt after a change of one of their files", () => {
  const { inputs, hash }: BundleStamp = JSON.parse(readFileSync(STAMP_FILE, "utf8"));
  const parts = [
    ...Object.values(MAINS),
    "platform/service/service.ts",
    "proto/gen/medconnect/auth/v1/actor_service.ts",
  ];
  expect(inputs).toEqual(expect.arrayContaining(parts));
  expect(inputs.filter((file) => file.includes("node_modules"))).toEqual([]);
  expect(hashOf(inputs)).toBe(hash);

  const folder = mkdtempSync(join(tmpdir(), "medconnect-bundles-"));
  const file = join(folder, "input.ts");
  const hashWith = (text: string) => {
    writeFileSync(file, text);
    return hashOf([...inputs, relative(ROOT, file)]);
  };
  expect(hashWith("1")).not.toBe(hashWith("2"));
  rmSync(folder, { recursive: true });
});

const dockerfile = () => readFileSync(join(ROOT, "Dockerfile"), "utf8");

test("the image runs Node with the flags of the local stack", () => {
  const [, flags] = /NODE_OPTIONS="([^"]*)"/.exec(dockerfile()) ?? [];
  expect(flags?.split(" ")).toEqual(NODE_FLAGS);
  for (const [name, value] of Object.entries(MALLOC)) expect(dockerfile()).toContain(`${name}=${value}`);
});

test("the image leaves out the source maps of packages that it serves", async () => {
  const [, command = ""] = /^RUN npm ci --omit=dev .*&& (find .*)$/m.exec(dockerfile()) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "medconnect-image-"));
  cpSync(join(ROOT, "node_modules/@scalar"), join(folder, "node_modules/@scalar"), { recursive: true });
  const files = () => globSync("**/*.*", { cwd: folder });
  const before = files();
  await promisify(execFile)("sh", ["-c", command], { cwd: folder });
  const left = new Set(files());
  const removed = before.filter((file) => !left.has(file));
  rmSync(folder, { recursive: true });
  expect(removed.length).toBeGreaterThan(100);
  expect(removed.toSorted()).toEqual(before.filter((file) => file.endsWith(".map")).toSorted());
});
