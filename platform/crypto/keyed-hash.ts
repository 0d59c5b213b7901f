import { createHmac, createSecretKey, KeyObject } from "node:crypto";

/** HMAC-SHA-256. Equal values have equal hashes, but cannot be guessed from the database alone. */
export class KeyedHash {
  /** A KeyObject, because `createHmac` makes one from a buffer for each hash, at four times a hash's cost. */
  readonly #key: KeyObject;

  constructor(key: KeyObject | Buffer) {
    this.#key = key instanceof KeyObject ? key : createSecretKey(key);
  }

  of(...parts: (string | Uint8Array)[]): Buffer {
    const hmac = createHmac("sha256", this.#key);
    // Length-prefixed parts, so that no two lists of parts have the same bytes.
    for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    return hmac.digest();
  }
}
