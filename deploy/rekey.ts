// `npm run rekey`: seals everything that is encrypted at rest anew under the current DATA_KEY, while the services run.
import { parseArgs } from "node:util";
import { keys, loadConfig } from "@medconnect/platform/config.ts";
import { SealedBox } from "@medconnect/platform/crypto/sealed-box.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import {
  checkColumn,
  olderOf,
  type RekeyOptions,
  rekeyColumn,
  type Standing,
} from "@medconnect/platform/rekey/rekey.ts";
import { listSealedColumns } from "@medconnect/platform/rekey/sealed-column-store.ts";
import * as z from "zod";
import { RunningStack, servicesNamed } from "./running-stack.ts";
import { runCommand, SetupError } from "./setup-error.ts";

const HELP = `Usage: npm run rekey [-- --check]

Seals every value that is encrypted at rest anew under the first key of DATA_KEY; the others are those that it may be
sealed under now. The services run on meanwhile. It may be stopped at any time and started again.

  --check          changes nothing, and tells how many values are sealed under which older key
  --service NAME   only this service: auth, scheduling, clinical or billing
  --batch N        rows that are read and written at once (100)
  --rate N         values sealed anew a second, at most (1000)
  --help           shows this

To rotate a service's key, with a rolling restart after each change of DATA_KEY:
  1. DATA_KEY=old,new   every process learns to open what the new key seals
  2. DATA_KEY=new,old   every process seals under the new key
  3. npm run rekey      until it says that nothing is left under the old key
  4. npm run rekey -- --check, and then DATA_KEY=new

Exit code: 0 all is sealed under the current key, 1 something is not, or it could not be looked at
Settings: DATABASE_URL and DATA_KEY of one service, each also as NAME_FILE; those of the system that runs here
(STACK_JSON names its stack.json) if absent
`;

const PROGRESS_EVERY_MS = 5000;
const SHOWN_PLACES = 10;

interface Target {
  service: string;
  url: string;
  dataKeys: z.infer<typeof keys>;
}

runCommand(async () => {
  const { check, batch, rate, help, service } = readArguments();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  const pace = { batchSize: positive("batch", batch), perSecond: positive("rate", rate) };
  let left = 0;
  for (const target of targets(service)) {
    const db = new Database({ url: target.url, poolSize: 1, timeoutMs: 10_000 });
    try {
      const options = { db, box: new SealedBox(...target.dataKeys), ...pace };
      left += await look(target.service, options, check ? checkColumn : rekeyColumn);
    } finally {
      await db.close();
    }
  }
  process.stdout.write(left === 0 ? "Nothing is under an older key.\n" : `${left} are under an older key.\n`);
  return left === 0 ? 0 : 1;
});

function readArguments() {
  try {
    return parseArgs({
      options: {
        check: { type: "boolean", default: false },
        batch: { type: "string", default: "100" },
        rate: { type: "string", default: "1000" },
        service: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\nSee npm run rekey -- --help.`);
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new SetupError(`--${name} must be a whole number above 0.`);
}

/** The databases, with their keys. */
function targets(only: string | undefined): Target[] {
  if (process.env.DATABASE_URL || process.env.DATABASE_URL_FILE) {
    const { DATABASE_URL: url, DATA_KEY: dataKeys } = loadConfig({
      DATABASE_URL: z.string(),
      DATA_KEY: keys,
    });
    return [{ service: new URL(url).pathname.slice(1), url, dataKeys }];
  }
  const stack = new RunningStack("DATABASE_URL and DATA_KEY");
  return servicesNamed(only).map((service) => ({
    service,
    url: stack.databaseOf(service),
    dataKeys: keys.parse(stack.secrets.dataKeys[service]),
  }));
}

/** Goes through a service's sealed columns and tells of each. @returns how many values are not under the current key */
async function look(service: string, options: RekeyOptions, work: typeof rekeyColumn): Promise<number> {
  let left = 0;
  for (const column of await listSealedColumns(options.db)) {
    const name = `${service} ${column.table}.${column.column}`;
    const standing = await work({ ...options, onBatch: progressOf(name) }, column);
    process.stdout.write(`${name}: ${inWords(standing)}\n`);
    for (const place of standing.broken.slice(0, SHOWN_PLACES))
      process.stdout.write(`  does not open: ${place}\n`);
    left += olderOf(standing);
  }
  return left;
}

/** Tells every few seconds how far it is. */
function progressOf(name: string): (standing: Standing) => void {
  let toldAtMs = Date.now();
  return (standing) => {
    if (Date.now() - toldAtMs < PROGRESS_EVERY_MS) return;
    toldAtMs = Date.now();
    process.stderr.write(
      `${name}: ${standing.values} values so far, ${olderOf(standing)} under older keys\n`,
    );
  };
}

function inWords(standing: Standing): string {
  const { values, older, broken } = standing;
  const keyCounts = [...older].map(([id, count]) => `${count} under ${id}`);
  const parts = [`${values} values`, ...(keyCounts.length > 0 ? keyCounts : ["none under an older key"])];
  if (broken.length > 0) parts.push(`${broken.length} do not open`);
  return parts.join(", ");
}
