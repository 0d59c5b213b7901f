import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { GLOBAL_OPTIONS, written } from "./parse-arguments.ts";
import type { CommandField } from "./rpc-command.ts";
import { inTerms } from "./terms.ts";

const WIDTH = 100;
const INDENT = "  ";
const ALL_LINES = "This command follows the page tokens by itself, and prints only the items.";

/** Help of the CLI: all commands. */
export function overview(): string {
  const groups = [...new Set(commands.map(({ group }) => group))];
  return [
    "The command line of MedConnect.\n",
    "Usage: medconnect COMMAND [arguments] [options]",
    "       medconnect COMMAND --help",
    "       medconnect --version\n",
    ...groups.map((group) =>
      section(
        group,
        commands.filter((each) => each.group === group).map(({ name, summary }) => [name, summary]),
      ),
    ),
    section("Options of all commands", globalOptions()),
    section("Environment", [
      ["MEDCONNECT_SERVER", "URL of the API."],
      ["MEDCONNECT_CLIENT_ID", "Service account that calls, with one of the next two and a named server."],
      ["MEDCONNECT_CLIENT_SECRET", "Its secret."],
      ["MEDCONNECT_CLIENT_KEY_FILE", "File with its private key: a JWK of P-256 or Ed25519."],
      ["MEDCONNECT_TOKEN_URL", "Token endpoint as the API knows it, if the server has another address."],
      ["STACK_JSON", "File of a local system, as npm start prints it, for clock."],
    ]),
    "Exit codes: 0 success, 1 error of the API, 2 wrong command line, 130 interrupted.",
  ].join("\n");
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  const { name, summary } = command;
  const description = [inTerms(command.description, command), command.answers === "lines" && ALL_LINES]
    .filter(Boolean)
    .join(" ");
  const fields = command.fields.map((field) => ({ ...field, help: inTerms(field.help, command) }));
  const args = fields.filter(({ isArgument }) => isArgument);
  const flags = fields.filter(({ isArgument, isSecret }) => !isArgument && !isSecret);
  const secrets = fields.filter(({ isSecret }) => isSecret);
  const required = flags.filter((flag) => flag.required).map((flag) => ` ${usageOf(flag)}`);
  const usage = [name, ...args.map((arg) => (arg.required ? written(arg) : `[${written(arg)}]`))].join(" ");
  const parts = [
    ...wrap(`${summary}.${description === "" ? "" : ` ${description}`}`, WIDTH),
    `\nUsage: medconnect ${usage}${required.join("")} [options]\n`,
    entriesOf("Arguments", args, written),
    entriesOf("Options", flags, usageOf),
    entriesOf("Asked for, or lines of standard input", secrets, (each) => each.name),
    section("Options of all commands", globalOptions()).trimEnd(),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** A section with these fields; "" without any. */
const entriesOf = (title: string, fields: CommandField[], nameOf: (field: CommandField) => string): string =>
  fields.length === 0
    ? ""
    : section(
        title,
        fields.map((field) => [nameOf(field), helpOf(field)]),
      );

const globalOptions = (): [string, string][] =>
  Object.entries(GLOBAL_OPTIONS).map(([name, { help }]) => [`--${name}`, help]);

function usageOf(field: CommandField): string {
  const { kind, values, isList } = field;
  if (kind === "flag") return written(field);
  const value = values ? values.join("|") : kind.toUpperCase();
  return `${written(field)} ${value.length > 30 ? "VALUE" : value}${isList ? " …" : ""}`;
}

function helpOf({ help, values = [], required }: CommandField): string {
  const listed = values.join(", ");
  return [help, listed.length > 30 && `One of ${listed}.`, required && "Required."].filter(Boolean).join(" ");
}

/** A heading, and a line for each entry with its text beside it. */
function section(title: string, entries: [string, string][]): string {
  const width = Math.min(34, Math.max(...entries.map(([name]) => name.length)));
  const lines = entries.flatMap(([name, text]) => {
    const [first = "", ...rest] = wrap(text, WIDTH - width - 2 * INDENT.length);
    const margin = " ".repeat(width);
    return name.length > width
      ? [name, ...[first, ...rest].map((line) => `${margin}${INDENT}${line}`)]
      : [`${name.padEnd(width)}${INDENT}${first}`, ...rest.map((line) => `${margin}${INDENT}${line}`)];
  });
  return `${title}:\n${lines.map((line) => `${INDENT}${line}`.trimEnd()).join("\n")}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
