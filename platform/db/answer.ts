import { timeoutError } from "./errors.ts";

/**
 * Waits for the server's answer, at most `timeoutMs` over all phases of the statement. Throws
 * PROTOCOL_SEQUENCE_TIMEOUT; the connection is then unusable. The driver's own time-out starts only after a
 * statement is prepared: on a lost connection, a new read would wait minutes for TCP, and occupy a place in
 * the pool.
 */
export async function answerWithin<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timeoutError()), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
