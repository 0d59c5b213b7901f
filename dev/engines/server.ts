import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { LogFile, rotateIfFull } from "../logs/log-file.ts";

export interface ServerOptions {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** File for the output. If absent, the output goes to the console. */
  logFile?: string | undefined;
  /**
   * Called with each line of the output, and with its place in the log file, as path:line. If absent, the
   * process writes to the file by itself.
   */
  onLine?: ((line: string, place: string) => void) | undefined;
  pidFile?: string;
  /** Called again and again during the start, until it returns true. */
  ready: () => Promise<boolean>;
}

const LAST_LINES = 15;
const MAX_LINE_LENGTH = 1000;
const POLL_MS = 10;
const START_TIMEOUT_MS = 120_000;
const PATIENCE_MS = 25_000;

/**
 * A child process that runs a server. It has a process group of its own, so that Ctrl-C reaches only the
 * parent. The parent then stops its children in order. Emits `started` after each start, and `died` if the
 * child ends although `stop` was not called.
 */
export class Server extends EventEmitter<{ started: []; died: [how: string] }> {
  static readonly #running = new Set<ChildProcess>();

  readonly name: string;
  /** Environment of the process. Changes take effect at the next start. */
  readonly env: NodeJS.ProcessEnv;
  readonly #options: ServerOptions;
  readonly #log: LogFile | undefined;
  #child: ChildProcess | undefined;
  /** How the process ended, such as "with exit code 1". */
  #ended: Promise<string> = Promise.resolve("before it started");
  #stopping = false;

  constructor(options: ServerOptions) {
    super();
    this.name = options.name;
    this.env = { ...(options.env ?? process.env) };
    this.#options = options;
    const { logFile, onLine } = options;
    if (logFile !== undefined && onLine !== undefined) this.#log = new LogFile(logFile);
    else if (logFile !== undefined) rotateIfFull(logFile);
  }

  get running(): boolean {
    return this.#child !== undefined && Server.#running.has(this.#child);
  }

  /** Process id of the current or last process. Throws before the first start. */
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} was not started.`);
    return this.#child.pid;
  }

  /**
   * Starts the process, and returns when it is ready. Throws if the process ends during its start or takes
   * too long. The error message then has the last lines of the log, or names the log if `onLine` got them.
   */
  async start(signal?: AbortSignal): Promise<void> {
    this.#stopping = false;
    this.#spawn();
    try {
      await this.#untilReady(signal);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.emit("started");
    this.#ended.then((how) => this.#stopping || this.emit("died", how));
  }

  /** Asks the process to end, and waits until it has finished its requests. Kills it after `patienceMs`. */
  async stop(patienceMs = PATIENCE_MS): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), patienceMs);
    await this.#end("SIGTERM");
    clearTimeout(timer);
  }

  /** Kills the process with SIGKILL, which is like a crash. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Stops the process, and starts it with the same port and data. */
  async restart({ patienceMs, signal }: { patienceMs?: number; signal?: AbortSignal } = {}): Promise<void> {
    await this.stop(patienceMs);
    await this.start(signal);
  }

  static killAll(): void {
    for (const child of Server.#running) child.kill("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#stopping = true;
    if (!this.running) return;
    this.#child?.kill(signal);
    await this.#ended;
  }

  async #untilReady(signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#options.ready())) {
      if (!this.running) throw this.#startError(`ended ${await this.#ended} during its start`);
      if (Date.now() > deadline) throw this.#startError("did not become ready");
      await delay(POLL_MS, undefined, { signal });
    }
  }

  #spawn(): void {
    const { command, args, cwd, pidFile } = this.#options;
    const output = this.#openOutput();
    const stdio: StdioOptions = ["ignore", output, output];
    const child = spawn(command, args, { env: this.env, cwd, stdio, detached: true });
    if (typeof output === "number") closeSync(output);
    this.#read(child);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(`(${error.message})`));
      child.once("exit", () => Server.#running.delete(child));
      // Unlike "exit", "close" comes after the last line of the output.
      child.once("close", (code, signal) => {
        resolve(signal ? `by ${signal}` : `with exit code ${code}`);
      });
    });
    if (child.pid === undefined) return;
    Server.#running.add(child);
    if (pidFile) writeFileSync(pidFile, `${child.pid}`);
  }

  #openOutput(): "inherit" | "pipe" | number {
    const { logFile } = this.#options;
    if (logFile === undefined) return "inherit";
    return this.#log ? "pipe" : openSync(logFile, "a", 0o600);
  }

  /** Writes the lines of a pipe to the log file, and passes them on. */
  #read({ stdout, stderr }: ChildProcess): void {
    for (const stream of [stdout, stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        const place = this.#log?.write(line) ?? "";
        this.#options.onLine?.(line, place);
      });
    }
  }

  #startError(problem: string): SetupError {
    const { logFile } = this.#options;
    const text = `${this.name} ${problem}`;
    if (logFile === undefined || !existsSync(logFile)) return new SetupError(`${text}.`);
    if (this.#log) return new SetupError(`${text} (${relative("", logFile)}).`);
    const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LAST_LINES);
    const shown = lines.map((line) => `${this.name.padEnd(10)} │ ${line.slice(0, MAX_LINE_LENGTH)}\n`);
    return new SetupError(`${shown.join("")}${text}.`);
  }
}

// No child process may outlive this process.
process.on("exit", () => Server.killAll());
