import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";

export interface ServerOptions {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Where its output goes; if absent, to the console, each line after its name. */
  logFile?: string | undefined;
  /** Where to note its process id. */
  pidFile?: string;
  /** Whether it serves; asked again and again while it starts. */
  ready: () => Promise<boolean>;
}

const LAST_LINES = 15;
const POLL_MS = 50;
const START_TIMEOUT_MS = 120_000;
const PATIENCE_MS = 25_000;
const COLOURS = ["cyan", "magenta", "yellow", "green", "blue"] as const;

/**
 * A program that serves below this process. It has a process group of its own, so Ctrl-C in the terminal reaches this
 * process only, which then stops the others in order. Emits `started`, and `died` when it ends without being told to.
 */
export class Server extends EventEmitter<{ started: []; died: [how: string] }> {
  static readonly #running = new Set<ChildProcess>();
  static #count = 0;

  readonly name: string;
  /** Its environment; a change takes effect when it is started again. */
  readonly env: NodeJS.ProcessEnv;
  readonly #options: ServerOptions;
  readonly #prefix: string;
  #child: ChildProcess | undefined;
  /** How it ended, such as "with exit code 1". */
  #ended: Promise<string> = Promise.resolve("before it started");
  #stopping = false;

  constructor(options: ServerOptions) {
    super();
    this.name = options.name;
    this.env = { ...(options.env ?? process.env) };
    this.#options = options;
    this.#prefix = styleText(COLOURS[Server.#count++ % COLOURS.length]!, `${this.name.padEnd(10)} │ `);
  }

  get running(): boolean {
    return this.#child !== undefined && Server.#running.has(this.#child);
  }

  /** The process id; of the last process, when it does not run. */
  get pid(): number {
    return this.#child!.pid!;
  }

  /** Starts it and waits until it is ready. Throws, with its last words, if it ends before or takes too long. */
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

  /** Lets it finish what it has begun and waits until it has ended; after 25 s it is killed. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), PATIENCE_MS);
    await this.#end("SIGTERM");
    clearTimeout(timer);
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Stops it, if it runs, and starts it again, on the same port with the same data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends everything that still runs, at once. */
  static killAll(): void {
    for (const child of Server.#running) child.kill("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#stopping = true;
    if (!this.running) return;
    this.#child!.kill(signal);
    await this.#ended;
  }

  async #untilReady(signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await this.#options.ready())) {
      if (!this.running) {
        throw new SetupError(`${this.#lastLines()}${this.name} ended ${await this.#ended} as it started.`);
      }
      if (Date.now() > deadline) throw new SetupError(`${this.#lastLines()}${this.name} does not get ready.`);
      await delay(POLL_MS, undefined, { signal });
    }
  }

  #spawn(): void {
    const { command, args, cwd, logFile, pidFile } = this.#options;
    const log = logFile === undefined ? "pipe" : openSync(logFile, "a", 0o600);
    const child = spawn(command, args, { env: this.env, cwd, stdio: ["ignore", log, log], detached: true });
    if (typeof log === "number") closeSync(log);
    else this.#print(child);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(`(${error.message})`));
      child.once("exit", (code, signal) => {
        Server.#running.delete(child);
        resolve(signal ? `by ${signal}` : `with exit code ${code}`);
      });
    });
    if (child.pid === undefined) return;
    Server.#running.add(child);
    if (pidFile) writeFileSync(pidFile, `${child.pid}`);
  }

  #print(child: ChildProcess): void {
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) =>
        process.stdout.write(`${this.#prefix}${line}\n`),
      );
    }
  }

  /** The end of its log; nothing where the console shows it anyway. */
  #lastLines(): string {
    if (this.#options.logFile === undefined) return "";
    const lines = readFileSync(this.#options.logFile, "utf8").trimEnd().split("\n").slice(-LAST_LINES);
    return lines.map((line) => `${this.#prefix}${line}\n`).join("");
  }
}

// Whatever ends this process, nothing stays behind.
process.on("exit", () => Server.killAll());
