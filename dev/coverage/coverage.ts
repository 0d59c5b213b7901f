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
 * Measures every Node process that starts from now on. The processes must run the sources: in a bundle, the
 * same code has other positions.
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
 * Prints a summary and writes .local/coverage/html. The counts of a line are added up over all processes. A
 * branch that V8 reported from one process only is shown as partly covered.
 *
 * @returns the rule files with lines or branches that jest did not run
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

/** For a file that jest did not load, the map has a single function of this name, which was never called. */
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
 * Removes from V8's report the code that jest has transformed, because jest measures that code itself. V8
 * names such code by its path, and the code of the other processes by a URL.
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
