// `npm run reconcile`: has scheduling compare its bookings with billing and clinical, with the settings of the system
// that runs here, or with those in the environment.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Secrets } from "./local/data-folder.ts";
import { tlsSettings } from "./local/processes.ts";
import type { Service } from "./provision.ts";

const ROOT = join(import.meta.dirname, "..");
const USER_AND_SCHEMA = "medconnect_scheduling";

const args = process.argv.slice(2);
const stackFile = process.env.STACK_JSON || join(ROOT, ".local/data/stack.json");
const needsStack = !process.env.DATABASE_URL && !args.includes("--help") && !args.includes("-h");

if (needsStack && !existsSync(stackFile)) {
  process.stderr.write(
    `Nothing runs here: there is no ${stackFile}. Set STACK_JSON, or DATABASE_URL and scheduling's other settings.\n`,
  );
  // As the command says it: 1 is for disagreements.
  process.exit(2);
}
if (needsStack) Object.assign(process.env, settingsOf(stackFile));
// The command reads arguments and settings by itself.
await import("@medconnect/scheduling/src/reconcile.ts");

/** What is needed of stack.json. */
interface RunningStack {
  urls: { mysql: string };
  addresses: Record<Service, string>;
  certificates?: string;
}

/** Scheduling's settings, as `npm start` gives them. */
function settingsOf(file: string): NodeJS.ProcessEnv {
  const { urls, addresses, certificates } = readJson<RunningStack>(file);
  const secrets = readJson<Secrets>(join(dirname(file), "secrets.json"));
  const database = new URL(urls.mysql);
  database.username = USER_AND_SCHEMA;
  database.password = secrets.databasePasswords.scheduling;
  database.pathname = USER_AND_SCHEMA;
  return {
    DATABASE_URL: database.href,
    DATA_KEY: secrets.dataKeys.scheduling,
    INTERNAL_KEY: secrets.internalKey,
    CLINICAL_ADDRESS: addresses.clinical,
    BILLING_ADDRESS: addresses.billing,
    ...(certificates !== undefined && tlsSettings(join(certificates, "scheduling"))),
  };
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"));
}
