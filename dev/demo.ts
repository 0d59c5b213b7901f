// `npm run demo`: goes through all steps of the demo on the running system, and prints every request and
// response.
import { runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError, UsageError } from "@medconnect/ops/command/setup-error.ts";
import { readAdvances } from "@medconnect/platform/time/sandbox-clock.ts";
import { walkJourney } from "./demo/journey.ts";
import { Walker } from "./demo/walker.ts";
import { usage } from "./demo.usage.mjs";
import { readStack } from "./stack/read-stack.ts";
import type { SeededStack } from "./stack/seed.ts";

runCommand({
  ...usage,
  run: async (flags) => {
    const stack: SeededStack =
      flags.url === undefined ? readStack(flags["data-dir"]) : { urls: { gateway: flags.url } };
    const url = stack.urls.gateway.replace(/\/$/, "");
    await refuseUnlessReady(url);
    const { sandboxClock, urls } = stack;
    const aheadMs = sandboxClock === undefined ? 0 : readAdvances(sandboxClock);
    const walker = new Walker({ url, aheadMs, tracesUrl: urls.traces });
    await walkJourney(walker);
    return 0;
  },
});

async function refuseUnlessReady(url: string): Promise<void> {
  if (!URL.canParse(url))
    throw new UsageError(`--url must be a URL such as http://localhost:8080, not "${url}".`);
  const ready = await fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
  if (!ready)
    throw new SetupError(`No gateway is ready at ${url}. Start the system with npm start, then try again.`);
}
