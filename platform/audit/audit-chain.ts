import { createHash, createHmac, type KeyObject } from "node:crypto";
import { deriveKey } from "../crypto/derive-key.ts";

/** An event as its table holds it: every column, also those that this version of the code does not know. */
export type EventRow = Readonly<Record<string, unknown>> & { readonly id: string; readonly occur_time: Date };

/** A place in the chain: how many seals there are, and the last one's HMAC. */
export interface ChainHead {
  readonly seq: number;
  readonly hmac: Buffer;
}

export interface Seal extends ChainHead {
  readonly eventId: string;
  readonly keyId: string;
}

/** Before the first seal. */
export const GENESIS: ChainHead = { seq: 0, hmac: Buffer.alloc(32) };

/**
 * The chain of seals over one service's audit trail. Each is an HMAC-SHA256 over the one before, its own number and all
 * of its event, so none can be changed, moved, taken out or put in without the key, which is kept outside the database.
 */
export class AuditChain {
  readonly #service: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #keyId: string;

  /** @param keys 32 bytes each; the first makes seals, all are known when they are checked */
  constructor(service: string, keys: readonly Buffer[]) {
    this.#service = service;
    const entries = keys.map((key) => deriveKey(key, "audit")).map((key) => [idOf(key), key] as const);
    this.#keys = new Map(entries);
    this.#keyId = entries[0]![0];
  }

  /** The seals that continue the chain over these events, in their order. */
  extend(head: ChainHead, events: readonly EventRow[]): Seal[] {
    const seals: Seal[] = [];
    let previous = head;
    for (const event of events) {
      const hmac = this.#hmac(this.#keyId, previous, event)!;
      const seal = { seq: previous.seq + 1, eventId: event.id, keyId: this.#keyId, hmac };
      seals.push(seal);
      previous = seal;
    }
    return seals;
  }

  knowsKey(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** Whether a seal is what its key makes of the one before and of its event. False where the key is not known. */
  isIntact(seal: Seal, previous: ChainHead, event: EventRow): boolean {
    return this.#hmac(seal.keyId, previous, event)?.equals(seal.hmac) ?? false;
  }

  #hmac(keyId: string, previous: ChainHead, event: EventRow): Buffer | undefined {
    const key = this.#keys.get(keyId);
    const text = JSON.stringify([
      this.#service,
      previous.seq + 1,
      previous.hmac.toString("hex"),
      columnsOf(event),
    ]);
    return key && createHmac("sha256", key).update(text).digest();
  }
}

/**
 * Every column that has a value, by name. A column that a later version adds is null in the events before, so it changes
 * no seal that was made without it; and old code, while a deployment rolls, seals it as well.
 */
const columnsOf = (event: EventRow): [string, unknown][] =>
  Object.entries(event)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));

const idOf = (key: KeyObject): string => createHash("sha256").update(key.export()).digest("hex").slice(0, 8);
