import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { ApiError } from "../errors/api-error.ts";

/** How soon the keys may be asked for again: tokens with made-up key ids must not cause a storm. */
export const COOL_DOWN_MS = 5000;
/** The same while there are none, as when all is started at once. */
const FIRST_COOL_DOWN_MS = 250;
/** How long keys that cannot be had anew are used; a key that was revoked is refused for longer than that. */
export const KEPT_FOR_MS = 24 * 3_600_000;

export interface IssuerKeysOptions {
  fetchJwks: () => Promise<JSONWebKeySet>;
  /** Keys older than this are fetched anew, while the old ones still serve. */
  maxAgeMs: number;
}

/**
 * The issuer's public keys. They are fetched when they are old or a key id is new, one fetch at a time and never twice
 * within five seconds, and kept while the issuer is away.
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

  /** The key that a token names. Throws UNAVAILABLE where that cannot be told, JWKSNoMatchingKey where there is none. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    // Without an id, jose would take any key that fits.
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

  /** An id that is still unknown may be a new key's, if the keys could not be had just now. */
  readonly #findAgain: JWTVerifyGetKey = async (header, token) => {
    try {
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

  /** Fetches the keys, unless that was tried just now. */
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
  new ApiError("UNAVAILABLE", { detail: "The signing keys cannot be had at present." });
