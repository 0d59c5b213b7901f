import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import type { Decrypter } from "age-encryption";
import { SetupError } from "../command/setup-error.ts";
import { migrateSchema, type ProvisionOptions, provision } from "../schemas/provision.ts";
import { refuseNewerSchemas } from "./compatibility.ts";
import type { Totals } from "./file/format.ts";
import { entriesOf, type VerifiedBackup } from "./file/read-backup.ts";
import type { ArchivedLogs } from "./log-changes.ts";
import { replayLogs } from "./replay-logs.ts";
import { isUseSchema } from "./server/dump.ts";
import { TargetSchemas } from "./server/load.ts";
import { markRestored } from "./unconfirmed.ts";

export interface RestoreOptions {
  readonly file: string;
  readonly decrypter: Decrypter;
  readonly backup: VerifiedBackup;
  readonly target: ProvisionOptions;
  /** True to delete schemas that have tables. */
  readonly replace: boolean;
  /** Logs to replay after the backup; absent to restore the moment of the backup. */
  readonly logs?: ArchivedLogs | undefined;
  readonly onProgress: (sqlLength: number) => void;
}

export interface Restored {
  /** Migrations newer than the backup. */
  readonly migrations: readonly string[];
  /** Transactions of the logs. */
  readonly transactions: number;
}

/**
 * Restores a verified backup and replays verified logs, then applies migrations that are newer than it, ends all sessions, and creates the
 * database users. The services send nothing outside until `confirmRestore`.
 * Throws SetupError, before any change, if the release does not fit, a service is connected, another process restores,
 * or a schema has tables and `replace` is false.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { backup, target, replace, logs } = options;
  await refuseNewerSchemas(backup.manifest);
  const schemas = await TargetSchemas.connect(target);
  try {
    await schemas.refuseOtherRestores();
    await schemas.refuseWhileServicesRun();
    const occupied = await schemas.occupied();
    if (occupied.length > 0 && !replace) {
      throw new SetupError(
        `${occupied.join(", ")} already ${occupied.length > 1 ? "have" : "has"} tables. ` +
          "Restore to a new server, or say --replace to delete all that these schemas hold.",
      );
    }
    await schemas.recreate();
    refuseOtherTotals(await load(options, schemas), backup.totals);
    const transactions = logs ? await replayLogs(logs, backup.manifest, target) : 0;
    const migrations: string[] = [];
    for (const service of SERVICES) {
      migrations.push(...(await migrateSchema(target.urls[service], service, target.prefix + service)));
    }
    await markRestored(target, backup.manifest.id, logs?.until ?? new Date(backup.manifest.moment));
    await schemas.finish();
    await provision(target);
    return { migrations, transactions };
  } finally {
    await schemas.close();
  }
}

/** Runs the statements of the backup. Reads the next one while the server works. @returns rows by table */
async function load(
  { file, decrypter, onProgress }: RestoreOptions,
  schemas: TargetSchemas,
): Promise<Totals> {
  const totals: Totals = {};
  let service: ServiceName | undefined;
  let running: Promise<void> = Promise.resolve();
  let sqlLength = 0;
  for await (const entry of entriesOf(file, decrypter)) {
    if (entry.kind === "schema") service = entry.service;
    if (entry.kind !== "statement" || isUseSchema(entry.sql)) continue;
    await running;
    running = run(schemas, service, entry.sql, totals);
    // The next `await` throws the same error.
    running.catch(() => undefined);
    sqlLength += entry.sql.length;
    onProgress(sqlLength);
  }
  await running;
  return totals;
}

const TABLE = /^(?:CREATE TABLE|INSERT INTO) `(\w+)`/;

async function run(
  schemas: TargetSchemas,
  service: ServiceName | undefined,
  sql: string,
  totals: Totals,
): Promise<void> {
  const table = TABLE.exec(sql)?.[1];
  if (!service || !table)
    throw new SetupError(`The backup has a statement of another release: ${sql.slice(0, 40)}`);
  const name = `${service}.${table}`;
  totals[name] = (totals[name] ?? 0) + (await schemas.run(service, sql));
}

function refuseOtherTotals(restored: Totals, expected: Totals): void {
  const wrong = Object.keys(expected).filter((table) => restored[table] !== expected[table]);
  if (wrong.length === 0) return;
  const list = wrong.map((table) => `${table}: ${restored[table] ?? 0} of ${expected[table]} rows`);
  throw new SetupError(`The restore is incomplete (${list.join("; ")}).`);
}
