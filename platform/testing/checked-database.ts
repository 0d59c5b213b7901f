import { Database, type SqlValue, type TransactionOptions } from "../db/database.ts";
import type { Transaction } from "../db/transaction.ts";
import { isId } from "../ids.ts";

/** Statements with ids as text: of tables that hold some, or of such a column. */
const WITH_TEXT_IDS = /\b(outbox|audit_events|revocations|webhook_events)\b|\bended_by = \?/;

/**
 * A database that refuses an id as text. In MySQL it would equal no BINARY(16), and the statement would find nothing; so a
 * `binaryId` that is missing in a store fails the store's tests.
 */
export class CheckedDatabase extends Database {
  override async read<Row>(sql: string, params: SqlValue[] = []): Promise<Row[]> {
    refuseTextIds(sql, params);
    return await super.read<Row>(sql, params);
  }

  override async scan<Row>(sql: string, params: SqlValue[] = []): Promise<Row[]> {
    refuseTextIds(sql, params);
    return await super.scan<Row>(sql, params);
  }

  override async transaction<T>(
    work: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    return await super.transaction((tx) => work(checked(tx)), options);
  }
}

const checked = (tx: Transaction): Transaction =>
  new Proxy(tx, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (typeof args[0] === "string") refuseTextIds(args[0], (args[1] ?? []) as SqlValue[]);
        return method.apply(target, args);
      };
    },
  });

function refuseTextIds(sql: string, params: SqlValue[]): void {
  if (!WITH_TEXT_IDS.test(sql) && params.some(hasTextId)) throw new Error(`an id as text: ${sql}`);
}

const hasTextId = (value: SqlValue): boolean => (Array.isArray(value) ? value.some(hasTextId) : isId(value));
