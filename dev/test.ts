// `npm test`: starts databases and a system, runs the tests on them, and deletes them afterwards.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runMain } from "@medconnect/ops/command/command.ts";
import { reportCoverage, startCoverage } from "./coverage/coverage.ts";
import { Server } from "./engines/server.ts";
import { COMPILE_CACHE } from "./stack/compile-cache.ts";
import { DataFolder } from "./stack/data-folder.ts";
import { DATABASE_STEPS, startDatabases } from "./stack/databases.ts";
import { BUNDLES, SOURCES } from "./stack/programs.ts";
import { STACK_STEPS, startStack } from "./stack/stack.ts";
import { terminalProgress } from "./terminal/progress.ts";
import { stopSignal } from "./terminal/stop-signal.ts";
import { usage } from "./test.usage.mjs";

const ROOT = join(import.meta.dirname, "..");
const KEPT_LOGS = join(ROOT, ".local/test-logs");
const OUR_FLAGS = ["--no-stack", "--coverage"];
/**
 * Turns the rate limits off, because the tests send more requests than the limits allow. Tests of the limits
 * start a gateway of their own.
 */
const NO_RATE_LIMITS = {
  RATE_LIMIT_AUTH: "0",
  RATE_LIMIT_READ: "0",
  RATE_LIMIT_WRITE: "0",
  RATE_LIMIT_SEARCH: "0",
  RATE_LIMIT_ADDRESS: "0",
  RATE_LIMIT_ADDRESS_ANONYMOUS: "0",
};
/** Some tests send a hundred concurrent requests as one user, which is more than the default allows. */
const MANY_AT_ONCE = { MAX_CALLER_REQUESTS: "1000" };
/** Short intervals, because tests wait until events are sealed, checkpoints sent and samples taken. */
const SEALED_SOON = { AUDIT_SEAL_EVERY: "1s", AUDIT_CHECKPOINT_EVERY: "1s", METRICS_SAMPLE_EVERY: "1s" };
/** Lets the doctor report a no-show at the start of the consultation, so that tests need not wait. */
const MISSED_SOON = { NO_SHOW_AFTER: "0s" };

runMain(async () => {
  const args = process.argv.slice(2);
  if (args.includes("--help")) {
    process.stdout.write(usage.help);
    return 0;
  }
  const measures = args.includes("--coverage");
  const ofJest = args.filter((arg) => !OUR_FLAGS.includes(arg));
  const run: Run = {
    withStack: !args.includes("--no-stack"),
    measures,
    jestArgs: measures ? [...ofJest, ...startCoverage()] : ofJest,
  };
  const folder = await mkdtemp(join(tmpdir(), "medconnect-test-"));
  const stopping = stopSignal(() => {
    Server.killAll();
    remove(folder);
    process.exit(1);
  });
  let code = 1;
  try {
    code = await runTests(run, folder, stopping);
    if (code === 0 && measures) code = await checkCoverage(ofJest.length === 0);
  } catch (error) {
    if (!stopping.aborted) throw error;
  } finally {
    if (code !== 0 && !stopping.aborted) keepLogs(join(folder, "data/logs"));
    remove(folder);
  }
  return stopping.aborted ? 130 : code;
});

/** Keeps the logs of a failed run until the next one fails. */
function keepLogs(logs: string): void {
  remove(KEPT_LOGS);
  if (existsSync(logs)) cpSync(logs, KEPT_LOGS, { recursive: true });
  process.stderr.write(`Logs: ${KEPT_LOGS}\n`);
}

/** Deletes a folder, although a process that was just killed may still write to it. */
const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });

interface Run {
  withStack: boolean;
  measures: boolean;
  jestArgs: string[];
}

/**
 * Prints the coverage, and the rules with lines or branches that did not run.
 *
 * @param isComplete true if all tests ran; otherwise, uncovered rules are no error
 * @returns the exit code
 */
async function checkCoverage(isComplete: boolean): Promise<number> {
  const uncovered = await reportCoverage();
  if (!isComplete || uncovered.length === 0) return 0;
  process.stderr.write(`Lines or branches of these rules are not covered:\n${uncovered.join("\n")}\n`);
  return 1;
}

async function runTests(run: Run, folder: string, signal: AbortSignal): Promise<number> {
  const { withStack, measures, jestArgs } = run;
  // Temporary folders of tests go with the data, also those of tests that were killed.
  const TMPDIR = join(folder, "tmp");
  const dataDir = join(folder, "data");
  await mkdir(TMPDIR);
  const progress = terminalProgress(withStack ? STACK_STEPS : DATABASE_STEPS);
  if (withStack) {
    const stack = await startStack({
      dataDir,
      env: { ...NO_RATE_LIMITS, ...MANY_AT_ONCE, ...SEALED_SOON, ...MISSED_SOON },
      durable: false,
      program: measures ? SOURCES : BUNDLES,
      progress,
      signal,
    });
    const { mysql, redis } = stack.urls;
    return await runJest(
      jestArgs,
      { MYSQL_URL: mysql, REDIS_URL: redis, STACK_JSON: stack.file, TMPDIR },
      signal,
    ).finally(stack.stop);
  }
  const databases = await startDatabases({
    folder: new DataFolder(dataDir),
    durable: false,
    progress,
    signal,
  });
  const { mysqlUrl, redisUrl } = databases;
  return await runJest(jestArgs, { MYSQL_URL: mysqlUrl, REDIS_URL: redisUrl, TMPDIR }, signal).finally(
    databases.stop,
  );
}

async function runJest(jestArgs: string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const jest: ChildProcess = spawn(
    process.execPath,
    ["node_modules/jest/bin/jest.js", "--config", "jest.config.mjs", ...jestArgs],
    { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...COMPILE_CACHE, ...env } },
  );
  signal.addEventListener("abort", () => jest.kill());
  const [code] = await once(jest, "exit");
  return code ?? 1;
}
