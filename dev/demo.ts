// `npm run demo`: the whole journey against the running system, call by call, as a newcomer would make it with curl.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "@medconnect/ops/command/command.ts";
import { SetupError } from "@medconnect/ops/command/setup-error.ts";
import { walkJourney } from "./demo/journey.ts";
import { Walker } from "./demo/walker.ts";

const HELP = `Usage: npm run demo [-- options]

Walks through the system that npm start has started, and shows every request and answer: registration, login with a
second factor, a doctor's profile and slots, a booking and its payment, the consultation, a prescription, and what an
admin sees of it. Ends with exit code 1 at the first answer that is not as it should be.

  --url URL        the gateway's address (that of stack.json in the data folder)
  --data-dir DIR   the data folder of the system, as npm start was given it (.local/data)
  --help           shows this
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
    throw new SetupError(
      `Nothing was ever started in ${dataDir}. Start the system with npm start, then try again.`,
    );
  }
}

async function refuseUnlessReady(url: string): Promise<void> {
  if (!URL.canParse(url)) throw new SetupError(`--url is not a URL: ${url}.`);
  const ready = await fetch(`${url}/readyz`).then(
    (answer) => answer.ok,
    () => false,
  );
  if (!ready)
    throw new SetupError(`Nothing is ready at ${url}. Start the system with npm start, then try again.`);
}
