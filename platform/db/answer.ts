import { timeoutError } from "./errors.ts";

/**
 * Waits at most `timeoutMs` for the server to prepare a statement and answer it. Throws
 * PROTOCOL_SEQUENCE_TIMEOUT if there is no answer; the connection is then unusable. The time-out of the
 * driver is not enough, because it starts only after the preparation. On a lost connection, a new statement
 * would wait minutes for TCP, and keep its place in the pool.
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
