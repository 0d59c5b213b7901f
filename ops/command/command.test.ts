import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { COMPILE_CACHE } from "@medconnect/dev/stack/compile-cache.ts";
import { actionIn, wholeNumber } from "./command.ts";

const ROOT = join(import.meta.dirname, "../..");

const importOf = (file: string) => JSON.stringify(pathToFileURL(`${import.meta.dirname}/${file}`));

/** Source code of a command with the name `sample`. @param run body of its `run` function, in JavaScript */
const sampleOf = (run: string, errorCode = 1) => `
  import { confirm, runCommand } from ${importOf("command.ts")};
  import { SetupError, UsageError } from ${importOf("setup-error.ts")};
  runCommand({
    name: "sample",
    help: "Usage: npm run sample\\n",
    options: { count: { type: "string" }, yes: { type: "boolean", short: "y" } },
    allowPositionals: true,
    errorCode: ${errorCode},
    run: async (flags, positionals) => { ${run} },
  });`;

/** Runs the JavaScript of a command in a process of its own. */
const start = (script: string, args: string[] = [], input = "") =>
  outcomeOf(["--input-type=module", "--eval", script, "--", ...args], input);

/** Runs Node in the root of the project. */
async function outcomeOf(args: string[], input = "") {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...COMPILE_CACHE } });
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { code, stdout, stderr };
}

test.each(["--help", "-h"])("%s prints the help, and does not run the command", async (flag) => {
  expect(await start(sampleOf("throw new Error()"), [flag])).toEqual({
    code: 0,
    stdout: "Usage: npm run sample\n",
    stderr: "",
  });
});

test("runs the command with its flags and arguments, and exits with its code", async () => {
  const script = sampleOf("process.stdout.write(JSON.stringify([flags.count, positionals])); return 3;");
  expect(await start(script, ["a", "--count", "7", "b"])).toEqual({
    code: 3,
    stdout: '["7",["a","b"]]',
    stderr: "",
  });
});

test.each([
  [
    "an unknown option",
    ["--nonsense"],
    "Unknown option '--nonsense'. The options are --count, --yes, --help.",
  ],
  ["an id with a dash", ["-G04"], "Unknown option '-G'. Put -- before an id that begins with a dash."],
  [
    "a value with a dash",
    ["--count", "-1"],
    "Option '--count' argument is ambiguous. Write a value that begins with a dash as --count=-VALUE.",
  ],
  ["an option without its value", ["--count"], "Option '--count <value>' argument missing."],
])("%s is an error that points to the help", async (_, args, message) => {
  expect(await start(sampleOf("return 0;"), args)).toEqual({
    code: 2,
    stdout: "",
    stderr: `${message}\nSee npm run sample -- --help.\n`,
  });
});

test("an argument after -- is no option", async () => {
  const script = sampleOf("process.stdout.write(JSON.stringify(positionals)); return 0;");
  expect(await start(script, ["revoke", "--", "-G04"])).toMatchObject({
    code: 0,
    stdout: '["revoke","-G04"]',
  });
});

test("a UsageError points to the help", async () => {
  const script = sampleOf('throw new UsageError("Name an event.");');
  expect(await start(script)).toMatchObject({
    code: 2,
    stderr: "Name an event.\nSee npm run sample -- --help.\n",
  });
});

test("other errors print their message and their cause, and exit with errorCode", async () => {
  const script = sampleOf('throw new SetupError("No database", { cause: new Error("refused") });', 2);
  expect(await start(script)).toMatchObject({ code: 2, stderr: "No database (refused)\n" });
});

test("a defect prints its stack trace", async () => {
  const { code, stderr } = await start(sampleOf("undefined.field;", 2));
  expect(code).toBe(2);
  expect(stderr).toMatch(/^TypeError: .*\n {4}at /);
});

const ASK = 'process.stdout.write(String(await confirm("Delete 2 events?", flags))); return 0;';
/** Code that makes the child process treat its pipes as a terminal. */
const ON_TERMINAL = "process.stdin.isTTY = true; process.stderr.isTTY = true;";

test.each([
  ["y", "true"],
  ["YES", "true"],
  ["n", "false"],
  ["", "false"],
])("confirm asks on a terminal; the answer %p is %s", async (answer, confirmed) => {
  const { stdout, stderr } = await start(ON_TERMINAL + sampleOf(ASK), [], `${answer}\n`);
  expect(stdout).toBe(confirmed);
  expect(stderr).toContain("Delete 2 events? [y/N] ");
});

test.each([
  ["without a terminal", "", []],
  ["with --yes", ON_TERMINAL, ["--yes"]],
  ["with -y", ON_TERMINAL, ["-y"]],
])("confirm does not ask %s", async (_, terminal, args) => {
  expect(await start(terminal + sampleOf(ASK), args)).toEqual({ code: 0, stdout: "true", stderr: "" });
});

test.each([[undefined], ["lists"]])("actionIn refuses %s", (word) => {
  expect(() => actionIn(["list", "rotate", "revoke"], word)).toThrow(
    word ? 'Say list, rotate or revoke, not "lists".' : "Say list, rotate or revoke.",
  );
});

test.each(["", "0", "1.5", "many", "-1"])("wholeNumber refuses %p", (value) => {
  expect(() => wholeNumber("limit", value)).toThrow(
    `--limit must be a whole number of at least 1, not "${value}".`,
  );
});

/** The npm scripts of the operators' commands, each with its file. */
const SCRIPTS = Object.entries<string>(
  JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).scripts,
).flatMap(([name, script]) => {
  const file = /^node ((?:ops|deploy\/docker)\/[\w-]+\.(?:ts|mjs))$/.exec(script)?.[1];
  return file === undefined ? [] : [[name, file] as const];
});

test("the operators' commands are found", () => {
  expect(SCRIPTS.map(([name]) => name)).toEqual(expect.arrayContaining(["backup", "migrate", "compose:env"]));
});

test.each(SCRIPTS)(
  "npm run %s refuses wrong arguments with exit code 2, and names its help",
  async (name, file) => {
    const wrong = [["--bogus"], ["surplus", "surplus", "surplus"]];
    const outcomes = await Promise.all(wrong.map((args) => outcomeOf([file, ...args])));
    const expected = {
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(`.\nSee npm run ${name} -- --help.\n$`),
    };
    expect(outcomes).toEqual([expected, expected]);
  },
);
