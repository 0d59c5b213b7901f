import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { BreakGlassGrant_Status } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";

/** What a grant's status follows from. */
export interface GrantTimes {
  expireTime: Date;
  /** Null where nobody ended it before its time. */
  revokeTime: Date | null;
}

/** Where a grant stands at a time. */
export function statusAt({ expireTime, revokeTime }: GrantTimes, now: Date): BreakGlassGrant_Status {
  if (revokeTime) return "REVOKED";
  return expireTime <= now ? "EXPIRED" : "ACTIVE";
}

/** Throws TOO_MANY_GRANTS for an admin at the limit of open grants; `limit` 0: no limit. */
export function assertMayOpen(open: number, limit: number): void {
  if (limit > 0 && open >= limit) throw new ApiError("TOO_MANY_GRANTS", { metadata: { limit: `${limit}` } });
}
