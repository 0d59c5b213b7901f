import { createCipheriv, createDecipheriv, createHash, type KeyObject, randomBytes } from "node:crypto";
import { ApiError } from "../errors/api-error.ts";
import { counter } from "../telemetry/metrics.ts";
import { deriveKey } from "./derive-key.ts";

const ALGORITHM = "aes-256-gcm";
const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;
/** Length in bytes of the header of an encrypted value. The header holds format and key id. */
export const HEADER_BYTES = 1 + KEY_ID_BYTES;
/** Number of bytes by which an encrypted value is longer than its plaintext. */
export const ENCRYPTION_OVERHEAD_BYTES = HEADER_BYTES + IV_BYTES + TAG_BYTES;

interface Key {
  readonly secret: KeyObject;
  readonly header: Buffer;
}

const refused = counter(
  "decryption.refused",
  "Encrypted values that did not decrypt in their context, by column",
);

/**
 * Field-level encryption: AES-256-GCM with a random 96-bit IV (NIST SP 800-38D). Each value is bound to a
 * context: table, column, primary key and owners. A value that somebody copies to another row does not
 * decrypt. For rotation there may be several keys: the first one encrypts, and all of them decrypt.
 *
 * Layout: format (1) | key id (4) | IV (12) | tag (16) | ciphertext
 */
export class FieldCipher {
  readonly #current: Key;
  readonly #keys: readonly Key[];

  constructor(currentKey: Buffer, ...previousKeys: Buffer[]) {
    this.#current = keyOf(currentKey);
    this.#keys = [this.#current, ...previousKeys.map(keyOf)];
  }

  /**
   * Header of all values encrypted under the current key. A search for other headers finds the values to
   * encrypt again after a rotation.
   */
  get currentHeader(): Buffer {
    return this.#current.header;
  }

  /**
   * Encrypts a value and binds it to its place in the database.
   *
   * @param context place and owners of the value, `{table}.{column}:{primary key}:{owner}`, such as
   *   "bookings.reason:{id}:{patient_id}:{doctor_id}"
   */
  encrypt(context: string, plaintext: string | Uint8Array): Buffer {
    const { secret, header } = this.#current;
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, secret, iv).setAAD(Buffer.from(context));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([header, iv, cipher.getAuthTag(), ciphertext]);
  }

  /**
   * Decrypts a value that `encrypt` made. Throws RECORD_ALTERED if the value is missing, was changed, or was
   * encrypted for another context. Throws a plain error if the key is unknown, because then the record may be
   * intact. Counts both errors in a metric, which raises an alert.
   */
  decrypt(context: string, encrypted: Buffer | null): Buffer {
    if (!encrypted) throw altered(context, "is missing");
    const header = encrypted.subarray(0, HEADER_BYTES);
    const key = this.#keys.find((known) => known.header.equals(header));
    if (!key && isHeader(header)) throw keyMissing(context, header);
    if (!key) throw altered(context, `is not encrypted: it begins with ${hex(header)}`);
    const tagAt = HEADER_BYTES + IV_BYTES;
    const iv = encrypted.subarray(HEADER_BYTES, tagAt);
    const tag = encrypted.subarray(tagAt, tagAt + TAG_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, key.secret, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return Buffer.concat([decipher.update(encrypted.subarray(tagAt + TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw altered(context, "does not decrypt: it was changed, or encrypted for another context", cause);
    }
  }
}

const isHeader = (header: Buffer): boolean => header.length === HEADER_BYTES && header[0] === FORMAT;

function keyMissing(context: string, header: Buffer): Error {
  count(context);
  return new Error(`${context} is encrypted under an unknown key: ${hex(header)}`);
}

function altered(context: string, how: string, cause?: unknown): ApiError {
  count(context);
  return new ApiError("RECORD_ALTERED", { cause: new Error(`${context} ${how}`, { cause }) });
}

const count = (context: string) => refused({ column: context.split(":", 1)[0] ?? "" });

function keyOf(masterKey: Buffer): Key {
  const secret = deriveKey(masterKey, "seal");
  const id = createHash("sha256").update(secret.export()).digest().subarray(0, KEY_ID_BYTES);
  return { secret, header: Buffer.concat([Buffer.of(FORMAT), id]) };
}

const hex = (bytes: Buffer): string => bytes.toString("hex") || "none";
