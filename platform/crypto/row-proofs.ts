import type { Logger } from "../telemetry/log.ts";
import { counter } from "../telemetry/metrics.ts";
import type { KeyedHash } from "./keyed-hash.ts";

/**
 * Values of a row that its proof covers, such as the right that the row grants and the hash of its secret.
 */
export type Fields = readonly (string | Buffer | Date | boolean)[];

const refused = counter("credentials.refused", "Rows of rights and debts without a valid proof, by table");

/**
 * Proofs for rows that grant a right or record a debt. A proof is a MAC by which a service recognizes the
 * rows that it wrote itself. A row that an attacker inserts, copies or assigns to somebody else has no valid
 * proof. The key belongs to the schema, so a rotation of DATA_KEY leaves proofs valid.
 */
export class RowProofs {
  readonly #hash: KeyedHash;
  readonly #log: Logger;

  constructor({ hash, log }: { hash: KeyedHash; log: Logger }) {
    this.#hash = hash;
    this.#log = log;
  }

  of(table: string, fields: Fields): Buffer {
    return this.#hash.of(`${table}.proof`, ...fields.map(textOf));
  }

  /**
   * True if the proof is valid. Otherwise logs the row, and counts it in a metric, which raises an alert.
   * @param owner user or account that the row belongs to, for the log
   */
  accepts(table: string, proof: Buffer | null, fields: Fields, owner: string): boolean {
    if (proof && this.of(table, fields).equals(proof)) return true;
    this.refuse(table, owner);
    return false;
  }

  /** Logs a row without a valid proof, and counts it in a metric, which raises an alert. */
  refuse(table: string, owner: string): void {
    refused({ table });
    this.#log.error({ table, owner }, "credential refused: the service did not write its row");
  }
}

function textOf(field: Fields[number]): string | Buffer {
  if (field instanceof Date) return field.toISOString();
  return typeof field === "boolean" ? String(field) : field;
}
