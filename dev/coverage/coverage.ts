import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Report } from "c8";
import coverage, { type CoverageMap } from "istanbul-lib-coverage";
import { createContext } from "istanbul-lib-report";
import { create } from "istanbul-reports";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".local/coverage");
const OF_PROCESSES = join(FOLDER, "processes");
const OF_JEST = join(FOLDER, "jest");

const SOURCES = ["platform", "topology", "services", "gateway", "ops"].map((room) => `${room}/**/*.ts`);
const NO_SOURCES = ["**/*.test.ts", "**/testing/**"];

/**
 * Measures every Node process that starts after this call. The processes must run the sources instead of
 * bundles, because the same code has other positions in a bundle.
 *
 * @returns arguments for jest, which itself measures the code that it transforms
 */
export function startCoverage(): string[] {
  rmSync(FOLDER, { recursive: true, force: true });
  process.env.NODE_V8_COVERAGE = OF_PROCESSES;
  return [
    "--coverage",
    "--coverageProvider=v8",
    "--coverageReporters=json",
    `--coverageDirectory=${OF_JEST}`,
    ...SOURCES.map((pattern) => `--collectCoverageFrom=${pattern}`),
    ...NO_SOURCES.map((pattern) => `--collectCoverageFrom=!${pattern}`),
  ];
}

/**
 * Prints a summary and writes .local/coverage/html. Adds up the counts of each line over all processes. Shows
 * a branch as partly covered if V8 reported it from one process only.
 *
 * @returns the rule files with lines or branches that no test ran inside jest
 */
export async function reportCoverage(): Promise<string[]> {
  const ofJest = mapIn(OF_JEST);
  const all = await coverageOfProcesses();
  const seen = new Set(all.files());
  for (const path of ofJest.files()) {
    if (!(seen.has(path) && isUntouched(ofJest, path))) all.addFileCoverage(ofJest.fileCoverageFor(path));
  }
  const context = createContext({ dir: join(FOLDER, "html"), coverageMap: all });
  create("text-summary").execute(context);
  create("html").execute(context);
  return ofJest
    .files()
    .filter((path) => path.endsWith("-rules.ts") && !isComplete(ofJest, path))
    .map((path) => path.slice(ROOT.length + 1));
}

function isComplete(map: CoverageMap, path: string): boolean {
  const { lines, branches } = map.fileCoverageFor(path).toSummary();
  return lines.pct === 100 && branches.pct === 100;
}

/** True for a file that jest did not load. It has one function with this name, which was never called. */
const isUntouched = (map: CoverageMap, path: string): boolean =>
  Object.values(map.fileCoverageFor(path).fnMap).some(({ name }) => name === "(empty-report)");

async function coverageOfProcesses(): Promise<CoverageMap> {
  keepSources();
  const reportsDirectory = join(FOLDER, "stack");
  await new Report({
    reporter: ["json"],
    tempDirectory: OF_PROCESSES,
    reportsDirectory,
    include: SOURCES,
    exclude: NO_SOURCES,
    extension: [".ts"],
    resolve: ROOT,
    src: [ROOT],
  }).run();
  return mapIn(reportsDirectory);
}

/**
 * Removes the code that jest has transformed from V8's reports, because jest measures that code itself. V8
 * names jest's code by its path, and the code of the other processes by a URL.
 */
function keepSources(): void {
  for (const name of globSync("*.json", { cwd: OF_PROCESSES })) {
    const file = join(OF_PROCESSES, name);
    const { result } = JSON.parse(readFileSync(file, "utf8")) as { result: { url: string }[] };
    writeFileSync(file, JSON.stringify({ result: result.filter(({ url }) => url.startsWith("file:")) }));
  }
}

const mapIn = (folder: string): CoverageMap =>
  coverage.createCoverageMap(JSON.parse(readFileSync(join(folder, "coverage-final.json"), "utf8")));
