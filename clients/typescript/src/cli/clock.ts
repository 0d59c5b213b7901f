import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Command } from "./command.ts";
import { localStackAt } from "./local-stack.ts";
import { write } from "./output.ts";
import { ReportedFailure } from "./reported-failure.ts";
import { note } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** Exit code of the command of stack.json for wrong arguments. */
const WRONG_ARGUMENTS = 2;

export const clock: Command = {
  name: "clock",
  group: "This machine",
  summary: "Shows or advances business time in the system that npm start runs",
  description:
    "Business time rules slots, holds, appointments, licences and prescriptions. An advance answers when the jobs that became due have run. The system is that of this repository, or of the file that STACK_JSON names.",
  fields: [
    {
      name: "action",
      flag: "action",
      help: "show or advance.",
      kind: "text",
      values: ["show", "advance"],
      isArgument: true,
      required: true,
    },
    {
      name: "duration",
      flag: "duration",
      help: "How far to advance, such as 30m, 24h or 7d.",
      kind: "text",
      isArgument: true,
    },
  ],
  async run({ values, options, server, signal }) {
    const words = wordsOf(values);
    const { clockCommand } = await localStackAt(server);
    if (!clockCommand) throw new UsageError(`${server} has no sandbox clock. Start it with npm start.`);
    const [program, ...args] = clockCommand;
    const child = spawn(program, [...args, "--json", ...words], { stdio: ["ignore", "pipe", "pipe"] });
    const output = Promise.all([text(child.stdout), text(child.stderr)]);
    const [[answer, problem], [code]] = await Promise.all([output, once(child, "close")]);
    signal.throwIfAborted();
    // Without the second line, which names the help of the other command.
    if (code === WRONG_ARGUMENTS) throw new UsageError(problem.split("\n", 1)[0]);
    if (problem !== "") note(problem.trimEnd().split("\n"));
    if (answer !== "") write(JSON.parse(answer), options.output);
    if (code !== 0) throw new ReportedFailure(code ?? 1);
  },
};

function wordsOf({ action, duration }: Record<string, unknown>): string[] {
  if (action === "advance" && duration === undefined) throw new UsageError("DURATION is missing.");
  if (action === "show" && duration !== undefined)
    throw new UsageError(`"${duration}" is one argument too many.`);
  return [action, duration].filter((word) => word !== undefined).map(String);
}
