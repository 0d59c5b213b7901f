// `npm run clock`: shows or advances the business time of the running system.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { actionIn, runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError, UsageError } from "@medconnect/ops/command/setup-error.ts";
import { duration } from "@medconnect/platform/config/config.ts";
import { usage } from "./clock.usage.mjs";
import { advanceClock, type ClockedStack, readClock } from "./stack/sandbox-clock.ts";
import { openDemoSlots, type SeededStack } from "./stack/seed.ts";

runCommand({
  ...usage,
  run: async (flags, [word, text, ...rest]) => {
    const action = actionIn(["show", "advance"], word);
    if (rest.length > 0 || (action === "show" && text !== undefined))
      throw new UsageError("There are too many arguments.");
    const ms = action === "advance" ? durationIn(text) : 0;
    const stack = readStack(flags["data-dir"]);
    return action === "show" ? await show(stack) : await advance(stack, ms);
  },
});

type RunningStack = ClockedStack & SeededStack;

function readStack(dataDir: string): RunningStack {
  try {
    return JSON.parse(readFileSync(join(dataDir, "stack.json"), "utf8"));
  } catch {
    throw new SetupError(`No system was started in ${dataDir}. Start one with npm start, then try again.`);
  }
}

function durationIn(text: string | undefined): number {
  const parsed = text === undefined ? undefined : duration(text).safeParse(text);
  if (parsed?.success) return parsed.data;
  throw new UsageError(
    `Say how far to advance, such as 30m, 24h or 7d${text === undefined ? "" : `, not "${text}"`}.`,
  );
}

async function show(stack: ClockedStack): Promise<number> {
  say(`Business time  ${(await readClock(stack)).toISOString()}`);
  say(`Machine time   ${new Date().toISOString()}`);
  return 0;
}

async function advance(stack: RunningStack, ms: number): Promise<number> {
  const { from, to, failedJobs } = await advanceClock(stack, ms);
  say(`Business time moved from ${from.toISOString()} to ${to.toISOString()}.`);
  if (failedJobs.length > 0) {
    say(`These jobs failed; see the logs: ${failedJobs.join(", ")}. They run again by themselves.`);
    return 1;
  }
  say("The jobs that became due have run.");
  if (await openDemoSlots(stack)) say("The demo doctor has open slots in the next two weeks.");
  return 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
