import { timingSafeEqual } from "node:crypto";
import { deriveKey } from "../crypto/derive-key.ts";
import { KeyedHash } from "../crypto/keyed-hash.ts";

export interface Revocation {
  /** The `sid` of access tokens, or the key id of a signing key that must not be trusted any more. */
  sessionId: string;
  expireTime: Date;
}

/** What was revoked, and when auth said so. */
export interface RevocationList {
  readonly time: Date;
  readonly revocations: readonly Revocation[];
}

/**
 * How the list of revocations lies in Redis: as one text, with its time, under a MAC by the deployment's internal key.
 * So whoever reaches Redis can keep the list away, but can neither shorten it nor pass an old one off as new. As with
 * tokens, the first of several keys signs, and all are accepted.
 */
export class RevocationLists {
  readonly #macs: readonly KeyedHash[];

  constructor(internalKeys: readonly Buffer[]) {
    this.#macs = internalKeys.map((key) => new KeyedHash(deriveKey(key, "revocations")));
  }

  write({ time, revocations }: RevocationList): string {
    const entries = revocations.map(({ sessionId, expireTime }): Entry => [sessionId, expireTime.getTime()]);
    const body = JSON.stringify({ timeMs: time.getTime(), entries } satisfies Body);
    return `${this.#macs[0]!.of(body).toString("base64url")}.${body}`;
  }

  /** Undefined for what auth did not write. */
  read(text: string): RevocationList | undefined {
    const end = text.indexOf(".");
    const mac = Buffer.from(text.slice(0, end), "base64url");
    const body = text.slice(end + 1);
    const isGenuine = (key: KeyedHash) => mac.length === MAC_BYTES && timingSafeEqual(mac, key.of(body));
    if (!this.#macs.some(isGenuine)) return undefined;
    const { timeMs, entries } = JSON.parse(body) as Body;
    return {
      time: new Date(timeMs),
      revocations: entries.map(([sessionId, expireMs]) => ({ sessionId, expireTime: new Date(expireMs) })),
    };
  }
}

const MAC_BYTES = 32;

type Entry = [sessionId: string, expireMs: number];

interface Body {
  timeMs: number;
  entries: Entry[];
}
