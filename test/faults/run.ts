// `npm run test:faults`: breaks a whole system in every way that the table "Reliability" names, and checks what holds.
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

/** Nothing here is worth ending in order: at Ctrl-C everything is killed and forgotten. */
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
      throw new UsageError(`No scenario is called ${name}.`);
  }
  return SCENARIOS.filter(({ name, inShort }) => names?.includes(name) ?? (!isShort || inShort));
}
