import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { Absences } from "./absences.ts";
import {
  clockTime,
  isFileOfPage,
  isProblem,
  isRequest,
  type LogEntry,
  outputLine,
  parseEntry,
  problemLine,
  requestLine,
} from "./log-lines.ts";
import { Pace } from "./pace.ts";
import { PlainOutput } from "./plain-output.ts";

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
  /** Leaves out the warnings of the other processes until this one is back, because they lose it. */
  lost(name: string): void;
  /** Tells that a lost process serves again. */
  back(name: string): void;
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

/** @param tracesUrl URL of the pages of traces, to which errors link */
export const logView = (format: LogFormat, write: Write, tracesUrl?: string): LogView =>
  format === "json" ? new JsonView(write) : new PrettyView(write, tracesUrl);

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
  lost(): void {}
  back(): void {}
}

const REQUESTS = { perPeriod: 20, periodMs: 1000 };
const PROBLEMS = { perPeriod: 5, periodMs: 10_000 };
/** Enough for the crash of all processes at once, with their stack traces. */
const OUTPUT = { perPeriod: 60, periodMs: 10_000 };

/** Shows requests and problems in one short line each. All other lines are in the log files only. */
class PrettyView implements LogView {
  readonly #write: Write;
  readonly #tracesUrl: string | undefined;
  readonly #requests: Pace;
  readonly #problems: Pace;
  readonly #output: Pace;
  readonly #absences: Absences;
  readonly #outputs = new Map<string, PlainOutput>();
  #state: "starting" | "open" | "closing" = "starting";
  #openedAtMs = 0;

  constructor(write: Write, tracesUrl: string | undefined) {
    this.#write = write;
    this.#tracesUrl = tracesUrl;
    const paced = (pace: { perPeriod: number; periodMs: number }, things: string) =>
      new Pace({ ...pace, atEnd: (count) => this.#more(`${count} more ${things}`) });
    this.#requests = paced(REQUESTS, "requests");
    this.#problems = paced(PROBLEMS, "lines of problems");
    this.#output = paced(OUTPUT, "lines of output");
    this.#absences = new Absences((count, names) =>
      this.#more(`${count} warning${count === 1 ? "" : "s"} of processes that lost ${names.join(", ")}`),
    );
  }

  open(): void {
    this.#state = "open";
    this.#openedAtMs = Date.now();
  }

  close(): void {
    this.#state = "closing";
  }

  lost(name: string): void {
    this.#absences.begin(name);
  }

  back(name: string): void {
    this.#absences.end(name);
  }

  show(name: string, line: string, place: string): void {
    const entry = parseEntry(line);
    if (entry === undefined) {
      if (this.#outputOf(name).isShown(line) && this.#output.take())
        this.#write(outputLine(name, line, place));
    } else if (isRequest(entry)) {
      if (isFileOfPage(entry)) return;
      const isShown = this.#state === "open" && beginOf(entry) >= this.#openedAtMs;
      if (isShown && this.#requests.take()) this.#write(requestLine(entry, this.#tracesUrl));
    } else if (isProblem(entry)) {
      if (entry.level === "warn" && (this.#state === "closing" || this.#absences.explains(name))) return;
      if (this.#problems.take()) this.#write(problemLine(entry, place, this.#tracesUrl));
    }
  }

  #outputOf(name: string): PlainOutput {
    const known = this.#outputs.get(name) ?? new PlainOutput();
    this.#outputs.set(name, known);
    return known;
  }

  #more(things: string): void {
    this.#write(`${clockTime(new Date())} … ${things}, in the log files`);
  }
}

/** Time in ms at which a request began. Its entry is written after its end, and comes up to 50 ms late. */
const beginOf = ({ time, durationMs = 0 }: LogEntry): number => Date.parse(time) - durationMs;
