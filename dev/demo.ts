// `npm run demo`: goes through all steps of the demo on the running system, and prints every request and
// response.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { walkJourney } from "./demo/journey.ts";
import { Walker } from "./demo/walker.ts";

const HELP = `Walks through the system that npm start runs, and prints every request and response.

Usage: npm run demo [-- options]

Shows registration, login with a second factor, a doctor's profile and slots, a booking and its payment, the
consultation, a prescription, and the admin's view. Stops at the first unexpected response.

  --url URL        URL of the gateway (from stack.json in the data folder).
  --data-dir DIR   Data folder of the system, as for npm start (.local/data).
  -h, --help       Shows this.

Exit codes: 0 every response was as expected, 1 one was not, or no system runs
`;

const ROOT = join(import.meta.dirname, "..");

runCommand({
  name: "demo",
  help: HELP,
  options: {
    url: { type: "string" },
    "data-dir": { type: "string", default: join(ROOT, ".local/data") },
  },
  run: async (flags) => {
    const url = (flags.url ?? urlOfStack(flags["data-dir"])).replace(/\/$/, "");
    await refuseUnlessReady(url);
    const walker = new Walker(url);
    await walkJourney(walker);
    return 0;
  },
});

function urlOfStack(dataDir: string): string {
  try {
    return JSON.parse(readFileSync(join(dataDir, "stack.json"), "utf8")).urls.gateway;
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
