import { setTimeout as delay } from "node:timers/promises";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { SetupError } from "../command/setup-error.ts";

/**
 * Connects to MySQL as an administrator, and retries for `waitMs`. Throws SetupError if the URL or login is
 * wrong, or if the server does not respond. The error message omits the password.
 */
export async function connectAdmin(url: string, waitMs = 0): Promise<Connection> {
  const { host, user } = parse(url);
  const deadline = Date.now() + waitMs;
  for (;;) {
    try {
      const connection = await createConnection({ uri: url, connectTimeout: 5000 });
      await refuseOtherThanMysql(connection, host);
      return connection;
    } catch (error) {
      if (error instanceof SetupError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ER_ACCESS_DENIED_ERROR") {
        throw new SetupError(`MySQL at ${host} refuses user "${user}" with the password in MYSQL_URL.`);
      }
      if (Date.now() > deadline) throw new SetupError(`MySQL at ${host} cannot be reached (${code}).`);
      await delay(500);
    }
  }
}

function parse(url: string): { host: string; user: string } {
  if (!URL.canParse(url) || !url.startsWith("mysql://")) {
    throw new SetupError("MYSQL_URL must be mysql://user:password@host:port.");
  }
  const { host, username } = new URL(url);
  return { host, user: decodeURIComponent(username) };
}

async function refuseOtherThanMysql(connection: Connection, host: string): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT VERSION() AS version");
  const version = String(rows[0]?.version);
  if (!/mariadb/i.test(version) && Number.parseInt(version, 10) >= 8) return;
  await connection.end();
  throw new SetupError(`The server at ${host} is ${version}; MedConnect needs MySQL 8.4 or newer.`);
}
