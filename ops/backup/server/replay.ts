import { type Connection, createConnection } from "mysql2/promise";
import { SetupError } from "../../command/setup-error.ts";

/** Length of the events that one statement replays, in bytes. */
const BATCH_BYTES = 512 * 1024;

/** Replays the transactions of a binary log in one schema, many in one commit. */
export class Replay {
  readonly #connection: Connection;
  /** Description of the format of the events that follow. */
  #format = Buffer.alloc(0);
  #events: Buffer[] = [];
  #bytes = 0;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  static async connect(url: string, schema: string): Promise<Replay> {
    return new Replay(await createConnection({ uri: url, database: schema }));
  }

  /** Adds a transaction. @param format event with the log's format @param events its events of tables and rows */
  async add(format: Buffer, events: readonly Buffer[]): Promise<void> {
    if (!this.#format.equals(format)) {
      await this.flush();
      await this.#run(binlog([format]));
      // After a description, the server expects the transaction ids of the log. The restored server has its own.
      await this.#run("SET SESSION gtid_next = 'AUTOMATIC'");
      this.#format = Buffer.from(format);
    }
    this.#events.push(...events);
    for (const event of events) this.#bytes += event.length;
    if (this.#bytes >= BATCH_BYTES) await this.flush();
  }

  /** Runs a change of a table, after all transactions so far. */
  async define(sql: string): Promise<void> {
    await this.flush();
    await this.#run(sql);
  }

  async flush(): Promise<void> {
    if (this.#events.length === 0) return;
    // Each statement for itself: after BINLOG, the server may deny that further results follow.
    for (const sql of ["BEGIN", binlog(this.#events), "COMMIT"]) await this.#run(sql);
    this.#events = [];
    this.#bytes = 0;
  }

  async close(): Promise<void> {
    await this.#connection.end();
  }

  async #run(sql: string): Promise<void> {
    try {
      await this.#connection.query(sql);
    } catch (error) {
      throw new SetupError(`The log does not fit the backup: ${(error as Error).message}`);
    }
  }
}

/** The server decodes the events, as in the output of mysqlbinlog. */
const binlog = (events: readonly Buffer[]): string =>
  `BINLOG '${events.map((event) => event.toString("base64")).join("\n")}'`;
