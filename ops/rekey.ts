// `npm run rekey`: re-encrypts all encrypted values under the first key of DATA_KEY, while the
// services run.
import { keys, loadConfig } from "@medconnect/platform/config/config.ts";
import { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import { Database } from "@medconnect/platform/db/database.ts";
import { SERVICES } from "@medconnect/topology/services.ts";
import * as z from "zod";
import { runCommand, wholeNumber } from "./command/command.ts";
import { listEncryptedColumns } from "./rekey/encrypted-column-store.ts";
import { checkColumn, olderOf, type RekeyOptions, type RekeyProgress, rekeyColumn } from "./rekey/rekey.ts";
import { RunningStack, servicesNamed } from "./settings/running-stack.ts";

const HELP = `Encrypts every value at rest under the first key of DATA_KEY, while the services run.

Usage: npm run rekey [-- --check]

The values may be encrypted under any key of DATA_KEY. You can stop the command at any time and start it again.

  --check          Changes nothing, and counts the values under each older key.
  --service NAME   Only this service: ${SERVICES.join(", ")}.
  --batch N        Rows that are read and written at once (100).
  --rate N         Maximum number of values per second (1000).
  -h, --help       Shows this.

To rotate a service's key, with a rolling restart after each change of DATA_KEY:
  1. DATA_KEY=old,new   Every process can decrypt with the new key.
  2. DATA_KEY=new,old   Every process encrypts with the new key.
  3. npm run rekey      Until no value is under the old key.
  4. npm run rekey -- --check, then DATA_KEY=new

Exit codes: 0 all values are under the current key, 1 some are not, or the check failed, 2 wrong arguments
Settings: one service's DATABASE_URL and DATA_KEY; default: the system that npm start runs here (STACK_JSON).
NAME_FILE names a file that holds a secret.
`;

const TIMEOUT_MS = 10_000;
const PROGRESS_EVERY_MS = 5000;
const SHOWN_BROKEN = 10;

interface Target {
  service: string;
  url: string;
  dataKeys: z.infer<typeof keys>;
}

runCommand({
  name: "rekey",
  help: HELP,
  options: {
    check: { type: "boolean", default: false },
    batch: { type: "string", default: "100" },
    rate: { type: "string", default: "1000" },
    service: { type: "string" },
  },
  run: async ({ check, batch, rate, service }) => {
    const pace = { batchSize: wholeNumber("batch", batch), perSecond: wholeNumber("rate", rate) };
    let left = 0;
    for (const target of targets(service)) {
      const db = new Database({ url: target.url, poolSize: 1, timeoutMs: TIMEOUT_MS });
      try {
        const options = { db, cipher: new FieldCipher(...target.dataKeys), ...pace };
        left += await handleColumns(target.service, options, check ? checkColumn : rekeyColumn);
      } finally {
        await db.close();
      }
    }
    process.stdout.write(
      left === 0 ? "No value is under an older key.\n" : `${left} values are under an older key.\n`,
    );
    return left === 0 ? 0 : 1;
  },
});

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

/**
 * Runs `work` on each encrypted column of a service: it re-encrypts the column, or only checks it.
 *
 * @returns the number of values that are not encrypted with the current key
 */
async function handleColumns(
  service: string,
  options: RekeyOptions,
  work: typeof rekeyColumn,
): Promise<number> {
  let left = 0;
  for (const column of await listEncryptedColumns(options.db)) {
    const name = `${service} ${column.table}.${column.column}`;
    const progress = await work({ ...options, onBatch: progressOf(name) }, column);
    process.stdout.write(`${name}: ${inWords(progress)}\n`);
    for (const context of progress.broken.slice(0, SHOWN_BROKEN))
      process.stdout.write(`  cannot be decrypted: ${context}\n`);
    left += olderOf(progress);
  }
  return left;
}

/** Returns a function that prints the progress every few seconds. */
function progressOf(name: string): (progress: RekeyProgress) => void {
  let printedAtMs = Date.now();
  return (progress) => {
    if (Date.now() - printedAtMs < PROGRESS_EVERY_MS) return;
    printedAtMs = Date.now();
    process.stderr.write(
      `${name}: ${progress.values} values so far, ${olderOf(progress)} under older keys\n`,
    );
  };
}

function inWords(progress: RekeyProgress): string {
  const { values, older, broken } = progress;
  const keyCounts = [...older].map(([id, count]) => `${count} under ${id}`);
  const parts = [`${values} values`, ...(keyCounts.length > 0 ? keyCounts : ["none under an older key"])];
  if (broken.length > 0) parts.push(`${broken.length} cannot be decrypted`);
  return parts.join(", ");
}
