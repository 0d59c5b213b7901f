// `npm run test:faults`: stops, freezes, cuts off and overloads parts of a running system, and checks the
// invariants.
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "@medconnect/dev/engines/server.ts";
import { stopSignal } from "@medconnect/dev/terminal/stop-signal.ts";
import { runCommand, wholeNumber } from "@medconnect/ops/command/command.ts";
import { UsageError } from "@medconnect/ops/command/setup-error.ts";
import { describe, type Result, violationsOf } from "./report.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import { runSuite } from "./suite.ts";
import { System } from "./system.ts";

const HELP = `Injects faults into a throwaway system under load, and checks that no acknowledged change is lost.

Usage: npm run test:faults [-- options]

  --seed N          Seed of the random numbers; default: a random one.
  --rounds N        Kills of each process (50).
  --patients N      Concurrent patients (20).
  --scenario NAME   Runs only this scenario. Repeatable.
  --minutes N       Duration of the scenario churn (3).
  --short           Few rounds and short faults, as .ci/run does.
  -h, --help        Shows this.

Exit codes: 0 no violation, 1 violations, or the run failed

Scenarios:
${SCENARIOS.map(({ name, promise }) => `  ${name.padEnd(14)} ${promise}`).join("\n")}
`;

const SHORT_ROUNDS = "1";
const SHORT_PATIENTS = "10";

runCommand({
  name: "test:faults",
  help: HELP,
  options: {
    seed: { type: "string" },
    rounds: { type: "string" },
    patients: { type: "string" },
    minutes: { type: "string" },
    scenario: { type: "string", multiple: true },
    short: { type: "boolean", default: false },
  },
  run: async (values) => {
    const flags = flagsOf(values);
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
  },
});

/** At Ctrl-C, kills every process, deletes the data, and exits. */
function stopAtOnce(dataDir: string): void {
  const stop = () => {
    Server.killAll();
    rmSync(dataDir, { recursive: true, force: true });
    process.exit(130);
  };
  stopSignal(stop).addEventListener("abort", stop);
}

async function run(dataDir: string, flags: Flags): Promise<Result[]> {
  process.stdout.write(`seed ${flags.seed}\n`);
  const system = await System.start(dataDir);
  try {
    const tell = (result: Result) => process.stdout.write(`\n${describe(result)}\n`);
    return await runSuite(system, { ...flags, tell });
  } finally {
    await system.stop();
  }
}

interface Values {
  seed?: string | undefined;
  rounds?: string | undefined;
  patients?: string | undefined;
  minutes?: string | undefined;
  scenario?: string[] | undefined;
  short: boolean;
}

type Flags = ReturnType<typeof flagsOf>;

function flagsOf({ seed, rounds, patients, minutes, scenario, short }: Values) {
  return {
    seed: wholeNumber("seed", seed ?? `${Math.floor(Math.random() * 2 ** 31)}`, 0),
    rounds: wholeNumber("rounds", rounds ?? (short ? SHORT_ROUNDS : "50"), 0),
    patients: wholeNumber("patients", patients ?? (short ? SHORT_PATIENTS : "20"), 0),
    isLong: !short,
    churnMs: minutes === undefined ? undefined : wholeNumber("minutes", minutes) * 60_000,
    scenarios: scenariosOf(scenario, short),
  };
}

function scenariosOf(names: string[] | undefined, isShort: boolean) {
  for (const name of names ?? []) {
    if (!SCENARIOS.some((scenario) => scenario.name === name))
      throw new UsageError(`There is no scenario "${name}". --help lists them.`);
  }
  return SCENARIOS.filter(({ name, inShort }) => names?.includes(name) ?? (!isShort || inShort));
}
