import type { KeyedHash } from "@medconnect/platform/crypto/keyed-hash.ts";
import type { Logger } from "@medconnect/platform/log.ts";
import { counter } from "@medconnect/platform/telemetry/metrics.ts";

/** Tables whose rows give an account to the bearer of a secret. */
export type CredentialTable =
  | "refresh_tokens"
  | "link_tokens"
  | "registrations"
  | "mfa_recovery_codes"
  | "service_account_secrets"
  | "users";

/** Content of a proof: the rights of a row, and the hash of its secret. */
export type Fields = readonly (string | Buffer | Date | boolean)[];

const refused = counter("credentials.refused", "Stored credentials that auth did not write, by table");

/**
 * Proofs that auth wrote a stored credential for its owner: a keyed hash over the secret's hash and the rights of the row.
 * A row that an attacker inserts, copies or reassigns has no valid proof. The key belongs to the schema, so a rotation of
 * DATA_KEY does not change proofs.
 */
export class Proofs {
  readonly #hash: KeyedHash;
  readonly #log: Logger;

  constructor({ hash, log }: { hash: KeyedHash; log: Logger }) {
    this.#hash = hash;
    this.#log = log;
  }

  of(table: CredentialTable, fields: Fields): Buffer {
    return this.#hash.of(`${table}.proof`, ...fields.map(textOf));
  }

  /** True if auth wrote the row. Otherwise logs and counts it for the alert. @param owner of the row, for the log */
  accepts(table: CredentialTable, proof: Buffer | null, fields: Fields, owner: string): boolean {
    if (proof && this.of(table, fields).equals(proof)) return true;
    this.refuse(table, owner);
    return false;
  }

  /** Logs and counts a row that auth did not write. */
  refuse(table: CredentialTable, owner: string): void {
    refused({ table });
    this.#log.error({ table, owner }, "credential refused: auth did not write its row");
  }
}

function textOf(field: Fields[number]): string | Buffer {
  if (field instanceof Date) return field.toISOString();
  return typeof field === "boolean" ? String(field) : field;
}
