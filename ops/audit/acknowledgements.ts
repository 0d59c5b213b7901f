import { createHash } from "node:crypto";
import type { AuditEntry } from "@medconnect/platform/changes/audit-entry.ts";
import type { AuditedTransactions } from "@medconnect/platform/changes/audited-transactions.ts";
import { deriveKey } from "@medconnect/platform/crypto/derive-key.ts";
import { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import {
  ACKNOWLEDGED,
  ACKNOWLEDGEMENT_ENDED,
  type AcknowledgementRow,
  insertAcknowledgement,
  listAcknowledgements,
} from "./acknowledgement-store.ts";

const ACTOR = "command:audit-verify";

/**
 * Computes the id of a finding of the audit check: a hash of all fields. A later, different change of the
 * same row is a new finding with a new id.
 */
export const findingIdOf = (service: string, finding: object): string =>
  createHash("sha256")
    .update(JSON.stringify([service, ...Object.entries(finding).sort(([a], [b]) => (a < b ? -1 : 1))]))
    .digest("hex")
    .slice(0, 16);

export type Acknowledgement = Pick<AcknowledgementRow, "reason" | "createTime">;

/**
 * Acknowledgements of findings: statements by operators that a finding of the audit check is explained. Each
 * has an HMAC, so write access to the database is not enough to forge one.
 */
export class Acknowledgements {
  readonly #service: string;
  readonly #hashes: readonly KeyedHash[];

  /** @param keys the first key signs new acknowledgements; each of the keys may have signed an old one */
  constructor(service: string, keys: readonly Buffer[]) {
    this.#service = service;
    this.#hashes = keys.map((key) => new KeyedHash(deriveKey(key, "audit acknowledgement")));
  }

  /** Reads the acknowledgements that have a valid HMAC and have not been ended, by the id of the finding. */
  async read(db: Database): Promise<Map<string, Acknowledgement>> {
    const rows = await listAcknowledgements(db);
    const genuine = rows.filter((row) => this.#hashes.some((hash) => this.#hmac(hash, row).equals(row.hmac)));
    return new Map(genuine.map((row) => [row.findingId, row]));
  }

  /** Stores an acknowledgement and writes a line about it to the audit trail. */
  async add(transactions: AuditedTransactions, findingId: string, reason: string, now: Date): Promise<void> {
    const row = { findingId, reason, createTime: now };
    await transactions.run(ACTOR, async (tx) => {
      // biome-ignore lint/style/noNonNullAssertion: one hash for each key of AUDIT_KEY, which has a key
      insertAcknowledgement(tx, { ...row, hmac: this.#hmac(this.#hashes[0]!, row) });
      return [entryOf(ACKNOWLEDGED, findingId)];
    });
  }

  /**
   * Ends the acknowledgement of a finding that the check no longer reports. If the finding comes back, it
   * must be acknowledged again. The end is recorded as an audit line. If the row of the acknowledgement were
   * deleted instead, an attacker could restore it.
   */
  async end(transactions: AuditedTransactions, findingId: string): Promise<void> {
    await transactions.run(ACTOR, async () => [entryOf(ACKNOWLEDGEMENT_ENDED, findingId)]);
  }

  #hmac(hash: KeyedHash, { findingId, reason, createTime }: Omit<AcknowledgementRow, "hmac">): Buffer {
    return hash.of(this.#service, findingId, reason, createTime.toISOString());
  }
}

const entryOf = (action: string, findingId: string): AuditEntry => ({
  action,
  resource: `findings/${findingId}`,
  subjectIds: [],
});
