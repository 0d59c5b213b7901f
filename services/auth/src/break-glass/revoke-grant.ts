import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import { changed, unchanged } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  BreakGlassGrant,
  RevokeBreakGlassGrantRequest,
} from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import type { Auth } from "../app.ts";
import { type Grant, grantEntry, readsOf, toBreakGlassGrant } from "./grant.ts";
import { statusAt } from "./grant-rules.ts";
import { lockActiveGrantsOf, lockGrant, setRevoked } from "./grant-store.ts";

/**
 * BreakGlassService.RevokeBreakGlassGrant. Changes nothing if the grant has ended already. Throws NOT_FOUND.
 */
export const revokeBreakGlassGrant = async (
  app: Auth,
  { grantId }: RevokeBreakGlassGrantRequest,
  call: Call,
): Promise<BreakGlassGrant> =>
  await app.calls.apply(
    call,
    async (tx) => {
      const now = app.clock.now();
      const grant = await lockGrant(tx, grantId);
      if (!grant) throw new ApiError("NOT_FOUND");
      if (statusAt(grant, now) !== "ACTIVE") {
        return unchanged(toBreakGlassGrant(grant, now, app.cipher));
      }
      const revoked: Grant = { ...grant, revokeTime: now };
      return changed(toBreakGlassGrant(revoked, now, app.cipher), revoke(tx, grant, now));
    },
    readsOf,
  );

/**
 * Revokes the active grants of an admin who is being disabled.
 *
 * @returns the audit entries of the revocations, with their events
 */
export async function revokeGrantsOf(tx: Transaction, adminId: string, now: Date): Promise<AuditEntry[]> {
  const grants = await lockActiveGrantsOf(tx, adminId, now);
  return grants.map((grant) => ({ ...revoke(tx, grant, now), action: "break_glass.revoke" }));
}

function revoke(tx: Transaction, grant: Grant, now: Date): AuditEntry {
  setRevoked(tx, grant.id, now);
  return grantEntry("revoked", { ...grant, revokeTime: now });
}
