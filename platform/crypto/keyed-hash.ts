import { createHmac, createSecretKey, KeyObject } from "node:crypto";

/**
 * HMAC-SHA-256 under a secret key. Equal values have equal hashes, so a row can be found by the hash.
 * Somebody who only has the hash cannot test a guess of the value, because such a test needs the key.
 */
export class KeyedHash {
  /**
   * A KeyObject instead of a Buffer. From a Buffer, `createHmac` would make a KeyObject for each hash, which
   * costs four times as much as the hash.
   */
  readonly #key: KeyObject;

  constructor(key: KeyObject | Buffer) {
    this.#key = key instanceof KeyObject ? key : createSecretKey(key);
  }

  of(...parts: (string | Uint8Array)[]): Buffer {
    const hmac = createHmac("sha256", this.#key);
    // Each part is preceded by its length, so that ["ab", "c"] and ["a", "bc"] have different hashes.
    for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    return hmac.digest();
  }
}
