import { timeoutError } from "./errors.ts";

/**
 * The server's answer. Throws PROTOCOL_SEQUENCE_TIMEOUT after so many ms in any phase of the statement; its connection is
 * then unusable. The driver's own time-out starts only after a statement is prepared. On a lost connection, a new read would
 * wait minutes for TCP, and keep its place in the pool.
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
