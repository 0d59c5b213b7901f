import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { serviceAccountActor } from "@medconnect/platform/identity/caller.ts";
import type {
  IssueTokenRequest,
  ServiceToken,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { signAccessToken } from "../keys/sign-access-token.ts";
import { findBySecret } from "./client-secrets.ts";
import { grantedScopes } from "./scope-rules.ts";
import { isGenuine } from "./secret-proof.ts";
import { entryOf, type ServiceAccountRecord } from "./service-account.ts";
import { findSecrets, findServiceAccount } from "./service-account-store.ts";

/**
 * ServiceAccountService.IssueToken. Throws INVALID_CLIENT, INVALID_SCOPE. An unknown id, a wrong secret and a
 * disabled account get the same response in the same time.
 */
export async function issueToken(
  app: Auth,
  { clientId, clientSecret, scope }: IssueTokenRequest,
  call: Call,
): Promise<ServiceToken> {
  const now = app.clock.now();
  // The secrets are read before the account. If the account is disabled between the two reads, the second
  // read shows the new status. If the account is disabled later, the `sid` read here is revoked, and so is
  // the new token.
  const secrets = await findSecrets(app.db, clientId);
  const account = await findServiceAccount(app.db, clientId);
  const live = secrets.filter(({ expireTime }) => expireTime === null || expireTime > now);
  const secret = findBySecret(live, clientSecret);
  if (account?.status !== "ACTIVE" || !secret || !isGenuine(app.proofs, account, secret)) {
    await record(app, call, account, "FAILURE");
    throw new ApiError("INVALID_CLIENT");
  }
  const granted = grantedScopes(account.scopes, scope).join(" ");
  // A rotated secret expires when its grace period ends. A token for the secret expires no later than the
  // secret.
  const restMs = secret.expireTime ? secret.expireTime.getTime() - now.getTime() : app.accessTokenMs;
  const lifetimeS = Math.floor(Math.min(app.accessTokenMs, restMs) / 1000);
  const claims = { sid: secret.sessionId, client_id: account.id, scope: granted };
  const accessToken = await signAccessToken(app, account.id, claims, { now, lifetimeS });
  await record(app, call, account, "SUCCESS");
  return { accessToken, tokenType: "Bearer", expiresInSeconds: lifetimeS, scope: granted };
}

/** Audits the call. The audit entry names the account if it exists, and contains no text from the request. */
async function record(
  app: Auth,
  call: Call,
  account: ServiceAccountRecord | undefined,
  outcome: "SUCCESS" | "FAILURE",
): Promise<void> {
  const access = account
    ? { ...entryOf(account), actorId: serviceAccountActor(account.id) }
    : { resource: "service-accounts/-", subjectIds: [] };
  await app.audit.record(call, [{ ...access, outcome }]);
}
