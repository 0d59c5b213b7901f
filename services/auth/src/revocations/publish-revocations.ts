import type { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { PUBLISHED_FOR_MS, REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import { listRevocations } from "./revocation-store.ts";

/**
 * Publishes the unexpired revocations as one value in Redis, which every process reads each second. The value
 * also has the time of this run. If a concurrent replica publishes a slightly older list, no revocation is
 * lost: readers keep the revocations that they know, and the next run adds the missing ones. Throws while
 * Redis is unavailable.
 */
export const publishRevocations =
  ({ db, redis, clock }: Pick<Platform, "db" | "redis" | "clock">, lists: RevocationLists) =>
  async (): Promise<void> => {
    const time = clock.now();
    const revocations = await listRevocations(db, time);
    await redis.set(REVOCATIONS_KEY, lists.write({ time, revocations }), "PX", PUBLISHED_FOR_MS);
  };
