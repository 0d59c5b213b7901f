import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
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

/** BreakGlassService.RevokeBreakGlassGrant; one that has ended stays as it is. Throws NOT_FOUND. */
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
        return { response: toBreakGlassGrant(grant, now, app.cipher), entries: [] };
      }
      const revoked: Grant = { ...grant, revokeTime: now };
      return {
        response: toBreakGlassGrant(revoked, now, app.cipher),
        entries: [revoke(tx, grant, now)],
      };
    },
    readsOf,
  );

/** Ends the grants of an admin who is being disabled. @returns what to tell of them */
export async function revokeGrantsOf(tx: Transaction, adminId: string, now: Date): Promise<AuditEntry[]> {
  const grants = await lockActiveGrantsOf(tx, adminId, now);
  return grants.map((grant) => ({ ...revoke(tx, grant, now), action: "break_glass.revoke" }));
}

function revoke(tx: Transaction, grant: Grant, now: Date): AuditEntry {
  setRevoked(tx, grant.id, now);
  return grantEntry("revoked", { ...grant, revokeTime: now });
}
