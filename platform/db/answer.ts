import { timeoutError } from "./errors.ts";

/**
 * What the server answers. Throws PROTOCOL_SEQUENCE_TIMEOUT after so many ms, whatever the statement is at; its
 * connection is of no use then. The driver's own time-out begins only once a statement is prepared: on a connection that
 * is lost, a read that is new to it would wait until TCP gives up, for minutes, and keep its place in the pool.
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
