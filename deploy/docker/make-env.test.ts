import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const COMPOSE_FILE = join(import.meta.dirname, "../../docker-compose.yml");
/** Matches `${NAME:?…}` in a compose file. Compose does not start unless these variables are set. */
const NEEDED = /\$\{(\w+):\?/g;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "medconnect-env-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const command = [join(import.meta.dirname, "make-env.mjs"), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
}

const secretsIn = (file: string) =>
  new Map(
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line) =>
        [...line.matchAll(/^(\w+)=(.+)$/g)].map(([, name, value]) => [name!, value!] as const),
      ),
  );

test("makes a different value for each secret of Compose, readable by the owner only", () => {
  const file = join(folder, "secrets.env");
  expect(run(file)).toEqual({ status: 0, stdout: `wrote ${file}\n`, stderr: "" });
  const secrets = secretsIn(file);
  const needed = [...readFileSync(COMPOSE_FILE, "utf8").matchAll(NEEDED)].map(([, name]) => name!);
  expect(needed).not.toEqual([]);
  expect([...secrets.keys()].toSorted()).toEqual([...new Set(needed)].toSorted());
  expect(new Set(secrets.values()).size).toBe(secrets.size);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("leaves an existing file as it is", () => {
  const file = join(folder, "secrets.env");
  run(file);
  const before = readFileSync(file, "utf8");
  expect(run(file)).toMatchObject({ status: 1, stderr: `${file} exists and was left as it is\n` });
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("--help makes no file", () => {
  expect(run("--help")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/Usage: npm run compose:env/),
  });
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["an unknown option", ["--force"], "Unknown option '--force'"],
  ["two files", ["a", "b"], "Name one file, not a and b."],
])("refuses %s, and makes nothing", (_, args, message) => {
  expect(run(...args)).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining(message) });
  expect(readdirSync(folder)).toEqual([]);
});
