import { createHash } from "node:crypto";
import { deriveKey } from "../crypto/derive-key.ts";
import { KeyedHash } from "../crypto/keyed-hash.ts";
import type { Database } from "../db/database.ts";
import { newId } from "../ids.ts";
import {
  type AcknowledgementRow,
  insertAcknowledgement,
  listAcknowledgements,
} from "./acknowledgement-store.ts";
import { auditRows, INSERT_AUDIT_EVENTS } from "./audit-store.ts";

/** A name for a finding, the same at each check: of its kind, place and content, so that another change is another finding. */
export const findingIdOf = (service: string, finding: object): string =>
  createHash("sha256")
    .update(JSON.stringify([service, ...Object.entries(finding).sort(([a], [b]) => (a < b ? -1 : 1))]))
    .digest("hex")
    .slice(0, 16);

/** A finding that an operator has looked into. */
export type Acknowledgement = Pick<AcknowledgementRow, "reason" | "createTime">;

/** The acknowledgements of one service's findings: made under AUDIT_KEY, so that the database alone makes none. */
export class Acknowledgements {
  readonly #service: string;
  readonly #hashes: readonly KeyedHash[];

  /** @param keys the first makes acknowledgements, all are known when they are checked */
  constructor(service: string, keys: readonly Buffer[]) {
    this.#service = service;
    this.#hashes = keys.map((key) => new KeyedHash(deriveKey(key, "audit acknowledgement")));
  }

  /** Those that were made under AUDIT_KEY, by finding. */
  async read(db: Database): Promise<Map<string, Acknowledgement>> {
    const rows = await listAcknowledgements(db);
    const genuine = rows.filter((row) => this.#hashes.some((hash) => this.#hmac(hash, row).equals(row.hmac)));
    return new Map(genuine.map((row) => [row.findingId, row]));
  }

  /** Acknowledges a finding, with a line in the audit trail. Throws ER_DUP_ENTRY where it has been. */
  async add(db: Database, findingId: string, reason: string, now: Date): Promise<void> {
    const row = { findingId, reason, createTime: now };
    const line = {
      id: newId(),
      action: "audit.acknowledge",
      actorId: "command:audit-verify",
      subjectIds: [],
      resource: `findings/${findingId}`,
      outcome: "SUCCESS" as const,
      requestId: "",
      traceId: "",
      occurTime: now,
    };
    await db.transaction(async (tx) => {
      insertAcknowledgement(tx, { ...row, hmac: this.#hmac(this.#hashes[0]!, row) });
      tx.defer(INSERT_AUDIT_EVENTS, [auditRows([line])]);
    });
  }

  #hmac(hash: KeyedHash, { findingId, reason, createTime }: Omit<AcknowledgementRow, "hmac">): Buffer {
    return hash.of(this.#service, findingId, reason, createTime.toISOString());
  }
}
