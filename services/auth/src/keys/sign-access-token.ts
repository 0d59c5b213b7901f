import { ACCESS_TOKEN_ALGORITHM, ACCESS_TOKEN_TYPE } from "@medconnect/platform/identity/access-tokens.ts";
import { newId } from "@medconnect/platform/ids/ids.ts";
import { type JWTPayload, SignJWT } from "jose";
import type { Auth } from "../app.ts";

/**
 * Makes and signs an access token (RFC 9068). The code that verifies it is in
 * platform/identity/access-tokens.ts.
 */
export async function signAccessToken(
  app: Auth,
  subject: string,
  claims: JWTPayload,
  { now, lifetimeS }: { now: Date; lifetimeS: number },
): Promise<string> {
  const signer = await app.signingKeys.current();
  const nowS = inSeconds(now);
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: ACCESS_TOKEN_TYPE, kid: signer.kid })
    .setIssuer(app.issuer)
    .setAudience(app.audience)
    .setSubject(subject)
    .setJti(newId())
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + lifetimeS)
    .sign(signer.privateKey);
}

export const inSeconds = (time: Date): number => Math.floor(time.getTime() / 1000);
