import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { type Command, type Options, OUTPUTS, type Output } from "./command.ts";
import type { CommandField } from "./rpc-command.ts";
import { UsageError } from "./usage-error.ts";

/** Options that all commands have, with their help. */
export const GLOBAL_OPTIONS = {
  server: { type: "string", help: "URL of the API (MEDCONNECT_SERVER, or that of the last login)." },
  output: {
    type: "string",
    short: "o",
    help: "table, json or ndjson. Default: table on a terminal, otherwise json.",
  },
  input: {
    type: "string",
    help: "File with the request as JSON, or - for standard input. Flags replace its fields.",
  },
  all: { type: "boolean", help: "Reads all pages of a list." },
  "idempotency-key": { type: "string", help: "Key of an earlier attempt, so that both take effect once." },
  help: { type: "boolean", short: "h", help: "Shows the help of the command." },
} as const;

/** Parses the arguments of a command. Throws UsageError. */
export function parseArguments(
  command: Command,
  args: string[],
): { values: Record<string, unknown>; options: Options } {
  const given = parse(command, args);
  const values: Record<string, unknown> = {};
  for (const field of command.fields.filter(({ isArgument, isSecret }) => !isArgument && !isSecret)) {
    const value = given.flags[field.flag];
    if (value !== undefined) values[field.name] = fieldValue(field, value);
  }
  const wanted = command.fields.filter(({ isArgument }) => isArgument);
  for (const [i, field] of wanted.entries()) {
    const text = given.positionals[i];
    if (text !== undefined) values[field.name] = fieldValue(field, text);
  }
  const surplus = given.positionals[wanted.length];
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many.`);
  if (given.flags.input === undefined) refuseMissing(command.fields, values);
  const { server, input, all = false, output, "idempotency-key": idempotencyKey } = given.flags as Flags;
  return { values, options: { server, input, all, output: outputOf(output), idempotencyKey } };
}

interface Flags {
  server?: string;
  input?: string;
  output?: string;
  all?: boolean;
  "idempotency-key"?: string;
}

/** Throws UsageError if a field is missing that has no other way into the request. */
export function refuseMissing(fields: readonly CommandField[], values: Record<string, unknown>): void {
  const missing = fields.find(
    ({ name, required, isSecret }) => required && !isSecret && values[name] === undefined,
  );
  if (missing) throw new UsageError(`${written(missing)} is missing.`);
}

/** A field as it is written on the command line: `BOOKING_ID` or `--slot-id`. */
export const written = ({ flag, isArgument }: CommandField): string =>
  isArgument ? flag.toUpperCase().replaceAll("-", "_") : `--${flag}`;

function parse({ fields }: Command, args: string[]) {
  const options: ParseArgsOptionsConfig = { ...GLOBAL_OPTIONS };
  for (const { flag, kind, isList, isArgument, isSecret } of fields) {
    if (isSecret && args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`))) {
      throw new UsageError(
        `--${flag} would show the value to other users of this machine. Leave it out: it is read from the terminal or standard input.`,
      );
    }
    if (!isArgument && !isSecret) {
      options[flag] = { type: kind === "flag" ? "boolean" : "string", ...(isList && { multiple: true }) };
    }
  }
  try {
    const { values: flags, positionals } = parseArgs({
      args,
      options,
      allowPositionals: true,
      allowNegative: true,
    });
    return { flags, positionals };
  } catch (error) {
    const { message } = error as Error;
    const [, flag] = /^Option '(--[\w-]+)' argument is ambiguous/.exec(message) ?? [];
    if (flag) throw new UsageError(`Write a value that begins with a dash as ${flag}=-VALUE.`);
    // Only the first sentence of Node's message, which names the argument.
    throw new UsageError(`${message.split(/\.\s/, 1)[0]}.`);
  }
}

function outputOf(text: string | undefined): Output {
  if (text === undefined) return process.stdout.isTTY ? "table" : "json";
  const output = OUTPUTS.find((each) => each === text);
  if (!output) throw new UsageError(`--output must be one of ${OUTPUTS.join(", ")}, not "${text}".`);
  return output;
}

function fieldValue(field: CommandField, given: unknown): unknown {
  if (Array.isArray(given)) return given.map((each) => fieldValue(field, each));
  const text = String(given);
  const { kind, values } = field;
  if (values && !values.includes(text)) {
    throw new UsageError(`${written(field)} must be one of ${values.join(", ")}, not "${text}".`);
  }
  switch (kind) {
    case "flag":
      return given;
    case "number":
      return number(field, text);
    case "json":
      return json(field, text);
    case "text":
      return text;
  }
}

function number(field: CommandField, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) {
    throw new UsageError(`${written(field)} must be a number, not "${text}".`);
  }
  return value;
}

function json(field: CommandField, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${written(field)} must be JSON, not "${text}".`);
  }
}
