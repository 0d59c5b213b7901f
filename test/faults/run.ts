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
import { usage } from "./run.usage.mjs";
import { SCENARIOS } from "./scenarios/all.ts";
import { runSuite } from "./suite.ts";
import { System } from "./system.ts";

const SHORT_ROUNDS = "1";
const SHORT_PATIENTS = "10";

runCommand({
  ...usage,
  run: async (values) => {
    if (values.list) {
      for (const { name, promise } of SCENARIOS) process.stdout.write(`${name.padEnd(14)} ${promise}\n`);
      return 0;
    }
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
      throw new UsageError(`There is no scenario "${name}". --list lists them.`);
  }
  return SCENARIOS.filter(({ name, inShort }) => names?.includes(name) ?? (!isShort || inShort));
}
