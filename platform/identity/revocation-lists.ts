import { FieldCipher } from "../crypto/field-cipher.ts";

export interface Revocation {
  /** Session id (`sid`) of the revoked access tokens, or id of a compromised signing key. */
  sessionId: string;
  expireTime: Date;
}

/** All revocations that have not expired, and the time at which auth wrote the list. */
export interface RevocationList {
  readonly time: Date;
  readonly revocations: readonly Revocation[];
}

/**
 * Format of the revocation list in Redis: one value that holds the list and its time, encrypted under
 * INTERNAL_KEY. An attacker with access to Redis can delete the list, but can neither remove entries nor
 * present an old list as a new one. During a rotation there are several keys: the first one encrypts, and all
 * of them decrypt.
 */
export class RevocationLists {
  readonly #cipher: FieldCipher;

  constructor([current, ...previous]: readonly [Buffer, ...Buffer[]]) {
    this.#cipher = new FieldCipher(current, ...previous);
  }

  write({ time, revocations }: RevocationList): string {
    const entries = revocations.map(({ sessionId, expireTime }): Entry => [sessionId, expireTime.getTime()]);
    const body: Body = { timeMs: time.getTime(), entries };
    return this.#cipher.encrypt(CONTEXT, JSON.stringify(body)).toString("base64");
  }

  /** Decrypts a list. Throws if the list was not encrypted with one of the keys. */
  read(text: string): RevocationList {
    const { timeMs, entries }: Body = JSON.parse(
      this.#cipher.decrypt(CONTEXT, Buffer.from(text, "base64")).toString(),
    );
    return {
      time: new Date(timeMs),
      revocations: entries.map(([sessionId, expireMs]) => ({ sessionId, expireTime: new Date(expireMs) })),
    };
  }
}

const CONTEXT = "redis.revocations";

type Entry = [sessionId: string, expireMs: number];

interface Body {
  timeMs: number;
  entries: Entry[];
}
