import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { ACCESS_TOKEN_ALGORITHM } from "@medconnect/platform/identity/access-tokens.ts";
import { createLocalJWKSet, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Auth } from "../app.ts";
import type { Challenge } from "./challenge.ts";

/** A type and an audience of its own: nobody else takes it for a token of theirs (RFC 8725 §3.11, §3.12). */
const TYPE = "mfa+jwt";
const AUDIENCE = "medconnect-mfa";

/** What an MFA token says: the challenge it stands for. */
export interface MfaClaims {
  userId: string;
  challengeId: string;
}

export async function makeMfaToken(app: Auth, { id, userId, expireTime }: Challenge): Promise<string> {
  const signer = await app.signingKeys.current();
  return await new SignJWT()
    .setProtectedHeader({ alg: ACCESS_TOKEN_ALGORITHM, typ: TYPE, kid: signer.kid })
    .setIssuer(app.issuer)
    .setAudience(AUDIENCE)
    .setSubject(userId)
    .setJti(id)
    .setIssuedAt(app.clock.now())
    .setExpirationTime(expireTime)
    .sign(signer.privateKey);
}

/** Throws INVALID_MFA_TOKEN. */
export async function readMfaToken(app: Auth, token: string): Promise<MfaClaims> {
  const keys = createLocalJWKSet({ keys: (await app.signingKeys.published()).map((key) => ({ ...key })) });
  const payload = await jwtVerify(token, keys, {
    algorithms: [ACCESS_TOKEN_ALGORITHM],
    typ: TYPE,
    issuer: app.issuer,
    audience: AUDIENCE,
    requiredClaims: ["sub", "jti", "exp"],
    currentDate: app.clock.now(),
  }).then(
    (verified): JWTPayload => verified.payload,
    (cause) => {
      throw new ApiError("INVALID_MFA_TOKEN", { cause });
    },
  );
  return { userId: payload.sub!, challengeId: payload.jti! };
}
