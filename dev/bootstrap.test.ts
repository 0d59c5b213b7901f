import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const ROOT = join(import.meta.dirname, "..");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
/** Files that bootstrap.mjs runs, by the npm script. */
const COMMANDS = Object.entries<string>(scripts).flatMap(([name, command]) => {
  const [, file, flags = ""] = /^node dev\/bootstrap\.mjs (\S+)(.*)$/.exec(command) ?? [];
  return file === undefined ? [] : [{ name, file, flags: flags.split(" ").filter(Boolean) }];
});
const FILES = ["package.json", "package-lock.json", "dev/bootstrap.mjs", "ops/command/arguments.mjs"];

let clone: string;
beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "medconnect-clone-"));
  const usages = globSync("{dev,bench,test}/**/*.usage.mjs", { cwd: ROOT });
  for (const file of [...FILES, ...usages])
    cpSync(join(ROOT, file), join(clone, dirname(file), file.split("/").at(-1)!));
});
afterAll(() => rmSync(clone, { recursive: true }));

/** Runs a command on a clone with nothing but plain JavaScript: without packages and without npm. */
const run = (...args: string[]) => bootstrap(args, {});

function bootstrap(args: string[], env: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dev/bootstrap.mjs", ...args], {
    cwd: clone,
    env: { PATH: "", ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("the commands are found", () => {
  expect(COMMANDS.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["start", "dev", "test", "demo", "bench"]),
  );
});

describe.each(COMMANDS)("npm run $name, before anything is installed,", ({ file, flags }) => {
  test("answers --help", () => {
    const { status, stdout, stderr } = run(file, ...flags, "--help");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/\nUsage: npm (start|test|run [\w:]+)/);
    expect(existsSync(join(clone, "node_modules"))).toBe(false);
  });
});

// jest knows the flags of `npm test`.
test.each(COMMANDS.filter(({ name }) => name !== "test"))(
  "npm run $name refuses a wrong flag",
  ({ file, flags }) => {
    const { status, stdout, stderr } = run(file, ...flags, "--bogus");
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(
      /^Unknown option '--bogus'\. The options are (--[a-z-]+, )*--help\.\nSee npm .* -- --help\.\n$/,
    );
  },
);

test.each([
  ["--port", "http"],
  ["--port-offset", "-1"],
  ["--port-offset", "1.5"],
])("npm start refuses %s %s", (flag, value) => {
  const { status, stderr } = run("dev/start.ts", `${flag}=${value}`);
  expect(status).toBe(2);
  expect(stderr).toMatch(new RegExp(`^${flag} must be a whole number of at least \\d, not "${value}"\\.\n`));
});

describe("while npm installs the packages,", () => {
  /** An npm that prints its arguments, and fails. */
  const npm = () => join(clone, "npm.js");
  beforeAll(() => writeFileSync(npm(), "console.log(process.argv.slice(2).join(' ')); process.exit(1);"));
  const TITLE = /Installing \d{3,4} packages by npm ci into node_modules, about a minute … 0 s\n/.source;

  test("the command says so, and prints the output of npm if it fails", () => {
    const { status, stdout, stderr } = bootstrap(["dev/start.ts"], { npm_execpath: npm() });
    expect([status, stdout]).toEqual([1, expect.stringMatching(`^${TITLE}$`)]);
    expect(stderr).toMatch(/^ci --include=dev\nInstalling .* failed: /);
  });

  test("a terminal shows the seconds in one line", () => {
    const onTerminal = "--import=data:text/javascript,process.stdout.isTTY=true";
    const { stdout } = bootstrap(["dev/start.ts"], { npm_execpath: npm(), NODE_OPTIONS: onTerminal });
    expect(stdout).toMatch(new RegExp(`^\\r${TITLE}$`));
  });
});
