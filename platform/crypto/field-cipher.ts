import { createCipheriv, createDecipheriv, createHash, type KeyObject, randomBytes } from "node:crypto";
import { ApiError } from "../errors/api-error.ts";
import { counter } from "../telemetry/metrics.ts";
import { deriveKey } from "./derive-key.ts";

const ALGORITHM = "aes-256-gcm";
const FORMAT = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 4;
/** Format and key id: what a value begins with. */
export const HEADER_BYTES = 1 + KEY_ID_BYTES;
/** Bytes that encryption adds to a value. */
export const SEALED_OVERHEAD_BYTES = HEADER_BYTES + IV_BYTES + TAG_BYTES;

interface Key {
  readonly secret: KeyObject;
  readonly header: Buffer;
}

const refused = counter("sealed.refused", "Sealed values that did not open in their place, by column");

/**
 * Encrypts what must not be read from the database alone: AES-256-GCM with a random 96-bit IV (NIST SP 800-38D),
 * bound to its place (table, column, row) and owners, so that a value moved elsewhere, or given to others, does not open. The first key seals, all of
 * them open, so that the key can be rotated.
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

  /** First bytes of values encrypted under the current key. */
  get currentHeader(): Buffer {
    return this.#current.header;
  }

  /**
   * @param place where the value lies, and the owners whose it is: `{table}.{column}:{primary key}:{owner}`, such as
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
   * The inverse of `seal`. Throws RECORD_ALTERED for a value that is missing, was changed, or was sealed for another place; a
   * plain error for one under a key that this process lacks, as nothing is wrong with the record. Both count for the alert.
   */
  decrypt(context: string, sealed: Buffer | null): Buffer {
    if (!sealed) throw altered(context, "is missing");
    const header = sealed.subarray(0, HEADER_BYTES);
    const key = this.#keys.find((known) => known.header.equals(header));
    if (!key && isHeader(header)) throw keyMissing(context, header);
    if (!key) throw altered(context, `is no sealed value: it begins with ${hex(header)}`);
    const tagAt = HEADER_BYTES + IV_BYTES;
    const iv = sealed.subarray(HEADER_BYTES, tagAt);
    const tag = sealed.subarray(tagAt, tagAt + TAG_BYTES);
    try {
      const decipher = createDecipheriv(ALGORITHM, key.secret, iv, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return Buffer.concat([decipher.update(sealed.subarray(tagAt + TAG_BYTES)), decipher.final()]);
    } catch (cause) {
      throw altered(context, "does not open: it was changed, or sealed for another place", cause);
    }
  }
}

const isHeader = (header: Buffer): boolean => header.length === HEADER_BYTES && header[0] === FORMAT;

function keyMissing(context: string, header: Buffer): Error {
  count(context);
  return new Error(`${context} is sealed under a key that is not known: ${hex(header)}`);
}

function altered(context: string, how: string, cause?: unknown): ApiError {
  count(context);
  return new ApiError("RECORD_ALTERED", { cause: new Error(`${context} ${how}`, { cause }) });
}

const count = (context: string) => refused({ column: context.split(":", 1)[0]! });

function keyOf(masterKey: Buffer): Key {
  const secret = deriveKey(masterKey, "seal");
  const id = createHash("sha256").update(secret.export()).digest().subarray(0, KEY_ID_BYTES);
  return { secret, header: Buffer.concat([Buffer.of(FORMAT), id]) };
}

const hex = (bytes: Buffer): string => bytes.toString("hex") || "none";
