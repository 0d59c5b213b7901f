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
