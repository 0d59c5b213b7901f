import { commands as rpcCommands } from "../gen/commands.ts";
import type { Command } from "./command.ts";
import { completion } from "./completion.ts";
import { open } from "./open.ts";
import { runRpc } from "./run-rpc.ts";
import { login, logout, whoami } from "./sign-in.ts";
import { UsageError } from "./usage-error.ts";

const OWN: readonly Command[] = [login, logout, whoami, open, completion];

/** All commands. Those of this CLI come first, and replace the RPCs of the same name. */
export const commands: readonly Command[] = [
  ...OWN,
  ...rpcCommands
    .filter(({ name }) => !OWN.some((own) => own.name === name))
    .map((command) => ({ ...command, run: runRpc(command) })),
];

/** The command with a name. Throws UsageError, with the most similar name. */
export function commandNamed(name: string): Command {
  const command = commands.find((each) => each.name === name || camelCase(each.name) === name);
  if (command) return command;
  const similar = commands.map((each) => each.name).sort((a, b) => distance(a, name) - distance(b, name))[0];
  throw new UsageError(`No command "${name}"; did you mean ${similar}? medconnect --help lists all.`);
}

/** The name of the RPC, as in the API's documents. */
const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Number of letters to insert, delete or replace between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (previous[j] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(replaced, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    previous = row;
  }
  return previous.at(-1) ?? 0;
}
