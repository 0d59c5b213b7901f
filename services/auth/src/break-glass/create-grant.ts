import { changed } from "@medconnect/platform/changes/effect.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import type {
  BreakGlassGrant,
  CreateBreakGlassGrantRequest,
} from "@medconnect/proto/medconnect/auth/v1/break_glass_service.ts";
import { findAccount } from "../accounts/account-store.ts";
import type { Auth } from "../app.ts";
import { lockSession } from "../sessions/lock-session.ts";
import { type Grant, grantEntry, readsOf, reasonContext, toBreakGlassGrant } from "./grant.ts";
import { assertMayOpen } from "./grant-rules.ts";
import { insertGrant, lockActiveGrantsOf } from "./grant-store.ts";

/**
 * BreakGlassService.CreateBreakGlassGrant. Throws UNAUTHENTICATED, TOO_MANY_GRANTS, and NOT_FOUND if the user
 * is not a patient.
 */
export async function createBreakGlassGrant(
  app: Auth,
  { patientId, reason }: CreateBreakGlassGrantRequest,
  call: Call,
): Promise<BreakGlassGrant> {
  const admin = userOf(call);
  const patient = await findAccount(app.db, patientId);
  if (patient?.role !== "PATIENT") throw new ApiError("NOT_FOUND");
  const create = async (tx: Transaction) => {
    const now = app.clock.now();
    // This also locks the admin's account. Concurrent calls of the admin therefore run one after the other,
    // so the limit on open grants holds.
    await lockSession(tx, admin, now);
    const open = await lockActiveGrantsOf(tx, admin.userId, now);
    assertMayOpen(open.length, app.breakGlassMaxOpen);
    const owned = { id: newId(), adminId: admin.userId, patientId };
    const grant: Grant = {
      ...owned,
      reason: app.cipher.encrypt(reasonContext(owned), reason),
      createTime: now,
      expireTime: new Date(now.getTime() + app.breakGlassMs),
      revokeTime: null,
    };
    insertGrant(tx, grant);
    return changed(toBreakGlassGrant(grant, now, app.cipher), grantEntry("granted", grant));
  };
  return await app.calls.apply(call, create, readsOf);
}
