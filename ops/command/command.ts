import { createInterface } from "node:readline/promises";
import type { ParseArgsConfig, parseArgs } from "node:util";
import { duration } from "@medconnect/platform/config/config.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { parseArguments, seeHelp, WRONG_ARGUMENTS, wholeNumberProblem } from "./arguments.mjs";
import { UsageError } from "./setup-error.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>;

/** A command with the flags and exit codes that all commands share. */
export interface Command<O extends Options> {
  /** Name of the npm script. */
  readonly name: string;
  readonly help: string;
  readonly options: O;
  readonly allowPositionals?: boolean;
  /** Flags that are whole numbers, and the least of each. */
  readonly numbers?: Readonly<Record<string, number>>;
  /**
   * Exit code after an error; default: 1. Commands that exit with 1 to report findings use 2 for errors. Wrong
   * arguments always exit with 2.
   */
  readonly errorCode?: number;
  /** @returns the exit code */
  readonly run: (flags: Parsed<O>["values"], positionals: string[]) => Promise<number>;
}

/** Runs a command with the arguments of this process, and exits. With `--help`, prints the help instead. */
export function runCommand<O extends Options>(command: Command<O>): void {
  runMain(async () => {
    try {
      const { values, positionals, problem } = parseArguments(command);
      if (problem !== undefined) throw new UsageError(problem);
      if (values.help) {
        process.stdout.write(command.help);
        return 0;
      }
      return await command.run(values, positionals);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      process.stderr.write(`${error.message}\n${seeHelp(command.name)}\n`);
      return WRONG_ARGUMENTS;
    }
  }, command.errorCode);
}

/**
 * Runs `main`, and exits with the code that it returns. After an error, prints it and exits with `errorCode`.
 */
export function runMain(main: () => Promise<number>, errorCode = 1): void {
  // Runs `main` after the current module has finished, because the module may define constants below its call
  // of this function.
  Promise.resolve()
    .then(main)
    .then(
      (code) => process.exit(code),
      (error: Error) => {
        process.stderr.write(`${isDefect(error) ? error.stack : explain(error)}\n`);
        process.exit(errorCode);
      },
    );
}

/** True for errors that are bugs. For these, the stack trace is printed. */
const isDefect = (error: Error): boolean =>
  [TypeError, ReferenceError, RangeError, SyntaxError].some((kind) => error instanceof kind);

/** Returns the message of an error in one line, followed by the messages of its causes in parentheses. */
function explain(error: Error & { code?: unknown }): string {
  if (error instanceof ApiError && error.violations.length > 0) {
    return error.violations.map(({ field, description }) => `${field} ${description}`).join("; ");
  }
  const isAway = error instanceof ApiError && error.reason === "UNAVAILABLE";
  const text = isAway
    ? "The system does not answer; is it running?"
    : error.message || String(error.code ?? error.name);
  return error.cause instanceof Error ? `${text} (${explain(error.cause)})` : text;
}

/**
 * Parses the text of a flag as a whole number. Throws UsageError if it is not a number of at least `minimum`.
 */
export function wholeNumber(flag: string, text: string, minimum = 1): number {
  const problem = wholeNumberProblem(flag, text, minimum);
  if (problem !== undefined) throw new UsageError(problem);
  return Number(text);
}

/** Parses a duration such as "2h" into ms. Throws UsageError for other text. */
export function durationOf(flag: string, text: string): number {
  const parsed = duration(text).safeParse(text);
  if (parsed.success) return parsed.data;
  throw new UsageError(`--${flag} must be a duration such as "30s" or "2h", not "${text}".`);
}

/** Checks the action of a command, such as `list`. Throws UsageError if it is missing or unknown. */
export function actionIn<A extends string>(actions: readonly A[], word: string | undefined): A {
  const action = actions.find((each) => each === word);
  if (action !== undefined) return action;
  const expected = `Say ${actions.slice(0, -1).join(", ")} or ${actions.at(-1)}`;
  throw new UsageError(word === undefined ? `${expected}.` : `${expected}, not "${word}".`);
}

/** `--yes`, for commands that ask before an irreversible change. */
export const CONFIRMATION = { yes: { type: "boolean", short: "y" } } as const;

/** Asks a yes-or-no question on the terminal. Without a terminal, or with `--yes`, the answer is yes. */
export async function confirm(question: string, { yes }: { yes?: boolean | undefined }): Promise<boolean> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
