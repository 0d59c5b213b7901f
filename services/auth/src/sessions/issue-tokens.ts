import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { MFA_PENDING_CLAIM } from "@medconnect/platform/identity/access-tokens.ts";
import type { LoginResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { isAccountProven } from "../accounts/account-proofs.ts";
import type { Auth } from "../app.ts";
import { inSeconds, signAccessToken } from "../keys/sign-access-token.ts";
import type { OpenSession } from "./open-session.ts";
import type { SessionUser } from "./session.ts";

/**
 * Returns the response to a login or a refresh, with a new access token and the refresh token. Throws
 * UNAUTHENTICATED if the account has no valid proof, because its address or role may be forged.
 */
export async function issueTokens(
  app: Auth,
  { session, refreshToken, user }: OpenSession,
  now: Date,
): Promise<LoginResponse> {
  if (!isAccountProven(app, { ...user, id: session.userId })) throw new ApiError("UNAUTHENTICATED");
  const lifetimeMs = Math.min(app.accessTokenMs, session.expireTime.getTime() - now.getTime());
  const lifetimeS = Math.floor(lifetimeMs / 1000);
  const claims = {
    sid: session.id,
    role: user.role,
    auth_time: inSeconds(session.authTime),
    ...(lacksSecondFactor(app, user) && { [MFA_PENDING_CLAIM]: true }),
  };
  return {
    mfaRequired: false,
    mfaToken: undefined,
    accessToken: await signAccessToken(app, session.userId, claims, { now, lifetimeS }),
    refreshToken,
    tokenType: "Bearer",
    expiresInSeconds: lifetimeS,
  };
}

const lacksSecondFactor = ({ mfaRequiredRoles }: Auth, { role, mfaEnabled }: SessionUser): boolean =>
  !mfaEnabled && mfaRequiredRoles.includes(role);
