import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "@medconnect/deploy/bundles/bundles.ts";
import { PROCESSES, type ProcessName } from "@medconnect/topology/services.ts";
import type { LogView } from "../logs/log-view.ts";
import type { Processes } from "../stack/processes.ts";
import type { LiveProgram } from "./live-program.ts";
import { SourceWatcher } from "./source-watcher.ts";

const FOLDERS = ["platform", "topology", "services", "console", "gateway", "proto"];
/** Time in ms in which a process may finish its requests before it is killed. */
const PATIENCE_MS = 500;

export interface ReloadOptions {
  processes: Processes;
  program: LiveProgram;
  view: Pick<LogView, "lost" | "back">;
  /** Prints a line. */
  tell: (line: string) => void;
  signal: AbortSignal;
}

interface Change {
  files: string[];
  savedAtMs: number;
}

/** Restarts each process whose code has changed. */
export class Reload {
  readonly #options: ReloadOptions;
  readonly #watcher: SourceWatcher;
  #waiting: Change | undefined;
  #running: Promise<void> | undefined;
  #lastProblem: string | undefined;

  constructor(options: ReloadOptions) {
    this.#options = options;
    this.#watcher = new SourceWatcher(ROOT, FOLDERS, (files, savedAtMs) => this.#note({ files, savedAtMs }));
  }

  /** Stops watching, and waits until no process is restarting. */
  async stop(): Promise<void> {
    this.#watcher.stop();
    this.#waiting = undefined;
    await this.#running;
  }

  #note(change: Change): void {
    const files = [...(this.#waiting?.files ?? []), ...change.files];
    this.#waiting = { savedAtMs: change.savedAtMs, files };
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  async #work(): Promise<void> {
    while (this.#waiting && !this.#options.signal.aborted) {
      const change = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#reload(change);
      } catch (error) {
        this.#tellOfBuild((error as Error).message);
      }
    }
  }

  async #reload({ files, savedAtMs }: Change): Promise<void> {
    const { processes, program, tell } = this.#options;
    const isContract = files.some((file) => file.endsWith(".proto"));
    if (isContract) await generate("proto/generate.mjs");
    if (files.some(isConsole)) await generate("console/build.mjs");
    const { built, changed, problem } = await program.rebuild(isContract ? undefined : files);
    this.#tellOfBuild(problem);
    // Files other than the processes' code, such as the descriptors of the contract, are read at the start.
    const readers = files.filter((file) => !file.endsWith(".ts") || isConsole(file)).flatMap(readersOf);
    const stale = PROCESSES.filter(
      (name) => changed.includes(name) || readers.includes(name) || !processes[name].running,
    );
    if (stale.length === 0 && problem === undefined) tell(`${unchanged(built)}: ${summaryOf(files)}`);
    await Promise.all(stale.map((name) => this.#restart(name, savedAtMs, files)));
  }

  /** Restarts a process. Tells how long that took, or why the process did not start. */
  async #restart(name: ProcessName, savedAtMs: number, files: string[]): Promise<void> {
    const { processes, view, tell, signal } = this.#options;
    view.lost(name);
    try {
      await processes[name].restart({ patienceMs: PATIENCE_MS, signal });
      const seconds = ((Date.now() - savedAtMs) / 1000).toFixed(1);
      tell(`${name} restarted in ${seconds} s: ${summaryOf(files)}`);
      view.back(name);
    } catch (error) {
      if (!signal.aborted) tell(`${(error as Error).message} It starts again at the next change.`);
    }
  }

  /** Prints a problem of the build, unless the last build had the same, and the end of a problem. */
  #tellOfBuild(problem: string | undefined): void {
    const { tell, signal } = this.#options;
    if (signal.aborted || problem === this.#lastProblem) return;
    tell(problem ?? "The build succeeds again.");
    this.#lastProblem = problem;
  }
}

/** Such as `gateway unchanged`. */
function unchanged(built: readonly ProcessName[]): string {
  if (built.length === 0) return "No process contains this";
  return `${built.length === PROCESSES.length ? "all processes" : built.join(", ")} unchanged`;
}

/** Such as `gateway/main.ts and 2 more`. */
function summaryOf([first = "", ...others]: string[]): string {
  return first + (others.length > 0 ? ` and ${others.length} more` : "");
}

/** True for sources of the console, which the gateway serves. */
const isConsole = (file: string): boolean => file.startsWith("console/");

/** Processes that may read a file: the one whose folder has it, or all. */
function readersOf(file: string): readonly ProcessName[] {
  if (isConsole(file)) return ["gateway"];
  const owner = PROCESSES.find((name) => file.startsWith(`services/${name}/`) || file.startsWith(`${name}/`));
  return owner === undefined ? PROCESSES : [owner];
}

/** Generates code from the protos or the console. Throws with the errors of the compiler. */
async function generate(generator: string): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, generator)]);
  } catch (error) {
    throw new Error((error as { stderr: string }).stderr.split("\n    at ", 1)[0]?.trim());
  }
}
