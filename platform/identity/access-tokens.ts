import { createHash } from "node:crypto";
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { ApiError } from "../errors/api-error.ts";
import type { Role, UserCaller } from "./caller.ts";

/** The media type of access tokens (RFC 9068 §2.1) and their algorithm (RFC 8037). */
export const ACCESS_TOKEN_TYPE = "at+jwt";
export const ACCESS_TOKEN_ALGORITHM = "EdDSA";

const ROLES = new Set<unknown>(["PATIENT", "DOCTOR", "ADMIN"]);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const REMEMBERED = 10_000;
const KEYS_GOOD_FOR_MS = 5 * 60_000;
/** How soon the keys may be asked for again: tokens with made-up key ids must not cause a storm. */
const KEYS_COOL_DOWN_MS = 5000;

interface Remembered {
  caller: UserCaller;
  expiresAtMs: number;
}

/**
 * Verifies access tokens: pins algorithm, type, issuer, audience and the claims we need (RFC 8725 §3). A verified
 * token is remembered by its hash until it expires, as the signature check costs more than all the rest.
 */
export class AccessTokenVerifier {
  readonly #remembered = new Map<string, Remembered>();
  readonly #keys: KeyCache;
  readonly #options: { issuer: string; audience: string };

  constructor(options: { issuer: string; audience: string; fetchJwks: () => Promise<JSONWebKeySet> }) {
    this.#options = options;
    this.#keys = new KeyCache(options.fetchJwks);
  }

  /** The token's user. Throws UNAUTHENTICATED for a bad token, UNAVAILABLE while the keys cannot be had. */
  async verify(token: string): Promise<UserCaller> {
    const hash = createHash("sha256").update(token).digest("base64");
    const known = this.#remembered.get(hash);
    if (known) {
      if (known.expiresAtMs > Date.now()) return known.caller;
      this.#remembered.delete(hash);
      throw new ApiError("UNAUTHENTICATED");
    }
    const payload = await this.#verifySignature(token);
    const caller = userCaller(payload);
    this.#remember(hash, { caller, expiresAtMs: payload.exp! * 1000 });
    return caller;
  }

  async #verifySignature(token: string): Promise<JWTPayload> {
    const options = {
      algorithms: [ACCESS_TOKEN_ALGORITHM],
      typ: ACCESS_TOKEN_TYPE,
      issuer: this.#options.issuer,
      audience: this.#options.audience,
      requiredClaims: ["sub", "sid", "jti", "iat", "exp", "role", "auth_time"],
      clockTolerance: 0,
    };
    try {
      return (await jwtVerify(token, this.#keys.find, options)).payload;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw new ApiError("UNAUTHENTICATED", { cause: error });
    }
  }

  #remember(hash: string, entry: Remembered): void {
    if (this.#remembered.size >= REMEMBERED) {
      const [oldest] = this.#remembered.keys();
      this.#remembered.delete(oldest!);
    }
    this.#remembered.set(hash, entry);
  }
}

function userCaller(payload: JWTPayload): UserCaller {
  const { sub, sid, role, auth_time: authTime } = payload;
  if (typeof sub !== "string" || !UUID.test(sub)) throw new ApiError("UNAUTHENTICATED");
  if (typeof sid !== "string" || !UUID.test(sid)) throw new ApiError("UNAUTHENTICATED");
  if (!ROLES.has(role) || typeof authTime !== "number") throw new ApiError("UNAUTHENTICATED");
  return {
    kind: "user",
    userId: sub,
    sessionId: sid,
    role: role as Role,
    authTime: new Date(authTime * 1000),
  };
}

/** The issuer's public keys, fetched when they are old or a key id is new, one fetch at a time. */
class KeyCache {
  readonly #fetch: () => Promise<JSONWebKeySet>;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #fetchedAtMs = 0;
  #triedAtMs = 0;
  #fetching: Promise<void> | undefined;

  constructor(fetch: () => Promise<JSONWebKeySet>) {
    this.#fetch = fetch;
  }

  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (!this.#keys || Date.now() - this.#fetchedAtMs > KEYS_GOOD_FOR_MS) await this.#refresh();
    if (!this.#keys)
      throw new ApiError("UNAVAILABLE", { detail: "The signing keys cannot be had at present." });
    try {
      return await this.#keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      return await this.#keys(header, token);
    }
  };

  /** Fetches the keys, unless that was tried just now; keeps the old ones if it fails. */
  async #refresh(): Promise<void> {
    if (!this.#fetching && Date.now() - this.#triedAtMs < KEYS_COOL_DOWN_MS && this.#keys) return;
    this.#triedAtMs = Date.now();
    this.#fetching ??= this.#fetch()
      .then(
        (jwks) => {
          this.#keys = createLocalJWKSet(jwks);
          this.#fetchedAtMs = Date.now();
        },
        () => {},
      )
      .finally(() => {
        this.#fetching = undefined;
      });
    await this.#fetching;
  }
}
