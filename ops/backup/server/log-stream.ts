import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { type Connection, createConnection } from "mysql2";
import { fileIn, isMadeUp, kindOf } from "../file/log-event.ts";
import type { LogPlace } from "../file/log-segments.ts";

/** An event as the server has it in a log file. */
export interface StreamedEvent {
  readonly file: string;
  readonly event: Buffer;
}

const COM_BINLOG_DUMP = 0x12;
/** The server ends the stream at the end of its log, and does not wait for more. */
const NON_BLOCKING = 1;
const HEADER = 4;
/** Number of events in memory from which the server has to wait. */
const MANY = 500;

/** A packet of mysql2. */
interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
  isError(): boolean;
  asError(encoding: string): Error;
}

/** Members of mysql2's connections that its types leave out. */
interface RawConnection {
  readonly stream: Socket;
  addCommand(command: EventEmitter): void;
  write(buffer: Buffer): void;
  _resetSequenceId(): void;
  _bumpSequenceId(packets: number): void;
}

/**
 * Streams the binary log of a server from a place to its end, by COM_BINLOG_DUMP, as replicas do. mysql2 has this
 * command, but keeps the bytes of the events from its callers. The description of the format comes at the start of
 * each file, and of a stream.
 */
export async function* streamLog(url: string, from: LogPlace): AsyncGenerator<StreamedEvent> {
  const connection = createConnection({ uri: url });
  try {
    // The events then have the checksums of the file.
    await connection.promise().query("SET @source_binlog_checksum = @@GLOBAL.binlog_checksum");
    let { file } = from;
    for await (const event of dump(connection, from)) {
      if (kindOf(event) === "rotate" && isMadeUp(event)) file = fileIn(event, from.file.length);
      else yield { file, event };
    }
  } finally {
    connection.destroy();
  }
}

/** Sends the command. The server waits while the reader is behind. */
function dump(connection: Connection, from: LogPlace): AsyncIterable<Buffer> {
  const raw = connection as unknown as RawConnection;
  // Pauses the socket. mysql2's own pause would lose packets if the server closes the connection meanwhile.
  const events = new Readable({ objectMode: true, highWaterMark: MANY, read: () => raw.stream.resume() });
  const command = new DumpCommand(from);
  command.on("event", (event: Buffer) => events.push(event) || raw.stream.pause());
  let isComplete = false;
  command.on("end", () => {
    isComplete = true;
    events.push(null);
  });
  command.on("error", (error) => events.destroy(error));
  // The server closes the connection after the last event.
  connection.on("error", (error) => isComplete || events.destroy(error));
  raw.addCommand(command);
  return events;
}

/** A command as mysql2 runs it: `execute` gets each packet of the server, and returns true at the end. */
class DumpCommand extends EventEmitter {
  readonly #from: LogPlace;
  #isSent = false;

  constructor(from: LogPlace) {
    super();
    this.#from = from;
  }

  execute(packet: Packet | undefined, connection: RawConnection): boolean {
    if (packet && this.#isSent) return this.#take(packet);
    connection._resetSequenceId();
    connection.write(this.#request());
    connection._bumpSequenceId(1);
    this.#isSent = true;
    return false;
  }

  #take(packet: Packet): boolean {
    if (packet.isError()) {
      this.emit("error", packet.asError("utf8"));
      return true;
    }
    if (packet.isEOF()) {
      this.emit("end");
      return true;
    }
    // The first byte says OK. mysql2 reuses the packet's memory, so the event is a copy.
    this.emit("event", Buffer.from(packet.buffer.subarray(packet.offset + 1, packet.end)));
    return false;
  }

  #request(): Buffer {
    const { file, offset } = this.#from;
    const length = 11 + file.length;
    const request = Buffer.alloc(HEADER + length);
    request.writeUIntLE(length, 0, 3);
    request.writeUInt8(COM_BINLOG_DUMP, HEADER);
    request.writeUInt32LE(offset, HEADER + 1);
    request.writeUInt16LE(NON_BLOCKING, HEADER + 5);
    request.write(file, HEADER + 11, "latin1");
    return request;
  }
}
