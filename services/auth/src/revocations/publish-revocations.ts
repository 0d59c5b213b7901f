import type { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { PUBLISHED_FOR_MS, REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import { listRevocations } from "./revocation-store.ts";

/**
 * Publishes the revocations that have not expired, with the time of this run, as one value in Redis, which
 * every process reads each second. A concurrent replica may publish a slightly older list: readers keep
 * revocations that they know, and the next run adds the missing ones. Throws while Redis is unavailable.
 */
export const publishRevocations =
  ({ db, redis, clock }: Pick<Platform, "db" | "redis" | "clock">, lists: RevocationLists) =>
  async (): Promise<void> => {
    const time = clock.now();
    const revocations = await listRevocations(db, time);
    await redis.set(REVOCATIONS_KEY, lists.write({ time, revocations }), "PX", PUBLISHED_FOR_MS);
  };
