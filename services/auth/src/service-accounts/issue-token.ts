import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import type { Call } from "@medconnect/platform/grpc/call.ts";
import { serviceAccountActor } from "@medconnect/platform/identity/caller.ts";
import type {
  IssueTokenRequest,
  ServiceToken,
} from "@medconnect/proto/medconnect/auth/v1/service_account_service.ts";
import type { Auth } from "../app.ts";
import { signAccessToken } from "../keys/sign-access-token.ts";
import { authenticateClient } from "./authenticate-client.ts";
import { grantedScopes } from "./scope-rules.ts";
import { entryOf, type ServiceAccountRecord } from "./service-account.ts";

/**
 * ServiceAccountService.IssueToken. Throws INVALID_CLIENT, INVALID_SCOPE, UNSUPPORTED_GRANT_TYPE. With a secret,
 * an unknown id, a wrong secret and a disabled account get the same response in the same time.
 */
export async function issueToken(app: Auth, request: IssueTokenRequest, call: Call): Promise<ServiceToken> {
  if (request.grantType !== "client_credentials") throw new ApiError("UNSUPPORTED_GRANT_TYPE");
  const now = app.clock.now();
  const attempt = await authenticateClient(app, request, now);
  if ("refusal" in attempt) {
    await record(app, call, attempt.account, "FAILURE");
    throw attempt.refusal;
  }
  const { account, credential } = attempt;
  const granted = grantedScopes(account.scopes, request.scope).join(" ");
  // A rotated secret expires when its grace period ends. A token for the secret expires no later than the
  // secret.
  const { sessionId, expireTime = null } = credential;
  const restMs = expireTime ? expireTime.getTime() - now.getTime() : app.accessTokenMs;
  const lifetimeS = Math.floor(Math.min(app.accessTokenMs, restMs) / 1000);
  const claims = { sid: sessionId, client_id: account.id, scope: granted };
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
