// `npm run clock`: shows or advances the business time of the running system.
import { actionIn, runCommand } from "@medconnect/ops/command/command.ts";
import { UsageError } from "@medconnect/ops/command/setup-error.ts";
import { duration } from "@medconnect/platform/config/config.ts";
import { usage } from "./clock.usage.mjs";
import { readStack } from "./stack/read-stack.ts";
import { advanceClock, type ClockedStack, readClock } from "./stack/sandbox-clock.ts";
import { openDemoSlots, type SeededStack } from "./stack/seed.ts";

runCommand({
  ...usage,
  run: async (flags, [word, text, ...rest]) => {
    const action = actionIn(["show", "advance"], word);
    if (rest.length > 0 || (action === "show" && text !== undefined))
      throw new UsageError("There are too many arguments.");
    const ms = action === "advance" ? durationIn(text) : 0;
    const stack = readStack<RunningStack>(flags["data-dir"]);
    const { facts, lines, code } = action === "show" ? await show(stack) : await advance(stack, ms);
    process.stdout.write(`${flags.json ? JSON.stringify(facts) : lines.join("\n")}\n`);
    return code;
  },
});

type RunningStack = ClockedStack & SeededStack;

interface Outcome {
  /** Output of `--json`. */
  facts: object;
  /** Output for people. */
  lines: string[];
  code: number;
}

function durationIn(text: string | undefined): number {
  const parsed = text === undefined ? undefined : duration(text).safeParse(text);
  if (parsed?.success) return parsed.data;
  throw new UsageError(
    `Say how far to advance, such as 30m, 24h or 7d${text === undefined ? "" : `, not "${text}"`}.`,
  );
}

async function show(stack: ClockedStack): Promise<Outcome> {
  const [businessTime, machineTime] = [await readClock(stack), new Date()];
  return {
    facts: { businessTime, machineTime },
    lines: [`Business time  ${businessTime.toISOString()}`, `Machine time   ${machineTime.toISOString()}`],
    code: 0,
  };
}

/** Business time has moved, even if the demo data cannot follow, for example because the doctor needs a second factor. */
const messageOf = ({ message }: Error): string => message;

async function advance(stack: RunningStack, ms: number): Promise<Outcome> {
  const { from, to, failedJobs } = await advanceClock(stack, ms);
  const hasFailed = failedJobs.length > 0;
  const demoSlots = hasFailed ? undefined : await openDemoSlots(stack).catch(messageOf);
  return {
    facts: { from, to, failedJobs, hasDemoSlots: demoSlots === true },
    lines: [
      `Business time moved from ${from.toISOString()} to ${to.toISOString()}.`,
      hasFailed
        ? `These jobs failed; see the logs: ${failedJobs.join(", ")}. They run again by themselves.`
        : "The jobs that became due have run.",
      ...(demoSlots === true ? ["The demo doctor has open slots in the next two weeks."] : []),
      ...(typeof demoSlots === "string" ? [`The demo doctor got no new slots: ${demoSlots}`] : []),
    ],
    code: hasFailed ? 1 : 0,
  };
}
