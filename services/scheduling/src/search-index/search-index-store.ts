import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Database } from "@medconnect/platform/db/database.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import { keyOf } from "./fold.ts";
import { entriesOf } from "./search-words.ts";

/** Texts of a profile in which the search finds words. */
export interface IndexedText {
  id: string;
  displayName: string;
  specialty: string;
  bio: string;
}

/** Lengths of the columns `doctors.name_key` and `doctors.specialty_key`. */
const NAME_KEY_BYTES = 64;
const SPECIALTY_KEY_BYTES = 320;

export const specialtyKeyOf = (specialty: string): Buffer => keyOf(specialty, SPECIALTY_KEY_BYTES);

/**
 * Rebuilds the search index of a doctor. The transaction must have locked or written the texts, so that index
 * and profile agree after the commit.
 */
export function indexDoctor(tx: Transaction, { id, displayName: name, specialty, bio }: IndexedText): void {
  tx.defer("UPDATE doctors SET name_key = ?, specialty_key = ?, indexed_hash = text_hash WHERE id = ?", [
    keyOf(name, NAME_KEY_BYTES),
    specialtyKeyOf(specialty),
    binaryId(id),
  ]);
  tx.defer("DELETE FROM doctor_words WHERE doctor_id = ?", [binaryId(id)]);
  const entries = entriesOf(`${name} ${specialty} ${bio}`);
  if (entries.length > 0) {
    tx.defer("INSERT INTO doctor_words (doctor_id, word) VALUES ?", [
      entries.map((entry) => [binaryId(id), Buffer.from(entry)]),
    ]);
  }
}

/** Finds the ids of doctors whose search index does not match the texts of the profile. */
export async function findStaleIndexes(db: Database, limit: number): Promise<string[]> {
  const rows = await db.read<{ id: string }>("SELECT id FROM doctors WHERE is_index_stale LIMIT ?", [limit]);
  return rows.map(({ id }) => id);
}

export interface LockedText extends IndexedText {
  isIndexStale: boolean;
  /** 0 if no licence was ever verified. */
  licensingVersion: number;
}

/** Locks a doctor's texts until the transaction ends. */
export async function lockIndexedText(tx: Transaction, id: string): Promise<LockedText | undefined> {
  const [row] = await tx.read<Omit<LockedText, "isIndexStale"> & { isIndexStale: number }>(
    `SELECT id, display_name AS displayName, specialty, bio, is_index_stale AS isIndexStale,
       licensing_version AS licensingVersion
     FROM doctors WHERE id = ? FOR UPDATE`,
    [binaryId(id)],
  );
  return row && { ...row, isIndexStale: row.isIndexStale === 1 };
}
