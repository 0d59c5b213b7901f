import { AsyncLocalStorage } from "node:async_hooks";
import { Database, type TransactionOptions } from "../db/database.ts";
import type { SqlScalar } from "../db/sql-value.ts";
import type { Transaction } from "../db/transaction.ts";
import { isId } from "../ids/ids.ts";

/** Statements in which ids may be text, recognized by a table or column. */
const WITH_TEXT_IDS = /\b(outbox|audit_events|revocations|webhook_events)\b|\bended_by = \?/;

/**
 * Database for tests that refuses two mistakes:
 *
 * - an id as text. A text never equals a BINARY(16), so the statement would find nothing. So the tests of a
 *   store fail if the store forgets `binaryId`.
 * - a transaction inside the work of another one. If many callers each hold one connection and wait for a
 *   second one, they deadlock.
 */
export class CheckedDatabase extends Database {
  readonly #open = new AsyncLocalStorage<{ isOpen: boolean }>();
  #nested: Error | undefined;

  override async read<Row>(sql: string, params: SqlScalar[] = []): Promise<Row[]> {
    refuseTextIds(sql, params);
    return await super.read<Row>(sql, params);
  }

  override async scan<Row>(sql: string, params: SqlScalar[] = []): Promise<Row[]> {
    refuseTextIds(sql, params);
    return await super.scan<Row>(sql, params);
  }

  override async transaction<T>(
    work: (tx: Transaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    this.#refuseNested();
    return await super.transaction((tx) => this.#runOpen(() => work(checked(tx))), options);
  }

  /**
   * Throws the error about a nested transaction again, because a test does not notice an error that was
   * thrown in background work.
   */
  override async close(): Promise<void> {
    await super.close();
    if (this.#nested) throw this.#nested;
  }

  #refuseNested(): void {
    if (!this.#open.getStore()?.isOpen) return;
    this.#nested = new Error("a transaction within another one's work");
    throw this.#nested;
  }

  async #runOpen<T>(work: () => Promise<T>): Promise<T> {
    const transaction = { isOpen: true };
    try {
      return await this.#open.run(transaction, work);
    } finally {
      // The transaction has ended. Work that it has started in the background may start transactions of its
      // own now.
      transaction.isOpen = false;
    }
  }
}

const checked = (tx: Transaction): Transaction =>
  new Proxy(tx, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (typeof args[0] === "string") refuseTextIds(args[0], (args[1] ?? []) as SqlScalar[]);
        return method.apply(target, args);
      };
    },
  });

function refuseTextIds(sql: string, params: SqlScalar[]): void {
  if (!WITH_TEXT_IDS.test(sql) && params.some(hasTextId)) throw new Error(`an id as text: ${sql}`);
}

const hasTextId = (value: SqlScalar): boolean => (Array.isArray(value) ? value.some(hasTextId) : isId(value));
