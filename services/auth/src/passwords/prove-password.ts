import { causeOf } from "@medconnect/platform/changes/audit-entry.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { type Call, userOf } from "@medconnect/platform/grpc/call.ts";
import type { Auth } from "../app.ts";
import { passwordCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { type Credentials, findCredentials } from "./credential-store.ts";
import { verifyPassword } from "./verify-password.ts";

/**
 * Verifies the signed-in user's password again, before an action that a stolen session must not perform. A
 * failure counts as a failed login and is audited. Throws INVALID_CREDENTIALS.
 */
export async function provePassword(app: Auth, password: string, call: Call): Promise<Credentials> {
  const { userId } = userOf(call);
  const credentials = await findCredentials(app.db, userId);
  const matches = await verifyPassword(app, credentials, password, call.deadline);
  if (!credentials) throw new ApiError("INVALID_CREDENTIALS");
  const counters = passwordCounters(app, credentials.email, call);
  const { result: passes } = await app.transactions.commit(async (tx) => {
    const proof = await evaluateAttempt(tx, counters, app.clock.now(), async () => matches);
    const failure = { resource: `users/${userId}`, subjectIds: [userId], outcome: "FAILURE" as const };
    return { result: proof, causes: proof ? [] : [causeOf(call, [failure])] };
  });
  if (!passes) throw new ApiError("INVALID_CREDENTIALS");
  return credentials;
}
