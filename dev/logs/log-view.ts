import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import {
  clockTime,
  isProblem,
  isRequest,
  outputLine,
  parseEntry,
  problemLine,
  requestLine,
} from "./log-lines.ts";
import { Pace } from "./pace.ts";

/** Shows the output of the processes on the standard output of the launcher. */
export interface LogView {
  /**
   * Shows one line of a process.
   *
   * @param place path and line of the log file that has it
   */
  show(name: string, line: string, place: string): void;
  /** Shows requests from now on. Before, they are those that create the demo accounts. */
  open(): void;
  /** Shows only errors from now on, because processes that stop lose each other. */
  close(): void;
}

/** Output for a person or for a program. */
export type LogFormat = "pretty" | "json";

/** Reads LOG_FORMAT. Default: pretty on a terminal, JSON elsewhere. */
export function logFormatOf(setting: string | undefined, isTerminal: boolean): LogFormat {
  if (!setting) return isTerminal ? "pretty" : "json";
  if (setting === "pretty" || setting === "json") return setting;
  throw new SetupError(`LOG_FORMAT must be pretty or json, not "${setting}".`);
}

type Write = (line: string) => void;

export const logView = (format: LogFormat, write: Write): LogView =>
  format === "json" ? new JsonView(write) : new PrettyView(write);

/** Passes on each line as it is. */
class JsonView implements LogView {
  readonly #write: Write;

  constructor(write: Write) {
    this.#write = write;
  }

  show(_name: string, line: string): void {
    this.#write(line);
  }

  open(): void {}
  close(): void {}
}

const REQUESTS = { perPeriod: 20, periodMs: 1000 };
const PROBLEMS = { perPeriod: 5, periodMs: 10_000 };

/** Shows requests and problems in one short line each. All other lines are in the log files only. */
class PrettyView implements LogView {
  readonly #write: Write;
  readonly #requests: Pace;
  readonly #problems: Pace;
  #state: "starting" | "open" | "closing" = "starting";
  #openedAt = "";

  constructor(write: Write) {
    this.#write = write;
    this.#requests = new Pace({ ...REQUESTS, atEnd: (count) => this.#more(count, "requests") });
    this.#problems = new Pace({ ...PROBLEMS, atEnd: (count) => this.#more(count, "lines of problems") });
  }

  open(): void {
    this.#state = "open";
    this.#openedAt = new Date().toISOString();
  }

  close(): void {
    this.#state = "closing";
  }

  show(name: string, line: string, place: string): void {
    const entry = parseEntry(line);
    if (entry === undefined) {
      // The lines of a stack trace are indented. They are in the log file.
      if (/^\S/.test(line) && this.#problems.take()) this.#write(outputLine(name, line, place));
    } else if (isRequest(entry)) {
      // A process writes its lines up to 50 ms late, so earlier requests may come after the view has opened.
      const isShown = this.#state === "open" && entry.time >= this.#openedAt;
      if (isShown && this.#requests.take()) this.#write(requestLine(entry));
    } else if (isProblem(entry)) {
      if (this.#state === "closing" && entry.level === "warn") return;
      if (this.#problems.take()) this.#write(problemLine(entry, place));
    }
  }

  #more(count: number, things: string): void {
    this.#write(`${clockTime(new Date())} … ${count} more ${things}, in the log files`);
  }
}
