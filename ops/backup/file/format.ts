// A backup is SQL, one statement a line, compressed by gzip and encrypted by age. So it can also be restored
// without this code: `age -d -i KEY FILE | gunzip | mysql`. Comments hold the facts that `npm run restore` needs.
import { SERVICES, type ServiceName } from "@medconnect/topology/services.ts";
import * as z from "zod";

/** Place in the binary log of a server at the moment of the backup. */
const position = z.object({
  /** `@@server_uuid` */
  server: z.string(),
  file: z.string(),
  offset: z.number().int(),
  /** `@@gtid_executed`; empty without GTIDs. */
  gtids: z.string(),
});

const schemaFacts = z.object({
  name: z.string(),
  /** Null if the server has no binary log. */
  position: position.nullable(),
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
});

export const manifestShape = z.object({
  format: z.literal(1),
  id: z.string(),
  /** Moment at which no server had a commit under way. */
  moment: z.string(),
  release: z.object({ version: z.string(), commit: z.string() }),
  schemas: z.record(z.enum(SERVICES), schemaFacts),
});

export type Manifest = z.infer<typeof manifestShape>;
export type LogPosition = z.infer<typeof position>;
export type SchemaFacts = z.infer<typeof schemaFacts>;

/** Rows of each table, such as "auth.users". Stands at the end of a backup. */
export const totalsShape = z.record(z.string(), z.number());
export type Totals = z.infer<typeof totalsShape>;

const MANIFEST = "-- medconnect backup ";
const SCHEMA = "-- schema ";
const END = "-- end ";

export const manifestLine = (manifest: Manifest): string => MANIFEST + JSON.stringify(manifest);
export const schemaLine = (service: ServiceName): string => SCHEMA + service;
export const endLine = (totals: Totals): string => END + JSON.stringify(totals);

/** A line of a backup, parsed. */
export type Entry =
  | { kind: "manifest"; manifest: Manifest }
  | { kind: "schema"; service: ServiceName }
  | { kind: "statement"; sql: string }
  | { kind: "end"; totals: Totals };

/** Throws an Error for a comment that this release does not know. */
export function parseLine(line: string): Entry {
  if (!line.startsWith("-- ")) return { kind: "statement", sql: line };
  if (line.startsWith(MANIFEST)) {
    return { kind: "manifest", manifest: manifestShape.parse(JSON.parse(line.slice(MANIFEST.length))) };
  }
  if (line.startsWith(SCHEMA)) {
    return { kind: "schema", service: z.enum(SERVICES).parse(line.slice(SCHEMA.length)) };
  }
  if (line.startsWith(END))
    return { kind: "end", totals: totalsShape.parse(JSON.parse(line.slice(END.length))) };
  throw new Error(`unknown line: ${line.slice(0, 40)}`);
}
