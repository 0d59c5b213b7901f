import type { PoolConnection, ResultSetHeader } from "mysql2/promise";
import { answerWithin } from "./answer.ts";
import type { SqlValue } from "./database.ts";

interface Statement {
  sql: string;
  params: SqlValue[];
}

type Trace = <T>(sql: string, send: () => Promise<T>) => Promise<T>;

/**
 * One transaction with few round trips: statements whose result nobody needs are put off with `defer` and ride along
 * with the next one that does, as START TRANSACTION and COMMIT do.
 */
export class Transaction {
  readonly #connection: PoolConnection;
  readonly #timeoutMs: number;
  readonly #trace: Trace;
  #deferred: Statement[] = [];
  #begun = false;
  #isStuck = false;
  readonly #afterCommit: (() => void)[] = [];

  constructor(connection: PoolConnection, timeoutMs: number, trace: Trace) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#trace = trace;
  }

  /** Puts a statement off until the next round trip, the commit at the latest. */
  defer(sql: string, params: SqlValue[] = []): void {
    this.#deferred.push({ sql, params });
  }

  /** The rows that a SELECT finds within the transaction. */
  async read<Row>(sql: string, params: SqlValue[] = []): Promise<Row[]> {
    return (await this.#send({ sql, params })) as Row[];
  }

  /** Runs an INSERT, UPDATE or DELETE. `affectedRows` counts matched rows, even if nothing changed. */
  async write(sql: string, params: SqlValue[] = []): Promise<ResultSetHeader> {
    return (await this.#send({ sql, params })) as ResultSetHeader;
  }

  /** Has `work` done once the transaction is committed; never, if it is not. */
  afterCommit(work: () => void): void {
    this.#afterCommit.push(work);
  }

  async commit(): Promise<void> {
    if (this.#begun || this.#deferred.length > 0) await this.#send({ sql: "COMMIT", params: [] });
    this.#begun = false;
    for (const work of this.#afterCommit) work();
  }

  async rollback(): Promise<void> {
    this.#deferred = [];
    if (!this.#begun) return;
    this.#begun = false;
    // Where the last statement was not answered, this one would wait behind it for ever. A connection that cannot even
    // roll back is broken, and MySQL rolls back what it loses.
    if (this.#isStuck) return this.#connection.destroy();
    await answerWithin(this.#timeoutMs, this.#connection.query("ROLLBACK")).catch(() =>
      this.#connection.destroy(),
    );
  }

  async #send(last: Statement): Promise<unknown> {
    const begin = this.#begun ? [] : [{ sql: "START TRANSACTION", params: [] }];
    const batch: Statement[] = [...begin, ...this.#deferred, last];
    this.#deferred = [];
    this.#begun = true;
    const sql = batch.map((statement) => statement.sql).join(";\n");
    const values = batch.flatMap((statement) => statement.params);
    this.#isStuck = true;
    const [results] = await this.#trace(sql, () =>
      answerWithin(this.#timeoutMs, this.#connection.query({ sql, values })),
    ).catch((error) => {
      // An error of the server's is an answer.
      this.#isStuck = !("sqlState" in error);
      throw error;
    });
    this.#isStuck = false;
    return batch.length === 1 ? results : (results as unknown[]).at(-1);
  }
}
