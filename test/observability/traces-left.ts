import { readdirSync, readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import type { OwnStack } from "../support/own-stack.ts";

// The functions in this file read all places in which the system may have stored a secret.

/** All keys and values of a Redis server. */
export async function contentOf(url: string): Promise<string> {
  const redis = new Redis(url);
  const contents = (await redis.keys("*")).map(async (name) => {
    switch (await redis.type(name)) {
      case "string":
        return [name, await redis.get(name)];
      case "zset":
        return [name, await redis.zrangebyscore(name, "-inf", "+inf")];
      case "hash":
        return [name, await redis.hgetall(name)];
      case "none":
        return [name, "expired meanwhile"];
      default:
        throw new Error(`${name} has a type that this test cannot read.`);
    }
  });
  const all = JSON.stringify(await Promise.all(contents));
  redis.disconnect();
  return all;
}

/** Every row of every table of the system. */
export async function rowsOf({ urls, schemaPrefix }: OwnStack): Promise<string> {
  const connection = await createConnection({ uri: urls.mysql });
  const [tables] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE ?",
    [`${schemaPrefix.replace("_", "\\_")}%`],
  );
  if (tables.length <= 20) throw new Error(`Only ${tables.length} tables match ${schemaPrefix}*.`);
  const texts: string[] = [];
  for (const { s, t } of tables) {
    const [rows] = await connection.query<RowDataPacket[]>("SELECT * FROM ??.??", [s, t]);
    texts.push(
      JSON.stringify(rows, (_key, value) => (value?.type === "Buffer" ? latin1(value.data) : value)),
    );
  }
  await connection.end();
  return texts.join("\n");
}

const latin1 = (bytes: number[]): string => Buffer.from(bytes).toString("latin1");

/** Returns the arguments of every process on this machine. Any user can read these arguments. */
export function commandLines(): string {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => readOrNothing(`/proc/${pid}/cmdline`).replaceAll("\0", " ")).join("\n");
}

/** Reads a file of /proc. Returns "" if the process of that file has ended. */
function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Turns on MySQL's general log until `close` is called. The log contains every statement with its values. */
export class GeneralLog {
  readonly #admin: Connection;

  private constructor(admin: Connection) {
    this.#admin = admin;
  }

  static async open(url: string): Promise<GeneralLog> {
    const admin = await createConnection({ uri: url });
    await admin.query("SET GLOBAL log_output = 'TABLE'");
    await admin.query("SET GLOBAL general_log = ON");
    return new GeneralLog(admin);
  }

  /** Returns the statements of all database users whose names start with this prefix. */
  async statements(accountPrefix: string): Promise<string> {
    const [rows] = await this.#admin.query<RowDataPacket[]>(
      "SELECT argument FROM mysql.general_log WHERE user_host LIKE ?",
      [`${accountPrefix.replace("_", "\\_")}%`],
    );
    return rows.map(({ argument }) => latin1([...(argument as Buffer)])).join("\n");
  }

  async close(): Promise<void> {
    await this.#admin.query("SET GLOBAL general_log = OFF");
    await this.#admin.query("TRUNCATE mysql.general_log");
    await this.#admin.end();
  }
}
