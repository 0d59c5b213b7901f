import { createHash, createHmac, type KeyObject } from "node:crypto";
import { deriveKey } from "../crypto/derive-key.ts";

/** Row of an audit event with all its columns, including those that only a newer release knows. */
export type EventRow = Readonly<Record<string, unknown>> & { readonly id: string; readonly occur_time: Date };

/** Head of a chain: number (from 1) and HMAC of the last seal. */
export interface ChainHead {
  readonly seq: number;
  readonly hmac: Buffer;
}

export interface Seal extends ChainHead {
  readonly eventId: string;
  readonly keyId: string;
}

/** Head of a chain without seals. */
export const GENESIS: ChainHead = { seq: 0, hmac: Buffer.alloc(32) };

/**
 * Hash chain over the audit trail of one service. Each event gets a seal: an HMAC-SHA256 over the previous
 * seal, the number of the new seal and the whole event. Nobody can hide a changed, moved, deleted or inserted
 * event without the key, which is kept outside of the database.
 */
export class AuditChain {
  readonly #service: string;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #keyId: string;

  /** @param keys 32 bytes each. The first key makes new seals; each of the keys may have made an old seal */
  constructor(service: string, keys: readonly Buffer[]) {
    this.#service = service;
    const entries = keys.map((key) => deriveKey(key, "audit")).map((key) => [idOf(key), key] as const);
    this.#keys = new Map(entries);
    // biome-ignore lint/style/noNonNullAssertion: AUDIT_KEY has at least one key
    this.#keyId = entries[0]![0];
  }

  /** Makes the seals that continue the chain with these events, in order. */
  extend(head: ChainHead, events: readonly EventRow[]): Seal[] {
    const seals: Seal[] = [];
    let previous = head;
    for (const event of events) {
      // biome-ignore lint/style/noNonNullAssertion: the constructor adds this id's key
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

  /**
   * True if a seal matches its event and the previous seal. Also false if this process does not have the key
   * of the seal.
   */
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
 * Returns the columns that are not null, sorted by name. A column that a later release adds is null in older
 * events, so the seals of these events stay valid. During a rollout, processes of the previous release also
 * seal the new column, because they read all columns.
 */
const columnsOf = (event: EventRow): [string, unknown][] =>
  Object.entries(event)
    .filter(([, value]) => value !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));

const idOf = (key: KeyObject): string => createHash("sha256").update(key.export()).digest("hex").slice(0, 8);
