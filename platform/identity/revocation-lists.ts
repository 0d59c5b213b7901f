import { FieldCipher } from "../crypto/field-cipher.ts";

export interface Revocation {
  /** `sid` of access tokens, or the id of a compromised signing key. */
  sessionId: string;
  expireTime: Date;
}

/** Revocations, with the time at which auth wrote them. */
export interface RevocationList {
  readonly time: Date;
  readonly revocations: readonly Revocation[];
}

/**
 * Format of the revocation list in Redis: one value with its time, encrypted under the deployment's internal
 * key. An attacker with access to Redis can delete the list, but can neither shorten it nor date an old one
 * later. As with tokens, the first key encrypts, and all keys decrypt.
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

  /** Throws for a value that auth did not write. */
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
