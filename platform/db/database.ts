import { setTimeout as delay } from "node:timers/promises";
import type { PoolConnection, ResultSetHeader } from "mysql2/promise";
import { ApiError } from "../errors/api-error.ts";
import { timed } from "../telemetry/database-durations.ts";
import { inSpan, isTraced, SpanKind } from "../telemetry/tracing.ts";
import { answerWithin } from "./answer.ts";
import { toTextIds, withIdsAsText } from "./binary-ids.ts";
import { activeBorrower, type Borrower, INTERNAL } from "./borrower.ts";
import { isInterrupted, isRetryable, isTimeout, translate } from "./errors.ts";
import { FairPool } from "./fair-pool.ts";
import { observePools } from "./pool-metrics.ts";
import { killQuery, openSession, type Session } from "./session.ts";
import type { SqlScalar, SqlValue } from "./sql-value.ts";
import { Transaction } from "./transaction.ts";
import { WriteBreaker } from "./write-breaker.ts";
import { probeWrites } from "./write-probe.ts";

export interface DatabaseOptions {
  /** URL such as mysql://user:password@host:port/schema. */
  url: string;
  poolSize: number;
  /** Longest wait for a connection, and longest duration of each statement, in ms. */
  timeoutMs: number;
}

export interface TransactionOptions {
  mayRetry?: ((error: unknown) => Promise<boolean>) | undefined;
  skipsLocked?: boolean;
}

const CONNECT_MS = 2000;
const ATTEMPTS = 4;
const DELETED_AT_ONCE = 1000;
/**
 * Ratio of read connections to scan connections. Scans get few connections: on two cores, two concurrent
 * scans doubled the p99 latency of a booking.
 */
const READS_FOR_A_SCAN = 16;

/**
 * Access to the schema of one service, through three connection pools. Reads are prepared statements.
 * Transactions may send several statements in one round trip. Scans, which are slow SELECTs, have a small
 * pool, so that other work does not wait for them. Callers take turns at each pool (see Borrower). SQL text
 * is always constant, and values are parameters.
 */
export class Database {
  readonly #reads: FairPool;
  readonly #scans: FairPool;
  readonly #writes: FairPool;
  readonly #breaker: WriteBreaker;
  readonly #timeoutMs: number;
  readonly #namespace: string;
  /** Session of each connection that has been initialized. */
  readonly #sessions = new WeakMap<object, Session>();

