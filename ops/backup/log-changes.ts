import type { Decrypter } from "age-encryption";
import { SetupError } from "../command/setup-error.ts";
import { archivedEvents } from "./file/archived-log.ts";
import type { LogPosition } from "./file/format.ts";
import { commitTimeOf, kindOf, queryIn, schemaIn } from "./file/log-event.ts";
import { folderOf } from "./file/log-segments.ts";
import { isAboutAccounts, isTransactional } from "./log-statements.ts";

/** Archive of the binary logs, and the time up to which they are read. */
export interface ArchivedLogs {
  /** Folder of the archive. */
  readonly folder: string;
  readonly decrypter: Decrypter;
  /** Transactions committed until then are read. */
  readonly until: Date;
}

/** A change in the log. */
export type LogChange =
  /** A transaction: events of its tables and rows, and the description of their format. */
  | { kind: "rows"; schema: string; format: Buffer; events: readonly Buffer[] }
  /** A change of a table, such as one of a migration. */
  | { kind: "definition"; schema: string; sql: string }
  /** Begins each transaction. The last one may be later than `until`, and then has no changes. */
  | { kind: "begin"; time: Date };

/** Reads the changes of a server from a position on. Throws SetupError if a part of the archive is missing or damaged. */
export async function* changesIn(
  { folder, decrypter, until }: ArchivedLogs,
  position: LogPosition,
): AsyncGenerator<LogChange> {
  let format: Buffer | undefined;
  let events: Buffer[] = [];
  let schema: string | undefined;
  for await (const event of archivedEvents(folderOf(folder, position.server), decrypter, position)) {
    switch (kindOf(event)) {
      case "format":
        format = event;
        break;
      case "transaction":
        yield { kind: "begin", time: new Date(commitTimeOf(event)) };
        if (commitTimeOf(event) > until.getTime()) return;
        events = [];
        schema = undefined;
        break;
      case "table":
        schema = schemaIn(event);
        events.push(event);
        break;
      case "rows":
        events.push(event);
        break;
      case "commit":
        if (schema !== undefined && format) yield { kind: "rows", schema, format, events };
        break;
      case "query": {
        const query = queryIn(event);
        // `npm run restore` creates the users itself.
        if (!isTransactional(query.sql) && !isAboutAccounts(query.sql))
          yield { kind: "definition", ...query };
        break;
      }
      case "compressed transaction":
      case "tagged transaction":
        throw new SetupError(`The log has a ${kindOf(event)}, which cannot be replayed.`);
    }
  }
}
