import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE } from "@medconnect/platform/identity/access-tokens.ts";
import type { Role } from "@medconnect/platform/identity/caller.ts";
import { newId } from "@medconnect/platform/ids.ts";
import type { LoginResponse } from "@medconnect/proto/medconnect/auth/v1/auth_service.ts";
import { SignJWT } from "jose";
import type { Auth } from "../app.ts";
import type { OpenSession } from "./open-session.ts";
import type { Session } from "./session-store.ts";

/** The answer to whoever opened or continued a session: an access token made now, and the refresh token. */
export async function issueTokens(
  app: Auth,
  { session, refreshToken, role }: OpenSession,
  now: Date,
): Promise<LoginResponse> {
  const lifetimeMs = Math.min(app.accessTokenMs, session.expireTime.getTime() - now.getTime());
  const lifetimeS = Math.floor(lifetimeMs / 1000);
  return {
    mfaRequired: false,
    mfaToken: undefined,
    accessToken: await makeAccessToken(app, session, role, now, lifetimeS),
    refreshToken,
    tokenType: "Bearer",
    expiresInSeconds: lifetimeS,
  };
}

/** An access token in the form of RFC 9068; what verifiers check is in platform/identity/access-tokens.ts. */
async function makeAccessToken(
  app: Auth,
  session: Session,
  role: Role,
  now: Date,
  lifetimeS: number,
): Promise<string> {
  const signer = await app.signingKeys.current();
  const nowS = inSeconds(now);
  return await new SignJWT({ sid: session.id, role, auth_time: inSeconds(session.authTime) })
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: signer.kid })
    .setIssuer(app.issuer)
    .setAudience(app.audience)
    .setSubject(session.userId)
    .setJti(newId())
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + lifetimeS)
    .sign(signer.privateKey);
}

const inSeconds = (time: Date): number => Math.floor(time.getTime() / 1000);
