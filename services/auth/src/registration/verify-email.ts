import { changed, failed } from "@medconnect/platform/changes/effect.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import type {
  VerifyEmailRequest,
  VerifyEmailResponse,
} from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { newAccount } from "../accounts/account.ts";
import { findAccount } from "../accounts/account-store.ts";
import { createAccount } from "../accounts/create-account.ts";
import type { Auth } from "../app.ts";
import { linkTokenHash } from "../links/link-tokens.ts";
import { passwordCounters } from "../lockouts/attempt-counters.ts";
import { evaluateAttempt } from "../lockouts/evaluate-attempt.ts";
import { isGenuine } from "./registration-proof.ts";
import { completeRegistration, findRegistration, type Registration } from "./registration-store.ts";

/**
 * AuthService.VerifyEmail: creates the account of a registration. The call requires both the link and the
 * password. If a stranger registers an address, the link goes to the owner of the address, who does not know
 * the stranger's password. So a stranger's registration never becomes an account. A repeated call changes
 * nothing.
 *
 * Throws INVALID_LINK_TOKEN, also if another registration of the address has become the account;
 * INVALID_CREDENTIALS, which counts as a failed login.
 */
export async function verifyEmail(
  app: Auth,
  { token, password }: VerifyEmailRequest,
  call: Call,
): Promise<VerifyEmailResponse> {
  const registration = await findRegistration(app.db, linkTokenHash(token), app.clock.now());
  if (!registration || !isGenuine(app.proofs, registration)) return await refuse(app, call);
  // If the account exists, this call is a repeat. The password is not checked, because the user may have
  // changed it since the first call.
  if (await findAccount(app.db, registration.id)) return {};
  const matches = await app.hasher.verify(registration.passwordHash, password, call.deadline);
  try {
    return await makeAccount(app, registration, matches, call);
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "EMAIL_TAKEN") throw error;
    if (await findAccount(app.db, registration.id)) return {};
    return await refuse(app, call, registration.id);
  }
}

/**
 * Audits the failure, and throws INVALID_LINK_TOKEN.
 *
 * @param id id of the registration, if its link is genuine but another account has the address
 */
async function refuse(app: Auth, call: Call, id?: string): Promise<never> {
  const subjectIds = id ? [id] : [];
  await app.audit.record(call, [{ resource: `registrations/${id ?? "-"}`, subjectIds, outcome: "FAILURE" }]);
  throw new ApiError("INVALID_LINK_TOKEN");
}

async function makeAccount(
  app: Auth,
  registration: Registration,
  matches: boolean,
  call: Call,
): Promise<VerifyEmailResponse> {
  const { id, email, passwordHash } = registration;
  const counters = passwordCounters(app, email, call);
  const now = app.clock.now();
  return await app.calls.apply(call, async (tx) => {
    if (!(await evaluateAttempt(tx, counters, now, async () => matches))) {
      const entry = { resource: `registrations/${id}`, subjectIds: [id], outcome: "FAILURE" as const };
      return failed(new ApiError("INVALID_CREDENTIALS"), entry);
    }
    const account = { ...newAccount(registration, now), id, emailVerified: true };
    const entry = await createAccount(tx, { account, passwordHash }, app.hash);
    completeRegistration(tx, registration);
    return changed({}, entry);
  });
}
