// `node dev/bootstrap.mjs SCRIPT.ts [ARG ...]`: runs a script on a fresh clone with any Node from 18 on.
// Answers --help and wrong flags at once, if the script has a file of its usage, SCRIPT.usage.mjs.
// Otherwise first installs the dependencies, including Node 24, and generates code, if either is missing or out of
// date. Without SCRIPT.ts, only prepares the clone.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArguments, seeHelp, WRONG_ARGUMENTS } from "../ops/command/arguments.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const BIN = join(ROOT, "node_modules/.bin");
const PROGRESS_MS = process.stdout.isTTY ? 1000 : 10_000;
const ORPHAN_CHECK_MS = 500;
/** In the order in which each needs the output of those before it. */
const GENERATORS = ["proto/generate.mjs", "clients/typescript/generator/generate.ts", "console/build.mjs"];

const [script, ...args] = process.argv.slice(2);
if (script) await answerFlags(script, args);
if (!dependenciesAreCurrent()) await installDependencies();
const node = await findNode24();
const env = {
  // Folder for compiled code, which later runs reuse. This halves the CPU time of a script's start.
  NODE_COMPILE_CACHE: join(ROOT, ".local/compile-cache"),
  ...process.env,
  PATH: `${BIN}${delimiter}${process.env.PATH}`,
};
generate();
if (script) run(script, args);

/** Prints the help of the script, or the problem of a wrong flag, and exits. Returns if there is nothing to answer. */
async function answerFlags(file, fileArgs) {
  const usageFile = join(ROOT, file.replace(/\.ts$/, ".usage.mjs"));
  if (!existsSync(usageFile)) return;
  const { usage } = await import(pathToFileURL(usageFile));
  const { values, problem } = parseArguments(usage, fileArgs);
  if (problem !== undefined) fail(`${problem}\n${seeHelp(usage.name)}`, WRONG_ARGUMENTS);
  if (!values.help) return;
  process.stdout.write(usage.help);
  process.exit(0);
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}

/**
 * True if npm's record of the installation matches the lock file. Optional packages may be missing, because
 * some are for other operating systems.
 */
function dependenciesAreCurrent() {
  const installedFile = join(ROOT, "node_modules/.package-lock.json");
  if (!existsSync(installedFile)) return false;
  const packagesIn = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const installed = packagesIn(installedFile);
  return Object.entries(packagesIn(join(ROOT, "package-lock.json")))
    .filter(([path]) => path !== "")
    .every(([path, wanted]) =>
      installed[path] ? installed[path].version === wanted.version : wanted.optional === true,
    );
}

/** Runs `npm ci`. Includes the development tools, such as Node 24, even if NODE_ENV is "production". */
async function installDependencies() {
  const npm = process.env.npm_execpath?.endsWith(".js")
    ? [process.execPath, process.env.npm_execpath]
    : ["npm"];
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const count = Object.keys(packages).filter((path) => path.includes("node_modules/")).length;
  await runQuietly(`Installing ${count} packages by npm ci into node_modules, about a minute`, ROOT, [
    ...npm,
    "ci",
    "--include=dev",
  ]);
}

/**
 * Returns the path of Node 24 from the npm package `node`, or else of this process's Node if it is 24 or
 * newer. If npm skipped the install script of the package, runs that script.
 */
async function findNode24() {
  const pinned = join(BIN, "node");
  if (majorVersion(pinned) === 24) return pinned;
  if (majorVersion(process.execPath) >= 24) return process.execPath;
  const folder = join(ROOT, "node_modules/node");
  if (!existsSync(folder)) fail("The dependencies lack Node 24. Install Node 24, then run this again.");
  await runQuietly("Installing Node 24", folder, [process.execPath, "installArchSpecificPackage.js"]);
  // npm did not link bin/node, because the file did not exist yet when npm installed the package.
  rmSync(pinned, { force: true });
  symlinkSync("../node/bin/node", pinned);
  return pinned;
}

function majorVersion(path) {
  try {
    return Number.parseInt(execFileSync(path, ["--version"], { encoding: "utf8" }).slice(1), 10);
  } catch {
    return 0;
  }
}

/** Runs a long command while showing the elapsed time. Prints the command's output only if it fails. */
async function runQuietly(title, cwd, [command, ...commandArgs]) {
  const begin = Date.now();
  const show = () => {
    const text = `${title} … ${Math.round((Date.now() - begin) / 1000)} s`;
    process.stdout.write(process.stdout.isTTY ? `\r${text}` : `${text}\n`);
  };
  show();
  const ticker = setInterval(show, PROGRESS_MS);
  // npm's scripts must not run with the Node in node_modules, because this installation replaces that Node.
  const path = process.env.PATH.split(delimiter).filter((folder) => !folder.endsWith("node_modules/.bin"));
  const child = spawn(command, commandArgs, { cwd, env: { ...process.env, PATH: path.join(delimiter) } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  clearInterval(ticker);
  if (process.stdout.isTTY) process.stdout.write("\n");
  if (code !== 0) fail(`${output}${title} failed: ${[command, ...commandArgs].join(" ")}`);
}

/**
 * Generates code, if its sources or the lock file have changed: stubs from the proto files, the client from the
 * descriptors by way of the OpenAPI document, and the bundle of the console, which contains the client.
 */
function generate() {
  const stampFile = join(ROOT, "proto/gen/.stamp");
  const sources = [
    "proto",
    "clients/typescript/generator",
    "clients/typescript/src",
    "console",
    "gateway/openapi",
  ];
  const hash = createHash("sha256");
  for (const file of [
    ...sources.flatMap((folder) => filesBelow(join(ROOT, folder))),
    join(ROOT, "package-lock.json"),
  ]) {
    hash.update(file.slice(ROOT.length)).update("\0").update(readFileSync(file)).update("\0");
  }
  const stamp = hash.digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  console.log("Generating code …");
  try {
    for (const generator of GENERATORS) {
      execFileSync(node, [join(ROOT, generator)], { stdio: "inherit", env });
    }
  } catch {
    fail("Generating code failed. See the errors above.");
  }
  writeFileSync(stampFile, stamp);
}

/** Files below a folder, in a fixed order. */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== "gen")
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    });
}

/** Runs the script, forwards signals to it, and exits with its exit code. */
function run(file, fileArgs) {
  const child = spawn(node, [join(ROOT, file), ...fileArgs], { stdio: "inherit", env });
  let told = false;
  const tell = (signal) => {
    told = true;
    child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, tell);
  // npm's shell ends at SIGTERM without forwarding the signal. So this process sends SIGTERM to the script
  // once npm has ended.
  if (process.env.npm_lifecycle_event) onceOrphaned(() => told || tell("SIGTERM"));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function onceOrphaned(callback) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    callback();
  }, ORPHAN_CHECK_MS);
}
