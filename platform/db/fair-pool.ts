import { createPool, type Pool, type PoolConnection, type PoolOptions } from "mysql2/promise";
import type { Borrower } from "./borrower.ts";
import { Turns, type Wait } from "./turns.ts";

/**
 * Divisor for the share of a bounded borrower. Such a borrower holds at most the size of a pool divided by
 * this number.
 */
const BORROWERS_AT_LEAST = 4;

/**
 * Connection pool whose borrowers take turns. The queue of the driver stays empty, because `Turns` admits
 * only as much work as there are connections.
 */
export class FairPool {
  readonly #pool: Pool;
  readonly #turns: Turns;
  /** Maximum number of open connections. */
  readonly size: number;

  constructor(options: PoolOptions & { connectionLimit: number }) {
    this.#pool = createPool(options);
    const { connectionLimit } = options;
    this.size = connectionLimit;
    this.#turns = new Turns(connectionLimit, Math.ceil(connectionLimit / BORROWERS_AT_LEAST));
  }

  /** Lends a connection to `work`, which must give it back by `release` or `destroy`. */
  async lend<T>(
    borrower: Borrower,
    wait: Wait,
    work: (connection: PoolConnection) => Promise<T>,
  ): Promise<T> {
    await this.#turns.enter(borrower, wait);
    try {
      return await work(await this.#pool.getConnection());
    } finally {
      this.#turns.leave(borrower);
    }
  }

  /** Number of open and idle connections, from fields that the types of mysql2 do not declare. */
  get connections(): { open: number; idle: number } {
    const core: object = this.#pool.pool;
    const { _allConnections, _freeConnections } = core as Record<string, { length: number } | undefined>;
    return { open: _allConnections?.length ?? 0, idle: _freeConnections?.length ?? 0 };
  }

  /** Number of borrowers' requests that wait for a connection. */
  get waiting(): number {
    return this.#turns.waiting;
  }

  async end(): Promise<void> {
    await this.#pool.end();
  }
}
