import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const SCRIPT = join(import.meta.dirname, "tools.sh");
const FOLDER = join(import.meta.dirname, "../../../.local/prometheus-tools");

/** Maximum time for the download of the tools. Use it as the time-out of `beforeAll`. */
export const TOOLS_TIMEOUT_MS = 300_000;

/** Paths of the programs. */
export interface PrometheusTools {
  readonly prometheus: string;
  readonly promtool: string;
}

/**
 * Finds Prometheus and promtool in PATH, or unpacks them from the distribution's packages. If neither works,
 * prints a note and returns undefined. Throws instead if the environment variable CI is set.
 */
export async function findPrometheus(): Promise<PrometheusTools | undefined> {
  const [prometheus, promtool] = [inPath("prometheus"), inPath("promtool")];
  if (prometheus && promtool) return { prometheus, promtool };
  try {
    await promisify(execFile)("bash", [SCRIPT, FOLDER]);
  } catch (error) {
    if (process.env.CI) throw error;
    const reason = String((error as { stderr?: string }).stderr).trim();
    process.stdout.write(
      `SKIPPED: prometheus and promtool are not in PATH, and unpacking them failed: ${reason}\n`,
    );
    return undefined;
  }
  return { prometheus: join(FOLDER, "bin/prometheus"), promtool: join(FOLDER, "bin/promtool") };
}

const inPath = (name: string): string | undefined =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
