import { commands as rpcCommands } from "../gen/commands.ts";
import { clock } from "./clock.ts";
import { closest } from "./closest.ts";
import type { Command } from "./command.ts";
import { completion } from "./completion.ts";
import { open } from "./open.ts";
import { runRpc } from "./run-rpc.ts";
import { login, logout, whoami } from "./sign-in.ts";
import { UsageError } from "./usage-error.ts";

/** Commands for the session of this machine. They replace the RPCs of the same name. */
const SESSION: readonly Command[] = [login, logout, whoami];

/** All commands. Those of the RPCs are in the order of their tasks, of which the first is "Sign in". */
export const commands: readonly Command[] = [
  ...SESSION,
  ...rpcCommands
    .filter(({ name }) => !SESSION.some((own) => own.name === name))
    .map((command) => ({ ...command, run: runRpc(command) })),
  clock,
  open,
  completion,
];

/** The command with a name. Throws UsageError, with the name that may be meant. */
export function commandNamed(name: string): Command {
  const command = commands.find((each) => each.name === name || camelCase(each.name) === name);
  if (command) return command;
  const meant = closest(
    name,
    commands.map((each) => each.name),
  );
  throw new UsageError(`No command "${name}"${meant === undefined ? "." : `; did you mean ${meant}?`}`);
}

/** The name of the RPC, as in the API's documents. */
const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
