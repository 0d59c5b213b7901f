// Arguments of commands. Plain JavaScript for Node 18, because dev/bootstrap.mjs answers --help and wrong
// flags before anything is installed.
import * as util from "node:util";

/**
 * Name, help and flags of a command. Commands that bootstrap.mjs runs have them in a file of their own, beside
 * the command: start.usage.mjs describes start.ts.
 *
 * @typedef {object} Usage
 * @property {string} name Name of the npm script.
 * @property {string} help
 * @property {import("node:util").ParseArgsConfig["options"]} [options] If absent, the command passes its
 *   arguments on to another program.
 * @property {boolean} [allowPositionals]
 * @property {Readonly<Record<string, number>>} [numbers] Flags that are whole numbers, and the least of each.
 */

/** Exit code of all commands for wrong arguments. */
export const WRONG_ARGUMENTS = 2;

const HELP = /** @type {const} */ ({ help: { type: "boolean", short: "h" } });

/**
 * Parses the arguments of a command.
 *
 * @param {Usage} usage
 * @param {string[]} [args] Default: those of this process.
 * @returns {{ values: any, positionals: string[], problem?: string | undefined }} `problem` is that of the
 *   first wrong argument
 */
export function parseArguments({ options, allowPositionals = false, numbers = {} }, args) {
  // Node 18.0 to 18.2 lacks parseArgs. The Node that bootstrap.mjs brings has it.
  if (options === undefined || util.parseArgs === undefined) {
    return { values: { help: args?.includes("--help") }, positionals: args ?? [] };
  }
  try {
    const parsed = util.parseArgs({
      ...(args && { args }),
      options: { ...options, ...HELP },
      allowPositionals,
    });
    /** @type {any} */
    const values = parsed.values;
    const problems = Object.entries(numbers).map(([flag, least]) =>
      wholeNumberProblem(flag, values[flag], least),
    );
    return { ...parsed, problem: values.help ? undefined : problems.find(Boolean) };
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    // Only the first sentence of Node's message, which names the argument. The next sentences explain
    // quoting.
    const problem = `${message.split(/\.\s/, 1)[0]}.${knownOptions(message, options)}`;
    return { values: {}, positionals: [], problem: `${problem}${hintAtDashes(message, allowPositionals)}` };
  }
}

/**
 * Sentence that lists the options of a command, if Node does not know one.
 *
 * @param {string} message
 * @param {object} options
 */
const knownOptions = (message, options) =>
  /^Unknown option '--/.test(message)
    ? ` The options are ${[...Object.keys(options), "help"].map((name) => `--${name}`).join(", ")}.`
    : "";

/**
 * Sentence that points to the help of a command.
 *
 * @param {string} name
 */
export const seeHelp = (name) =>
  `See npm ${["start", "test"].includes(name) ? "" : "run "}${name} -- --help.`;

/**
 * Problem of a flag's text, unless it is absent or a whole number of at least `minimum`.
 *
 * @param {string} flag
 * @param {string | undefined} text
 */
export function wholeNumberProblem(flag, text, minimum = 1) {
  const value = Number(text);
  if (text === undefined || (Number.isInteger(value) && value >= minimum)) return undefined;
  return `--${flag} must be a whole number of at least ${minimum}, not "${text}".`;
}

/**
 * How to write an id or a value that Node has taken for an option.
 *
 * @param {string} message
 * @param {boolean} allowPositionals
 */
function hintAtDashes(message, allowPositionals) {
  if (allowPositionals && /^Unknown option '-[^-]/.test(message)) {
    return " Put -- before an id that begins with a dash.";
  }
  const [, option] = /^Option '(--[\w-]+)' argument is ambiguous/.exec(message) ?? [];
  return option === undefined ? "" : ` Write a value that begins with a dash as ${option}=-VALUE.`;
}
