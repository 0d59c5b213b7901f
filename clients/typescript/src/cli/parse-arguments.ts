import { type ParseArgsOptionDescriptor, type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { closest } from "./closest.ts";
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

/** The command that a command line names. Options of all commands may stand before the name. */
export function splitCommand(words: string[]): { name: string | undefined; args: string[] } {
  const { tokens } = parseArgs({ ...LENIENT, args: words, options: GLOBAL_OPTIONS, tokens: true });
  const index = tokens.find(({ kind }) => kind === "positional")?.index;
  return index === undefined
    ? { name: undefined, args: words }
    : { name: words[index], args: words.toSpliced(index, 1) };
}

/** True if the arguments of a command ask for its help. `--help` as the value of a flag does not. */
export const wantsHelp = (command: WithFields, args: string[]): boolean =>
  parseArgs({ ...LENIENT, args, options: optionsOf(command) }).values.help === true;

/** Parses the arguments of a command. Throws UsageError. */
export function parseArguments(
  command: WithFields,
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

type WithFields = Pick<Command, "fields">;

/** Accepts unknown flags, and leaves their refusal to the strict parser. */
const LENIENT = { strict: false, allowPositionals: true } as const;

interface Flags {
  server?: string;
  input?: string;
  output?: string;
  all?: boolean;
  "idempotency-key"?: string;
}

/** Throws UsageError if a field is missing that has no other way into the request. */
export function refuseMissing(fields: readonly CommandField[], values: Record<string, unknown>): void {
  // An argument is often the id in a variable of a script, which is empty if it was not set.
  const isMissing = ({ name, isArgument }: CommandField) =>
    values[name] === undefined || (isArgument && values[name] === "");
  const missing = fields.find((field) => field.required && !field.isSecret && isMissing(field));
  if (!missing) return;
  const choice =
    missing.values && `: ${new Intl.ListFormat("en", { type: "disjunction" }).format(missing.values)}`;
  throw new UsageError(`${written(missing)} is missing${choice ?? ""}.`);
}

/** A field as it is written on the command line: `BOOKING_ID` or `--slot-id`. */
export const written = ({ flag, isArgument }: CommandField): string =>
  isArgument ? flag.toUpperCase().replaceAll("-", "_") : `--${flag}`;

function optionsOf({ fields }: WithFields): ParseArgsOptionsConfig {
  const flags = fields.filter(({ isArgument, isSecret }) => !isArgument && !isSecret);
  const own = flags.map(({ flag, kind, isList }): [string, ParseArgsOptionDescriptor] => [
    flag,
    { type: kind === "flag" ? "boolean" : "string", ...(isList && { multiple: true }) },
  ]);
  return { ...GLOBAL_OPTIONS, ...Object.fromEntries(own) };
}

function parse(command: WithFields, args: string[]) {
  const secret = command.fields.find(
    ({ isSecret, flag }) =>
      isSecret && args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`)),
  );
  if (secret) {
    throw new UsageError(
      `--${secret.flag} would show the value to other users of this machine. Leave it out: it is read from the terminal or standard input.`,
    );
  }
  try {
    const { values: flags, positionals } = parseArgs({
      args,
      options: optionsOf(command),
      allowPositionals: true,
      allowNegative: true,
    });
    return { flags, positionals };
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(unknownOption(message, command) ?? problemIn(message));
  }
}

/** The message for an option that the command does not have; undefined for other messages of Node's parser. */
function unknownOption(message: string, command: WithFields): string | undefined {
  const [, option, name] = /^Unknown option '(--([^']+))'/.exec(message) ?? [];
  if (option === undefined || name === undefined) return undefined;
  const argument = command.fields.find(({ isArgument, flag }) => isArgument && flag === name);
  if (argument) return `Write ${written(argument)} without ${option}.`;
  const meant = closest(name, Object.keys(optionsOf(command)));
  return `Unknown option '${option}'${meant === undefined ? "." : `; did you mean --${meant}?`}`;
}

/** The problem that a message of Node's parser is about. */
function problemIn(message: string): string {
  const [, flag = "", problem] = /^Option '(?:-\w, )?(-[-\w]+)(?: <value>)?' (.*)/.exec(message) ?? [];
  if (problem?.startsWith("does not take an argument")) return `${flag} takes no value.`;
  if (problem?.startsWith("argument is ambiguous") && flag.startsWith("--"))
    return `Write a value that begins with a dash as ${flag}=-VALUE.`;
  if (problem?.startsWith("argument")) return `${flag} needs a value.`;
  // Only the first sentence, which names the argument.
  return `${message.split(/\.\s/, 1)[0]}.`;
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
