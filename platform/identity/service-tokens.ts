import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Logger } from "../telemetry/log.ts";
import type { ServiceCaller } from "./caller.ts";
import { ClockDifferences } from "./clock-differences.ts";
import { SERVICE_TOKEN_TYPE, ServiceTokenFaults } from "./service-token-faults.ts";

const LIFETIME_S = 60;
/**
 * Time for which an expired token is accepted. A token is replaced after half of its lifetime, so machines
 * whose clocks differ by a minute still understand each other.
 */
const TOLERANCE_S = 30;

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

  readonly #faults: ServiceTokenFaults;
  readonly #clocks: ClockDifferences;

  constructor(self: string, keys: readonly [Uint8Array, ...Uint8Array[]], log?: Logger) {
    this.#self = self;
    this.#keys = keys;
    this.#faults = new ServiceTokenFaults(self, log);
    this.#clocks = new ClockDifferences(log);
  }

  /** Token for calls to the service `audience`. A new one is made after half of the lifetime. */
  async tokenFor(audience: string): Promise<string> {
    const made = this.#made.get(audience);
    if (made && made.renewAtMs > Date.now()) return made.token;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: "HS256", typ: SERVICE_TOKEN_TYPE })
      .setIssuer(this.#self)
      .setAudience(audience)
      // In fractions of a second, for the estimate of clock differences.
      .setIssuedAt(Date.now() / 1000)
      .setExpirationTime(`${LIFETIME_S}s`)
      .sign(this.#keys[0]);
    this.#made.set(audience, { token, renewAtMs: Date.now() + (LIFETIME_S / 2) * 1000 });
    return token;
  }

  /**
   * Identifies the service that made a token. Throws UNAUTHENTICATED if the token is invalid, with a detail
   * that names a fault of the deployment. Caches verified tokens.
   */
  async verify(token: string): Promise<ServiceCaller> {
    const known = this.#verified.get(token);
    if (known && known.expiresAtMs > Date.now()) return known.caller;
    this.#verified.delete(token);
    return await this.#verifySignature(token);
  }

  async #verifySignature(token: string): Promise<ServiceCaller> {
    let failure: unknown;
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ["HS256"],
          typ: SERVICE_TOKEN_TYPE,
          audience: this.#self,
          requiredClaims: ["iss", "iat", "exp"],
          clockTolerance: TOLERANCE_S,
        });
        return this.#accept(token, payload);
      } catch (error) {
        failure = error;
        // The token may be signed with the next key. All other errors come after the signature was right.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    if (failure instanceof errors.JWTExpired) this.#noteClock(failure.payload);
    throw this.#faults.refusalOf(token, failure);
  }

  #accept(token: string, payload: JWTPayload): ServiceCaller {
    this.#noteClock(payload);
    // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has `iss`
    const caller: ServiceCaller = { kind: "service", name: payload.iss! };
    // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has `exp`
    this.#remember(token, caller, (payload.exp! + TOLERANCE_S) * 1000);
    return caller;
  }

  #noteClock({ iss, iat }: JWTPayload): void {
    // biome-ignore lint/style/noNonNullAssertion: `requiredClaims` has both
    this.#clocks.note(iss!, iat!);
  }

  #remember(token: string, caller: ServiceCaller, expiresAtMs: number): void {
    // The map stays small: each service makes one token per half minute.
    for (const [old, entry] of this.#verified)
      if (entry.expiresAtMs <= Date.now()) this.#verified.delete(old);
    this.#verified.set(token, { caller, expiresAtMs });
  }
}
