import { REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import type { Platform } from "@medconnect/platform/service.ts";
import { listRevocations } from "./revocation-store.ts";

/** Readers that find the mark gone ask auth itself. Three turns: with the poll of a second, within the promised five. */
const MARK_TTL_S = 3;

/**
 * Copies the live revocations to Redis, where every process reads them each second: the whole list and the mark that
 * it is whole, all or nothing. Entries are only ever added, and leave when they have expired; so replicas that write at
 * once cannot undo each other. Throws while Redis is away.
 */
export const publishRevocations =
  ({ db, redis, clock }: Pick<Platform, "db" | "redis" | "clock">) =>
  async (): Promise<void> => {
    const now = clock.now();
    const revocations = await listRevocations(db, now);
    const batch = redis.multi().zremrangebyscore(REVOCATIONS_KEY, "-inf", now.getTime());
    if (revocations.length > 0) {
      const entries = revocations.flatMap(({ sessionId, expireTime }) => [expireTime.getTime(), sessionId]);
      batch.zadd(REVOCATIONS_KEY, ...entries);
    }
    await batch.set(`${REVOCATIONS_KEY}:published`, now.toISOString(), "EX", MARK_TTL_S).exec();
  };
