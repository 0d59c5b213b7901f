import { createHash } from "node:crypto";
import { errors, type JWTPayload, type JWTVerifyResult, jwtVerify } from "jose";
import { ApiError } from "../errors/api-error.ts";
import { isId } from "../ids/ids.ts";
import type { Role, ServiceAccountCaller, UserCaller } from "./caller.ts";
import { IssuerKeys, type IssuerKeysOptions } from "./issuer-keys.ts";
import { refuseToken } from "./refuse-token.ts";

/** Media type (RFC 9068 §2.1) and algorithm (RFC 8037) of access tokens. */
export const ACCESS_TOKEN_TYPE = "at+jwt";
export const ACCESS_TOKEN_ALGORITHM = "EdDSA";
/** Maximum difference between the clocks of the machines of a deployment, in ms. */
export const CLOCK_SKEW_MS = 60_000;
/**
 * Claim that is true if the role of the user requires a second factor, and the user has not set one up yet.
 */
export const MFA_PENDING_CLAIM = "mfa_pending";

const ROLES = new Set<unknown>(["PATIENT", "DOCTOR", "ADMIN"]);
/** Maximum length of a token in characters: several times the length of the tokens that we issue. */
const MAX_LENGTH = 8192;
const REMEMBERED = 10_000;

export interface AccessToken {
  readonly caller: UserCaller | ServiceAccountCaller;
  /** Id of the key that signed the token. */
  readonly keyId: string;
}

export interface VerifierOptions extends IssuerKeysOptions {
  issuer: string;
  audience: string;
}

/**
 * Verifies access tokens: algorithm, type, issuer, audience and required claims are fixed (RFC 8725 §3).
 * Caches each verified token by its hash until it expires, because checking the signature costs more than all
 * other checks of a token.
 */
export class AccessTokenVerifier {
  readonly #remembered = new Map<string, { token: AccessToken; expiresAtMs: number }>();
  readonly #keys: IssuerKeys;
  readonly #options: VerifierOptions;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#keys = new IssuerKeys(options);
  }

  /**
   * Verifies a token. Throws UNAUTHENTICATED if the token is invalid, and UNAVAILABLE if the public keys
   * cannot be fetched.
   */
  async verify(text: string): Promise<AccessToken> {
    if (text.length > MAX_LENGTH) throw refuseToken("malformed");
    const hash = createHash("sha256").update(text).digest("base64");
    const known = this.#remembered.get(hash);
    if (known) {
      if (known.expiresAtMs > Date.now()) return known.token;
      this.#remembered.delete(hash);
      throw refuseToken("expired");
    }
    const { payload, protectedHeader } = await this.#verifySignature(text);
    // biome-ignore lint/style/noNonNullAssertion: the key lookup refuses tokens without a key id
    const token = { caller: callerOf(payload), keyId: protectedHeader.kid! };
    // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has `exp`
    this.#remember(hash, token, payload.exp! * 1000);
    return token;
  }

  async #verifySignature(token: string): Promise<JWTVerifyResult> {
    const options = {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: ACCESS_TOKEN_TYPE,
      issuer: this.#options.issuer,
      audience: this.#options.audience,
      requiredClaims: ["sub", "sid", "jti", "iat", "exp"],
      clockTolerance: 0,
    };
    try {
      return await jwtVerify(token, this.#keys.find, options);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw refuseToken(mistakeOf(error), error);
    }
  }

  #remember(hash: string, token: AccessToken, expiresAtMs: number): void {
    if (this.#remembered.size >= REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      // biome-ignore lint/style/noNonNullAssertion: a full Map has an oldest key
      this.#remembered.delete(oldest!);
    }
    this.#remembered.set(hash, { token, expiresAtMs });
  }
}

/** Only a token with a valid signature counts as expired, because jose checks the claims afterwards. */
function mistakeOf(error: unknown): "expired" | "malformed" | "invalid" {
  if (error instanceof errors.JWTExpired) return "expired";
  return error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid ? "malformed" : "invalid";
}

/**
 * Reads the user or service account from the claims of a token. Throws UNAUTHENTICATED if a claim is missing
 * or invalid.
 */
function callerOf(claims: JWTPayload): UserCaller | ServiceAccountCaller {
  const { jti, iat } = claims;
  // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has `iat`
  if (typeof jti !== "string" || jti === "" || iat! * 1000 > Date.now() + CLOCK_SKEW_MS) {
    throw refuseToken("invalid");
  }
  const caller = claims.client_id === undefined ? userOf(claims) : serviceAccountOf(claims);
  if (!caller) throw refuseToken("invalid");
  return caller;
}

function userOf(claims: JWTPayload): UserCaller | undefined {
  const { sub, sid, role, scope, auth_time: authTime, [MFA_PENDING_CLAIM]: mfaPending = false } = claims;
  if (!isId(sub) || !isId(sid) || !ROLES.has(role) || typeof authTime !== "number") return undefined;
  if (scope !== undefined || typeof mfaPending !== "boolean") return undefined;
  return {
    kind: "user",
    userId: sub,
    sessionId: sid,
    role: role as Role,
    authTime: new Date(authTime * 1000),
    mfaPending,
  };
}

/**
 * Reads a service account from the claims; undefined if they are not valid for one. A client that acts for
 * itself is the subject of its token (RFC 9068 §2.2), so `sub` and `client_id` are equal.
 */
function serviceAccountOf(claims: JWTPayload): ServiceAccountCaller | undefined {
  const { sub, sid, role, scope, client_id: clientId } = claims;
  if (!isId(sub) || !isId(sid) || clientId !== sub || typeof scope !== "string") return undefined;
  if (role !== undefined) return undefined;
  return { kind: "serviceAccount", accountId: sub, sessionId: sid, scopes: new Set(scope.split(" ")) };
}
