import { SEALED_OVERHEAD_BYTES } from "@medconnect/platform/crypto/field-cipher.ts";
import { binaryId } from "@medconnect/platform/db/binary-id.ts";
import type { Transaction } from "@medconnect/platform/db/transaction.ts";
import type { Owned } from "../access/parties.ts";

export interface AddendumRow {
  id: string;
  consultation_id: string;
  text: Buffer;
  create_time: Date;
}

export function insertAddendum(
  tx: Transaction,
  row: Omit<AddendumRow, "consultation_id">,
  consultation: Owned,
): void {
  const { id: consultationId, patient_id, doctor_id } = consultation;
  tx.defer(
    "INSERT INTO addenda (id, consultation_id, patient_id, doctor_id, text, create_time) VALUES (?, ?, ?, ?, ?, ?)",
    [
      binaryId(row.id),
      binaryId(consultationId),
      binaryId(patient_id),
      binaryId(doctor_id),
      row.text,
      row.create_time,
    ],
  );
}

/** The addenda of a consultation, oldest first. */
export async function findAddenda(
  tx: Pick<Transaction, "read">,
  consultationId: string,
): Promise<AddendumRow[]> {
  return await tx.read<AddendumRow>(
    `SELECT id, consultation_id, text, create_time FROM addenda WHERE consultation_id = ?
     ORDER BY create_time, id`,
    [binaryId(consultationId)],
  );
}

/** Number of a consultation's addenda, and total length of their texts in bytes of UTF-8. */
export async function measureAddenda(
  tx: Transaction,
  consultationId: string,
): Promise<{ count: number; bytes: number }> {
  const [row] = await tx.read<{ count: number; sealed: number | null }>(
    "SELECT COUNT(*) AS count, SUM(OCTET_LENGTH(text)) AS sealed FROM addenda WHERE consultation_id = ?",
    [binaryId(consultationId)],
  );
  const count = Number(row!.count);
  return { count, bytes: Number(row!.sealed ?? 0) - count * SEALED_OVERHEAD_BYTES };
}
