import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;

/**
 * Encrypts what must not be read from the database alone: AES-256-GCM with a random 96-bit IV (NIST SP 800-38D),
 * bound to its place (table, column, row) so that a value moved elsewhere does not open.
 *
 * Layout: format (1) | key id (4) | IV (12) | tag (16) | ciphertext
 */
export class SealedBox {
  readonly #key: KeyObject;
  readonly #keyId: Buffer;
  readonly #hmacKey: KeyObject;

  constructor(masterKey: Buffer) {
    this.#key = derive(masterKey, "seal");
    this.#hmacKey = derive(masterKey, "hmac");
    this.#keyId = createHash("sha256").update(this.#key.export()).digest().subarray(0, KEY_ID_BYTES);
  }

  /** @param place where the value lies, such as "bookings.reason:{id}" */
  seal(place: string, plaintext: string | Uint8Array): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv).setAAD(Buffer.from(place));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([Buffer.of(FORMAT), this.#keyId, iv, cipher.getAuthTag(), ciphertext]);
  }

  /** The inverse of `seal`. Throws for a value of another place, another key, or one that was changed. */
  open(place: string, sealed: Buffer): Buffer {
    const at = 1 + KEY_ID_BYTES;
    if (sealed[0] !== FORMAT || !sealed.subarray(1, at).equals(this.#keyId)) {
      throw new Error("the value is not sealed with a known key");
    }
    const iv = sealed.subarray(at, at + IV_BYTES);
    const tag = sealed.subarray(at + IV_BYTES, at + IV_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(ALGORITHM, this.#key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(place)).setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(at + IV_BYTES + TAG_BYTES)), decipher.final()]);
  }

  /** A keyed hash: equal values can be told, but not guessed from the database alone. */
  hmac(...parts: (string | Uint8Array)[]): Buffer {
    const hmac = createHmac("sha256", this.#hmacKey);
    // The length of each part goes before it, so that no two lists of parts run together to the same bytes.
    for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
    return hmac.digest();
  }
}

const derive = (masterKey: Buffer, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", masterKey, "", `medconnect ${purpose}`, 32)));
