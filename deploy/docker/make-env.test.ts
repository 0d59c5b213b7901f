import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const COMPOSE_FILE = join(import.meta.dirname, "../../docker-compose.yml");
/** Files that the compose file mounts as secrets. */
const NEEDED = /SECRETS_DIR[^}]*\}\/([\w.]+)["']/g;

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

const secretsIn = (files: string) =>
  new Map(readdirSync(files).map((name) => [name, readFileSync(join(files, name), "utf8")]));

test("makes the files that Compose needs, in a folder that only the owner can enter", () => {
  const file = join(folder, "settings.env");
  const files = join(folder, ".secrets");
  expect(run(file)).toEqual({ status: 0, stdout: `wrote ${file} and ${files}\n`, stderr: "" });
  const needed = [...readFileSync(COMPOSE_FILE, "utf8").matchAll(NEEDED)].map(([, name]) => name!);
  expect(needed.length).toBeGreaterThan(20);
  expect([...secretsIn(files).keys()].toSorted()).toEqual(needed.toSorted());
  expect(readFileSync(file, "utf8")).toContain(`SECRETS_DIR=${files}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(files).mode & 0o777).toBe(0o700);
});

test("makes a different value for each key and password", () => {
  run(join(folder, "settings.env"));
  const secrets = secretsIn(join(folder, ".secrets"));
  const own = [...secrets].filter(([name]) => /(key|password)$/.test(name)).map(([, value]) => value);
  expect(own).toHaveLength(15);
  expect(new Set(own).size).toBe(own.length);
  expect(JSON.parse(secrets.get("secrets.json")!).dataKeys.billing).toBe(secrets.get("billing_data_key"));
  expect(secrets.get("billing_database_url")).toContain(secrets.get("billing_db_password"));
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
  expect(run(...args)).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining(message) });
  expect(readdirSync(folder)).toEqual([]);
});
