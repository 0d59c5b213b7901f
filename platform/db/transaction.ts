import type { FieldPacket, PoolConnection, ResultSetHeader } from "mysql2/promise";
import { answerWithin } from "./answer.ts";
import { toTextIds } from "./binary-ids.ts";
import type { SqlValue } from "./sql-value.ts";

interface Statement {
  sql: string;
  params: SqlValue[];
  /** Settles the promise of the statement; absent for a deferred statement, whose result nobody needs. */
  result?: { resolve: (result: unknown) => void; reject: (error: unknown) => void };
}

type Trace = <T>(sql: string, send: () => Promise<T>) => Promise<T>;

export interface TransactionOptions {
  /** Longest duration of each round trip, in ms. */
  timeoutMs: number;
  /** True if `lock` skips locked rows. */
  skipsLocked: boolean;
  trace: Trace;
}

/**
 * A transaction with few round trips. Statements that are issued in the same turn of the event loop share a
 * round trip. `defer` adds a statement to the next round trip without waiting for its result. START
 * TRANSACTION and COMMIT share round trips with other statements.
 */
export class Transaction {
  readonly #connection: PoolConnection;
  readonly #options: TransactionOptions;
  #waiting: Statement[] = [];
  #isScheduled = false;
  #isOpen = false;
  #isStuck = false;
  #hasChanged = false;
  readonly #afterCommit: (() => void)[] = [];

  constructor(connection: PoolConnection, options: TransactionOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** True if a statement has changed rows. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /**
   * Queues a statement for the next round trip, which the next statement or the commit starts. If the queued
   * statement fails, the transaction fails.
   */
  defer(sql: string, params: SqlValue[] = []): void {
    this.#waiting.push({ sql, params });
  }

  /** Runs a SELECT. */
  async read<Row>(sql: string, params: SqlValue[] = []): Promise<Row[]> {
    return (await this.#ask({ sql, params })) as Row[];
  }

  /**
   * Runs a SELECT that ends in FOR UPDATE. With `skipsLocked`, omits rows that another transaction has
   * locked. Otherwise waits for them.
   */
  async lock<Row>(sql: string, params: SqlValue[] = []): Promise<Row[]> {
    return await this.read<Row>(this.#options.skipsLocked ? `${sql} SKIP LOCKED` : sql, params);
  }

  /**
   * Runs an INSERT, UPDATE or DELETE. `affectedRows` counts the rows that matched, even those that already
   * had the new values.
   */
  async write(sql: string, params: SqlValue[] = []): Promise<ResultSetHeader> {
    return (await this.#ask({ sql, params })) as ResultSetHeader;
  }

  /** Calls `work` after the commit. Does not call it if the transaction is rolled back. */
  afterCommit(work: () => void): void {
    this.#afterCommit.push(work);
  }

  async commit(): Promise<void> {
    if (this.#isOpen || this.#waiting.length > 0) await this.#ask({ sql: "COMMIT", params: [] });
    this.#isOpen = false;
    for (const work of this.#afterCommit) work();
  }

  async rollback(): Promise<void> {
    this.#waiting = [];
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // If a statement got no answer, ROLLBACK would wait behind that statement for ever. So this closes the
    // connection, and MySQL then rolls back the transaction by itself.
    if (this.#isStuck) return this.#connection.destroy();
    await answerWithin(this.#options.timeoutMs, this.#connection.query("ROLLBACK")).catch(() =>
      this.#connection.destroy(),
    );
  }

  #ask(statement: Statement): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...statement, result: { resolve, reject } });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      queueMicrotask(() => void this.#send());
    });
  }

  /** Sends all waiting statements in one round trip. */
  async #send(): Promise<void> {
    this.#isScheduled = false;
    if (this.#waiting.length === 0) return;
    const begin: Statement[] = this.#isOpen ? [] : [{ sql: "START TRANSACTION", params: [] }];
    const batch = [...begin, ...this.#waiting];
    this.#waiting = [];
    this.#isOpen = true;
    try {
      const results = await this.#query(batch);
      for (const [i, { result }] of batch.entries()) result?.resolve(results[i]);
    } catch (error) {
      for (const { result } of batch) result?.reject(error);
    }
  }

  async #query(batch: Statement[]): Promise<unknown[]> {
    const sql = batch.map((statement) => statement.sql).join(";\n");
    const values = batch.flatMap((statement) => statement.params);
    this.#isStuck = true;
    const [results, fields] = await this.#options
      .trace(sql, () => answerWithin(this.#options.timeoutMs, this.#connection.query({ sql, values })))
      .catch((error) => {
        // An error of the server is an answer, so the connection is usable.
        this.#isStuck = !("sqlState" in error);
        throw error;
      });
    this.#isStuck = false;
    const all = batch.length === 1 ? [results] : (results as unknown[]);
    const fieldsOf = (batch.length === 1 ? [fields] : fields) as (FieldPacket[] | undefined)[];
    for (const [i, rows] of all.entries()) toTextIds(rows, fieldsOf[i] ?? []);
    this.#hasChanged ||= all.some((result) => (result as Partial<ResultSetHeader>).affectedRows);
    return all;
  }
}
