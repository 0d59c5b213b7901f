import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { isId } from "@medconnect/platform/ids/ids.ts";
import {
  type CryptoKey,
  decodeJwt,
  errors,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  jwtVerify,
} from "jose";
import { ALGORITHMS, algorithmsOf } from "./client-key-rules.ts";
import type { StoredKey } from "./service-account.ts";

/** Longest time from now to the expiry of an assertion, so that few used assertions have to be stored. */
const MAX_LIFETIME_S = 60;
/** Tolerated difference between the clocks of client and server (FAPI 2.0 Security Profile §5.3.2.1). */
export const ASSERTION_SKEW_S = 10;

export interface VerifiedAssertion {
  readonly key: StoredKey;
  readonly jti: string;
  /** Time from which this process refuses the assertion as expired. */
  readonly expireTime: Date;
}

export interface Expected {
  readonly clientId: string;
  /** Accepted values of `aud`, of which the assertion must have exactly one. */
  readonly audiences: readonly string[];
  readonly now: Date;
}

/** Reads the client id that an assertion claims, before it is verified; undefined if it is not an id. */
export function claimedClientOf(assertion: string): string | undefined {
  try {
    const { sub } = decodeJwt(assertion);
    return isId(sub) ? sub : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Verifies an assertion (RFC 7523 §3). Throws INVALID_CLIENT. The detail names a claim only if the signature is
 * valid.
 *
 * @param keys all keys of the client
 */
export async function verifyAssertion(
  assertion: string,
  keys: readonly StoredKey[],
  { clientId, audiences, now }: Expected,
): Promise<VerifiedAssertion> {
  const refused = (rule: string) =>
    new ApiError("INVALID_CLIENT", { detail: `The assertion is refused: ${rule}.` });
  const rules = {
    aud: `aud must be ${audiences.join(" or ")}`,
    exp: `exp must be in the future, and at most ${MAX_LIFETIME_S} seconds ahead`,
    iss: "iss must be the client id",
    jti: "jti must be a text",
    nbf: "nbf must not be in the future",
    sub: "sub must be the client id",
  };
  const options = {
    algorithms: [...ALGORITHMS],
    issuer: clientId,
    subject: clientId,
    audience: [...audiences],
    requiredClaims: ["jti", "exp"],
    clockTolerance: ASSERTION_SKEW_S,
    currentDate: now,
  };
  try {
    const { payload, protectedHeader } = await jwtVerify(
      assertion,
      (header: JWTHeaderParameters) => publicKeyOf(keyFor(header, keys), header),
      options,
    );
    const { jti, exp = 0, aud } = payload;
    if (exp - now.getTime() / 1000 > MAX_LIFETIME_S + ASSERTION_SKEW_S) throw refused(rules.exp);
    if (typeof jti !== "string" || jti === "") throw refused(rules.jti);
    // An assertion for several servers could be replayed by one of them at another.
    if (Array.isArray(aud) && aud.length !== 1) throw refused(rules.aud);
    const expireTime = new Date((exp + ASSERTION_SKEW_S) * 1000);
    return { key: keyFor(protectedHeader, keys), jti, expireTime };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const claim =
      error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired
        ? error.claim
        : "";
    if (Object.hasOwn(rules, claim)) throw refused(rules[claim as keyof typeof rules]);
    throw new ApiError("INVALID_CLIENT", { cause: error });
  }
}

/**
 * The key that an assertion names by `kid`. An assertion without `kid` is signed by the client's only key. Throws
 * INVALID_CLIENT.
 */
function keyFor({ kid }: JWTHeaderParameters, keys: readonly StoredKey[]): StoredKey {
  const [key, ...others] = kid === undefined ? keys : keys.filter((each) => each.kid === kid);
  if (!key || others.length > 0) throw new ApiError("INVALID_CLIENT");
  return key;
}

/** Imports a key for the algorithm of an assertion. Throws INVALID_CLIENT if the key is not for it. */
async function publicKeyOf({ jwk }: StoredKey, { alg }: JWTHeaderParameters): Promise<CryptoKey> {
  const key = JSON.parse(jwk) as JWK & { kty: string };
  if (!algorithmsOf(key).includes(alg)) throw new ApiError("INVALID_CLIENT");
  const { alg: _named, ...anyAlgorithm } = key;
  return (await importJWK(anyAlgorithm, alg)) as CryptoKey;
}
