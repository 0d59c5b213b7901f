import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { ApiError } from "../errors/api-error.ts";

/**
 * Minimum time in ms between two fetches, so that tokens with invented key ids cannot cause a storm of
 * fetches.
 */
export const COOL_DOWN_MS = 5000;
/**
 * Minimum time in ms between two fetches while no keys are known yet, such as when all processes start
 * together.
 */
const FIRST_COOL_DOWN_MS = 250;
/**
 * Age in ms at which keys expire if the issuer cannot be reached. A compromised key stays in the revocation
 * list for longer, so that no process accepts the key again.
 */
export const KEPT_FOR_MS = 24 * 3_600_000;

export interface IssuerKeysOptions {
  fetchJwks: () => Promise<JSONWebKeySet>;
  /** Age in ms after which the public keys are fetched again in the background. */
  maxAgeMs: number;
}

/**
 * Cache of the public keys of the issuer. Fetches the keys again if they are old, or if a token has an
 * unknown key id, but at most once in five seconds. While the issuer cannot be reached, the old keys stay
 * valid for `KEPT_FOR_MS`.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #fetchedAtMs = 0;
  #triedAtMs = 0;
  #lastFailed = false;
  #fetching: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /**
   * Finds the key that signed a token. Throws JWKSNoMatchingKey for an unknown key, and UNAVAILABLE if the
   * keys cannot be fetched.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    // Refuses a token without a key id, because jose would accept any key that fits.
    if (typeof header.kid !== "string") throw new errors.JWKSNoMatchingKey();
    const keys = await this.#current();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.#refresh();
      return await this.#findAgain(header, token);
    }
  };

  /**
   * Looks for the key again after a fetch. If the fetch failed, throws UNAVAILABLE for an unknown id, because
   * the id may belong to a new key.
   */
  readonly #findAgain: JWTVerifyGetKey = async (header, token) => {
    try {
      // biome-ignore lint/style/noNonNullAssertion: `find` has loaded the keys
      return await this.#keys!(header, token);
    } catch (error) {
      throw this.#lastFailed ? unavailable() : error;
    }
  };

  async #current() {
    const ageMs = Date.now() - this.#fetchedAtMs;
    if (!this.#keys || ageMs > KEPT_FOR_MS) {
      await this.#refresh();
      if (!this.#keys || this.#lastFailed) throw unavailable();
    } else if (ageMs > this.#options.maxAgeMs) {
      void this.#refresh();
    }
    return this.#keys;
  }

  /** Fetches the keys, unless the last attempt was within the cool-down. Callers share a running fetch. */
  async #refresh(): Promise<void> {
    if (!this.#fetching && Date.now() - this.#triedAtMs < this.#coolDownMs) return;
    this.#fetching ??= this.#fetch();
    await this.#fetching;
  }

  get #coolDownMs(): number {
    return this.#keys ? Math.min(COOL_DOWN_MS, this.#options.maxAgeMs) : FIRST_COOL_DOWN_MS;
  }

  async #fetch(): Promise<void> {
    this.#triedAtMs = Date.now();
    try {
      this.#keys = createLocalJWKSet(await this.#options.fetchJwks());
      this.#fetchedAtMs = Date.now();
      this.#lastFailed = false;
    } catch {
      this.#lastFailed = true;
    } finally {
      this.#fetching = undefined;
    }
  }
}

const unavailable = (): ApiError =>
  new ApiError("UNAVAILABLE", { detail: "The signing keys cannot be fetched at present; try again." });
