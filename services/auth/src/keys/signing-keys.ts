import type { KeyObject } from "node:crypto";
import type { FieldCipher } from "@medconnect/platform/crypto/field-cipher.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import { ApiError } from "@medconnect/platform/errors/api-error.ts";
import { ACCESS_TOKEN_ALGORITHM } from "@medconnect/platform/identity/access-tokens.ts";
import type { Logger } from "@medconnect/platform/telemetry/log.ts";
import { gauge } from "@medconnect/platform/telemetry/metrics.ts";
import type { Clock } from "@medconnect/platform/time/clock.ts";
import { isGenuine } from "./key-proof.ts";
import { privateKeyOf } from "./make-key.ts";
import { currentKey, publishedKeys } from "./signing-key-rules.ts";
import { listSigningKeys, type SigningKey } from "./signing-key-store.ts";

/**
 * Time in ms for which a process caches the keys. During this time it may sign with a key that was replaced
 * or revoked. Tokens of a replaced key are valid; tokens of a revoked key are refused.
 */
export const CACHE_MS = 1000;

/** A public signing key (RFC 7517, RFC 8037). */
export interface PublicJwk {
  kty: "OKP";
  crv: "Ed25519";
  x: string;
  kid: string;
  alg: string;
  use: "sig";
}

export interface Signer {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

export interface SigningKeysOptions {
  db: Database;
  cipher: FieldCipher;
  clock: Clock;
  log: Logger;
}

/** Ed25519 keys that sign tokens. They are stored in the database, so all replicas share them. */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #cache: { keys: Promise<SigningKey[]>; readAtMs: number } | undefined;
  #signer: Signer | undefined;
  /** Ids of keys in the database that auth did not write. */
  #refused: ReadonlySet<string> = new Set();

  constructor(options: SigningKeysOptions) {
    this.#options = options;
    gauge("signing_keys.refused", "Signing keys in the database that auth did not write", (report) =>
      report(this.#refused.size),
    );
  }

  /** The key that signs now. Throws UNAVAILABLE if there is none. */
  async current(): Promise<Signer> {
    const key = currentKey(await this.#read(), this.#options.clock.now());
    if (!key) throw new ApiError("UNAVAILABLE", { detail: "There is no signing key." });
    if (this.#signer?.kid !== key.kid) {
      this.#signer = { kid: key.kid, privateKey: privateKeyOf(this.#options.cipher, key) };
    }
    return this.#signer;
  }

  /** Public keys that verifiers must know. */
  async published(): Promise<PublicJwk[]> {
    return publishedKeys(await this.#read(), this.#options.clock.now()).map(({ kid, publicKey }) => ({
      kty: "OKP",
      crv: "Ed25519",
      x: publicKey,
      kid,
      alg: ACCESS_TOKEN_ALGORITHM,
      use: "sig",
    }));
  }

  /**
   * Reads the keys, and caches them for `CACHE_MS`. Concurrent callers share one read, and a failed read is
   * not cached.
   */
  async #read(): Promise<SigningKey[]> {
    const nowMs = this.#options.clock.now().getTime();
    if (this.#cache && nowMs - this.#cache.readAtMs < CACHE_MS) return await this.#cache.keys;
    const keys = listSigningKeys(this.#options.db, this.#options.clock.now()).then((rows) => this.#own(rows));
    const entry = { keys, readAtMs: nowMs };
    this.#cache = entry;
    try {
      return await keys;
    } catch (error) {
      if (this.#cache === entry) this.#cache = undefined;
      throw error;
    }
  }

  /**
   * Keeps only the keys that auth wrote. Other keys are refused, logged once, and counted for the alert on
   * forged rows.
   */
  #own(rows: SigningKey[]): SigningKey[] {
    const { cipher, log } = this.#options;
    const refused = new Set<string>();
    const own = rows.filter((row) => {
      if (isGenuine(cipher, row)) return true;
      refused.add(row.kid);
      if (!this.#refused.has(row.kid)) {
        log.error({ kid: row.kid }, "signing key refused: auth did not write its row");
      }
      return false;
    });
    this.#refused = refused;
    return own;
  }
}
