import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { BreakGlassGrant_Status } from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";

/** Times that determine a grant's status. */
export interface GrantTimes {
  expireTime: Date;
  /** Null unless the grant was revoked before its expiry. */
  revokeTime: Date | null;
}

export function statusAt({ expireTime, revokeTime }: GrantTimes, now: Date): BreakGlassGrant_Status {
  if (revokeTime) return "REVOKED";
  return expireTime <= now ? "EXPIRED" : "ACTIVE";
}

/** Throws TOO_MANY_GRANTS if an admin already has `limit` active grants. @param limit 0 means no limit */
export function assertMayOpen(open: number, limit: number): void {
  if (limit > 0 && open >= limit) throw new ApiError("TOO_MANY_GRANTS", { metadata: { limit: `${limit}` } });
}
