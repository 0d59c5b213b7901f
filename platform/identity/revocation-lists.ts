import { FieldCipher } from "../crypto/field-cipher.ts";

export interface Revocation {
  /** The `sid` of access tokens, or the key id of a signing key that must not be trusted any more. */
  sessionId: string;
  expireTime: Date;
}

/** Revocations, with the time of auth's statement. */
export interface RevocationList {
  readonly time: Date;
  readonly revocations: readonly Revocation[];
}

/**
 * How the list of revocations lies in Redis: as one value, with its time, sealed under the deployment's internal key. So
 * whoever reaches Redis can keep the list away, but can neither shorten it nor pass an old one off as new. As with
 * tokens, the first of several keys seals, and all of them open.
 */
export class RevocationLists {
  readonly #cipher: FieldCipher;

  constructor([current, ...previous]: readonly [Buffer, ...Buffer[]]) {
    this.#cipher = new FieldCipher(current, ...previous);
  }

  write({ time, revocations }: RevocationList): string {
    const entries = revocations.map(({ sessionId, expireTime }): Entry => [sessionId, expireTime.getTime()]);
    const body: Body = { timeMs: time.getTime(), entries };
    return this.#cipher.encrypt(PLACE, JSON.stringify(body)).toString("base64");
  }

  /** Throws for what auth did not write. */
  read(text: string): RevocationList {
    const { timeMs, entries }: Body = JSON.parse(
      this.#cipher.decrypt(PLACE, Buffer.from(text, "base64")).toString(),
    );
    return {
      time: new Date(timeMs),
      revocations: entries.map(([sessionId, expireMs]) => ({ sessionId, expireTime: new Date(expireMs) })),
    };
  }
}

const PLACE = "redis.revocations";

type Entry = [sessionId: string, expireMs: number];

interface Body {
  timeMs: number;
  entries: Entry[];
}
