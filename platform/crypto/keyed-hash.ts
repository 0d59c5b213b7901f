import { createHmac, createSecretKey, KeyObject } from "node:crypto";

/** A keyed hash (HMAC-SHA-256): equal values can be told, but not guessed from the database alone. */
export class KeyedHash {
  /** An object, since `createHmac` makes one anew of a buffer for each hash, at four times a hash's cost. */
  readonly #key: KeyObject;

  constructor(key: KeyObject | Buffer) {
    this.#key = key instanceof KeyObject ? key : createSecretKey(key);
  }

  of(...parts: (string | Uint8Array)[]): Buffer {
    const hmac = createHmac("sha256", this.#key);
    // The length of each part goes before it, so that no two lists of parts run together to the same bytes.
    for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    return hmac.digest();
  }
}
