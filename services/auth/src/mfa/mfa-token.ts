import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { ACCESS_TOKEN_ALGORITHM } from "@medconnect/platform/identity/access-tokens.ts";
import { createLocalJWKSet, jwtVerify, SignJWT } from "jose";
import type { Auth } from "../app.ts";
import type { Challenge } from "./challenge.ts";

/**
 * MFA tokens have a type and an audience of their own, so that no verifier accepts them as tokens for another
 * purpose (RFC 8725 §3.11, §3.12).
 */
const TYPE = "mfa+jwt";
const AUDIENCE = "medconnect-mfa";

/** User and challenge that an MFA token names. */
export interface MfaClaims {
  userId: string;
  challengeId: string;
}

/** Claims of an MFA token. `jwtVerify` refuses a token without them. */
interface RequiredClaims {
  readonly sub: string;
  readonly jti: string;
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

/** Verifies an MFA token, and returns the user and the challenge that it names. Throws INVALID_MFA_TOKEN. */
export async function readMfaToken(app: Auth, token: string): Promise<MfaClaims> {
  const keys = createLocalJWKSet({ keys: (await app.signingKeys.published()).map((key) => ({ ...key })) });
  const { payload } = await jwtVerify<RequiredClaims>(token, keys, {
    algorithms: [ACCESS_TOKEN_ALGORITHM],
    typ: TYPE,
    issuer: app.issuer,
    audience: AUDIENCE,
    requiredClaims: ["sub", "jti", "exp"],
    currentDate: app.clock.now(),
  }).catch((cause) => {
    throw new ApiError("INVALID_MFA_TOKEN", { cause });
  });
  return { userId: payload.sub, challengeId: payload.jti };
}
