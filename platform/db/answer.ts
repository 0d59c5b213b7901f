import { timeoutError } from "./errors.ts";

/**
 * Waits for the answer of the server to a statement, including its preparation, for at most `timeoutMs`.
 * Throws PROTOCOL_SEQUENCE_TIMEOUT, after which the connection is unusable. Needed because the time-out of
 * the driver starts only when the statement is prepared: on a lost connection, a new statement would wait
 * minutes for TCP, and keep its place in the pool.
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
