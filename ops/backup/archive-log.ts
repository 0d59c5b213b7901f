import { Readable } from "node:stream";
import { SERVICES } from "@medconnect/topology/services.ts";
import type { Encrypter } from "age-encryption";
import { SetupError } from "../command/setup-error.ts";
import type { SchemaServers } from "../schemas/provision.ts";
import { writeDurably } from "./file/durable-file.ts";
import { encrypted } from "./file/encryption.ts";
import { endOf, isMadeUp, LOG_MAGIC } from "./file/log-event.ts";
import { FIRST_OFFSET, folderOf, type LogPlace, listSegments, segmentName } from "./file/log-segments.ts";
import { logFactsOf } from "./server/log-facts.ts";
import { type StreamedEvent, streamLog } from "./server/log-stream.ts";

export interface ArchivedSegment {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Copies the binary logs of all servers, from the end of the archive to the end of the log, to encrypted files. The
 * first run begins with the oldest file that a server still has.
 */
export async function archiveLogs(
  { urls }: SchemaServers,
  folder: string,
  encrypter: Encrypter,
): Promise<ArchivedSegment[]> {
  const archived: ArchivedSegment[] = [];
  const done = new Set<string>();
  for (const service of SERVICES) {
    const { server, firstFile } = await logFactsOf(urls[service]);
    if (done.has(server)) continue;
    done.add(server);
    const own = folderOf(folder, server);
    const last = (await listSegments(own)).at(-1);
    const from = last ? { file: last.file, offset: last.to } : { file: firstFile, offset: FIRST_OFFSET };
    archived.push(...(await archiveLog(urls[service], from, own, encrypter)));
  }
  return archived;
}

/** Writes a file for each file of the log that has new events. */
async function archiveLog(
  url: string,
  from: LogPlace,
  folder: string,
  encrypter: Encrypter,
): Promise<ArchivedSegment[]> {
  const archived: ArchivedSegment[] = [];
  const events = new Lookahead(streamLog(url, from));
  try {
    for (let next = await events.peek(); next; next = await events.peek()) {
      const { file } = next;
      const start = file === from.file ? from.offset : FIRST_OFFSET;
      const madeUp = await takeMadeUp(events, file);
      if ((await events.peek())?.file !== file) continue;
      let end = start;
      const contents = Readable.from(
        contentOf(events, file, madeUp, (offset) => {
          end = offset;
        }),
        { objectMode: false },
      );
      const name = () => segmentName({ file, from: start, to: end });
      archived.push(await writeDurably(folder, await encrypted(encrypter, contents), name));
    }
  } catch (error) {
    throw explained(error as Error & { errno?: number }, from);
  }
  return archived;
}

/** Takes the events that the server made up for the stream. They alone need no file. */
async function takeMadeUp(events: Lookahead<StreamedEvent>, file: string): Promise<Buffer[]> {
  const taken: Buffer[] = [];
  for (
    let next = await events.peek();
    next?.file === file && isMadeUp(next.event);
    next = await events.peek()
  ) {
    taken.push(next.event);
    await events.take();
  }
  return taken;
}

/** A log file with the events of one file of the stream. */
async function* contentOf(
  events: Lookahead<StreamedEvent>,
  file: string,
  madeUp: readonly Buffer[],
  onEnd: (offset: number) => void,
): AsyncGenerator<Buffer> {
  yield LOG_MAGIC;
  yield* madeUp;
  for (let next = await events.peek(); next?.file === file; next = await events.peek()) {
    onEnd(endOf(next.event));
    yield next.event;
    await events.take();
  }
}

/** The server has deleted the log that follows the archive. */
const LOG_IS_GONE = 1236;

const explained = (error: Error & { errno?: number }, { file, offset }: LogPlace): Error =>
  error.errno === LOG_IS_GONE
    ? new SetupError(
        `The server has no log from ${file}:${offset} on any more (${error.message}). Make a new backup, and move ` +
          "the folder log away, so that the archive begins again.",
      )
    : error;

/** An iterator that can look at its next value. */
class Lookahead<T> {
  readonly #iterator: AsyncIterator<T>;
  #next: Promise<IteratorResult<T>> | undefined;

  constructor(iterable: AsyncIterable<T>) {
    this.#iterator = iterable[Symbol.asyncIterator]();
  }

  async peek(): Promise<T | undefined> {
    this.#next ??= this.#iterator.next();
    const { done, value } = await this.#next;
    return done ? undefined : value;
  }

  async take(): Promise<void> {
    await this.peek();
    this.#next = undefined;
  }
}
