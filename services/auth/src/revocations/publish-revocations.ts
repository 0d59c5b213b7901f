import type { RevocationLists } from "@medconnect/platform/identity/revocation-lists.ts";
import { PUBLISHED_FOR_MS, REVOCATIONS_KEY } from "@medconnect/platform/identity/revocations.ts";
import type { Platform } from "@medconnect/platform/service/service.ts";
import { listRevocations } from "./revocation-store.ts";

/**
 * Copies the live revocations to Redis, where every process reads them each second, as one value that says when. Of
 * replicas that write at once one may write what is older by a moment: readers keep what they have heard, and the next
 * turn brings the rest. Throws while Redis is away.
 */
export const publishRevocations =
  ({ db, redis, clock }: Pick<Platform, "db" | "redis" | "clock">, lists: RevocationLists) =>
  async (): Promise<void> => {
    const time = clock.now();
    const revocations = await listRevocations(db, time);
    await redis.set(REVOCATIONS_KEY, lists.write({ time, revocations }), "PX", PUBLISHED_FOR_MS);
  };
