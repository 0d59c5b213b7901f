import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type { Encrypter } from "age-encryption";
import release from "../../package.json" with { type: "json" };
import type { SchemaServers } from "../schemas/provision.ts";
import { writeDurably } from "./file/durable-file.ts";
import { encrypted } from "./file/encryption.ts";
import { endLine, type Manifest, manifestLine, schemaLine, type Totals } from "./file/format.ts";
import { definitionOf, insertsOf, tablesOf, useSchema } from "./server/dump.ts";
import { openSnapshots, type Snapshot, type Snapshots } from "./server/snapshot.ts";

export interface BackupOptions {
  readonly servers: SchemaServers;
  readonly encrypter: Encrypter;
  readonly folder: string;
  readonly commit: string;
  /** Called after each statement, with the totals so far. */
  readonly onProgress: (progress: Progress) => void;
}

export interface Progress {
  /** Length of the SQL so far, in characters. */
  sqlLength: number;
  rows: number;
}

export interface Backup extends Progress {
  readonly file: string;
  readonly fileBytes: number;
  readonly manifest: Manifest;
  readonly pausedMs: number;
  readonly clockSpreadMs: number;
}

/** Level of gzip. Higher levels take much more CPU for a few percent, because hashes and ciphertexts are random. */
const GZIP_LEVEL = 3;

/** Writes all schemas, as they are at one moment, to a new encrypted file. Needs constant memory. */
export async function writeBackup(options: BackupOptions): Promise<Backup> {
  const { servers, encrypter, folder, commit, onProgress } = options;
  const snapshots = await openSnapshots(servers);
  try {
    const manifest = manifestOf(snapshots, commit);
    const progress: Progress = { sqlLength: 0, rows: 0 };
    const lines = Readable.from(linesOf(snapshots.schemas, manifest, progress, onProgress), {
      objectMode: false,
    });
    const compressed = lines.compose(createGzip({ level: GZIP_LEVEL })) as Readable;
    const content = await encrypted(encrypter, compressed);
    const { path, bytes } = await writeDurably(folder, content, () => nameOf(snapshots.moment));
    const { pausedMs, clockSpreadMs } = snapshots;
    return { ...progress, file: path, fileBytes: bytes, manifest, pausedMs, clockSpreadMs };
  } finally {
    await snapshots.close();
  }
}

const manifestOf = ({ moment, schemas }: Snapshots, commit: string): Manifest => ({
  format: 1,
  id: newId(),
  moment: moment.toISOString(),
  release: { version: release.version, commit },
  schemas: Object.fromEntries(schemas.map(({ service, facts }) => [service, facts])) as Manifest["schemas"],
});

/** Name of a backup, such as medconnect-20261201T100000.123Z.sql.gz.age. Names sort by time. */
const nameOf = (moment: Date): string =>
  `medconnect-${moment.toISOString().replaceAll(/[-:]/g, "")}.sql.gz.age`;

async function* linesOf(
  schemas: readonly Snapshot[],
  manifest: Manifest,
  progress: Progress,
  onProgress: BackupOptions["onProgress"],
): AsyncGenerator<string> {
  const totals: Totals = {};
  yield `${manifestLine(manifest)}\n`;
  for (const snapshot of schemas) {
    const { service, facts } = snapshot;
    yield `${[schemaLine(service), ...useSchema(facts.name)].join("\n")}\n`;
    for (const table of await tablesOf(snapshot)) {
      yield `${await definitionOf(snapshot, table)}\n`;
      let rows = 0;
      for await (const insert of insertsOf(snapshot, table)) {
        yield `${insert.sql}\n`;
        rows += insert.rows;
        progress.rows += insert.rows;
        progress.sqlLength += insert.sql.length;
        onProgress(progress);
      }
      totals[`${service}.${table.name}`] = rows;
    }
  }
  yield `${endLine(totals)}\n`;
}
