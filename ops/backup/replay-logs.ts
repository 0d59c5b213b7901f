import { SERVICES } from "@medconnect/topology/services.ts";
import { SetupError } from "../command/setup-error.ts";
import type { SchemaServers } from "../schemas/provision.ts";
import type { LogPosition, Manifest } from "./file/format.ts";
import { folderOf, listSegments } from "./file/log-segments.ts";
import { type ArchivedLogs, changesIn } from "./log-changes.ts";
import { Replay } from "./server/replay.ts";

/**
 * Reads the logs up to the time, and changes nothing. Throws SetupError if the backup cannot be brought forward to it.
 *
 * @returns the time of the last archived transaction, of the server whose archive ends first; undefined without any
 */
export async function verifyLogs(
  logs: ArchivedLogs,
  manifest: Manifest,
  target: SchemaServers,
): Promise<Date | undefined> {
  refuseOtherTimes(logs.until, manifest);
  refuseOtherSchemas(manifest, target);
  const ends: Date[] = [];
  for (const position of positionsOf(manifest)) {
    await refuseMissingLog(logs.folder, position);
    let end: Date | undefined;
    for await (const change of changesIn(logs, position)) if (change.kind === "begin") end = change.time;
    if (end) ends.push(end);
  }
  return ends.sort((a, b) => a.getTime() - b.getTime())[0];
}

/** An empty archive of a server is a wrong folder: it would restore the backup alone. */
async function refuseMissingLog(folder: string, { server }: LogPosition): Promise<void> {
  const path = folderOf(folder, server);
  if ((await listSegments(path)).length > 0) return;
  throw new SetupError(
    `There is no log in ${path}. --logs names the folder that contains log/; without --to, only the backup is restored.`,
  );
}

function refuseOtherTimes(until: Date, { moment }: Manifest): void {
  if (until < new Date(moment)) {
    throw new SetupError(`The backup is of ${moment}, later than --to. Choose an earlier backup.`);
  }
  if (until > new Date()) throw new SetupError("--to is in the future.");
}

/** The log names schemas, so they must have the names that they had at the backup. */
function refuseOtherSchemas({ schemas }: Manifest, { prefix }: SchemaServers): void {
  for (const service of SERVICES) {
    const { name, position } = schemas[service];
    if (!position)
      throw new SetupError(`The server of ${service} had no binary log when the backup was made.`);
    if (name === prefix + service) continue;
    throw new SetupError(
      `The log names the schema ${name}: with --to, MYSQL_PREFIX must be the same as at the backup.`,
    );
  }
}

/** Replays the logs of all servers into the restored schemas. @returns the number of transactions */
export async function replayLogs(
  logs: ArchivedLogs,
  manifest: Manifest,
  { urls }: SchemaServers,
): Promise<number> {
  let transactions = 0;
  const replays = new Map<string, Replay>();
  try {
    for (const service of SERVICES) {
      const { name } = manifest.schemas[service];
      replays.set(name, await Replay.connect(urls[service], name));
    }
    for (const position of positionsOf(manifest)) {
      for await (const change of changesIn(logs, position)) {
        if (change.kind === "begin") continue;
        const replay = replays.get(change.schema);
        if (change.kind === "definition") await (replay ?? namedIn(change.sql, replays))?.define(change.sql);
        // Other systems may have schemas on the server.
        else if (replay) {
          await replay.add(change.format, change.events);
          transactions += 1;
        }
      }
    }
    for (const replay of replays.values()) await replay.flush();
    return transactions;
  } finally {
    await Promise.all([...replays.values()].map((replay) => replay.close()));
  }
}

/** A statement without a default schema names the schema itself. */
const namedIn = (sql: string, replays: ReadonlyMap<string, Replay>): Replay | undefined =>
  [...replays].find(([schema]) => sql.includes(schema))?.[1];

/** Position of each server once. */
function positionsOf({ schemas }: Manifest): LogPosition[] {
  const positions = SERVICES.flatMap((service) => schemas[service].position ?? []);
  return [...new Map(positions.map((position) => [position.server, position])).values()];
}
