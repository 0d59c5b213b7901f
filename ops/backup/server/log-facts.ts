import type { RowDataPacket } from "mysql2/promise";
import { SetupError } from "../../command/setup-error.ts";
import { connectAdmin } from "../../schemas/admin-connection.ts";

export interface LogFacts {
  /** `@@server_uuid` */
  readonly server: string;
  /** Oldest file of the log that the server still has. */
  readonly firstFile: string;
}

/** Reads facts about a server's binary log. Throws SetupError if it has none, or one that cannot be replayed. */
export async function logFactsOf(url: string): Promise<LogFacts> {
  const connection = await connectAdmin(url);
  try {
    const [[facts]] = await connection.query<RowDataPacket[]>(
      `SELECT @@server_uuid AS server, @@log_bin AS isOn, @@GLOBAL.binlog_format AS format,
         @@GLOBAL.binlog_row_image AS image, @@GLOBAL.binlog_transaction_compression AS isCompressed`,
    );
    const { host } = new URL(url);
    if (!facts?.isOn) throw new SetupError(`MySQL at ${host} has no binary log: start it with --log-bin.`);
    if (facts.format !== "ROW" || facts.image !== "FULL" || facts.isCompressed) {
      throw new SetupError(
        `MySQL at ${host} needs binlog_format=ROW, binlog_row_image=FULL and binlog_transaction_compression=OFF.`,
      );
    }
    const [[first]] = await connection.query<RowDataPacket[]>("SHOW BINARY LOGS");
    return { server: facts.server, firstFile: first?.Log_name };
  } finally {
    await connection.end();
  }
}
