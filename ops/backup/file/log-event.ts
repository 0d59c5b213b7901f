// Events of MySQL's binary log, format version 4: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_replication_binlog_event.html

const HEADER = 19;
const CHECKSUM = 4;
const TYPE_OFFSET = 4;
const END_OFFSET = 13;
/** Offset of the commit time in the body of a GTID event: after flags, UUID, number, and two logical clocks. */
const COMMIT_TIME_OFFSET = HEADER + 1 + 16 + 8 + 1 + 16;
/** Bit of a commit time that says that the time of the original commit follows. */
const HAS_ORIGINAL_TIME = 1n << 55n;

export const LOG_MAGIC = Buffer.from([0xfe, 0x62, 0x69, 0x6e]);

const KINDS = {
  2: "query",
  3: "stop",
  4: "rotate",
  15: "format",
  16: "commit",
  19: "table",
  30: "rows",
  31: "rows",
  32: "rows",
  33: "transaction",
  34: "transaction",
  39: "rows",
  40: "compressed transaction",
  42: "tagged transaction",
} as const;

export type LogEventKind = (typeof KINDS)[keyof typeof KINDS] | "other";

export const kindOf = (event: Buffer): LogEventKind =>
  KINDS[event.readUInt8(TYPE_OFFSET) as keyof typeof KINDS] ?? "other";

/** End of an event in its log file; 0 for an event that the server made up for the stream. */
export const endOf = (event: Buffer): number => event.readUInt32LE(END_OFFSET);

/** True for an event that the server made up for the stream, so that it is in no file. */
export const isMadeUp = (event: Buffer): boolean => event.readUInt32LE(0) === 0 || endOf(event) === 0;

/**
 * Name of a file in a rotate event. A checksum may follow the name, and nothing says so. All names of a server have one
 * length.
 */
export const fileIn = (rotate: Buffer, nameLength: number): string =>
  rotate.toString("latin1", HEADER + 8, HEADER + 8 + nameLength);

/** Time of commit of a transaction, in ms with a fraction. */
export function commitTimeOf(transaction: Buffer): number {
  const low = BigInt(transaction.readUIntLE(COMMIT_TIME_OFFSET, 6));
  const micros = (low | (BigInt(transaction.readUInt8(COMMIT_TIME_OFFSET + 6)) << 48n)) & ~HAS_ORIGINAL_TIME;
  return Number(micros) / 1000;
}

/** Schema of the table that the rows after a table event belong to. */
export function schemaIn(table: Buffer): string {
  const length = table.readUInt8(HEADER + 8);
  return table.toString("utf8", HEADER + 9, HEADER + 9 + length);
}

/** A statement in the log: its default schema and its text. */
export function queryIn(query: Buffer): { schema: string; sql: string } {
  const schemaLength = query.readUInt8(HEADER + 8);
  const schemaOffset = HEADER + 13 + query.readUInt16LE(HEADER + 11);
  const sqlOffset = schemaOffset + schemaLength + 1;
  return {
    schema: query.toString("utf8", schemaOffset, schemaOffset + schemaLength),
    sql: query.toString("utf8", sqlOffset, query.length - CHECKSUM),
  };
}

/** Splits a log file into its events. Throws for another content. */
export async function* eventsIn(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let isBegun = false;
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (!isBegun && rest.length >= LOG_MAGIC.length) {
      if (!rest.subarray(0, LOG_MAGIC.length).equals(LOG_MAGIC)) throw new Error("it is no binary log");
      rest = rest.subarray(LOG_MAGIC.length);
      isBegun = true;
    }
    while (isBegun && rest.length >= HEADER && rest.length >= rest.readUInt32LE(9)) {
      const length = rest.readUInt32LE(9);
      yield rest.subarray(0, length);
      rest = rest.subarray(length);
    }
  }
  if (!isBegun || rest.length > 0) throw new Error("its last event is incomplete");
}