  constructor({ url, poolSize, timeoutMs }: DatabaseOptions) {
    const options = {
      uri: url,
      connectionLimit: poolSize,
      connectTimeout: Math.min(CONNECT_MS, timeoutMs),
      timezone: "Z",
      charset: "utf8mb4",
      supportBigNumbers: true,
      maxPreparedStatements: 200,
      enableKeepAlive: true,
      // The driver would record a stack trace for each statement, which costs 5 % of a service's CPU time.
      trace: false,
    };
    this.#reads = new FairPool(options);
    this.#scans = new FairPool({ ...options, connectionLimit: Math.ceil(poolSize / READS_FOR_A_SCAN) });
    this.#writes = new FairPool({ ...options, multipleStatements: true });
    this.#breaker = new WriteBreaker((signal) => probeWrites(url, signal));
    this.#timeoutMs = timeoutMs;
    this.#namespace = new URL(url).pathname.slice(1);
    observePools({ reads: this.#reads, scans: this.#scans, writes: this.#writes });
  }

  /** Runs a SELECT. If the SELECT takes too long, the server stops it, and this throws UNAVAILABLE. */
  async read<Row>(sql: string, params: SqlScalar[] = []): Promise<Row[]> {
    return await this.#select<Row>(this.#reads, sql, params);
  }

  /**
   * Runs a SELECT that takes longer the more rows the table has. Otherwise works as `read`. Only a few scans
   * run at once.
   */
  async scan<Row>(sql: string, params: SqlScalar[] = []): Promise<Row[]> {
    return await this.#select<Row>(this.#scans, sql, params);
  }

  /** Runs one statement in a transaction of its own, in one round trip. */
  async write(sql: string, params: SqlValue[] = []): Promise<ResultSetHeader> {
    return await this.transaction(async (tx) => {
      const [written] = await Promise.all([tx.write(sql, params), tx.commit()]);
      return written;
    });
  }

  /**
   * Repeats a DELETE that ends in `LIMIT ?` until no row is left. Each transaction deletes up to a thousand
   * rows. `signal` stops the deletion between two transactions.
   */
  async deleteAll(sql: string, params: SqlValue[], signal?: AbortSignal): Promise<void> {
    let deleted: number;
    do {
      signal?.throwIfAborted();
      deleted = (await this.write(sql, [...params, DELETED_AT_ONCE])).affectedRows;
    } while (deleted === DELETED_AT_ONCE);
  }

  /**
   * Runs `work` in one READ COMMITTED transaction. Commits the transaction, or rolls it back if `work`
   * throws. After a deadlock or a lock wait timeout, runs `work` again, up to three times. So `work` must
   * have no effect outside of `tx`. Throws UNAVAILABLE at once while writes keep timing out (WriteBreaker).
   *
   * @param mayRetry called with a retryable error; false prevents the retry
   * @param skipsLocked true if `Transaction.lock` omits locked rows instead of waiting for them
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return await this.#breaker.run(() => this.#transact(work, options));
  }

  /** True while transactions fail at once, because writes time out. */
  get areWritesFailing(): boolean {
    return this.#breaker.isOpen;
  }

  async #transact<T>(
    work: (tx: Transaction) => Promise<T>,
    { mayRetry = async () => true, skipsLocked = false }: TransactionOptions,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        // Omits the signal of the call. If the call is cancelled, the transaction goes on, because it may
        // record something that has already happened.
        const { signal: _, ...borrower } = activeBorrower();
        return await this.#use(this.#writes, borrower, async (connection) => {
          const timeoutMs = this.#timeoutMs;
          const trace = <R>(sql: string, send: () => Promise<R>) => this.trace(sql, send);
          const tx = new Transaction(connection, { timeoutMs, skipsLocked, trace });
          try {
            const result = await work(tx);
            await tx.commit();
            if (tx.hasChanged) this.#breaker.noteChange();
            return result;
          } catch (error) {
            await tx.rollback();
            throw error;
          }
        });
      } catch (error) {
        if (attempt === ATTEMPTS || !isRetryable(error) || !(await mayRetry(error))) throw error;
        await delay(Math.random() * 10 * 2 ** attempt);
      }
    }
  }

  async close(): Promise<void> {
    this.#breaker.close();
    await Promise.all([this.#reads.end(), this.#scans.end(), this.#writes.end()]);
  }

  async #select<Row>(pool: FairPool, sql: string, params: SqlScalar[]): Promise<Row[]> {
    return await this.#use(pool, activeBorrower(), async (connection) => {
      const prepared = withIdsAsText(sql, params);
      // Numbers are sent as text, because the driver would send a DOUBLE, which MySQL refuses for LIMIT ?.
      const values = prepared.values.map((value) => (typeof value === "number" ? String(value) : value));
      try {
        const [rows, fields] = await this.trace(sql, () =>
          answerWithin(this.#timeoutMs, connection.execute({ sql: prepared.sql, values })),
        );
        toTextIds(rows, fields);
        return rows as Row[];
      } catch (error) {
        // biome-ignore lint/style/noNonNullAssertion: `#useOnce` has opened a session
        if (isTimeout(error)) void this.#kill(this.#sessions.get(connection.connection)!);
        throw error;
      }
    });
  }

  /**
   * Kills a SELECT that has exceeded the time limit, over another connection. Does nothing if that connection
   * leads to a different server. The connection of the SELECT is destroyed, because a late KILL could hit the
   * next statement on it. Writes are never killed, because they may be committing.
   */
  async #kill(session: Session): Promise<void> {
    const kill = (spare: PoolConnection) =>
      // biome-ignore lint/style/noNonNullAssertion: `#useOnce` has opened a session
      killQuery(session, this.#sessions.get(spare.connection)!, spare, this.#timeoutMs);
    // A failure does not matter: the caller has already got an error, and the server stops the statement at
    // its own time limit.
    await this.#use(this.#reads, INTERNAL, kill).catch(() => {});
  }

  /**
   * Lends a connection to `work`. If an error has left the connection in an unknown state, destroys it
   * afterwards.
   */
  async #use<T>(
    pool: FairPool,
    borrower: Borrower,
    work: (connection: PoolConnection) => Promise<T>,
  ): Promise<T> {
    try {
      const wait = { timeoutMs: this.#timeoutMs, signal: borrower.signal };
      return await pool.lend(borrower, wait, (connection) => this.#useOnce(connection, work));
    } catch (error) {
      throw translate(error);
    }
  }

  async #useOnce<T>(
    connection: PoolConnection,
    work: (connection: PoolConnection) => Promise<T>,
  ): Promise<T> {
    let sound = true;
    try {
      if (!this.#sessions.has(connection.connection)) {
        this.#sessions.set(connection.connection, await openSession(connection, this.#timeoutMs));
      }
      return await work(connection);
    } catch (error) {
      const told = translate(error);
      sound = !(told instanceof ApiError) || told === error || isRetryable(error) || isInterrupted(error);
      throw told;
    } finally {
      if (sound) connection.release();
      else connection.destroy();
    }
  }

  /**
   * Runs a round trip in a span, and records its duration. The SQL in the span has placeholders, never
   * values. Outside of a traced task there is no span: jobs poll all the time, and each poll would be a trace.
   */
  private trace<T>(sql: string, send: () => Promise<T>): Promise<T> {
    const [summary = ""] = sql.trimStart().split(/\s+/, 1);
    const timedSend = () => timed("mysql", isBatch(sql) ? "BATCH" : summary, send);
    if (!isTraced()) return timedSend();
    const attributes = { "db.system.name": "mysql", "db.namespace": this.#namespace, "db.query.text": sql };
    return inSpan(`${summary} ${this.#namespace}`, { kind: SpanKind.CLIENT, attributes }, timedSend);
  }
}

/** True for the statements of a transaction that share a round trip (see Transaction). */
const isBatch = (sql: string): boolean => sql.includes(";\n");
