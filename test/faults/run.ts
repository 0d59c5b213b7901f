// `npm run test:faults`: breaks a whole system in every way that the table "Reliability" names, and checks what holds.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Server } from "@medconnect/deploy/local/server.ts";
import { stopSignal } from "@medconnect/deploy/local/stop-signal.ts";
import { runCommand, SetupError } from "@medconnect/deploy/setup-error.ts";
import { describe, type Result, violationsOf } from "./report.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { runSuite } from "./suite.ts";
import { System } from "./system.ts";

const HELP = `Usage: npm run test:faults [-- options]

Starts a throwaway system, breaks it under a crowd of patients, and checks that nothing acknowledged is lost.

  --seed N         decides what chance decides; a random one if absent
  --rounds N       how often each process is killed (50)
  --patients N     how many patients there are at once (20)
  --scenario NAME  only this one; may be given more than once
  --minutes N      how long the scenario churn goes on (3)
  --short          a few rounds and short faults, as \`npm test\` does
  --help           shows this

Scenarios:
${SCENARIOS.map(({ name, promise }) => `  ${name.padEnd(14)} ${promise}`).join("\n")}
`;

const SHORT_ROUNDS = "1";
const SHORT_PATIENTS = "10";

runCommand(async () => {
  const flags = readFlags();
  if (flags.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const dataDir = await mkdtemp(join(tmpdir(), "medconnect-faults-"));
  stopAtOnce(dataDir);
  let isGreen = false;
  let results: Result[];
  try {
    results = await run(dataDir, flags);
    isGreen = results.every((result) => violationsOf(result).length === 0);
  } finally {
    if (isGreen) await rm(dataDir, { recursive: true, force: true });
    else process.stderr.write(`Logs: ${join(dataDir, "logs")}\n`);
  }
  const violations = results.flatMap(violationsOf);
  process.stdout.write(`seed ${flags.seed}: ${violations.length || "no"} violations\n`);
  return violations.length === 0 ? 0 : 1;
});

/** Nothing here is worth ending in order: at Ctrl-C everything is killed and forgotten. */
function stopAtOnce(dataDir: string): void {
  const stop = () => {
    Server.killAll();
    rmSync(dataDir, { recursive: true, force: true });
    process.exit(130);
  };
  stopSignal(stop).addEventListener("abort", stop);
}

async function run(dataDir: string, flags: ReturnType<typeof readFlags>): Promise<Result[]> {
  process.stdout.write(`seed ${flags.seed}\n`);
  const system = await System.start(dataDir);
  try {
    const tell = (result: Result) => process.stdout.write(`\n${describe(result)}\n`);
    return await runSuite(system, { ...flags, tell });
  } finally {
    await system.stop();
  }
}

function readFlags() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: "string" },
        rounds: { type: "string" },
        patients: { type: "string" },
        minutes: { type: "string" },
        scenario: { type: "string", multiple: true },
        short: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const { seed, rounds, patients, minutes, scenario, short, help } = values;
    return {
      help,
      seed: wholeNumber("seed", seed ?? `${Math.floor(Math.random() * 2 ** 31)}`),
      rounds: wholeNumber("rounds", rounds ?? (short ? SHORT_ROUNDS : "50")),
      patients: wholeNumber("patients", patients ?? (short ? SHORT_PATIENTS : "20")),
      isLong: !short,
      churnMs: minutes === undefined ? undefined : wholeNumber("minutes", minutes) * 60_000,
      scenarios: scenariosOf(scenario, short),
    };
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run test:faults -- --help.`);
  }
}

function scenariosOf(names: string[] | undefined, isShort: boolean) {
  for (const name of names ?? []) {
    if (!SCENARIOS.some((scenario) => scenario.name === name))
      throw new SetupError(`No scenario is called ${name}.`);
  }
  return SCENARIOS.filter(({ name, inShort }) => names?.includes(name) ?? (!isShort || inShort));
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new SetupError(`--${name} must be a whole number.`);
}
