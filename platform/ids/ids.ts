import { randomFillSync } from "node:crypto";
import { v7 } from "uuid";

/**
 * Random bytes for 256 ids, generated at once. Generating them separately for each id would take four times
 * as long as all other steps of making an id.
 */
const RANDOM = Buffer.alloc(16 * 256);
let used = RANDOM.length;
let lastMs = 0;
let sequence = 0;

/**
 * Makes an id: a UUIDv7 (RFC 9562), so that rows made at about the same time are close in the index. The ids
 * of a process ascend, even within a millisecond (§6.2, counter with random start).
 */
export function newId(): string {
  if (used === RANDOM.length) {
    randomFillSync(RANDOM);
    used = 0;
  }
  const random = RANDOM.subarray(used, used + 16);
  used += 16;
  const nowMs = Date.now();
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = random.readUInt32BE() >>> 1;
  } else {
    sequence += 1;
  }
  return v7({ random, msecs: lastMs, seq: sequence });
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const MAX_REQUEST_ID_LENGTH = 128;
/** A request id. Clients may choose it, so it must be short and safe in a log. */
const REQUEST_ID = new RegExp(`^[A-Za-z0-9._-]{1,${MAX_REQUEST_ID_LENGTH}}$`);

/** True for a text that may be one of our ids: a UUID in lower case. */
export const isId = (value: unknown): value is string => typeof value === "string" && ID.test(value);

export const isRequestId = (text: string): boolean => REQUEST_ID.test(text);
