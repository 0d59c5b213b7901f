import { createReadStream } from "node:fs";
import type { Decrypter } from "age-encryption";
import { SetupError } from "../../command/setup-error.ts";
import { decrypted } from "./encryption.ts";
import { endOf, eventsIn, isMadeUp, kindOf } from "./log-event.ts";
import { type LogPlace, type LogSegment, listSegments, segmentAt } from "./log-segments.ts";

/**
 * Reads the archived log of a server from a place on, across its files. Descriptions of the format come again at the
 * start of each segment. Throws SetupError if a part is missing or damaged.
 */
export async function* archivedEvents(
  folder: string,
  decrypter: Decrypter,
  from: LogPlace,
): AsyncGenerator<Buffer> {
  const segments = await listSegments(folder);
  let place = from;
  for (;;) {
    const segment = segmentAt(segments, place);
    if (!segment) return;
    const start = segment.file === place.file ? place.offset : 0;
    for await (const event of eventsOf(segment, decrypter)) {
      if (kindOf(event) === "format" || (!isMadeUp(event) && endOf(event) > start)) yield event;
    }
    place = { file: segment.file, offset: segment.to };
  }
}

async function* eventsOf({ path }: LogSegment, decrypter: Decrypter): AsyncGenerator<Buffer> {
  const plain = await decrypted(decrypter, createReadStream(path), path);
  try {
    yield* eventsIn(plain);
  } catch (error) {
    throw new SetupError(`${path} is damaged or truncated (${(error as Error).message}).`);
  }
}
