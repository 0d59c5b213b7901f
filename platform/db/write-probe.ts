import { once } from "node:events";
import { createConnection } from "mysql2/promise";

/** MySQL looks for space on a full disk once a minute. */
const LIMIT_MS = 60_000;
const CONNECT_MS = 2000;
/** Inserts 64 kB, which no transaction of a service exceeds, into a row that the job of expired keys deletes. */
const INSERT = `INSERT INTO idempotency_keys (id, request_hmac, answer, expire_time)
  VALUES (RANDOM_BYTES(32), RANDOM_BYTES(32), REPEAT('x', 65535), UTC_TIMESTAMP(3))`;

/**
 * Commits a small row over a connection of its own. Waits up to a minute for the answer: in MySQL, a commit that finds
 * no space hangs on after its client has left, so a probe every few seconds would use up the connections.
 *
 * @param url URL of the schema. @param signal ends the probe
 */
export async function probeWrites(url: string, signal: AbortSignal): Promise<void> {
  const end = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const connection = await createConnection({ uri: url, connectTimeout: CONNECT_MS });
  try {
    end.throwIfAborted();
    await Promise.race([connection.query(INSERT), once(end, "abort").then(() => end.throwIfAborted())]);
  } finally {
    connection.destroy();
  }
}
