import { jwtVerify, SignJWT } from "jose";
import { ApiError } from "../errors/api-error.ts";
import type { ServiceCaller } from "./caller.ts";

const TYPE = "svc+jwt";
const LIFETIME_S = 60;

/**
 * Makes and verifies the tokens by which the services of a deployment authenticate to each other. A token is
 * valid for 60 seconds and for one service, and is signed with INTERNAL_KEY. For rotation there may be
 * several keys: the first one signs, and all of them verify.
 */
export class ServiceTokens {
  readonly #self: string;
  readonly #keys: readonly [Uint8Array, ...Uint8Array[]];
  readonly #made = new Map<string, { token: string; renewAtMs: number }>();
  readonly #verified = new Map<string, { caller: ServiceCaller; expiresAtMs: number }>();

  constructor(self: string, keys: readonly [Uint8Array, ...Uint8Array[]]) {
    this.#self = self;
    this.#keys = keys;
  }

  /** Token for calls to the service `audience`. A new one is made after half of the lifetime. */
  async tokenFor(audience: string): Promise<string> {
    const made = this.#made.get(audience);
    if (made && made.renewAtMs > Date.now()) return made.token;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "HS256", typ: TYPE })
      .setIssuer(this.#self)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME_S}s`)
      .sign(this.#keys[0]);
    this.#made.set(audience, { token, renewAtMs: Date.now() + (LIFETIME_S / 2) * 1000 });
    return token;
  }

  /**
   * Identifies the service that made a token. Throws UNAUTHENTICATED if the token is invalid. Caches verified
   * tokens.
   */
  async verify(token: string): Promise<ServiceCaller> {
    const known = this.#verified.get(token);
    if (known && known.expiresAtMs > Date.now()) return known.caller;
    this.#verified.delete(token);
    return await this.#verifySignature(token);
  }

  async #verifySignature(token: string): Promise<ServiceCaller> {
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ["HS256"],
          typ: TYPE,
          audience: this.#self,
          requiredClaims: ["iss", "exp"],
        });
        // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has `iss`
        const caller: ServiceCaller = { kind: "service", name: payload.iss! };
        // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has `exp`
        this.#remember(token, caller, payload.exp! * 1000);
        return caller;
      } catch {
        // Tries the next key, because the token may be signed with that key.
      }
    }
    throw new ApiError("UNAUTHENTICATED");
  }

  #remember(token: string, caller: ServiceCaller, expiresAtMs: number): void {
    // The map stays small: each service makes one token per half minute.
    for (const [old, entry] of this.#verified)
      if (entry.expiresAtMs <= Date.now()) this.#verified.delete(old);
    this.#verified.set(token, { caller, expiresAtMs });
  }
}
