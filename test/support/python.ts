import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { report, type ToolFolder } from "./tool-folder.ts";

/**
 * Installs Python packages into a folder of their own.
 *
 * @param packages arguments of `pip install`
 * @returns the folder of their programs; undefined, after a note, if this machine cannot install them
 */
export function installPython(
  folder: ToolFolder,
  name: string,
  packages: readonly string[],
): string | undefined {
  const environment = join(folder.path, "python");
  const programs = join(environment, "bin");
  const steps = [
    ["python3", "-m", "venv", environment],
    [join(programs, "pip"), "install", "--quiet", "--disable-pip-version-check", ...packages],
  ];
  for (const [program = "", ...args] of steps) {
    const { status, stderr, error } = spawnSync(program, args, { cwd: folder.path, encoding: "utf8" });
    if (status === 0) continue;
    report(`SKIPPED ${name}: ${[program, ...args].join(" ")} failed here: ${error ?? stderr}`);
    return undefined;
  }
  return programs;
}
