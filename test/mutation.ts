// `npm run test:mutation`: changes each rule in many ways (mutants), and expects that a unit test in the rule's
// folder fails (kills the mutant).
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { UsageError } from "@medconnect/ops/command/setup-error.ts";

const ROOT = join(import.meta.dirname, "..");
const REPORT = join(ROOT, ".local/mutation/report.json");
/** Minimum share of killed mutants, in percent. */
const MIN_SCORE = 90;

const HELP = `Changes each line of the rules, and expects that a unit test in the same folder fails.

Usage: npm run test:mutation [-- PATH...]

  PATH         Takes only rules files whose path contains one of these texts.
  -h, --help   Shows this.

Prints the changes that no test noticed. Exits with 1 if tests noticed fewer than ${MIN_SCORE} % of the
changes of a file.
All rules take about half an hour, because a change of a constant reruns every test of the folder.

Example: npm run test:mutation -- billing password-rules
`;

interface Mutant {
  status: "Killed" | "Timeout" | "Survived" | "NoCoverage" | string;
  replacement: string;
  location: { start: { line: number } };
}

/** Mutants of one or more rules files. */
interface MutantCounts {
  killed: number;
  alive: number;
}

/** Mutates one rules file, and prints its mutants that no test kills. */
function mutate(path: string): MutantCounts {
  rmSync(REPORT, { force: true });
  const { status, stdout } = spawnSync("npx", ["stryker", "run"], {
    cwd: ROOT,
    env: { ...process.env, MUTATE: path },
    encoding: "utf8",
  });
  if (status !== 0 || !existsSync(REPORT)) throw new Error(`Stryker failed for ${path}:\n${stdout}`);
  const report = JSON.parse(readFileSync(REPORT, "utf8")) as { files: Record<string, { mutants: Mutant[] }> };
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const alive = mutants.filter((mutant) => mutant.status === "Survived" || mutant.status === "NoCoverage");
  const killed = mutants.filter((mutant) => mutant.status === "Killed" || mutant.status === "Timeout").length;
  const counts = { killed, alive: alive.length };
  console.log(`${scoreOf(counts).toFixed(1).padStart(5)} %  ${path}`);
  for (const { location, replacement } of alive) {
    console.log(`         line ${location.start.line}: ${replacement.replaceAll(/\s+/g, " ").slice(0, 90)}`);
  }
  return counts;
}

const scoreOf = ({ killed, alive }: MutantCounts): number => (100 * killed) / Math.max(killed + alive, 1);

runCommand({
  name: "test:mutation",
  help: HELP,
  options: {},
  allowPositionals: true,
  run: async (_, texts) => {
    const all = globSync("{platform,services,gateway}/**/*-rules.ts", {
      cwd: ROOT,
      exclude: ["**/node_modules/**"],
    });
    const paths = all.filter((path) => texts.length === 0 || texts.some((text) => path.includes(text)));
    if (paths.length === 0) throw new UsageError(`No rules file has ${texts.join(" or ")} in its path.`);
    const counts = paths.toSorted().map(mutate);
    const total = {
      killed: counts.reduce((sum, { killed }) => sum + killed, 0),
      alive: counts.reduce((sum, { alive }) => sum + alive, 0),
    };
    console.log(
      `${scoreOf(total).toFixed(1).padStart(5)} %  of ${total.killed + total.alive} mutants were killed`,
    );
    return counts.some((file) => scoreOf(file) < MIN_SCORE) ? 1 : 0;
  },
});
