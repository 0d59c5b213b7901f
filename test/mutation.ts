// `npm run test:mutation`: changes each rule in many ways (mutants), and expects that a unit test in the rule's
// folder fails (kills the mutant).
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const REPORT = join(ROOT, ".local/mutation/report.json");
/** Minimum share of killed mutants, in percent. */
const MIN_SCORE = 90;

const HELP = `Changes each line of the rules, and expects that a unit test in the same folder fails.

Usage: npm run test:mutation [-- PATH...]

  PATH     Takes only rules files whose path contains one of these texts.
  --help   Shows this.

Prints the changes that no test noticed. Exits with 1 if tests noticed fewer than ${MIN_SCORE} % of all changes.
All rules take about half an hour, because a change of a constant reruns every test of the folder.

Example: npm run test:mutation -- billing password-rules
`;

interface Mutant {
  status: "Killed" | "Timeout" | "Survived" | "NoCoverage" | string;
  replacement: string;
  location: { start: { line: number } };
}

/** Mutants of one or more rules files. */
interface Tally {
  killed: number;
  alive: number;
}

/** Mutates one rules file, and prints its mutants that no test kills. */
function mutate(path: string): Tally {
  const { status, stdout } = spawnSync("npx", ["stryker", "run"], {
    cwd: ROOT,
    env: { ...process.env, MUTATE: path },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`Stryker failed for ${path}:\n${stdout}`);
  const report = JSON.parse(readFileSync(REPORT, "utf8")) as { files: Record<string, { mutants: Mutant[] }> };
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const alive = mutants.filter((mutant) => mutant.status === "Survived" || mutant.status === "NoCoverage");
  const killed = mutants.filter((mutant) => mutant.status === "Killed" || mutant.status === "Timeout").length;
  const tally = { killed, alive: alive.length };
  console.log(`${scoreOf(tally).toFixed(1).padStart(5)} %  ${path}`);
  for (const { location, replacement } of alive) {
    console.log(`         line ${location.start.line}: ${replacement.replaceAll(/\s+/g, " ").slice(0, 90)}`);
  }
  return tally;
}

const scoreOf = ({ killed, alive }: Tally): number => (100 * killed) / Math.max(killed + alive, 1);

const { values, positionals } = parseArgs({
  options: { help: { type: "boolean", short: "h" } },
  allowPositionals: true,
});
if (values.help) {
  process.stdout.write(HELP);
} else {
  const all = globSync("{platform,services,gateway}/**/*-rules.ts", {
    cwd: ROOT,
    exclude: ["**/node_modules/**"],
  });
  const isAskedFor = (path: string) =>
    positionals.length === 0 || positionals.some((text) => path.includes(text));
  const total = { killed: 0, alive: 0 };
  for (const path of all.filter(isAskedFor).toSorted()) {
    const { killed, alive } = mutate(path);
    total.killed += killed;
    total.alive += alive;
  }
  console.log(
    `${scoreOf(total).toFixed(1).padStart(5)} %  of ${total.killed + total.alive} mutants were killed`,
  );
  process.exitCode = scoreOf(total) < MIN_SCORE ? 1 : 0;
}
