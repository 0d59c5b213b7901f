import {
  type DescField,
  fromJson,
  getOption,
  type JsonObject,
  type JsonValue,
  toBinary,
} from "@bufbuild/protobuf";
import type { MethodDefinition } from "@grpc/grpc-js";
import { http } from "@medconnect/proto/es/google/api/annotations_pb.js";
import { type Method, methodAt, methods } from "../contract/methods.ts";
import { binaryId } from "../db/binary-id.ts";
import type { Database } from "../db/database.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import type { ApiError } from "../errors/api-error.ts";
import type { Call } from "../grpc/call.ts";
import type { Caller } from "../identity/caller.ts";
import type { Platform } from "../service/service.ts";
import { rowsRead } from "./rows-read.ts";
import { bound, invoke } from "./test-service.ts";

/** A list RPC, the callers to test it with, and how to call it. */
export interface ListUnderTest<App> {
  method: Method;
  callers: Caller[];
  /** Reads a page. @returns the token of the next page */
  read: (app: App, caller: Caller, request: JsonObject) => Promise<string>;
}

/**
 * Expensive calls of a list. Each is written in words: RPC, role of the caller, and filters of the request.
 */
export interface ListWork {
  /** Calls that read more than `FEW_ROWS` in a statement on a read connection. */
  long: string[];
  /** Calls that use a scan connection. */
  scans: string[];
}

type Pool = "read" | "scan";

/** Number of pages of 100 items that are read to get far into a list. */
const DEEP_PAGES = 15;
/**
 * Maximum number of rows read for a page of 100 items. Includes rows of joined tables, and rows that MySQL
 * reads to return its counter of rows.
 */
const FEW_ROWS = 1000;
const PAGING = ["page_size", "page_token"];

/** Names of the paged RPCs of a service. */
export const listsOf = (owner: string): string[] =>
  [...methods.values()]
    .filter(({ input }) => PAGING.every((paging) => input.fields.some(({ name }) => name === paging)))
    .filter((method) => method.owner === owner)
    .map(({ name }) => name);

export const listUnderTest = <App, Request, Response extends { nextPageToken: string }>(
  definition: MethodDefinition<Request, Response>,
  useCase: (app: App, request: Request, call: Call) => Promise<Response>,
  ...callers: Caller[]
): ListUnderTest<App> => {
  const method = methodAt(definition.path);
  return {
    method,
    callers,
    read: async (app, caller, json) => {
      const bytes = toBinary(method.input, fromJson(method.input, json));
      const request = definition.requestDeserialize(Buffer.from(bytes));
      return (await invoke(definition, bound(useCase, app), caller, request)).response.nextPageToken;
    },
  };
};

/**
 * Calls a list with every combination of its filters, and reads two pages of each. Without filters, and with
 * each single filter, reads `DEEP_PAGES` pages. Skips invalid combinations. Ignores statements in
 * transactions when counting rows.
 *
 * @param values values to filter by, by JSON name; not needed for enums
 */
export async function walkList<App extends Platform>(
  app: App,
  { method, callers, read }: ListUnderTest<App>,
  values: Record<string, JsonValue>,
): Promise<ListWork> {
  const long = new Set<string>();
  const scans = new Set<string>();
  const parents = parentsOf(method);
  for (const caller of callers) {
    for (const filters of combinationsOf(method, values)) {
      const names = Object.keys(filters);
      const role = caller.kind === "user" ? caller.role : caller.kind;
      const call = [method.name, role, ...names].join(" ");
      const db = meteredDatabase(app.db, (pool, rows) => {
        if (pool === "scan") scans.add(call);
        else if (rows > FEW_ROWS) long.add(call);
      });
      const readPage = (paging: JsonObject) => read({ ...app, db }, caller, { ...filters, ...paging });
      const isDeep = names.filter((name) => !parents.includes(name)).length <= 1;
      await readPages(readPage, isDeep).catch((error) => {
        if ((error as ApiError).reason !== "INVALID_REQUEST") throw error;
      });
    }
  }
  return { long: [...long], scans: [...scans] };
}

/** Calls that contain none of the allowed combinations of words, such as "DOCTOR patientId". */
export const callsBeyond = (calls: string[], allowed: string[]): string[] =>
  calls.filter((call) => {
    const words = call.split(" ");
    return !allowed.some((set) => set.split(" ").every((word) => words.includes(word)));
  });

async function readPages(read: (paging: JsonObject) => Promise<string>, isDeep: boolean): Promise<void> {
  const pageToken = await read({});
  if (pageToken !== "") await read({ pageToken });
  let deepToken = "";
  for (let page = 0; isDeep && page < DEEP_PAGES; page++) {
    deepToken = await read({ pageSize: 100, pageToken: deepToken });
    if (deepToken === "") return;
  }
}

/** JSON names of the fields in the path of a list, which each call must set. */
const parentsOf = ({ desc, input }: Method): string[] => {
  const path = String(getOption(desc, http).pattern.value ?? "");
  return input.fields.filter(({ name }) => path.includes(`{${name}}`)).map(({ jsonName }) => jsonName);
};

/** Requests with every subset of the filters of a list, in every combination of their values. */
function combinationsOf({ input }: Method, values: Record<string, JsonValue>): JsonObject[] {
  const filters = input.fields.filter(({ name }) => !PAGING.includes(name));
  return filters.reduce<JsonObject[]>(
    (combinations, filter) =>
      combinations.flatMap((combination) => [
        combination,
        ...valuesOf(filter, values).map((value) => ({ ...combination, [filter.jsonName]: value })),
      ]),
    [{}],
  );
}

function valuesOf(field: DescField, values: Record<string, JsonValue>): JsonValue[] {
  if (field.fieldKind === "enum") return field.enum.values.slice(1).map(({ name }) => name);
  const value = values[field.jsonName];
  if (value === undefined) throw new Error(`the filter ${field.jsonName} needs a value`);
  return [value];
}

/**
 * Wraps a database. Reads of the wrapper run one at a time, and each reports how many rows MySQL has read.
 */
function meteredDatabase(db: Database, report: (pool: Pool, rows: number) => void): Database {
  let last: Promise<unknown> = Promise.resolve();
  const metered = (pool: Pool) => (sql: string, params?: SqlScalar[]) => {
    const select = async () => {
      let found: unknown[] = [];
      const rows = await rowsRead(db, pool, async () => {
        found = await db[pool](sql, params);
      });
      report(pool, rows);
      return found;
    };
    const done = last.then(select, select);
    last = done;
    return done;
  };
  return Object.create(db, {
    read: { value: metered("read") },
    scan: { value: metered("scan") },
    transaction: { value: db.transaction.bind(db) },
    write: { value: db.write.bind(db) },
  });
}

/** SQL expression for a new id in each row. */
export const NEW_ID = "UUID_TO_BIN(UUID())";

/**
 * Makes up to 10,000 copies of a row.
 *
 * @param changes SQL of the columns that differ; `n` is the number of the copy, from 0
 */
export async function copyRow(
  db: Database,
  table: string,
  id: string,
  copies: number,
  changes: Record<string, string>,
): Promise<void> {
  const columns = await db.read<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = ? AND generation_expression = ''`,
    [table],
  );
  const names = columns.map(({ name }) => name);
  await db.write(
    `INSERT INTO ${table} (${names}) WITH RECURSIVE a (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM a WHERE i < 99),
       m (n) AS (SELECT 100 * a.i + b.i FROM a, a AS b)
     SELECT ${names.map((name) => changes[name] ?? `t.${name}`)} FROM m, ${table} t WHERE t.id = ? AND m.n < ?`,
    [binaryId(id), copies],
  );
}
