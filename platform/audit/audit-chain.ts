import { createHash, createHmac, type KeyObject } from "node:crypto";
import { deriveKey } from "../crypto/derive-key.ts";

/** An audit event with all columns of its row, including those that this release does not know. */
export type EventRow = Readonly<Record<string, unknown>> & { readonly id: string; readonly occur_time: Date };

/** Head of a chain: the last seal's number, counted from 1, and its HMAC. */
export interface ChainHead {
  readonly seq: number;
  readonly hmac: Buffer;
}

export interface Seal extends ChainHead {
  readonly eventId: string;
  readonly keyId: string;
}

/** Head of an empty chain. */
export const GENESIS: ChainHead = { seq: 0, hmac: Buffer.alloc(32) };

/**
 * Hash chain over one service's audit trail. Each seal is an HMAC-SHA256 over the previous seal, its own
 * number and its whole event. Changing, moving, deleting or inserting an event needs the key, which is kept
 * outside the database.
 */
export class AuditChain {
  readonly #service: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #keyId: string;

  /** @param keys 32 bytes each; the first makes new seals, and a check accepts all */
  constructor(service: string, keys: readonly Buffer[]) {
    this.#service = service;
    const entries = keys.map((key) => deriveKey(key, "audit")).map((key) => [idOf(key), key] as const);
    this.#keys = new Map(entries);
    // AUDIT_KEY has at least one key.
    this.#keyId = entries[0]![0];
  }

  /** Seals that continue the chain over these events, in order. */
  extend(head: ChainHead, events: readonly EventRow[]): Seal[] {
    const seals: Seal[] = [];
    let previous = head;
    for (const event of events) {
      // The current key is known.
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

  /** True if a seal matches its event and the previous seal. False also for an unknown key. */
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
 * Columns with a value, by name. A new column is null in older events, so their seals stay valid. During a
 * rollout, the previous release seals the new column as well.
 */
const columnsOf = (event: EventRow): [string, unknown][] =>
  Object.entries(event)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));

const idOf = (key: KeyObject): string => createHash("sha256").update(key.export()).digest("hex").slice(0, 8);
