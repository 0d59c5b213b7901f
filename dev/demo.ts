// `npm run demo`: goes through all steps of the demo on the running system, and prints every request and
// response.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { readAdvances } from "@medconnect/platform/time/sandbox-clock.ts";
import { walkJourney } from "./demo/journey.ts";
import { Walker } from "./demo/walker.ts";
import { usage } from "./demo.usage.mjs";
import type { SeededStack } from "./stack/seed.ts";

runCommand({
  ...usage,
  run: async (flags) => {
    const stack = flags.url === undefined ? readStack(flags["data-dir"]) : { urls: { gateway: flags.url } };
    const url = stack.urls.gateway.replace(/\/$/, "");
    await refuseUnlessReady(url);
    const { sandboxClock } = stack;
    const walker = new Walker(url, sandboxClock === undefined ? 0 : readAdvances(sandboxClock));
    await walkJourney(walker);
    return 0;
  },
});

function readStack(dataDir: string): SeededStack {
  try {
    return JSON.parse(readFileSync(join(dataDir, "stack.json"), "utf8"));
  } catch {
    throw new SetupError(`No system was started in ${dataDir}. Start one with npm start, then try again.`);
  }
}

async function refuseUnlessReady(url: string): Promise<void> {
  if (!URL.canParse(url))
    throw new SetupError(`--url must be a URL such as http://localhost:8080, not "${url}".`);
  const ready = await fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
  if (!ready)
    throw new SetupError(`No gateway is ready at ${url}. Start the system with npm start, then try again.`);
}
