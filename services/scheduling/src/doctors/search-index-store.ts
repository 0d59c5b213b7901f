import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { keyOf } from "./fold.ts";
import { entriesOf } from "./search-words.ts";

/** The texts that a doctor is found by. */
export interface IndexedText {
  id: string;
  display_name: string;
  specialty: string;
  bio: string;
}

/** Bytes of `doctors.name_key` and `doctors.specialty_key`. */
const NAME_KEY_BYTES = 64;
const SPECIALTY_KEY_BYTES = 320;

export const specialtyKeyOf = (specialty: string): Buffer => keyOf(specialty, SPECIALTY_KEY_BYTES);

/**
 * Makes a doctor be found by these texts, which the transaction holds or has just written. Others may change them
 * only after the commit, so that the index is of the profile that everybody reads.
 */
export function indexDoctor(tx: Transaction, { id, display_name: name, specialty, bio }: IndexedText): void {
  tx.defer("UPDATE doctors SET name_key = ?, specialty_key = ?, indexed_hash = text_hash WHERE id = ?", [
    keyOf(name, NAME_KEY_BYTES),
    specialtyKeyOf(specialty),
    id,
  ]);
  tx.defer("DELETE FROM doctor_words WHERE doctor_id = ?", [id]);
  const entries = entriesOf(`${name} ${specialty} ${bio}`);
  if (entries.length > 0) {
    tx.defer("INSERT INTO doctor_words (doctor_id, word) VALUES ?", [
      entries.map((entry) => [id, Buffer.from(entry)]),
    ]);
  }
}

/** Doctors whose index is of another text than the profile. */
export async function findStaleIndexes(db: Database, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>("SELECT id FROM doctors WHERE is_index_stale LIMIT ?", [limit]);
  return rows.map(({ id }) => id);
}

/** The texts of a doctor, which nobody else changes until the transaction ends. */
export async function lockIndexedText(
  tx: Transaction,
  id: string,
): Promise<(IndexedText & { is_index_stale: number }) | undefined> {
  const [text] = await tx.read<IndexedText & { is_index_stale: number }>(
    "SELECT id, display_name, specialty, bio, is_index_stale FROM doctors WHERE id = ? FOR UPDATE",
    [id],
  );
  return text;
}
